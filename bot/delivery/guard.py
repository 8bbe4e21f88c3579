"""Guard: stops a broadcast that fails by no fault of those it goes to, before all of them have been tried."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from bot.clock import Clock
from bot.store import Claim, Conflict, Store

Alarm = Callable[[int, str], Awaitable[None]]  # a broadcast that had to stop, and why: a key of the desk's phrases

_MALFORMED = 2  # so many chats refuse what it says
_ATTEMPTS = 200
_FAILED = 0.05  # of the last so many attempts; more than that is nobody's single bad luck
_Attempts = partial(deque[bool], maxlen=_ATTEMPTS)


@dataclass
class Guard:
    """Counts what fails of each broadcast on one platform, since it last began or was resumed."""

    store: Store
    clock: Clock
    alarm: Alarm
    _refusers: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    _failed: defaultdict[int, deque[bool]] = field(default_factory=lambda: defaultdict(_Attempts))

    async def refused(self, claim: Claim) -> None:
        """What two chats cannot be shown no chat can. Raises StoreFailed."""
        for number in claim.numbers:
            self._refusers[number].add(claim.subscriber)
            if len(self._refusers[number]) >= _MALFORMED:
                await self._stop(number, "refused")

    async def tried(self, claim: Claim, *, failed: bool) -> None:
        """An attempt has ended. Raises StoreFailed."""
        for number in claim.numbers:
            self._failed[number].append(failed)
            if failed and sum(self._failed[number]) > _ATTEMPTS * _FAILED:
                await self._stop(number, "failing")

    async def _stop(self, number: int, why: str) -> None:
        """Pause it, and say so where it was this that did; once it is resumed, it is counted anew."""
        with suppress(Conflict):
            if await self.store.broadcasts.pause(number, "", why, self.clock.now()):
                self._refusers.pop(number, None)
                self._failed.pop(number, None)
                await self.alarm(number, why)
