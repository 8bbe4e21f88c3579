"""Tally: how many deliveries of a broadcast have come how far."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select, union_all

from bot.core.broadcast import Outcome, Tally
from bot.store.database import Database
from bot.store.schema import delivery, total


async def tallies(database: Database, numbers: Collection[int]) -> Mapping[int, Tally]:
    """Deliveries by broadcast, platform and outcome; none of a broadcast that has no deliveries.

    Once folded, what was under ten in a language is not counted.
    """
    rows = delivery.c
    counted = (
        select(rows.broadcast, rows.platform, rows.state, func.count())
        .where(rows.broadcast.in_(numbers))
        .group_by(rows.broadcast, rows.platform, rows.state)
    )
    folded = (
        select(total.c.broadcast, total.c.platform, total.c.state, func.sum(total.c.n))
        .where(total.c.broadcast.in_(numbers), total.c.n.is_not(None))
        .group_by(total.c.broadcast, total.c.platform, total.c.state)
    )
    found: dict[int, dict[str, dict[Outcome, int]]] = {}
    for number, platform, state, n in map(tuple, await database.rows(union_all(counted, folded))):
        found.setdefault(number, {}).setdefault(platform, {})[Outcome(state)] = int(n)
    return found
