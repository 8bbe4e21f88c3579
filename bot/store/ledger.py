"""Ledger: a row for each broadcast and subscriber, written before the wire, settled after, folded into totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.broadcast import Outcome, Outlook, Policy, State, Tally
from bot.privacy import Place
from bot.store.audience import COLLECTED, extend, next_part, outlook, reach, unsettled
from bot.store.database import Database
from bot.store.moment import moment, seconds
from bot.store.schema import QUEUED, SENDING, audit, broadcast, delivery, queued, subscriber, total
from bot.store.schema import lane as lanes
from bot.store.tally import tallies

_REPEATABLE = timedelta(hours=23)  # Synapse knows a transaction for 24 h
_TELEGRAM_DELETES = timedelta(hours=48)  # the Bot API's deleteMessage
_CORRECTED = timedelta(days=7)
_KEPT = timedelta(days=7)  # rows, after the end
_AUDITED = timedelta(days=365)
_FEWEST = 10  # smaller totals are not kept
_OPEN = (State.SENDING, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Claim:
    """One message to one subscriber, on the wire from now on."""

    numbers: tuple[int, ...]  # the broadcasts in it; a digest has several
    name: int  # with the subscriber, names this message however often it is tried: make its key of these two
    subscriber: int
    place: Place
    address: bytes = field(repr=False)  # sealed
    language: str
    boot: str
    attempts: int  # with this one
    urgent: bool
    digest: bool
    doubtful: bool  # an earlier attempt may have arrived
    reference: bytes | None = field(repr=False)  # the message to correct or withdraw, sealed; None: there is none
    discreet: bool
    channel: bool
    failed_on: str  # the last day on which the subscriber refused us: "2026-11-23"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim."""

    claim: Claim
    outcome: Outcome  # QUEUED: to be tried again when due; SENDING is none
    reference: bytes | None = None  # of the message that arrived, sealed; each broadcast of a digest keeps it
    due: datetime | None = None  # when to try again; None: at once
    doubtful: bool = False  # it may have arrived


@dataclass(frozen=True, slots=True)
class Lane:
    """The pace of a platform."""

    rate: float  # messages a second
    paused_until: datetime


class Ledger:
    """Every delivery ends in one final outcome, and none is lost. Moments are aware."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the audience

    async def unexpanded(self) -> tuple[int, ...]:
        """Approved broadcasts that not yet everybody has a row of, urgent ones first."""
        wanted = (broadcast.c.sent_at.is_not(None), broadcast.c.reached < broadcast.c.last, broadcast.c.folded == 0)
        query = select(broadcast.c.id).where(*wanted).order_by(broadcast.c.urgent.desc(), broadcast.c.id)
        return tuple(row.id for row in await self._database.rows(query))

    async def outlook(self, number: int, *, now: datetime, zone: str) -> Outlook:
        """When and how its audience would get a draft. zone: the pack's time zone."""
        return await outlook(self._database, number, now, zone)

    async def expand(self, number: int, *, now: datetime, zone: str, chunk: int = 5000) -> bool:
        """Write rows for the next part of the audience; whether more can be written now. zone: the pack's time zone.

        Looks at so many subscribers, whether they hear of it or not. A correction or withdrawal waits (False, and it
        stays unexpanded) for what of its original is on the wire or not yet written.
        """

        async def work(connection: AsyncConnection) -> bool:
            part = await next_part(connection, number, chunk)
            if part is None:
                return False
            if part.original is not None and await unsettled(connection, part.original):
                return False
            await extend(self._database, connection, part, now, zone)
            await reach(connection, part)
            return bool(part.upto < part.row.last)

        return await self._database.write(work)

    # -- the wire

    async def claim(self, platform: str, now: datetime, boot: str, limit: int) -> list[Claim]:
        """Take at most so many messages that are due: urgent ones first, then those of older broadcasts.

        boot: names this start of the program. Fewer than the limit does not mean that nothing else is due; none does.
        """

        async def work(connection: AsyncConnection) -> list[Claim]:
            claims: list[Claim] = []
            for number in (await connection.scalars(waiting(platform, now, limit))).all():
                rows = (await connection.execute(due_rows(number, platform, now, limit - len(claims)))).all()
                claims += await _messages(connection, rows, now, boot)
                if len(claims) >= limit:
                    break
            return claims

        return await self._database.write(work)

    async def settle(self, results: Sequence[Result]) -> int:
        """Note what became of claims; the number of deliveries changed. One that is settled or cancelled stays so."""
        final = [row for each in results if each.outcome is not Outcome.QUEUED for row in _final(each)]
        again = [row for each in results if each.outcome is Outcome.QUEUED for row in _again(each)]

        async def work(connection: AsyncConnection) -> int:
            settled = await self._database.changed(connection, _SETTLE, final)
            return settled + await self._database.changed(connection, _REQUEUE, again)

        return await self._database.write(work)

    async def recover(self, boot: str, platform: str, *, repeatable: bool, now: datetime) -> Mapping[Outcome, int]:
        """Take up what another start left on the wire, and count what became of it.

        repeatable: the platform takes the same message twice as one, for 23 hours at least. Elsewhere the broadcast's
        policy decides: it is tried again, doubtful, or it stays unknown.
        """
        left = (SENDING, delivery.c.claimed_by != boot, delivery.c.platform == platform)
        resent = select(broadcast.c.id).where(broadcast.c.policy == Policy.RESEND)
        young = delivery.c.claimed_at > seconds(now - _REPEATABLE)
        again = update(delivery).where(*left, young if repeatable else delivery.c.broadcast.in_(resent))
        again = again.values(state=_REQUEUED, doubtful=delivery.c.doubtful if repeatable else 1)
        unknown = update(delivery).where(*left).values(state=Outcome.UNKNOWN)

        async def work(connection: AsyncConnection) -> Mapping[Outcome, int]:
            queued = (await connection.execute(again)).rowcount
            return {Outcome.QUEUED: queued, Outcome.UNKNOWN: (await connection.execute(unknown)).rowcount}

        return await self._database.write(work)

    async def next_due(self, platform: str) -> datetime | None:
        """When the next delivery can be claimed; None where nothing waits."""
        first = select(func.min(delivery.c.due)).where(
            QUEUED, delivery.c.broadcast == broadcast.c.id, delivery.c.platform == platform
        )
        query = select(func.min(first.correlate(broadcast).scalar_subquery())).where(broadcast.c.state == State.SENDING)
        found = await self._database.scalar(query)
        return None if found is None else moment(found)

    # -- the end

    async def expire(self, now: datetime) -> tuple[int, ...]:
        """End what still waits of broadcasts whose time is over; the numbers of those that had something waiting."""
        over = select(broadcast.c.id).where(broadcast.c.state.in_(_OPEN), broadcast.c.expires_at <= seconds(now))

        async def work(connection: AsyncConnection) -> tuple[int, ...]:
            numbers = (await connection.scalars(over.order_by(broadcast.c.id))).all()
            return tuple([number for number in numbers if await _expired(connection, number)])

        return await self._database.write(work)

    async def end(self, now: datetime) -> tuple[int, ...]:
        """End the broadcasts of which nothing waits or is on the wire; their numbers."""
        statement = ending(now).returning(broadcast.c.id)

        async def work(connection: AsyncConnection) -> tuple[int, ...]:
            return tuple(sorted((await connection.scalars(statement)).all()))

        return await self._database.write(work)

    async def tally(self, number: int) -> Tally:
        """Deliveries by platform and outcome. Once folded, what was under ten in a language is not counted."""
        return (await tallies(self._database, [number])).get(number, {})

    async def late(self, number: int, now: datetime) -> int:
        """How many deliveries wait for a later hour: quiet hours, a digest, another try."""
        later = (QUEUED, delivery.c.broadcast == number, delivery.c.due > seconds(now))
        return int(await self._database.scalar(select(func.count()).select_from(delivery).where(*later)))

    # -- forgetting

    async def fold(self, now: datetime) -> tuple[int, ...]:
        """Turn the deliveries of what ended seven days ago into totals, and erase them; the broadcasts' numbers."""
        old = (broadcast.c.ended_at <= seconds(now - _KEPT), broadcast.c.folded == 0)
        rows = await self._database.rows(select(broadcast.c.id).where(*old).order_by(broadcast.c.id))
        numbers = tuple(int(row.id) for row in rows)
        for number in numbers:
            await self._fold(number)
        if numbers:
            await self._database.scrub()
        return numbers

    async def _fold(self, number: int) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_totals(number))
            await connection.execute(delete(delivery).where(delivery.c.broadcast == number))
            await connection.execute(update(broadcast).where(broadcast.c.id == number).values(folded=1))

        await self._database.write(work)

    async def drop_references(self, now: datetime) -> int:
        """Erase what names messages that can no longer be changed; how many."""
        old = or_(
            delivery.c.claimed_at <= seconds(now - _CORRECTED),
            (delivery.c.claimed_at <= seconds(now - _TELEGRAM_DELETES)) & (delivery.c.platform == "telegram"),
        )
        over = delivery.c.state.not_in([Outcome.QUEUED, Outcome.SENDING]) & delivery.c.reference.is_not(None)
        return await self._erased(update(delivery).where(over, old).values(reference=null()))

    async def prune_audit(self, now: datetime) -> int:
        """Erase who did and wrote what, more than twelve months ago; how many rows."""
        old = seconds(now - _AUDITED)
        authors = (broadcast.c.created_at <= old, broadcast.c.author != "")
        return await self._erased(
            delete(audit).where(audit.c.at <= old), update(broadcast).where(*authors).values(author="")
        )

    async def _erased(self, *statements: Any) -> int:
        """Do all in one transaction, and empty the log where that changed anything; the number of rows."""

        async def work(connection: AsyncConnection) -> int:
            return sum([(await connection.execute(statement)).rowcount for statement in statements])

        changed = await self._database.write(work)
        if changed:
            await self._database.scrub()
        return changed

    # -- lanes

    async def lane(self, platform: str) -> Lane | None:
        """The pace that was saved last."""
        rows = await self._database.rows(select(lanes).where(lanes.c.platform == platform))
        return Lane(float(rows[0].rate), moment(rows[0].paused_until)) if rows else None

    async def save_lane(self, platform: str, lane: Lane) -> None:
        """Note the pace of a platform."""
        values = {"rate": str(lane.rate), "paused_until": seconds(lane.paused_until)}
        await self._database.put(lanes, {"platform": platform}, values)


# ---------------------------------------------------------------------------- claiming


def waiting(platform: str, now: datetime, limit: int) -> Any:
    """The broadcasts that have something to claim, in their order; a look-up each, however many deliveries."""
    ready = exists().where(_ready(now), delivery.c.broadcast == broadcast.c.id, delivery.c.platform == platform)
    query = select(broadcast.c.id).where(broadcast.c.state == State.SENDING, ready)
    return query.order_by(broadcast.c.urgent.desc(), broadcast.c.id).limit(limit)


def due_rows(number: int, platform: str, now: datetime, limit: int) -> Any:
    """The deliveries of a broadcast that are due longest, with their subscribers."""
    return (
        _with_subscribers()
        .where(_ready(now), delivery.c.broadcast == number, delivery.c.platform == platform)
        .order_by(delivery.c.due, delivery.c.subscriber)
        .limit(limit)
    )


def collected_rows(subscribers: Iterable[int], now: datetime) -> Any:
    """Everything that can go into digests for some subscribers."""
    theirs = delivery.c.subscriber.in_(sorted(subscribers)) & (delivery.c.digest != 0)
    return _with_subscribers().where(_ready(now), theirs, broadcast.c.state == State.SENDING)


def _with_subscribers() -> Any:
    columns = [column for column in subscriber.c if column.name not in delivery.c]
    tables = delivery.join(subscriber, subscriber.c.id == delivery.c.subscriber)
    tables = tables.join(broadcast, broadcast.c.id == delivery.c.broadcast)
    spoken = subscriber.c.language.label("spoken")  # by now; what was chosen since the row was written holds
    return select(delivery, *columns, spoken, broadcast.c.urgent).select_from(tables)


def _ready(now: datetime) -> ColumnElement[bool]:
    """Due, and not a part of a digest that went out before and must go out again whole, but cannot now."""
    other, its = delivery.alias(), broadcast.alias()
    same = (other.c.subscriber == delivery.c.subscriber) & (other.c.digest == delivery.c.digest)
    held = (other.c.due > seconds(now)) | (its.c.state != State.SENDING)
    rest = exists().where(queued(other), same, its.c.id == other.c.broadcast, held)
    return QUEUED & (delivery.c.due <= seconds(now)) & ((delivery.c.digest <= 0) | ~rest)


async def _messages(connection: AsyncConnection, rows: Sequence[Row[Any]], now: datetime, boot: str) -> list[Claim]:
    """Put deliveries on the wire, those of one digest together."""
    groups = {(row.subscriber, row.digest): [row] for row in rows}
    digests = [subscriber for subscriber, digest in groups if digest]
    if digests:
        for (number, digest), some in _collected(
            (await connection.execute(collected_rows(digests, now))).all()
        ).items():
            if (number, digest) in groups:
                groups[number, digest] = some
    claims = [_claim(some, boot) for some in groups.values()]
    if claims:
        await connection.execute(_CLAIM, [row for claim in claims for row in _claimed(claim, now)])
    return claims


def _collected(rows: Iterable[Row[Any]]) -> Mapping[tuple[int, int], list[Row[Any]]]:
    """What waits for somebody's first digest, and the parts of each that was tried, by its name."""
    found: dict[tuple[int, int], list[Row[Any]]] = {}
    for row in rows:
        found.setdefault((row.subscriber, row.digest), []).append(row)
    return found


def _claim(rows: Sequence[Row[Any]], boot: str) -> Claim:
    first, numbers = rows[0], tuple(sorted(row.broadcast for row in rows))
    return Claim(
        numbers=numbers,
        name=numbers[0] if first.digest == COLLECTED else first.digest or first.broadcast,
        subscriber=first.subscriber,
        place=Place(first.place, first.chat, first.platform, bool(first.private)),
        address=first.address,
        language=first.spoken,
        boot=boot,
        attempts=first.attempts + 1,
        urgent=any(row.urgent for row in rows),
        digest=first.digest != 0,
        doubtful=any(row.doubtful for row in rows),
        reference=first.reference if len(rows) == 1 else None,
        discreet=bool(first.discreet),
        channel=bool(first.channel),
        failed_on=first.failed_on,
    )


_ROW = (delivery.c.broadcast == bindparam("number"), delivery.c.subscriber == bindparam("whose"))
_CLAIM = (
    update(delivery)
    .where(*_ROW)
    .values(
        state=Outcome.SENDING,
        attempts=delivery.c.attempts + 1,
        digest=bindparam("name"),
        claimed_by=bindparam("boot"),
        claimed_at=bindparam("now"),
    )
)


def _claimed(claim: Claim, now: datetime) -> Iterable[dict[str, Any]]:
    name = claim.name if claim.digest else 0
    return ({**key, "name": name, "now": seconds(now)} for key in _keys(claim))


def _keys(claim: Claim) -> Iterable[dict[str, Any]]:
    return ({"number": number, "whose": claim.subscriber, "boot": claim.boot} for number in claim.numbers)


# ---------------------------------------------------------------------------- settling

# The very attempt that is settled: what was cancelled since, or taken up again, is somebody else's.
_ATTEMPT = (*_ROW, SENDING, delivery.c.claimed_by == bindparam("boot"), delivery.c.attempts == bindparam("attempt"))
_SETTLE = (
    update(delivery)
    .where(*_ATTEMPT)
    .values(
        state=bindparam("outcome"),
        reference=case(
            (
                bindparam("kept") == 1,
                func.coalesce(bindparam("message", type_=delivery.c.reference.type), delivery.c.reference),
            ),
            else_=null(),
        ),
    )
)
# Of a broadcast that was cancelled meanwhile nothing is tried again.
_GOES_ON = select(broadcast.c.id).where(or_(*(broadcast.c.state == state for state in _OPEN)))
_REQUEUED = case((delivery.c.broadcast.in_(_GOES_ON), Outcome.QUEUED), else_=Outcome.CANCELLED)
_REQUEUE = (
    update(delivery)
    .where(*_ATTEMPT)
    .values(
        state=_REQUEUED,
        due=func.coalesce(bindparam("due_at"), delivery.c.due),
        doubtful=case((bindparam("perhaps") == 1, 1), else_=delivery.c.doubtful),
    )
)


def _final(result: Result) -> Iterable[dict[str, Any]]:
    claim, sent = result.claim, result.outcome is Outcome.SENT
    values = {"attempt": claim.attempts, "outcome": result.outcome, "kept": int(sent), "message": result.reference}
    return ({**key, **values} for key in _keys(claim))


def _again(result: Result) -> Iterable[dict[str, Any]]:
    due_at = None if result.due is None else seconds(result.due)
    values = {"attempt": result.claim.attempts, "due_at": due_at, "perhaps": int(result.doubtful)}
    return ({**key, **values} for key in _keys(result.claim))


# ---------------------------------------------------------------------------- ending


def ending(now: datetime) -> Any:
    """End every broadcast that has reached everybody, and of which nothing waits or is on the wire."""
    waits = select(delivery.c.platform).where(QUEUED, delivery.c.broadcast == broadcast.c.id)
    ordered = waits.order_by(delivery.c.platform, delivery.c.due)  # as the index of what waits is: so it is used
    first = ordered.limit(1).correlate(broadcast).scalar_subquery()
    flies = broadcast.c.id.in_(select(delivery.c.broadcast).where(SENDING))
    over = (broadcast.c.state.in_(_OPEN), broadcast.c.reached >= broadcast.c.last, first.is_(None), ~flies)
    return update(broadcast).where(*over).values(state=State.ENDED, ended_at=seconds(now))


async def _expired(connection: AsyncConnection, number: int) -> bool:
    waiting = update(delivery).where(QUEUED, delivery.c.broadcast == number)
    return (await connection.execute(waiting.values(state=Outcome.EXPIRED, reference=null()))).rowcount > 0


def _totals(number: int) -> Any:
    """Count a broadcast's deliveries; what never ended, because its platform is used no more, ends here."""
    state = case((QUEUED, Outcome.CANCELLED), (SENDING, Outcome.UNKNOWN), else_=delivery.c.state).label("ended")
    counted = (
        select(delivery.c.broadcast, delivery.c.platform, delivery.c.language, state, func.count().label("n"))
        .where(delivery.c.broadcast == number)
        .group_by(delivery.c.broadcast, delivery.c.platform, delivery.c.language, state)
        .subquery()
    )
    n = case((counted.c.n >= _FEWEST, counted.c.n), else_=null())
    columns = (counted.c.broadcast, counted.c.platform, counted.c.language, counted.c.ended, n)
    return insert(total).from_select(["broadcast", "platform", "language", "state", "n"], select(*columns))
