"""Clock: time that stands still until somebody waits, and then has already passed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.clock import Clock

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
