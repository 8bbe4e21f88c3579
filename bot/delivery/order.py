"""Order: what one subscriber gets, one after the other: urgent updates first, then by number."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.broadcast import Outcome
from bot.delivery.lane import LONGEST_TURN
from bot.store import Claim, Result

_RETRY = timedelta(seconds=1)  # where what comes before is still on its way

_Rank = tuple[bool, int]
_Delivery = asyncio.Task[Result]


class Order:
    """Who comes after whom. The ledger claims in this order; each waits here for the one before it.

    What is put off holds up what comes after it, and nobody else: until then, that goes back to the queue.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[int, _Delivery] = {}  # by subscriber
        self._put_off: dict[int, tuple[_Rank, datetime]] = {}  # the first one that was, and until when

    def before(self, claim: Claim) -> _Delivery | None:
        """The delivery that comes before this one; None where none is under way."""
        return self._last.get(claim.subscriber)

    def begins(self, claim: Claim, delivery: _Delivery) -> None:
        """The next one of its subscriber is under way."""
        self._last[claim.subscriber] = delivery

    def ends(self, claim: Claim, delivery: _Delivery) -> None:
        """It is no more."""
        if self._last.get(claim.subscriber) is delivery:
            del self._last[claim.subscriber]

    async def turn(self, claim: Claim, before: _Delivery | None) -> datetime | None:
        """Wait for the one before it. None when it is this one's turn, else the moment to come again."""
        if before and not (await asyncio.wait([before], timeout=LONGEST_TURN))[0]:
            return self._clock.now() + _RETRY
        rank, until = self._put_off.get(claim.subscriber, (_rank(claim), self._clock.now()))
        return until if rank < _rank(claim) and until > self._clock.now() else None

    def note(self, result: Result) -> None:
        """What came of one; before the next one has its turn."""
        claim, now = result.claim, self._clock.now()
        rank, until = self._put_off.get(claim.subscriber, (_rank(claim), now))
        if until > now and rank < _rank(claim):
            return
        self._put_off.pop(claim.subscriber, None)
        if result.outcome is Outcome.QUEUED and result.due:
            self._put_off[claim.subscriber] = (_rank(claim), result.due)

    def tidy(self) -> None:
        """Let go of what holds up nothing any more."""
        now = self._clock.now()
        self._put_off = {whose: held for whose, held in self._put_off.items() if held[1] > now}


def _rank(claim: Claim) -> _Rank:
    """As the ledger orders what it claims."""
    return (not claim.urgent, claim.numbers[0])
