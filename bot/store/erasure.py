"""Erasure: a subscriber ends, and with them everything that was still to reach them; a tombstone keeps them ended."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Executable, case, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.broadcast import FINAL, Outcome
from bot.store.schema import asked, broadcast, delivery, subscriber, subscription
from bot.store.tombstone import Tombstones


async def erase(
    connection: AsyncConnection,
    tombstones: Tombstones,
    subscribers: Collection[int],
    outcome: Outcome = Outcome.CANCELLED,
) -> bool:
    """Erase subscribers by their numbers; deliveries that are not over end so, and name no message any more.

    Returns whether there was anybody to erase. What comes after it must scrub the files.
    """
    if not subscribers:
        return False
    places = await connection.scalars(select(subscriber.c.place).where(subscriber.c.id.in_(subscribers)))
    await tombstones.note(places.all())
    await remove(connection, subscribers, outcome)
    return True


async def remove(
    connection: AsyncConnection, subscribers: Collection[int], outcome: Outcome = Outcome.CANCELLED
) -> None:
    """The same without a tombstone: for who lives on elsewhere, or has one already."""
    for statement in endings(subscribers, outcome):
        await connection.execute(statement)


def endings(subscribers: Collection[int], outcome: Outcome = Outcome.CANCELLED) -> Iterator[Executable]:
    """What ends subscribers, one statement after the other."""
    rows = select(broadcast.c.id).where(broadcast.c.sent_at.is_not(None), broadcast.c.folded == 0)
    theirs = delivery.c.broadcast.in_(rows) & delivery.c.subscriber.in_(subscribers)
    state = case((delivery.c.state.in_(FINAL), delivery.c.state), else_=outcome)
    yield update(delivery).where(theirs).values(state=state, reference=null())
    yield delete(subscription).where(subscription.c.subscriber.in_(subscribers))
    yield delete(asked).where(asked.c.subscriber.in_(subscribers))
    yield delete(subscriber).where(subscriber.c.id.in_(subscribers))
