"""Moderators: who of them has written to the bot, and where each can be written to, sealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, delete, select

from bot.store.database import Database
from bot.store.schema import moderator


class Moderators:
    """The moderators who have written to the bot; a name is "telegram:42"."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def met(self, name: str, address: bytes, language: str) -> None:
        """Remember where a moderator can be written to; the newest sealed address and language hold."""
        await self._database.put(moderator, {"name": name}, {"address": address, "language": language})

    async def reachable(self) -> Mapping[str, tuple[bytes, str]]:
        """Sealed address and language, by name."""
        rows = await self._database.rows(select(moderator).order_by(moderator.c.name))
        return {row.name: (row.address, row.language) for row in rows}

    async def keep(self, names: Collection[str]) -> None:
        """Erase those who are moderators no more, from the file too."""
        await self._erase(moderator.c.name.not_in(sorted(names)))

    async def forget(self, name: str) -> None:
        """Erase where one can be written to, from the file too."""
        await self._erase(moderator.c.name == name)

    async def _erase(self, some: ColumnElement[bool]) -> None:
        gone = delete(moderator).where(some)

        async def work() -> None:
            erased = await self._database.write(lambda connection: connection.execute(gone))
            if erased.rowcount:
                await self._database.scrub()

        await self._database.finished(work())
