"""Store: what the bot remembers of chats and of its own place in each platform's stream."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import delete, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Prefs
from bot.log import log
from bot.store import engine, migrations, schema

_TRIES = 3  # to empty the write-ahead log, each five seconds long
_REMEMBERED = 10_000  # preferences kept in memory, so that an answer waits for no look-up


class StoreUnusable(Exception):
    """The database cannot be opened; the message says why."""


class StoreTooNew(StoreUnusable):
    """The database was written by a newer program."""


class Store:
    """The database. An async context manager; chats come as keyed hashes, never as ids."""

    def __init__(self, url: str) -> None:
        try:
            self._sqlite = engine.is_sqlite(url)
            self._writer, self._reader = engine.writer(url), engine.reader(url)
        except (SQLAlchemyError, ModuleNotFoundError, TypeError):  # a TypeError: a database in memory
            raise StoreUnusable("PRATIP_DATABASE is no database address: write sqlite+aiosqlite:///path") from None
        self._path = make_url(url).database
        self._insert = sqlite.insert if self._sqlite else postgresql.insert
        self._prefs: OrderedDict[str, Prefs] = OrderedDict()
        self._unfinished: set[asyncio.Future[Any]] = set()

    async def __aenter__(self) -> Self:
        """Open it and bring the schema up to date. Raises StoreUnusable."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            await self._open()
            stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _open(self) -> None:
        try:
            if self._sqlite and self._path:
                _make_private(Path(self._path))
            await self._finished(self._transaction(migrations.upgrade))
        except migrations.TooNew as problem:
            raise StoreTooNew(str(problem)) from None
        except (SQLAlchemyError, OSError, sqlite3.Error) as problem:
            raise StoreUnusable(f"the database cannot be opened ({type(problem).__name__})") from None

    async def _close(self) -> None:
        await asyncio.gather(*self._unfinished, return_exceptions=True)
        await self._reader.dispose()
        await self._writer.dispose()

    # -- chats

    async def prefs(self, chat: str) -> Prefs:
        """What a chat chose; the defaults where it chose nothing."""
        prefs = self._prefs.get(chat)
        if prefs is None:
            row = await self._one(select(schema.preference.c.language).where(schema.preference.c.chat == chat))
            prefs = self._prefs.get(chat) or Prefs(row or "")  # what was chosen meanwhile is newer than the row
        return self._remember(chat, prefs)

    async def choose_language(self, chat: str, code: str) -> None:
        """Remember the language of a chat."""

        async def work() -> None:
            await self._put(schema.preference, {"chat": chat}, {"language": code})
            self._remember(chat, Prefs(code))

        await self._finished(work())

    async def assume_language(self, chat: str, code: str) -> None:
        """Take the language of a chat as chosen until it chooses another, or the program ends; nothing is written."""
        self._remember(chat, replace(await self.prefs(chat), language=code))

    async def forget(self, chat: str) -> None:
        """Erase everything kept of a chat, from the file too."""
        erase = delete(schema.preference).where(schema.preference.c.chat == chat)

        async def work() -> None:
            await self._transaction(lambda connection: connection.execute(erase))
            self._remember(chat, Prefs())
            await self._scrub()

        await self._finished(work())

    def _remember(self, chat: str, prefs: Prefs) -> Prefs:
        self._prefs[chat] = prefs
        self._prefs.move_to_end(chat)
        if len(self._prefs) > _REMEMBERED:
            self._prefs.popitem(last=False)
        return prefs

    # -- platforms

    async def cursor(self, platform: str) -> str | None:
        """How far a platform was answered."""
        return await self._one(select(schema.cursor.c.value).where(schema.cursor.c.platform == platform))

    async def save_cursor(self, platform: str, value: str) -> None:
        """Note how far a platform is answered."""
        await self._finished(self._put(schema.cursor, {"platform": platform}, {"value": value}))

    # -- inside

    async def _one(self, query: Any) -> str | None:
        async with self._reader.connect() as connection:
            found = await connection.scalar(query)
        return None if found is None else str(found)

    async def _put(self, table: Any, key: Mapping[str, str], values: Mapping[str, str]) -> None:
        statement = self._insert(table).values(**key, **values)
        upsert = statement.on_conflict_do_update(index_elements=list(key), set_=dict(values))
        await self._transaction(lambda connection: connection.execute(upsert))

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> None:
        async with self._writer.begin() as connection:
            await work(connection)

    async def _finished(self, write: Coroutine[Any, Any, None]) -> None:
        """A write, whole or not at all, even where the one who waits for it is cancelled.

        A cancelled await would still run its statement, but never commit or roll back; the end waits for it.
        """
        running = asyncio.gather(write)
        self._unfinished.add(running)
        running.add_done_callback(self._unfinished.discard)
        await asyncio.shield(running)

    async def _scrub(self) -> None:
        """Empty the write-ahead log: it keeps deleted rows until then. A reader may hold it up for a moment."""
        if not self._sqlite:
            return
        async with self._writer.connect() as connection:
            raw = await connection.get_raw_connection()
            if not await _truncate(raw.driver_connection):
                log.warning("erased_but_not_yet_from_the_log_file")


def _make_private(path: Path) -> None:
    """The file is there before SQLite opens it, which would let the group read it."""
    path.touch(mode=0o600)
    with path.open("ab"):  # a file, and no folder
        path.chmod(0o600)


async def _truncate(connection: Any) -> bool:
    """Whether the write-ahead log is empty now. Each try waits for readers as long as busy_timeout says."""
    for _ in range(_TRIES):
        busy, *_ = await (await connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        if not busy:
            return True
    return False
