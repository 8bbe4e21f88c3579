"""Erasure: a subscriber ends, and with them everything that was still to reach them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import case, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.broadcast import FINAL, Outcome
from bot.store.schema import broadcast, delivery, subscriber, subscription


async def erase(
    connection: AsyncConnection, subscribers: Collection[int], outcome: Outcome = Outcome.CANCELLED
) -> bool:
    """Erase subscribers by their numbers; deliveries that are not over end so, and name no message any more.

    Returns whether there was anybody to erase. What comes after it must scrub the files.
    """
    if not subscribers:
        return False
    rows = select(broadcast.c.id).where(broadcast.c.sent_at.is_not(None), broadcast.c.folded == 0)
    theirs = delivery.c.broadcast.in_(rows) & delivery.c.subscriber.in_(subscribers)
    state = case((delivery.c.state.in_(FINAL), delivery.c.state), else_=outcome)
    await connection.execute(update(delivery).where(theirs).values(state=state, reference=null()))
    await connection.execute(delete(subscription).where(subscription.c.subscriber.in_(subscribers)))
    await connection.execute(delete(subscriber).where(subscriber.c.id.in_(subscribers)))
    return True
