"""Clock: time that stands still until somebody waits, and then has already passed."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec

from bot.clock import Clock

P = ParamSpec("P")
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class QuickClock(Clock):
    """A clock on which nobody waits; slept holds the seconds of each wait, in order."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def passed(self) -> float:
        """All seconds waited for so far."""
        return sum(self.slept)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


# ---------------------------------------------------------------------------- a loop whose time leaps


class _Leaping(selectors.DefaultSelector):
    """Waits for the network, for files and threads as long as they take, and for time not at all."""

    leapt = 0.0
    threads = True

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        patience = 0.05 if timeout > 5 else 0.003  # a thread may be about to say something
        events = super().select(min(timeout, patience) if self.threads else 0)
        if not events:
            self.leapt += timeout
        return events


class LeapingLoop(asyncio.SelectorEventLoop):
    """While nothing is to be done, time leaps to where something is."""

    def __init__(self, *, threads: bool = True) -> None:
        """threads: whether some work beside the loop, as a database does."""
        self._leaping = _Leaping()
        self._leaping.threads = threads
        super().__init__(self._leaping)

    def time(self) -> float:
        return 1000.0 + self._leaping.leapt


class LeapingClock(Clock):
    """The time of a leaping loop; and the calendar may be turned over, by setting `ahead`."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic() - 1000.0) + self.ahead

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def leaping(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in a loop whose time leaps."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
