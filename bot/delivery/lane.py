"""Lane: a platform's pace. Replies take the next turn there is; updates take what replies leave.

A turn is free when the platform has surely forgotten the one that far back: its window is counted from the moment
each answer came, which is never before the platform counted the message. So an allowance is used whole and never
overstepped, whatever the network does to single messages.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.core.messages import Chat
from bot.platforms import Allowance, Platform, Unavailable

_MARGIN_SECONDS = 0.001
_LATE_SECONDS = 0.05  # what an update that comes late may catch up
_LONGEST_TURN = 2.0  # seconds an update waits for its turn; if it takes longer, somebody else's comes first
_TOGETHER_SECONDS = 2.0  # two chats refused within this: the whole bot is meant
_CLEAN_SECONDS = 60.0  # without a refusal, and the pace goes up again
_STEPS = 30  # from nothing to the full allowance
_LONGEST_ANSWER = 2.0  # after which a message on the wire is taken to be counted
_CHATS = 5_000  # remembered; more than an allowance serves within the window of a chat

_Wait = Callable[[], float]


class Later(Exception):
    """No turn is near; seconds says when there is one."""

    def __init__(self, seconds: float) -> None:
        super().__init__("no turn is near")
        self.seconds = seconds


@dataclass(slots=True, eq=False)
class _Turn:
    """A message's place in the windows."""

    started_at: float
    answered_at: float | None = None  # None: on the wire

    @property
    def counted_at(self) -> float:
        """When the platform had counted it, at the latest."""
        longest = self.started_at + _LONGEST_ANSWER
        return longest if self.answered_at is None else min(self.answered_at, longest)


@dataclass(slots=True)
class _Chat:
    turns: deque[_Turn] = field(default_factory=deque)
    blocked_until: float = 0.0
    pushed_at: float = -math.inf


class Lane:
    """Who may send next on a platform, and when."""

    def __init__(self, clock: Clock, allowance: Allowance, rate: float = 0.0, paused_seconds: float = 0.0) -> None:
        self._clock = clock
        self._allowance = allowance
        self.rate = min(rate or allowance.rate, allowance.rate)
        now = clock.monotonic()
        self._paused_until = now + paused_seconds
        self._next_push = now + 1.0  # a start before this one may have used this second's allowance
        self._pushed_at = -math.inf
        self._clean_since = now
        self._refused: tuple[Chat | None, float] = (None, -math.inf)
        self._strict_until = -math.inf
        self._turns: deque[_Turn] = deque()
        self._chats: OrderedDict[str, _Chat] = OrderedDict()
        self._replying, self._pushing = asyncio.Lock(), asyncio.Lock()
        self._replies = 0  # waiting for a turn

    @property
    def paused_seconds(self) -> float:
        """How long everything must wait."""
        return max(0.0, self._paused_until - self._clock.monotonic())

    @property
    def capacity(self) -> int:
        """How many updates it takes in about a second; at least one."""
        return max(1, math.floor(min(self.rate, 1000)))

    @asynccontextmanager
    async def reply(self, chat: Chat, longest: float = math.inf) -> AsyncIterator[None]:
        """A turn for an answer, an edit included: at once, or the next one while updates are going out.

        longest: seconds after which an answer is of no use. Raises Later where no turn comes before.
        """
        self._replies += 1
        try:
            await self._awaited(lambda: self._chat_wait(chat, push=False), longest)
            async with self._replying:
                await self._awaited(self._reply_wait, longest)
                turn = self._taken(chat)
        finally:
            self._replies -= 1
        async with self._held(turn):
            yield

    @asynccontextmanager
    async def push(self, chat: Chat) -> AsyncIterator[None]:
        """A turn for an update. Raises Later where none is near."""
        await self._awaited(lambda: self._chat_wait(chat, push=True), _LONGEST_TURN)
        async with self._pushing:
            await self._awaited(self._push_wait, _LONGEST_TURN)
            self._pushed(chat)
            turn = self._taken(chat)
        async with self._held(turn):
            yield

    def heed(self, chat: Chat, refusal: Unavailable) -> None:
        """Slow down where the platform says how long: for this chat alone, or for all."""
        if refusal.retry_after is None:
            return
        now, seconds = self._clock.monotonic(), refusal.retry_after
        other, at = self._refused
        self._refused = (chat, now)
        self._strict_until = now + _CLEAN_SECONDS
        self._of(chat).blocked_until = now + seconds
        if not refusal.chat_only or (other not in (None, chat) and now - at <= _TOGETHER_SECONDS):
            self._slow_down(now, seconds)

    def _slow_down(self, now: float, seconds: float) -> None:
        if self._paused_until <= now:  # several refusals of one moment are one
            self.rate = max(self._allowance.slowest, self.rate / 2)
        self._paused_until = max(self._paused_until, now + seconds)
        self._clean_since = self._paused_until

    # -- waiting

    async def _awaited(self, wait: _Wait, longest: float = math.inf) -> None:
        """Until nothing is to be waited for. Raises Later where that is further off than the longest."""
        while (seconds := wait()) > 0:
            if seconds > longest:
                raise Later(seconds)
            await self._clock.sleep(seconds)

    def _chat_wait(self, chat: Chat, *, push: bool) -> float:
        """Seconds until a chat takes another message. An answer waits only where the platform may refuse it."""
        now, known = self._clock.monotonic(), self._chats.get(chat.id)
        if known is None:
            return 0.0
        n, seconds = self._allowance.private if chat.private else self._allowance.group
        wait = _window_wait(known.turns, n, seconds, now)
        careful = push or now < self._strict_until or now - known.pushed_at < seconds
        return max(known.blocked_until - now, wait if careful else 0.0)

    def _reply_wait(self) -> float:
        now = self._clock.monotonic()
        crowded = self._pushing.locked() or now - self._pushed_at < 1.0 or now < self._strict_until
        return max(self._paused_until - now, self._window(now) if crowded else 0.0)

    def _push_wait(self) -> float:
        now = self._clock.monotonic()
        wait = max(self._paused_until - now, self._next_push - now, self._window(now))
        return max(wait, _MARGIN_SECONDS) if self._replies else wait

    def _window(self, now: float) -> float:
        """Seconds until the platform's own window has room."""
        self._grow(now)
        if math.isinf(self.rate):
            return 0.0
        if self.rate >= 1:
            return _window_wait(self._turns, self.capacity, 1.0, now)
        return _window_wait(self._turns, 1, 1 / self.rate, now)

    def _grow(self, now: float) -> None:
        if self.rate < self._allowance.rate and now - self._clean_since >= _CLEAN_SECONDS:
            self.rate = min(self._allowance.rate, self.rate + self._allowance.rate / _STEPS)
            self._clean_since = now

    # -- taking

    def _pushed(self, chat: Chat) -> None:
        now = self._clock.monotonic()
        self._pushed_at = self._of(chat).pushed_at = now
        self._next_push = max(self._next_push, now - _LATE_SECONDS) + 1 / self.rate

    def _taken(self, chat: Chat) -> _Turn:
        turn, known = _Turn(self._clock.monotonic()), self._of(chat)
        known.turns.append(turn)
        self._turns.append(turn)
        while len(self._turns) > max(1, self._allowance.rate):
            self._turns.popleft()
        while len(known.turns) > max(self._allowance.private[0], self._allowance.group[0]):
            known.turns.popleft()
        return turn

    @asynccontextmanager
    async def _held(self, turn: _Turn) -> AsyncIterator[None]:
        try:
            yield
        finally:
            turn.answered_at = self._clock.monotonic()

    def _of(self, chat: Chat) -> _Chat:
        known = self._chats.setdefault(chat.id, _Chat())
        self._chats.move_to_end(chat.id)
        if len(self._chats) > _CHATS:
            self._chats.popitem(last=False)
        return known


def _window_wait(turns: deque[_Turn], n: int, seconds: float, now: float) -> float:
    """Seconds until one more is at most the n-th in the window."""
    return turns[-n].counted_at + seconds + _MARGIN_SECONDS - now if len(turns) >= n else 0.0


class Lanes:
    """The lane of each platform."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, Lane] = {}

    def of(self, platform: Platform) -> Lane:
        """A platform's lane."""
        return self._lanes.get(platform.name) or self.restore(platform)

    def restore(self, platform: Platform, rate: float = 0.0, paused_seconds: float = 0.0) -> Lane:
        """A platform's lane, as an earlier start of the program left it."""
        lane = self._lanes[platform.name] = Lane(self._clock, platform.can.allowance, rate, paused_seconds)
        return lane
