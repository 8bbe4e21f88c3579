"""Sealing: which keys the database was written with; and everything sealed or hashed in it, made anew with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.broadcast import Outcome, Policy
from bot.privacy import Keys, Place, SealBroken
from bot.store.database import Database
from bot.store.schema import QUEUED, SENDING, broadcast, cursor, delivery, moderator, preference, subscriber

_MARK = "keys"  # in the place of a platform
_CHUNK = 5_000  # rows in memory at once
_HOLDING = (preference, subscriber, moderator)  # what is lost without the keys

_MOVE = update(subscriber).where(subscriber.c.id == bindparam("number"))
_RENAME = update(preference).where(preference.c.chat == bindparam("was")).values(chat=bindparam("now"))
_REFER = (
    update(delivery)
    .where(delivery.c.broadcast == bindparam("of"), delivery.c.subscriber == bindparam("to"))
    .values(reference=bindparam("sealed"))
)
_READDRESS = update(moderator).where(moderator.c.name == bindparam("who")).values(address=bindparam("sealed"))


class Sealing:
    """The keys of a database, by the mark that they leave in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark(self) -> str | None:
        """The mark of the keys it was written with; None where none were noted."""
        found = await self._database.scalar(select(cursor.c.value).where(cursor.c.platform == _MARK))
        return None if found is None else str(found)

    async def note(self, mark: str) -> None:
        """Note the keys that it is written with from now on."""
        await self._database.put(cursor, {"platform": _MARK}, {"value": mark})

    async def holds_people(self) -> bool:
        """Whether there is anything that other keys could not open or find."""
        found = [await self._database.scalar(select(table.c[0]).limit(1)) for table in _HOLDING]
        return any(first is not None for first in found)

    async def renew(self, old: Keys, new: Keys) -> int:
        """Seal and hash everything anew, all or nothing; how many seals were broken already, and stay so.

        Done before, it is not done again, but what was written over is cleared from the files in any case.
        """

        async def work(connection: AsyncConnection) -> int:
            if await connection.scalar(select(cursor.c.value).where(cursor.c.platform == _MARK)) == new.mark:
                return 0
            await _doubt(connection)
            broken = await _readdressed(connection, old, new)
            await _renamed(connection, new)
            broken += await _referred(connection, old, new)
            broken += await _moderated(connection, old, new)
            upsert = self._database.insert(cursor).values(platform=_MARK, value=new.mark)
            await connection.execute(
                upsert.on_conflict_do_update(index_elements=["platform"], set_={"value": new.mark})
            )
            return broken

        async def whole() -> int:
            broken = await self._database.write(work)
            await self._database.scrub()
            return broken

        return await self._database.finished(whole())


async def _doubt(connection: AsyncConnection) -> None:
    """A message that may have arrived has another name with other keys: no platform would know it again."""
    resent = delivery.c.broadcast.in_(select(broadcast.c.id).where(broadcast.c.policy == Policy.RESEND))
    await connection.execute(update(delivery).where(SENDING, ~resent).values(state=Outcome.UNKNOWN))
    tried = (QUEUED | SENDING) & (delivery.c.attempts > 0)
    await connection.execute(update(delivery).where(tried).values(doubtful=1))


async def _readdressed(connection: AsyncConnection, old: Keys, new: Keys) -> int:
    broken, last = 0, 0
    query = select(subscriber).order_by(subscriber.c.id).limit(_CHUNK)
    while rows := (await connection.execute(query.where(subscriber.c.id > last))).all():
        moved = [_moved(row, old, new) for row in rows]
        await connection.execute(_MOVE, moved)
        broken += sum(row.address == values["address"] for row, values in zip(rows, moved, strict=True))
        last = rows[-1].id
    return broken


def _moved(row: Row[Any], old: Keys, new: Keys) -> dict[str, Any]:
    place = Place(row.place, row.chat, row.platform, bool(row.private))
    try:
        address = new.sealed(old.opened(row.address, place))
    except SealBroken:
        address = row.address
    return {
        "number": row.id,
        "place": new.rehashed(place.key),
        "chat": new.rehashed(place.chat),
        "address": address,
    }


async def _renamed(connection: AsyncConnection, new: Keys) -> None:
    chats = (await connection.scalars(select(preference.c.chat))).all()
    if chats:
        await connection.execute(_RENAME, [{"was": chat, "now": new.rehashed(chat)} for chat in chats])


async def _referred(connection: AsyncConnection, old: Keys, new: Keys) -> int:
    broken, key, last = 0, tuple_(delivery.c.broadcast, delivery.c.subscriber), (0, 0)
    query = select(delivery.c.broadcast, delivery.c.subscriber, delivery.c.reference).order_by(
        delivery.c.broadcast, delivery.c.subscriber
    )
    query = query.where(delivery.c.reference.is_not(None)).limit(_CHUNK)
    while rows := (await connection.execute(query.where(key > last))).all():
        found = [resealed(row.reference, f"message {row.subscriber}", old, new) for row in rows]
        broken += found.count(None)
        keys = [{"of": row.broadcast, "to": row.subscriber} for row in rows]
        await connection.execute(_REFER, _with(keys, found))
        last = (rows[-1].broadcast, rows[-1].subscriber)
    return broken


async def _moderated(connection: AsyncConnection, old: Keys, new: Keys) -> int:
    rows = (await connection.execute(select(moderator.c.name, moderator.c.address))).all()
    found = [resealed(row.address, f"moderator {row.name}", old, new) for row in rows]
    whole = [(row.name, sealed) for row, sealed in zip(rows, found, strict=True) if sealed]
    if whole:
        await connection.execute(_READDRESS, [{"who": name, "sealed": sealed} for name, sealed in whole])
    return found.count(None)


def _with(keys: Sequence[dict[str, Any]], found: Sequence[bytes | None]) -> list[dict[str, Any]]:
    return [{**key, "sealed": sealed} for key, sealed in zip(keys, found, strict=True)]


def resealed(sealed: bytes, purpose: str, old: Keys, new: Keys) -> bytes | None:
    """What was sealed, sealed with other keys; None where it does not open."""
    try:
        return new.seal(old.unseal(sealed, purpose), purpose)
    except SealBroken:
        return None
