"""Clerk: keeps the ledger: opens it for each new broadcast, closes it, and forgets in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.log import log
from bot.store import Store, StoreFailed

_REST_SECONDS = 60.0
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
        self._tidied_at: float | None = None

    def stop(self) -> None:
        """Let run() end."""
        self._stopping = True
        self.awake.set()

    async def run(self) -> None:
        """Until stop(); what fails now is done later."""
        while not self._stopping:
            try:
                busy = await self._work()
            except StoreFailed as problem:
                log.error("ledger_failed", reason=str(problem))
                await self.clock.until(self.awake, _RETRY_SECONDS)
                continue
            if not busy:
                await self._rest()

    async def _work(self) -> bool:
        """One chunk of an audience, or all that needs little; whether there is more to do."""
        now = self.clock.now()
        for number in await self.store.ledger.unexpanded():
            more = await self.store.ledger.expand(number, now=now, zone=self.zone())
            self.wake()
            if more:
                await self.clock.sleep(0)  # between two chunks others write
                return True
        await self.store.broadcasts.expire_drafts(now)
        await self.store.ledger.expire(now)
        for number in await self.store.ledger.end(now):
            await self.ended(number)
        await self._tidy()
        return False

    async def _tidy(self) -> None:
        if self._tidied_at is not None and self.clock.monotonic() - self._tidied_at < _TIDY_SECONDS:
            return
        now = self.clock.now()
        await self.store.ledger.fold(now)
        await self.store.ledger.drop_references(now)
        await self.store.ledger.prune_audit(now)
        self._tidied_at = self.clock.monotonic()

    async def _rest(self) -> None:
        await self.clock.until(self.awake, _REST_SECONDS)
        self.awake.clear()
