"""Broadcasts: what was published, what is drafted, who said yes to it, and how it stands."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.broadcast import Approval, Broadcast, Item, Kind, Outcome, Policy, Standing, State, Tally
from bot.store.database import Database
from bot.store.moment import moment, seconds
from bot.store.schema import QUEUED, announced, audit, broadcast, cursor, delivery, published, rendering, subscriber
from bot.store.tally import tallies

_NO_WORDS: Mapping[str, str] = MappingProxyType({})
_RECENT = timedelta(days=30)
_LONGEST = timedelta(days=14)  # whoever cannot be reached by then, even by a weekly digest, is not told any more
_UNFINISHED = (State.SENDING, State.PAUSED)


class Conflict(Exception):
    """A broadcast stands so that this cannot be done with it; the message says how it stands, in a few words."""


@dataclass(frozen=True, slots=True)
class Published:
    """How an entry stood when news of it was last drafted."""

    kind: str
    standing: Standing
    print: str  # a digest of what it is known by, its id left out
    evidence: str = ""  # a digest of what bears that out; "" is unknown


@dataclass(frozen=True, slots=True)
class Draft:
    """A broadcast to be; dedupe is a digest of the change, and the same one is never made twice."""

    dedupe: str
    kind: Kind
    topics: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    words: Mapping[str, str] = field(default_factory=lambda: _NO_WORDS)  # language: markup
    urgent: bool = False
    policy: Policy = Policy.HOLD
    author: str = ""
    original: int = 0
    expires_at: datetime | None = None
    changes: tuple[str, ...] = ()  # digests of what it tells, for announced()


@dataclass(frozen=True, slots=True)
class Revision:
    """What a pending draft says now; without items it is rejected, and nothing was announced."""

    items: tuple[Item, ...]
    expires_at: datetime | None = None
    changes: tuple[str, ...] = ()


class Broadcasts:
    """Updates from draft to end. Moments are aware; a rendering's body is JSON, which nobody here reads.

    What is asked for twice is done once: no method complains of a state that it leads to, except approve().
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- content

    async def published(self) -> Mapping[str, Published]:
        """How each entry stood, by its id."""
        rows = await self._database.rows(select(published))
        return {row.entry: Published(row.kind, orjson.loads(row.standing), row.print, row.evidence) for row in rows}

    async def announced(self, changes: Collection[str]) -> Collection[str]:
        """Those of the digests of changes that are told by a draft, or were by one that was not taken back."""
        rows = await self._database.rows(select(announced).where(announced.c.change.in_(sorted(changes))))
        return {row.change for row in rows}

    async def record(
        self,
        entries: Mapping[str, Published],
        drafts: Sequence[Draft],
        *,
        revised: Mapping[int, Revision],
        cursor: str,
        at: datetime,
    ) -> tuple[int, ...]:
        """Note all at once what the content says now: every entry, new drafts, what pending drafts say, its cursor.

        Entries that are not named are published no more. Returns the numbers of the drafts that were made; one that was
        made before, whatever became of it, is left alone, and so is what is a draft no longer.
        """

        async def work(connection: AsyncConnection) -> tuple[int, ...]:
            await self._publish(connection, entries)
            for number, revision in revised.items():
                if await _revise(connection, number, revision):
                    await self._announce(connection, number, revision.changes)
            made = [await self._draft(connection, each, at) for each in drafts]
            await self._save_cursor(connection, cursor)
            return tuple(number for number in made if number)

        return await self._database.write(work)

    async def _publish(self, connection: AsyncConnection, now: Mapping[str, Published]) -> None:
        before = {row.entry: row for row in (await connection.execute(select(published))).all()}
        gone = [{"entry_": entry} for entry in before.keys() - now.keys()]
        changed = [
            row for row in map(_published_row, now, now.values()) if before.get(row["entry"]) != tuple(row.values())
        ]
        if gone:
            await connection.execute(delete(published).where(published.c.entry == bindparam("entry_")), gone)
        if changed:
            statement = self._database.insert(published)
            values = {name: statement.excluded[name] for name in ("kind", "standing", "print", "evidence")}
            await connection.execute(statement.on_conflict_do_update(index_elements=["entry"], set_=values), changed)

    async def _draft(self, connection: AsyncConnection, draft: Draft, at: datetime) -> int:
        """Its number; 0 where it was made before."""
        if await _made(connection, draft):
            return 0
        row = {**_row_of(draft), "state": State.DRAFT, "created_at": seconds(at)}
        number = int(await connection.scalar(insert(broadcast).values(row).returning(broadcast.c.id)) or 0)
        await self._announce(connection, number, draft.changes)
        return number

    async def _announce(self, connection: AsyncConnection, number: int, changes: Collection[str]) -> None:
        """Note that a draft tells exactly these changes."""
        await connection.execute(delete(announced).where(announced.c.broadcast == number))
        rows = [{"change": each, "broadcast": number} for each in changes]
        if rows:
            await connection.execute(self._database.insert(announced).on_conflict_do_nothing(), rows)

    async def _save_cursor(self, connection: AsyncConnection, value: str) -> None:
        statement = self._database.insert(cursor).values(platform="content", value=value)
        await connection.execute(statement.on_conflict_do_update(index_elements=["platform"], set_={"value": value}))

    # -- moderators

    async def compose(self, draft: Draft, at: datetime) -> int:
        """Make a draft and return its number; of the same one that was made before.

        Raises Conflict where what it corrects was never sent.
        """

        async def work(connection: AsyncConnection) -> int:
            if draft.original:
                await _correctable(connection, draft.original)
            number = await self._draft(connection, draft, at)
            if not number:
                return await _made(connection, draft)
            await _note(connection, number, draft.author, "composed", at)
            return number

        return await self._database.write(work)

    async def shown(self, number: int, moderator: str, digest: str, at: datetime) -> None:
        """Note which texts of a draft a moderator was shown; of what is a draft no more, nothing."""

        async def work(connection: AsyncConnection) -> None:
            if (await _row(connection, number)).state == State.DRAFT:
                await _note(connection, number, moderator, "shown", at, digest)

        await self._database.write(work)

    async def seen(self, number: int, moderator: str) -> str:
        """The digest of the texts that a moderator was shown last; empty where none were."""
        shown = (audit.c.broadcast == number) & (audit.c.moderator == moderator) & (audit.c.action == "shown")
        return str(await self._database.scalar(select(audit.c.digest).where(shown).order_by(audit.c.id.desc())) or "")

    async def approve(
        self,
        number: int,
        moderator: str,
        digest: str,
        *,
        needed: int,
        allowed: Collection[str],
        renderings: Mapping[str, str],
        at: datetime,
    ) -> bool:
        """Note a moderator's word for these texts; True where it was the last one needed and sending begins.

        Words count from those who are allowed now, for these texts; the author's alone never suffices.
        renderings: language to JSON, frozen when it begins. Raises Conflict where it is no draft any more.
        A correction that begins ends its original: who has not had that yet gets the correction instead.
        """

        async def work(connection: AsyncConnection) -> bool:
            row = await _row(connection, number)
            _is_draft(row, at)
            if moderator not in allowed:
                raise Conflict("not a moderator")
            words = set(await _words(connection, number, digest)) & set(allowed)
            if moderator not in words:
                await _note(connection, number, moderator, "approved", at, digest)
            words.add(moderator)
            if len(words) < needed or words <= {row.author}:
                return False
            await self._begin(connection, row, renderings, at)
            return True

        return await self._database.write(work)

    async def _begin(
        self, connection: AsyncConnection, row: Row[Any], renderings: Mapping[str, str], at: datetime
    ) -> None:
        if row.original:
            original = await _correctable(connection, row.original)
            if original.state in _UNFINISHED:
                await _finish(connection, original.id, State.ENDED, at)
        last = select(func.coalesce(func.max(subscriber.c.id), 0)).scalar_subquery()
        over = min(row.expires_at or sys.maxsize, seconds(at + _LONGEST))
        await _change(
            connection, row.id, state=State.SENDING, sent_at=seconds(at), expires_at=over, last=last, reached=0
        )
        await self._freeze(connection, row.id, renderings)

    async def _freeze(self, connection: AsyncConnection, number: int, renderings: Mapping[str, str]) -> None:
        rows = [{"broadcast": number, "language": code, "body": body} for code, body in renderings.items()]
        if rows:
            await connection.execute(self._database.insert(rendering), rows)

    async def reject(self, number: int, moderator: str, why: str, at: datetime) -> bool:
        """A draft that shall not be sent. False where it was rejected before; raises Conflict where it was sent."""
        return await self._turn(number, moderator, "rejected", at, (State.DRAFT,), State.REJECTED, why=why)

    async def pause(self, number: int, moderator: str, why: str, at: datetime) -> bool:
        """Let it wait. moderator: empty for the bot's own doing. False where it waits already. Raises Conflict."""
        return await self._turn(number, moderator, "paused", at, (State.SENDING,), State.PAUSED, why=why)

    async def resume(self, number: int, moderator: str, at: datetime) -> bool:
        """Let it go on. False where it goes already. Raises Conflict."""
        return await self._turn(number, moderator, "resumed", at, (State.PAUSED,), State.SENDING)

    async def cancel(self, number: int, moderator: str, at: datetime) -> bool:
        """Send no more of it; what is on the wire is still settled. False where it was cancelled. Raises Conflict."""
        return await self._turn(number, moderator, "cancelled", at, _UNFINISHED, State.CANCELLED)

    async def _turn(
        self,
        number: int,
        moderator: str,
        action: str,
        at: datetime,
        before: Collection[State],
        after: State,
        why: str = "",
    ) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            row = await _row(connection, number)
            if row.state == after:
                return False
            if row.state not in before:
                raise Conflict(row.state)
            if after is State.CANCELLED:
                await _finish(connection, number, after, at)
            await _change(connection, number, state=after, why=why)
            await _note(connection, number, moderator, action, at)
            return True

        return await self._database.write(work)

    async def withdraw(self, number: int, moderator: str, renderings: Mapping[str, str], at: datetime) -> int:
        """Send no more of it, and begin to delete what was sent. Returns the number of the withdrawal, made once.

        renderings: what is said where nothing can be deleted. Raises Conflict where it was never sent.
        """

        async def work(connection: AsyncConnection) -> int:
            row = _sent(await _row(connection, number))
            if row.kind == Kind.WITHDRAWAL:
                raise Conflict(row.kind)
            draft = _withdrawal(row, moderator)
            made = await self._draft(connection, draft, at)
            if not made:
                return await _made(connection, draft)
            if row.state in _UNFINISHED:
                await _finish(connection, number, State.CANCELLED, at)
            await _note(connection, number, moderator, "withdrawn", at)
            await _change(connection, made, state=State.SENDING, sent_at=seconds(at), last=row.last)
            await self._freeze(connection, made, renderings)
            return made

        return await self._database.write(work)

    async def expire_drafts(self, now: datetime) -> tuple[int, ...]:
        """Reject the drafts whose time is over; their numbers."""
        over = (broadcast.c.state == State.DRAFT) & (broadcast.c.expires_at <= seconds(now))
        statement = update(broadcast).where(over).values(state=State.REJECTED, why="expired").returning(broadcast.c.id)

        async def work(connection: AsyncConnection) -> tuple[int, ...]:
            return tuple(sorted((await connection.scalars(statement)).all()))

        return await self._database.write(work)

    # -- reading

    async def one(self, number: int) -> Broadcast | None:
        """A broadcast, with its approvals and tally."""
        found = await self._broadcasts(broadcast.c.id == number, 1)
        return found[0] if found else None

    async def newest(self, limit: int, states: Collection[State] | None = None) -> tuple[Broadcast, ...]:
        """The newest first, with approvals and tallies; all states where none is named."""
        return await self._broadcasts(broadcast.c.state.in_(State if states is None else states), limit)

    async def _broadcasts(self, which: ColumnElement[bool], limit: int) -> tuple[Broadcast, ...]:
        rows = await self._database.rows(select(broadcast).where(which).order_by(broadcast.c.id.desc()).limit(limit))
        numbers = [row.id for row in rows]
        approvals = await self._approvals(numbers)
        told = await tallies(self._database, [row.id for row in rows if row.sent_at is not None])
        return tuple(_broadcast(row, approvals.get(row.id, ()), told.get(row.id)) for row in rows)

    async def _approvals(self, numbers: Collection[int]) -> Mapping[int, tuple[Approval, ...]]:
        wanted = audit.c.broadcast.in_(numbers) & (audit.c.action == "approved")
        found: dict[int, tuple[Approval, ...]] = {}
        for row in await self._database.rows(select(audit).where(wanted).order_by(audit.c.id)):
            found[row.broadcast] = (*found.get(row.broadcast, ()), Approval(row.moderator, row.digest))
        return found

    async def recent(self, limit: int, now: datetime) -> tuple[tuple[int, datetime, Mapping[str, str]], ...]:
        """What readers may read again: number, when it was sent, bodies by language; the newest first.

        News and notes of the last 30 days, as corrected since; nothing cancelled or withdrawn.
        """
        withdrawn = select(broadcast.c.original).where(broadcast.c.kind == Kind.WITHDRAWAL)
        wanted = (
            broadcast.c.kind.in_([Kind.NEWS, Kind.NOTE]),
            broadcast.c.state.in_([*_UNFINISHED, State.ENDED]),
            broadcast.c.sent_at > seconds(now - _RECENT),
            broadcast.c.id.not_in(withdrawn),
        )
        columns = (broadcast.c.id, broadcast.c.sent_at)
        order = (broadcast.c.sent_at.desc(), broadcast.c.id.desc())
        rows = await self._database.rows(select(*columns).where(*wanted).order_by(*order).limit(limit))
        bodies = await self._bodies([row.id for row in rows])
        return tuple((row.id, moment(row.sent_at), bodies.get(row.id, {})) for row in rows)

    async def told(self, entry: str, limit: int) -> tuple[tuple[datetime, Item], ...]:
        """When subscribers were told that an entry changed, and from what to what, newest first.

        Nothing cancelled or withdrawn.
        """
        withdrawn = select(broadcast.c.original).where(broadcast.c.kind == Kind.WITHDRAWAL)
        wanted = (
            broadcast.c.kind == Kind.NEWS,
            broadcast.c.state.in_([*_UNFINISHED, State.ENDED]),
            broadcast.c.id.not_in(withdrawn),
            broadcast.c["items"].contains(f'"{entry}"', autoescape=True),
        )
        order = (broadcast.c.sent_at.desc(), broadcast.c.id.desc())
        query = (
            select(broadcast.c.sent_at, broadcast.c["items"].label("told")).where(*wanted).order_by(*order).limit(limit)
        )
        rows = await self._database.rows(query)
        items = ((moment(row.sent_at), Item(*each)) for row in rows for each in orjson.loads(row.told))
        return tuple((at, item) for at, item in items if item.entry == entry)

    async def _bodies(self, numbers: Collection[int]) -> Mapping[int, Mapping[str, str]]:
        """What broadcasts say, and their newest corrections instead."""
        corrects = broadcast.c.original.in_(numbers) & (broadcast.c.kind == Kind.CORRECTION)
        sent = broadcast.c.sent_at.is_not(None) & (broadcast.c.state != State.CANCELLED)
        query = (
            select(broadcast.c.id, broadcast.c.original, broadcast.c.kind, rendering.c.language, rendering.c.body)
            .join(rendering, rendering.c.broadcast == broadcast.c.id)
            .where(broadcast.c.id.in_(numbers) | (corrects & sent))
            .order_by(broadcast.c.id)
        )
        found: dict[int, dict[str, str]] = {}
        for row in await self._database.rows(query):
            number = row.original if row.kind == Kind.CORRECTION else row.id
            found.setdefault(number, {})[row.language] = row.body
        return found

    async def standing(self, numbers: Collection[int]) -> Mapping[int, int]:
        """Whose words stand for each of these now: its own, those of its newest correction; 0 where withdrawn."""
        found, family = {number: number for number in numbers}, {number: number for number in numbers}
        newest = list(family)
        while newest:
            later = broadcast.c.original.in_(newest) & broadcast.c.sent_at.is_not(None)
            rows = await self._database.rows(select(broadcast).where(later).order_by(broadcast.c.id))
            newest = [row.id for row in rows]
            for row in rows:
                number = family[row.id] = family[row.original]
                if row.kind == Kind.WITHDRAWAL:
                    found[number] = 0
                elif found[number] and row.state != State.CANCELLED:
                    found[number] = max(found[number], row.id)
        return found

    async def renderings(self, number: int) -> Mapping[str, str]:
        """The frozen bodies, by language."""
        rows = await self._database.rows(select(rendering).where(rendering.c.broadcast == number))
        return {row.language: row.body for row in rows}


# ---------------------------------------------------------------------------- within a transaction


async def _row(connection: AsyncConnection, number: int) -> Row[Any]:
    row = (await connection.execute(select(broadcast).where(broadcast.c.id == number))).one_or_none()
    if row is None:
        raise Conflict("no such broadcast")
    return row


async def _made(connection: AsyncConnection, draft: Draft) -> int:
    """The number of the same draft that was made before; 0 where none was."""
    return int(await connection.scalar(select(broadcast.c.id).where(broadcast.c.dedupe == draft.dedupe)) or 0)


def _sent(row: Row[Any]) -> Row[Any]:
    if row.sent_at is None:
        raise Conflict(row.state)
    return row


async def _correctable(connection: AsyncConnection, number: int) -> Row[Any]:
    """A broadcast that was sent and not withdrawn."""
    row = _sent(await _row(connection, number))
    withdrawn = (broadcast.c.original == number) & (broadcast.c.kind == Kind.WITHDRAWAL)
    if row.kind == Kind.WITHDRAWAL or await connection.scalar(select(broadcast.c.id).where(withdrawn)):
        raise Conflict("withdrawn")
    return row


def _is_draft(row: Row[Any], at: datetime) -> None:
    if row.state != State.DRAFT:
        raise Conflict(row.state)
    if row.expires_at is not None and row.expires_at <= seconds(at):
        raise Conflict("expired")


async def _words(connection: AsyncConnection, number: int, digest: str) -> Sequence[str]:
    """Who has approved these texts."""
    approved = (audit.c.broadcast == number) & (audit.c.action == "approved") & (audit.c.digest == digest)
    return (await connection.scalars(select(audit.c.moderator).where(approved))).all()


async def _note(
    connection: AsyncConnection, number: int, moderator: str, action: str, at: datetime, digest: str = ""
) -> None:
    row = {"broadcast": number, "moderator": moderator, "action": action, "digest": digest, "at": seconds(at)}
    await connection.execute(audit.insert().values(row))


async def _change(connection: AsyncConnection, number: int, **values: Any) -> None:
    await connection.execute(update(broadcast).where(broadcast.c.id == number).values(values))


async def _finish(connection: AsyncConnection, number: int, state: State, at: datetime) -> None:
    """End it before everybody has it."""
    await _change(connection, number, state=state, ended_at=seconds(at))
    waiting = update(delivery).where(QUEUED, delivery.c.broadcast == number)
    await connection.execute(waiting.values(state=Outcome.CANCELLED, reference=None))


async def _revise(connection: AsyncConnection, number: int, revision: Revision) -> bool:
    """Whether it was still a draft. One that has nothing left to tell makes way: the same change may come after all."""
    pending = (broadcast.c.id == number) & (broadcast.c.state == State.DRAFT)
    values: dict[str, Any] = {
        "items": _items_json(revision.items),
        "expires_at": _seconds_or_none(revision.expires_at),
    }
    if not revision.items:
        values |= {"state": State.REJECTED, "why": "changed-back", "dedupe": f"changed-back {number}"}
    revised = (await connection.execute(update(broadcast).where(pending).values(values))).rowcount > 0
    if revised:  # who approved it approved something else
        before = (audit.c.broadcast == number) & (audit.c.action == "approved")
        await connection.execute(update(audit).where(before).values(action="outdated"))
    return revised


# ---------------------------------------------------------------------------- rows


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _items_json(items: Sequence[Item]) -> str:
    return _json([[item.entry, item.before and dict(item.before), dict(item.after), item.evidence] for item in items])


def _seconds_or_none(at: datetime | None) -> int | None:
    return None if at is None else seconds(at)


def _published_row(entry: str, each: Published) -> dict[str, str]:
    return {
        "entry": entry,
        "kind": each.kind,
        "standing": _json(dict(each.standing)),
        "print": each.print,
        "evidence": each.evidence,
    }


def _row_of(draft: Draft) -> dict[str, Any]:
    return {
        "dedupe": draft.dedupe,
        "kind": draft.kind,
        "topics": _json(draft.topics),
        "items": _items_json(draft.items),
        "words": _json(dict(draft.words)),
        "urgent": int(draft.urgent),
        "policy": draft.policy,
        "author": draft.author,
        "original": draft.original,
        "expires_at": _seconds_or_none(draft.expires_at),
    }


def _withdrawal(row: Row[Any], moderator: str) -> Draft:
    """The withdrawal of a broadcast. Deleting twice is deleting once, so it may always be tried again."""
    topics = tuple(orjson.loads(row.topics))
    urgent, policy = bool(row.urgent), Policy.RESEND
    return Draft(
        f"withdrawal {row.id}", Kind.WITHDRAWAL, topics, urgent=urgent, policy=policy, author=moderator, original=row.id
    )


def _broadcast(row: Row[Any], approvals: tuple[Approval, ...], tally: Tally | None) -> Broadcast:
    return Broadcast(
        number=row.id,
        state=State(row.state),
        kind=Kind(row.kind),
        created_at=moment(row.created_at),
        topics=tuple(orjson.loads(row.topics)),
        items=tuple(Item(*item) for item in orjson.loads(row.items)),
        words=orjson.loads(row.words),
        urgent=bool(row.urgent),
        policy=Policy(row.policy),
        author=row.author,
        original=row.original,
        expires_at=None if row.expires_at is None else moment(row.expires_at),
        approvals=approvals,
        sent_at=None if row.sent_at is None else moment(row.sent_at),
        why=row.why,
        tally=tally or {},
    )
