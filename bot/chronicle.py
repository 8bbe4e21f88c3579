"""Chronicle: the past of an entry: from git where its file has one, else from what subscribers were told."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, tzinfo

from bot.content.archive import Archive
from bot.core.broadcast import Item
from bot.core.calendar import PartialDate
from bot.core.content import Snapshot
from bot.core.past import Past, Turn
from bot.store import Store

_KEPT = 500  # entries whose past is remembered
_MOST = 100  # updates that are looked at


class Chronicle:
    """Looks up pasts, one at a time and beside everything else; what git says of a content is asked of it once."""

    def __init__(self, store: Store, archive: Archive | None = None) -> None:
        self._store, self._archive = store, archive
        self._known: OrderedDict[tuple[str, str], Past | None] = OrderedDict()
        self._turn = asyncio.Lock()

    async def past(self, name: str, snapshot: Snapshot, zone: tzinfo | None = None) -> Past:
        """An entry's past; days are those of the zone."""
        if name not in snapshot.views[snapshot.default].entries:
            return Past()
        written = await self._written(name, snapshot)
        if written:
            return written
        return Past(tuple(_turns(await self._store.broadcasts.told(name, _MOST), zone)))

    async def _written(self, name: str, snapshot: Snapshot) -> Past | None:
        if self._archive is None:
            return None
        async with self._turn:
            key = (snapshot.version, name)
            if key not in self._known:
                self._known[key] = await asyncio.to_thread(self._archive.past, name, snapshot)
            self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return self._known[key]


def _turns(told: Iterable[tuple[datetime, Item]], zone: tzinfo | None) -> Iterable[Turn]:
    """Changes as they were told, on the day of it: which source said so was not kept."""
    for at, item in told:
        yield Turn(item.before, item.after, PartialDate.parse(at.astimezone(zone).date().isoformat()))
