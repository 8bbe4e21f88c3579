"""Subscribers: what each chat chose, what each place hears of, and where that place is, sealed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select

from bot.core.messages import Prefs
from bot.core.subscription import Pace, Settings
from bot.privacy import Place
from bot.store import schema
from bot.store.database import Database

_REMEMBERED = 10_000  # preferences kept in memory, so that an answer waits for no look-up


@dataclass(frozen=True, slots=True)
class Audience:
    """How many would hear of something."""

    people: Mapping[str, int]  # by platform, each once; channels left out
    channels: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """An announcement channel or room that the pack names, and one topic that it carries."""

    place: Place
    address: bytes = field(repr=False)  # sealed
    language: str
    topic: str


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

    async def forget(self, place: Place) -> None:
        """Erase everything kept of a chat, in all its threads, from the file too."""
        erase = delete(schema.preference).where(schema.preference.c.chat == place.chat)

        async def work() -> None:
            await self._database.write(lambda connection: connection.execute(erase))
            self._remember(place, Prefs())
            await self._database.scrub()

        await self._database.finished(work())

    async def subscribe(
        self, place: Place, address: bytes, language: str, topics: Collection[str], pace: Pace, month: str
    ) -> None:
        raise NotImplementedError

    async def unsubscribe(self, place: Place, topics: Collection[str]) -> None:
        raise NotImplementedError

    async def follow(self, place: Place, address: bytes, language: str, entry: str, month: str) -> None:
        raise NotImplementedError

    async def unfollow(self, place: Place, entry: str) -> None:
        raise NotImplementedError

    async def configure(self, place: Place, settings: Settings) -> None:
        raise NotImplementedError

    async def stop(self, place: Place) -> None:
        raise NotImplementedError

    async def heard(self, place: Place, month: str) -> None:
        raise NotImplementedError

    async def moved(self, subscriber: int, place: Place, address: bytes) -> None:
        raise NotImplementedError

    async def refused(self, subscriber: int, day: str) -> bool:
        raise NotImplementedError

    async def renamed(self, old: str, new: str) -> None:
        raise NotImplementedError

    async def channels(self, wanted: Sequence[Channel]) -> None:
        raise NotImplementedError

    async def counts(self, topics: Collection[str], entries: Collection[str]) -> Audience:
        raise NotImplementedError

    def _remember(self, place: Place, prefs: Prefs) -> Prefs:
        self._prefs[place.key] = prefs
        self._prefs.move_to_end(place.key)
        if len(self._prefs) > _REMEMBERED:
            self._prefs.popitem(last=False)
        return prefs
