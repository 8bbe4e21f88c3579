"""Subscribers: what each chat chose, what each place hears of, and where that place is, sealed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, delete, distinct, exists, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core import kept
from bot.core.broadcast import Kind, Outcome
from bot.core.kept import Kept
from bot.core.messages import Prefs
from bot.core.subscription import Pace, Quiet, Settings, Subscriptions
from bot.privacy import Place
from bot.store import schema
from bot.store.database import Database
from bot.store.erasure import erase, remove
from bot.store.schema import QUEUED, asked, delivery, preference, subscriber, subscription
from bot.store.tombstone import Tombstones

_REMEMBERED = 10_000  # places kept in memory, so that an answer waits for no look-up
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_REFUSALS = 3  # days on which a subscriber refuses us, until it is erased


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


@dataclass(frozen=True, slots=True)
class Silent:
    """A subscriber who has not written for long."""

    number: int
    place: Place
    address: bytes = field(repr=False)  # sealed
    language: str
    settings: Settings
    contact: str  # the month of the last word
    failed_on: str  # the last day on which it refused us


@dataclass(frozen=True, slots=True)
class _Known:
    """A place as it is remembered."""

    prefs: Prefs
    subscribed: bool = False
    contact: str = ""  # the month of the last word from there
    failing: bool = False


@dataclass(frozen=True, slots=True)
class _Done:
    """What a write did."""

    chats: Collection[str] = ()  # those of which it changed something
    erased: bool = False  # the files must be scrubbed


_Work = Callable[[AsyncConnection], Awaitable[_Done]]


class Subscribers:
    """Everybody who left something to remember. A month is "2026-11", a day "2026-11-23"; addresses come sealed.

    What is remembered in memory is never older than the database: a write drops it as soon as it is done, and what was
    read while something was written is not remembered.
    """

    def __init__(self, database: Database, tombstones: Tombstones) -> None:
        self._database = database
        self._tombstones = tombstones
        self._places: OrderedDict[tuple[str, str], _Known] = OrderedDict()  # by chat and place
        self._writes = 0
        self._assumed: dict[str, str] = {}  # chat: a language that nobody chose there

    # -- what somebody chose

    async def prefs(self, place: Place) -> Prefs:
        """What was chosen at a place; the defaults where nothing was."""
        prefs = (await self._known(place)).prefs
        return replace(prefs, language=self._assumed.get(place.chat, prefs.language))

    async def kept(self, place: Place) -> Kept:
        """Everything of a chat, in all its threads, as it stands."""
        language = await self._database.scalar(select(preference.c.language).where(preference.c.chat == place.chat))
        counted = select(func.count()).select_from(delivery).where(delivery.c.subscriber == subscriber.c.id)
        deliveries = counted.correlate(subscriber).scalar_subquery().label("deliveries")
        columns = (*subscriber.c, asked.c.day, subscription.c.subject, subscription.c.pace, deliveries)
        tables = subscriber.outerjoin(asked, asked.c.subscriber == subscriber.c.id)
        tables = tables.outerjoin(subscription, subscription.c.subscriber == subscriber.c.id)
        query = select(*columns).select_from(tables).where(subscriber.c.chat == place.chat)
        found = await self._database.rows(query.order_by(subscriber.c.id, subscription.c.subject))
        rows = (list(same) for _, same in groupby(found, key=lambda row: row.id))
        return Kept(place.chat, language or "", tuple(map(_kept, rows)))

    def assume_language(self, place: Place, code: str) -> None:
        """Take the language of a chat as chosen until it chooses another, or the program ends; nothing is written."""
        self._assumed[place.chat] = code

    async def choose_language(self, place: Place, code: str) -> None:
        """Remember the language of a chat; its updates come in it too."""
        self._assumed.pop(place.chat, None)
        statement = self._database.insert(preference).values(chat=place.chat, language=code)
        choose = statement.on_conflict_do_update(index_elements=["chat"], set_={"language": code})
        theirs = (subscriber.c.chat == place.chat) & (subscriber.c.channel == 0)

        async def work(connection: AsyncConnection) -> _Done:
            await connection.execute(choose)
            await connection.execute(update(subscriber).where(theirs).values(language=code))
            return _Done([place.chat])

        await self._write(work)

    async def configure(self, place: Place, settings: Settings) -> None:
        """Hold to these settings for a place that hears of something; elsewhere there is nothing to hold to."""
        statement = update(subscriber).where(subscriber.c.place == place.key).values(_columns(settings))

        async def work(connection: AsyncConnection) -> _Done:
            await connection.execute(statement)
            return _Done([place.chat])

        await self._write(work)

    # -- what somebody hears of

    async def subscribe(
        self, place: Place, address: bytes, language: str, topics: Collection[str], pace: Pace, month: str
    ) -> None:
        """Tell a place of these topics, at this pace."""
        await self._begin(place, address, language, [(f"topic:{each}", pace) for each in topics], month)

    async def follow(self, place: Place, address: bytes, language: str, entry: str, month: str) -> None:
        """Tell a place when this entry changes."""
        await self._begin(place, address, language, [(f"entry:{entry}", Pace.NOW)], month)

    async def unsubscribe(self, place: Place, topics: Collection[str]) -> None:
        """Tell a place no more of these topics; with its last subscription its address goes."""
        await self._end(place, [f"topic:{each}" for each in topics])

    async def unfollow(self, place: Place, entry: str) -> None:
        """Tell a place no more of this entry; with its last subscription its address goes."""
        await self._end(place, [f"entry:{entry}"])

    async def stop(self, place: Place) -> None:
        """End every subscription of a chat, in all its threads, and erase its address from the file too."""

        async def work(connection: AsyncConnection) -> _Done:
            theirs = await _ids(connection, subscriber.c.chat == place.chat)
            return _Done([place.chat], await erase(connection, self._tombstones, theirs))

        await self._write(work)

    async def forget(self, place: Place) -> None:
        """Erase everything kept of a chat, in all its threads, from the file too."""

        async def work(connection: AsyncConnection) -> _Done:
            chosen = await connection.execute(delete(preference).where(preference.c.chat == place.chat))
            theirs = await _ids(connection, subscriber.c.chat == place.chat)
            if chosen.rowcount or theirs:
                await self._tombstones.note([place.chat])
            await remove(connection, theirs)
            return _Done([place.chat], erased=True)

        await self._write(work)

    # -- what becomes of an address

    async def heard(self, place: Place, month: str) -> None:
        """Note that a place spoke to us: what it refused before no longer counts. Writes only where that is new."""
        known = await self._known(place)
        if not known.subscribed or (known.contact == month and not known.failing):
            return
        noted = update(subscriber).where(subscriber.c.place == place.key)

        async def work(connection: AsyncConnection) -> _Done:
            await connection.execute(noted.values(contact=month, failures=0, failed_on=""))
            return _Done([place.chat])

        await self._write(work)

    async def refused(self, number: int, day: str) -> bool:
        """Note that a subscriber refused us, once a day; True where it was the third day and the subscriber is erased.

        What was still to reach them is `gone` then. A channel is never erased: the pack names it.
        """
        erased = False

        async def work(connection: AsyncConnection) -> _Done:
            nonlocal erased
            row = await _row(connection, number)
            if row is None or row.failed_on == day:
                return _Done()
            if row.failures + 1 >= _REFUSALS and not row.channel:
                erased = await erase(connection, self._tombstones, [number], Outcome.GONE)
                return _Done([row.chat], erased)
            noted = update(subscriber).where(subscriber.c.id == number)
            await connection.execute(noted.values(failures=row.failures + 1, failed_on=day))
            return _Done([row.chat])

        await self._write(work)
        return erased

    async def moved(self, number: int, place: Place, address: bytes) -> None:
        """Follow a subscriber to a new place; where that is subscribed already, the two become one."""

        async def work(connection: AsyncConnection) -> _Done:
            row = await _row(connection, number)
            if row is None or row.place == place.key:
                return _Done()
            for other in await _ids(connection, subscriber.c.place == place.key):
                await self._merge(connection, other, number)
            # Who leaves at the new place must not come back at the old one.
            await self._tombstones.note({row.place, row.chat} - {place.key, place.chat})
            await _move(connection, number, place, address)
            await self._move_preference(connection, row.chat, place.chat)
            return _Done([row.chat, place.chat])

        await self._write(work)

    async def _merge(self, connection: AsyncConnection, other: int, number: int) -> None:
        """Give one subscriber what another hears of and what waits for it, and erase the other."""
        theirs = select(subscription.c.subject, literal(number), subscription.c.pace)
        given = self._database.insert(subscription).from_select(
            ["subject", "subscriber", "pace"], theirs.where(subscription.c.subscriber == other)
        )
        await connection.execute(given.on_conflict_do_nothing())
        mine = delivery.alias()
        has = exists().where(mine.c.broadcast == delivery.c.broadcast, mine.c.subscriber == number)
        waits = update(delivery).where(QUEUED, delivery.c.subscriber == other, ~has)
        await connection.execute(waits.values(subscriber=number))
        await remove(connection, [other])

    async def _move_preference(self, connection: AsyncConnection, old: str, new: str) -> None:
        if old == new:
            return
        chosen = select(literal(new), preference.c.language).where(preference.c.chat == old)
        copied = self._database.insert(preference).from_select(["chat", "language"], chosen)
        await connection.execute(copied.on_conflict_do_nothing())
        await connection.execute(delete(preference).where(preference.c.chat == old))

    # -- who has not written for a year

    async def silent(self, platform: str, before: str, after: int = 0, most: int = 500) -> Sequence[Silent]:
        """Those whose last word came before a month, who were not asked, and whose numbers come after this one."""
        tables = subscriber.outerjoin(asked, asked.c.subscriber == subscriber.c.id)
        since = (subscriber.c.channel == 0, subscriber.c.contact < before, asked.c.subscriber.is_(None))
        theirs = select(subscriber).select_from(tables).where(subscriber.c.platform == platform, *since)
        rows = await self._database.rows(theirs.where(subscriber.c.id > after).order_by(subscriber.c.id).limit(most))
        return [
            Silent(row.id, _place(row), row.address, row.language, settings_of(row), row.contact, row.failed_on)
            for row in rows
        ]

    async def asked(self, number: int, day: str) -> None:
        """Note that a subscriber was asked, if it is still there."""
        still = select(subscriber.c.id, literal(day)).where(subscriber.c.id == number)
        noted = self._database.insert(asked).from_select(["subscriber", "day"], still).on_conflict_do_nothing()

        async def work(connection: AsyncConnection) -> _Done:
            await connection.execute(noted)
            return _Done()

        await self._write(work)

    async def lapse(self, day: str, most: int = 500) -> int:
        """Erase those who were asked on a day or before it and have not said a word since; how many, at most so many.

        Who has said one is as if never asked. With the last address of a chat its language goes.
        """
        silent = subscriber.c.contact < func.substr(asked.c.day, 1, len("2026-11"))
        void = delete(asked).where(~exists().where(subscriber.c.id == asked.c.subscriber, silent))
        over = select(subscriber.c.id, subscriber.c.chat).join(asked, asked.c.subscriber == subscriber.c.id)
        lapsed = 0

        async def work(connection: AsyncConnection) -> _Done:
            nonlocal lapsed
            await connection.execute(void)
            rows = (
                await connection.execute(over.where(silent, asked.c.day <= day).order_by(subscriber.c.id).limit(most))
            ).all()
            erased = await erase(connection, self._tombstones, [row.id for row in rows])
            await self._forget_languages(connection, {row.chat for row in rows})
            lapsed = len(rows)
            return _Done({row.chat for row in rows}, erased)

        await self._write(work)
        return lapsed

    async def _forget_languages(self, connection: AsyncConnection, chats: Collection[str]) -> None:
        """Erase the languages of those of these chats that have no address any more."""
        theirs = preference.c.chat.in_(chats) & preference.c.chat.not_in(select(subscriber.c.chat))
        await self._tombstones.note((await connection.scalars(select(preference.c.chat).where(theirs))).all())
        await connection.execute(delete(preference).where(theirs))

    # -- what follows the content

    async def renamed(self, old: str, new: str) -> None:
        """An entry has a new id: who follows it follows it on."""
        was, now = subscription.c.subject == f"entry:{old}", literal(f"entry:{new}")
        theirs = select(now, subscription.c.subscriber, subscription.c.pace).where(was)
        given = self._database.insert(subscription).from_select(["subject", "subscriber", "pace"], theirs)

        async def work(connection: AsyncConnection) -> _Done:
            followers = select(subscriber.c.chat).join(subscription, subscription.c.subscriber == subscriber.c.id)
            chats = (await connection.scalars(followers.where(was))).all()
            await connection.execute(given.on_conflict_do_nothing())
            await connection.execute(delete(subscription).where(was))
            return _Done(chats)

        await self._write(work)

    async def channels(self, wanted: Sequence[Channel]) -> None:
        """Make the announcement channels exactly these, each with exactly its topics."""
        by_place = {each.place.key: each for each in wanted}

        async def work(connection: AsyncConnection) -> _Done:
            gone = (subscriber.c.channel == 1) & subscriber.c.place.not_in(list(by_place))
            chats = (await connection.scalars(select(subscriber.c.chat).where(gone))).all()
            erased = await erase(connection, self._tombstones, await _ids(connection, gone))
            for channel in by_place.values():
                topics = {each.topic for each in wanted if each.place.key == channel.place.key}
                await self._open(connection, channel, topics)
            return _Done([*chats, *(each.place.chat for each in by_place.values())], erased)

        await self._write(work)

    async def _open(self, connection: AsyncConnection, channel: Channel, topics: Collection[str]) -> None:
        place, now = channel.place, {"channel": 1, "language": channel.language}
        number = await _entered(connection, place, now, {"address": channel.address, "contact": ""})
        await connection.execute(delete(subscription).where(subscription.c.subscriber == number))
        for topic in sorted(topics):
            values = {"subject": f"topic:{topic}", "subscriber": number, "pace": Pace.NOW}
            await connection.execute(self._database.insert(subscription).values(values))

    async def counts(self, topics: Collection[str], entries: Collection[str]) -> Audience:
        """How many hear of one of these topics or follow one of these entries."""
        number = func.count(distinct(subscriber.c.id))
        found = (
            select(subscriber.c.platform, subscriber.c.channel, number)
            .join(subscription, subscription.c.subscriber == subscriber.c.id)
            .where(subscription.c.subject.in_(subjects(topics, entries)))
            .group_by(subscriber.c.platform, subscriber.c.channel)
        )
        rows = [tuple(row) for row in await self._database.rows(found)]
        people = {platform: count for platform, channel, count in rows if not channel}
        return Audience(people, sum(count for _, channel, count in rows if channel))

    # -- beginning and ending a subscription

    async def _begin(
        self, place: Place, address: bytes, language: str, wanted: Sequence[tuple[str, Pace]], month: str
    ) -> None:
        if not wanted:
            return
        now = {"address": address, "language": language, "contact": month, "failures": 0, "failed_on": ""}

        async def work(connection: AsyncConnection) -> _Done:
            number = await _entered(connection, place, now)
            for subject, pace in wanted:
                row = self._database.insert(subscription).values(subject=subject, subscriber=number, pace=pace)
                key = ["subject", "subscriber"]
                await connection.execute(row.on_conflict_do_update(index_elements=key, set_={"pace": pace}))
            return _Done([place.chat])

        await self._write(work)

    async def _end(self, place: Place, gone: Sequence[str]) -> None:
        async def work(connection: AsyncConnection) -> _Done:
            erased = False
            for number in await _ids(connection, subscriber.c.place == place.key):
                theirs = subscription.c.subscriber == number
                await connection.execute(delete(subscription).where(theirs, subscription.c.subject.in_(gone)))
                left = (await connection.scalars(select(subscription.c.subject).where(theirs))).all()
                erased = not left and await erase(connection, self._tombstones, [number])
                await _cancel_unwanted(connection, number, left)
            return _Done([place.chat], erased)

        await self._write(work)

    # -- memory

    async def _known(self, place: Place) -> _Known:
        key = (place.chat, place.key)
        known = self._places.get(key)
        if known is None:
            writes = self._writes
            known = await self._read(place)
            if writes != self._writes:
                return known  # something was written meanwhile: right now, but perhaps no longer afterwards
        self._places[key] = known
        self._places.move_to_end(key)
        if len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)
        return known

    async def _read(self, place: Place) -> _Known:
        chosen = select(preference.c.language).where(preference.c.chat == place.chat).scalar_subquery()
        one = select(literal(1).label("one")).subquery()
        tables = one.outerjoin(subscriber, subscriber.c.place == place.key)
        tables = tables.outerjoin(subscription, subscription.c.subscriber == subscriber.c.id)
        columns = (chosen.label("chosen"), *subscriber.c, subscription.c.subject, subscription.c.pace)
        rows = await self._database.rows(select(*columns).select_from(tables).order_by(subscription.c.subject))
        first = rows[0]
        if first.id is None:
            return _Known(Prefs(first.chosen or ""))
        prefs = Prefs(first.chosen or "", _subscriptions(rows))
        return _Known(prefs, subscribed=True, contact=first.contact, failing=first.failures > 0)

    async def _write(self, work: _Work) -> None:
        """One transaction; then what it changed is no longer remembered, and what it erased leaves the files."""

        async def whole() -> None:
            done = await self._database.write(work)
            self._drop(done.chats)
            if done.erased:
                await self._database.scrub()

        await self._database.finished(whole())

    def _drop(self, chats: Collection[str]) -> None:
        self._writes += 1
        changed = set(chats)
        for key in [key for key in self._places if key[0] in changed]:
            del self._places[key]


def subjects(topics: Iterable[str], entries: Iterable[str]) -> list[str]:
    """What subscriptions to these topics, and to changes of these entries, are named."""
    return [*(f"topic:{each}" for each in topics), *(f"entry:{each}" for each in entries)]


async def _ids(connection: AsyncConnection, which: ColumnElement[bool]) -> Sequence[int]:
    return (await connection.scalars(select(subscriber.c.id).where(which))).all()


async def _row(connection: AsyncConnection, number: int) -> Row[Any] | None:
    return (await connection.execute(select(subscriber).where(subscriber.c.id == number))).one_or_none()


async def _entered(
    connection: AsyncConnection, place: Place, now: Mapping[str, Any], first: Mapping[str, Any] = _NOTHING
) -> int:
    """The number of a place's row, as it is now, or new and also as it is at first.

    Not an insert with a conflict: on PostgreSQL each of these uses up a number.
    """
    there = update(subscriber).where(subscriber.c.place == place.key).values(now)
    new = insert(subscriber).values({**_where(place), **first, **now})
    number = await connection.scalar(there.returning(subscriber.c.id))
    return int(number or await connection.scalar(new.returning(subscriber.c.id)) or 0)


async def _move(connection: AsyncConnection, number: int, place: Place, address: bytes) -> None:
    moved = {**_where(place), "address": address}
    await connection.execute(update(subscriber).where(subscriber.c.id == number).values(moved))


async def _cancel_unwanted(connection: AsyncConnection, number: int, left: Collection[str]) -> None:
    """Cancel what waits for a subscriber who hears of nothing in it any more; a correction of what came still does."""
    waiting = select(schema.broadcast.c.id, schema.broadcast.c.topics, schema.broadcast.c["items"]).where(
        schema.broadcast.c.kind.in_([Kind.NEWS, Kind.NOTE]),
        schema.broadcast.c.id.in_(select(delivery.c.broadcast).where(QUEUED, delivery.c.subscriber == number)),
    )
    rows = (await connection.execute(waiting)).all()
    unwanted = [row.id for row in rows if not set(about(row)) & set(left)]
    theirs = (delivery.c.subscriber == number) & delivery.c.broadcast.in_(unwanted)
    await connection.execute(update(delivery).where(QUEUED, theirs).values(state=Outcome.CANCELLED))


def about(row: Row[*tuple[Any, ...]]) -> list[str]:
    """The subjects of a broadcast's row: who has one of them hears of it."""
    return subjects(orjson.loads(row.topics), (item[0] for item in orjson.loads(row.items)))


def _where(place: Place) -> dict[str, Any]:
    return {"place": place.key, "chat": place.chat, "platform": place.platform, "private": int(place.private)}


def _place(row: Row[Any]) -> Place:
    return Place(row.place, row.chat, row.platform, bool(row.private))


def _columns(settings: Settings) -> dict[str, Any]:
    quiet = settings.quiet
    return {
        "zone": settings.zone,
        "quiet_from": quiet.start if quiet else None,
        "quiet_until": quiet.end if quiet else None,
        "urgent_breaks_quiet": int(settings.urgent_breaks_quiet),
        "discreet": int(settings.discreet),
        "digest_hour": settings.digest_hour,
        "digest_day": settings.digest_day,
    }


def settings_of(row: Row[Any]) -> Settings:
    """The settings in a subscriber's row."""
    return Settings(
        row.zone,
        None if row.quiet_from is None else Quiet(row.quiet_from, row.quiet_until),
        bool(row.urgent_breaks_quiet),
        bool(row.discreet),
        row.digest_hour,
        row.digest_day,
    )


def _kept(rows: Sequence[Row[Any]]) -> kept.Row:
    """A subscriber, whose subscriptions stand in a row each."""
    row = rows[0]
    return kept.Row(
        row.id,
        row.place,
        row.chat,
        row.platform,
        bool(row.private),
        row.language,
        _subscriptions(rows),
        row.contact,
        row.failures,
        row.failed_on,
        row.day or "",
        row.deliveries,
    )


def _subscriptions(rows: Sequence[Row[Any]]) -> Subscriptions:
    named = [(*row.subject.split(":", 1), Pace(row.pace)) for row in rows if row.subject]
    topics = {name: pace for kind, name, pace in named if kind == "topic"}
    return Subscriptions(topics, tuple(name for kind, name, _ in named if kind == "entry"), settings_of(rows[0]))
