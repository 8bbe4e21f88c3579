"""Audience: who hears of a broadcast, and when; their rows in the ledger, a part at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, literal, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.broadcast import Kind, Outcome, Outlook, State
from bot.core.subscription import Pace, Settings, due
from bot.store.database import Database
from bot.store.moment import seconds
from bot.store.schema import SENDING, broadcast, delivery, subscriber, subscription
from bot.store.subscribers import about, settings_of

COLLECTED = -1  # in delivery.digest: to be collected with others into one message
_PACES = (Pace.NOW, Pace.DAILY, Pace.WEEKLY)  # the most eager first: it holds for who hears of it twice
_SETTINGS = ("zone", "quiet_from", "quiet_until", "urgent_breaks_quiet", "discreet", "digest_hour", "digest_day")
_WHEN = {
    (Pace.NOW, False): "at_once",
    (Pace.NOW, True): "quiet",
    (Pace.DAILY, True): "daily",
    (Pace.WEEKLY, True): "weekly",
}
_COLUMNS = ("broadcast", "subscriber", "platform", "language", "state", "digest", "due", "reference")


@dataclass(frozen=True, slots=True)
class Part:
    """Subscribers from one number (left out) to another, and the broadcast that they are to hear of."""

    row: Row[Any]
    original: Row[Any] | None
    after: int
    upto: int

    @property
    def state(self) -> Outcome:
        """What becomes of its deliveries: those of a broadcast that was cancelled meanwhile are too."""
        return Outcome.QUEUED if self.row.state in {State.SENDING, State.PAUSED} else Outcome.CANCELLED

    def within(self, number: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a subscriber's number is in this part."""
        return (number > self.after) & (number <= self.upto)

    def wanted(self) -> Subquery:
        """Subscribers, how eager they are (an index of the paces), and the message that is to be changed."""
        query = self._hearers() if self.original is None else self._recipients(self.original)
        return query.subquery()

    def _hearers(self) -> Select[Any]:
        eager = case(*((subscription.c.pace == pace, rank) for rank, pace in enumerate(_PACES)), else_=0)
        return (
            select(
                subscription.c.subscriber,
                func.min(eager).label("eager"),
                literal(None, delivery.c.reference.type).label("reference"),
            )
            .where(subscription.c.subject.in_(about(self.row)), self.within(subscription.c.subscriber))
            .group_by(subscription.c.subscriber)
        )

    def _recipients(self, original: Row[Any]) -> Select[Any]:
        """Who has the original, or may have it; and who would have it, had its correction not ended it."""
        has: ColumnElement[bool] = delivery.c.state.in_([Outcome.SENT, Outcome.UNKNOWN])
        if self.row.kind == Kind.CORRECTION and original.state == State.ENDED:
            hearers = select(subscription.c.subscriber).where(subscription.c.subject.in_(about(original)))
            has = has | ((delivery.c.state == Outcome.CANCELLED) & delivery.c.subscriber.in_(hearers))
        mine = (delivery.c.broadcast == original.id) & self.within(delivery.c.subscriber)
        return select(delivery.c.subscriber, literal(0).label("eager"), delivery.c.reference).where(mine, has)

    def at_once(self, wanted: Subquery) -> ColumnElement[bool]:
        """Who needs no calculation: no digest and no quiet hours hold it up."""
        if self.row.kind == Kind.WITHDRAWAL:  # makes no sound
            return true()
        awake: ColumnElement[bool] = subscriber.c.quiet_from.is_(None)
        if self.row.urgent:
            return or_(subscriber.c.channel == 1, awake, subscriber.c.urgent_breaks_quiet == 1)
        return or_(subscriber.c.channel == 1, and_(wanted.c.eager == 0, awake))


async def extend(database: Database, connection: AsyncConnection, part: Part, now: datetime, zone: str) -> None:
    """Write the rows of a part; one that is there already stays as it is. zone: the pack's time zone."""
    wanted = part.wanted()
    everybody = wanted.join(subscriber, subscriber.c.id == wanted.c.subscriber)
    at_once = part.at_once(wanted)
    plain = select(
        literal(part.row.id),
        subscriber.c.id,
        subscriber.c.platform,
        subscriber.c.language,
        literal(part.state),
        literal(0),
        literal(seconds(now), delivery.c.due.type),
        wanted.c.reference,
    )
    chosen = plain.select_from(everybody).where(at_once)
    await connection.execute(database.insert(delivery).from_select(list(_COLUMNS), chosen).on_conflict_do_nothing())
    others = select(subscriber, wanted.c.eager, wanted.c.reference).select_from(everybody).where(~at_once)
    rows = _timed(part, (await connection.execute(others)).all(), now, zone)
    if rows:
        await connection.execute(database.insert(delivery).on_conflict_do_nothing(), rows)


def _timed(part: Part, subscribers: Sequence[Row[Any]], now: datetime, zone: str) -> list[dict[str, Any]]:
    when = _hours(now, zone, urgent=bool(part.row.urgent))
    rows = []
    for each in subscribers:
        pace = _PACES[each.eager]
        collected = pace is not Pace.NOW and not part.row.urgent
        values = (each.platform, each.language, part.state, COLLECTED if collected else 0)
        hour = when(settings_of(each), pace)
        rows.append(dict(zip(_COLUMNS, (part.row.id, each.id, *values, hour, each.reference), strict=True)))
    return rows


def _hours(now: datetime, zone: str, *, urgent: bool) -> Callable[[Settings, Pace], int]:
    """When it is due by settings and pace; many subscribers have the same."""

    @cache
    def hour(settings: Settings, pace: Pace) -> int:
        return seconds(due(now, settings, pace, zone, urgent=urgent))

    return hour


async def outlook(database: Database, number: int, now: datetime, zone: str) -> Outlook:
    """When and how the audience of a draft would get it; as its rows would be written. zone: the pack's time zone."""
    row = (await database.rows(select(broadcast).where(broadcast.c.id == number)))[0]
    originals = await database.rows(select(broadcast).where(broadcast.c.id == row.original))
    last = await database.scalar(select(func.coalesce(func.max(subscriber.c.id), 0)))
    wanted = Part(row, originals[0] if originals else None, 0, last).wanted()
    settings = [subscriber.c[name] for name in _SETTINGS]
    query = select(*settings, wanted.c.eager, func.count().label("n"))
    query = query.select_from(wanted.join(subscriber, subscriber.c.id == wanted.c.subscriber))
    rows = await database.rows(query.where(subscriber.c.channel == 0).group_by(*settings, wanted.c.eager))
    when, found = _hours(now, zone, urgent=bool(row.urgent)), Counter[str]()
    for each in rows:
        pace = Pace.NOW if row.urgent else _PACES[each.eager]
        later = when(settings_of(each), _PACES[each.eager]) > seconds(now)
        found[_WHEN[pace, later]] += each.n
        found["discreet"] += each.n * each.discreet
    return Outlook(**found)


async def next_part(connection: AsyncConnection, number: int, chunk: int) -> Part | None:
    """The next so many subscribers of a broadcast; None where all have been looked at."""
    row = await _row(connection, number)
    if row is None or row.sent_at is None or row.folded or row.reached >= row.last:
        return None
    original = await _row(connection, row.original) if row.original else None
    numbers = select(subscriber.c.id).where(subscriber.c.id > row.reached).order_by(subscriber.c.id)
    upto = await connection.scalar(numbers.offset(chunk - 1).limit(1))
    return Part(row, original, row.reached, row.last if upto is None else min(upto, row.last))


async def unsettled(connection: AsyncConnection, original: Row[Any]) -> bool:
    """Whether it is still open who has a broadcast: rows are to be written, or messages are on the wire."""
    if original.reached < original.last and not original.folded:
        return True
    flying = select(delivery.c.broadcast).where(SENDING)
    return original.id in (await connection.scalars(flying)).all()


async def reach(connection: AsyncConnection, part: Part) -> None:
    """Note that the rows of a part are written."""
    statement = update(broadcast).where(broadcast.c.id == part.row.id)
    await connection.execute(statement.values(reached=part.upto))


async def _row(connection: AsyncConnection, number: int) -> Row[Any] | None:
    return (await connection.execute(select(broadcast).where(broadcast.c.id == number))).one_or_none()
