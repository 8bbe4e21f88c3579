"""Clerk: keeps the ledger: opens it for each new broadcast, closes it, and forgets in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.log import log
from bot.store import Store, StoreFailed

_REST_SECONDS = 10.0  # another process may have sent the last of something
_SOON_SECONDS = 1.0  # while a correction waits for what of its original is on the wire
_TIDY_SECONDS = 3600.0
_RETRY_SECONDS = 5.0  # after the database failed

Ended = Callable[[int], Awaitable[None]]


@dataclass
class Clerk:
    """Writes the audience of what was approved, ends what is done, and lets go of what is old."""

    store: Store
    clock: Clock
    zone: Callable[[], str]  # the pack's time zone
    wake: Callable[[], None]  # there is something new to send
    ended: Ended

    def __post_init__(self) -> None:
        self.awake = asyncio.Event()
        self._stopping = False
        self._over: list[int] = []  # broadcasts that have ended, and nobody knows
        self._tidied_at: float | None = None

    def stop(self) -> None:
        """Let run() end."""
        self._stopping = True
        self.awake.set()

    async def run(self) -> None:
        """Until stop(); what fails now is done later."""
        while not self._stopping:
            self.awake.clear()
            try:
                seconds = await self._work()
            except StoreFailed as problem:
                log.error("ledger_failed", reason=str(problem))
                seconds = _RETRY_SECONDS
            if not self._stopping:
                await self.clock.until(self.awake, seconds)

    async def _work(self) -> float:
        """The next part of each audience, or all that needs little; seconds to rest then."""
        now = self.clock.now()
        waiting = await self.store.ledger.unexpanded()
        more = [await self.store.ledger.expand(number, now=now, zone=self.zone()) for number in waiting]
        if waiting:
            self.wake()
        if any(more):
            return 0.0
        await self.store.broadcasts.expire_drafts(now)
        await self.store.ledger.expire(now)
        await self._end(now)
        await self._tidy()
        return _SOON_SECONDS if await self.store.ledger.unexpanded() else _REST_SECONDS

    async def _end(self, now: datetime) -> None:
        """End what is done; that it is is told once, also where the database fails meanwhile."""
        self._over += await self.store.ledger.end(now)
        while self._over:
            await self.ended(self._over[0])
            del self._over[0]

    async def _tidy(self) -> None:
        if self._tidied_at is not None and self.clock.monotonic() - self._tidied_at < _TIDY_SECONDS:
            return
        now = self.clock.now()
        await self.store.ledger.fold(now)
        await self.store.ledger.drop_references(now)
        await self.store.ledger.prune_audit(now)
        self.store.tombstones.prune()
        self._tidied_at = self.clock.monotonic()
