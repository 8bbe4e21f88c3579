"""Subscribers: what each chat chose, what each place hears of, and where that place is, sealed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from sqlalchemy import delete, select

from bot.core.messages import Prefs
from bot.privacy import Place
from bot.store import schema
from bot.store.database import Database

_REMEMBERED = 10_000  # preferences kept in memory, so that an answer waits for no look-up


class Subscribers:
    """Everybody who left something to remember."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._prefs: OrderedDict[str, Prefs] = OrderedDict()  # by place

    async def prefs(self, place: Place) -> Prefs:
        """What was chosen at a place; the defaults where nothing was."""
        prefs = self._prefs.get(place.key)
        if prefs is None:
            chosen = select(schema.preference.c.language).where(schema.preference.c.chat == place.chat)
            row = await self._database.scalar(chosen)
            prefs = self._prefs.get(place.key) or Prefs(row or "")  # what was chosen meanwhile is newer than the row
        return self._remember(place, prefs)

    async def choose_language(self, place: Place, code: str) -> None:
        """Remember the language of a chat."""

        async def work() -> None:
            await self._database.put(schema.preference, {"chat": place.chat}, {"language": code})
            self._remember(place, Prefs(code))

        await self._database.finished(work())

    async def assume_language(self, place: Place, code: str) -> None:
        """Take the language of a chat as chosen until it chooses another, or the program ends; nothing is written."""
        self._remember(place, replace(await self.prefs(place), language=code))

    async def forget(self, place: Place) -> None:
        """Erase everything kept of a chat, in all its threads, from the file too."""
        erase = delete(schema.preference).where(schema.preference.c.chat == place.chat)

        async def work() -> None:
            await self._database.write(lambda connection: connection.execute(erase))
            self._remember(place, Prefs())
            await self._database.scrub()

        await self._database.finished(work())

    def _remember(self, place: Place, prefs: Prefs) -> Prefs:
        self._prefs[place.key] = prefs
        self._prefs.move_to_end(place.key)
        if len(self._prefs) > _REMEMBERED:
            self._prefs.popitem(last=False)
        return prefs
