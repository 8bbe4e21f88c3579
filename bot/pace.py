"""Pace: how fast the questions of one chat are answered: many at once, then a steady few; never none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

AT_ONCE = 30  # questions of a chat that has been quiet
EACH_SECONDS = 2.0  # for every further one
_CHATS = 10_000  # remembered; of those who asked longest ago nothing more is known than that they may ask


class Pace:
    """When each chat's next question has its turn. Seconds are the clock's monotonic()."""

    def __init__(self) -> None:
        self._spent: OrderedDict[Hashable, float] = OrderedDict()  # by when a chat has all its questions back

    def turn(self, chat: Hashable, now: float) -> float:
        """Take a chat's next turn; the seconds until it comes."""
        back = max(self._spent.pop(chat, now), now) + EACH_SECONDS
        self._spent[chat] = back
        while self._spent and (len(self._spent) > _CHATS or next(iter(self._spent.values())) <= now):
            self._spent.popitem(last=False)
        return max(0.0, back - now - AT_ONCE * EACH_SECONDS)

    def slows(self, chat: Hashable, now: float) -> bool:
        """Whether a chat's next turn would have to wait."""
        return self._spent.get(chat, now) + EACH_SECONDS > now + AT_ONCE * EACH_SECONDS
