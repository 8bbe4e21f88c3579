"""Store: the bot's memory, in sentences; every public write is one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import select

from bot.store import schema
from bot.store.broadcasts import Broadcasts
from bot.store.database import Database
from bot.store.ledger import Ledger
from bot.store.moderators import Moderators
from bot.store.sealing import Sealing
from bot.store.subscribers import Subscribers
from bot.store.tombstone import Tombstones


class Store:
    """The database by its rooms. An async context manager; people come as keyed hashes and sealed addresses."""

    def __init__(self, url: str) -> None:
        self._database = database = Database(url)
        self.file = database.file  # None: a server has it
        self.tombstones = Tombstones(self.file and self.file.with_name("tombstones"))
        self.subscribers = Subscribers(database, self.tombstones)
        self.broadcasts = Broadcasts(database)
        self.ledger = Ledger(database)
        self.moderators = Moderators(database)
        self.sealing = Sealing(database)

    async def __aenter__(self) -> Self:
        """Open it and bring the schema up to date. Raises StoreUnusable."""
        await self._database.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.__aexit__(kind, problem, trace)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        """In place of entering: a database to look at as it is; nothing is made, changed or brought up to date.

        Raises StoreUnusable where there is none, or one of another version.
        """
        async with self._database.reading():
            yield self

    async def cursor(self, platform: str) -> str | None:
        """How far a platform was answered."""
        found = await self._database.scalar(select(schema.cursor.c.value).where(schema.cursor.c.platform == platform))
        return None if found is None else str(found)

    async def save_cursor(self, platform: str, value: str) -> None:
        """Note how far a platform is answered."""
        await self._database.put(schema.cursor, {"platform": platform}, {"value": value})
