"""Lane: a platform's pace. Replies take the next turn there is; updates take what replies leave.

A turn is free when the platform has surely forgotten enough of the earlier ones. It counts a message somewhere on its
way there and back, so an answer's moment is never too early; and the next one needs that way too, in no less time than
the quickest of late. So an allowance is used whole and not overstepped, near the platform and far from it, whatever the
network does to single messages.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from bot.clock import Clock
from bot.core.messages import Chat
from bot.platforms import Allowance, Platform, Unavailable

_MARGIN_SECONDS = 0.002
_LATE_SECONDS = 0.02  # what an update that comes late may catch up: more would leave a gap, every second anew
_EVENLY = 1.004  # between two turns, in allowed intervals: a little more than one, and an answer finds a turn soon
LONGEST_TURN = 2.0  # seconds an update waits for its turn; if it takes longer, somebody else's comes first
_TOGETHER_SECONDS = 2.0  # two chats refused within this: the whole bot is meant
_CLEAN_SECONDS = 60.0  # without a refusal, and the pace goes up again
_STEPS = 30  # from nothing to the full allowance
_LONGEST_ANSWER = 2.0  # after which a message on the wire is taken to be counted
_HIGHEST = 1000  # messages a second, where a platform names no limit
_WAYS = 256  # of so many messages, the quickest way there and back
_LOOK_SECONDS = 0.1  # what a wait is made of: meanwhile an answer may come
_CHATS = 5_000  # remembered; more than an allowance serves within the window of a chat

_Wait = Callable[[], float]


class Later(Exception):
    """No turn is near; seconds says when there is one."""

    def __init__(self, seconds: float) -> None:
        super().__init__("no turn is near")
        self.seconds = seconds


class _Window:
    """What an allowance was used for lately: messages on the wire, and the moments at which others were answered."""

    def __init__(self, most: int) -> None:
        self._wire: deque[float] = deque()  # when each started, oldest first
        self._answered: deque[float] = deque(maxlen=max(1, most))

    def take(self, now: float) -> None:
        """One is on the wire."""
        self._wire.append(now)

    def land(self, started: float, now: float) -> None:
        """It was answered."""
        with suppress(ValueError):  # it took too long: it is counted
            self._wire.remove(started)
            self._answered.append(now)

    def wait(self, n: int, seconds: float, now: float) -> float:
        """Seconds, at most, until one more is the n-th within so many seconds, or one of fewer."""
        while self._wire and self._wire[0] + _LONGEST_ANSWER <= now:
            self._wire.popleft()
            self._answered.append(now)
        free = n - len(self._wire)
        if free <= 0:
            return self._wire[0] + _LONGEST_ANSWER + seconds - now
        return self._answered[-free] + seconds + _MARGIN_SECONDS - now if len(self._answered) >= free else 0.0


@dataclass(slots=True)
class _Chat:
    window: _Window
    blocked_until: float = 0.0


class Lane:
    """Who may send next on a platform, and when."""

    def __init__(self, clock: Clock, allowance: Allowance, rate: float = 0.0, paused_seconds: float = 0.0) -> None:
        self._clock = clock
        self._allowance = allowance
        self.rate = min(rate or allowance.rate, allowance.rate)
        now = clock.monotonic()
        self.paused_until = now + paused_seconds  # on the clock's monotonic()
        self._next_push = now + 1.0  # a start before this one may have used this second's allowance
        self._pushed_until = -math.inf  # an update may count until then
        self._clean_since = now
        self._refused: tuple[Chat | None, float] = (None, -math.inf)
        self._strict_until = -math.inf
        self._turns = _Window(math.floor(min(allowance.rate, _HIGHEST)))
        self._ways: deque[float] = deque(maxlen=_WAYS)
        self._chats: OrderedDict[str, _Chat] = OrderedDict()
        self._replying, self._pushing = asyncio.Lock(), asyncio.Lock()
        self._replies = 0  # waiting for a turn

    @property
    def paused_seconds(self) -> float:
        """How long everything must wait."""
        return max(0.0, self.paused_until - self._clock.monotonic())

    @property
    def capacity(self) -> int:
        """How many updates it takes in about a second; at least one."""
        return max(1, math.floor(min(self.rate, _HIGHEST)))

    @asynccontextmanager
    async def reply(self, chat: Chat, longest: float = math.inf) -> AsyncIterator[None]:
        """A turn for an answer, an edit included: at once, or the next one while updates are going out.

        longest: seconds after which an answer is of no use. Raises Later where no turn comes before.
        """
        end = self._clock.monotonic() + longest
        self._replies += 1
        try:
            started = await self._next(chat, self._replying, self._reply_wait, lambda: end - self._clock.monotonic())
        finally:
            self._replies -= 1
        async with self._held(chat, started):
            yield

    @asynccontextmanager
    async def push(self, chat: Chat) -> AsyncIterator[None]:
        """A turn for an update. Raises Later where none is near."""
        started = await self._next(chat, self._pushing, self._push_wait, lambda: LONGEST_TURN)
        self._pushed_until = started + _LONGEST_ANSWER + 1.0
        async with self._held(chat, started):
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
        if self.paused_until <= now:  # several refusals of one moment are one
            self.rate = max(self._allowance.slowest, self.rate / 2)
        self.paused_until = max(self.paused_until, now + seconds)
        self._clean_since = self.paused_until

    # -- waiting

    async def _next(self, chat: Chat, queue: asyncio.Lock, wait: _Wait, longest: _Wait) -> float:
        """The next turn of a queue that its chat takes too: another message may have gone there meanwhile."""
        push = queue is self._pushing
        while True:
            await self._awaited(lambda: self._chat_wait(chat, push=push), longest)
            async with queue:
                await self._awaited(wait, longest)
                if self._chat_wait(chat, push=push) <= 0:
                    return self._taken(chat)

    async def _awaited(self, wait: _Wait, longest: _Wait) -> None:
        """Until nothing is to be waited for. Raises Later where that is further off than the longest."""
        while (seconds := wait()) > 0:
            if seconds > longest():
                raise Later(seconds)
            await self._clock.sleep(min(seconds, _LOOK_SECONDS))

    def _chat_wait(self, chat: Chat, *, push: bool) -> float:
        """Seconds until a chat takes another message. An answer waits only where the platform may refuse it."""
        now, known = self._clock.monotonic(), self._chats.get(chat.id)
        if known is None:
            return 0.0
        n, seconds = self._limit(chat)
        wait = known.window.wait(n, seconds, now) - self._way if push or self._crowded(now) else 0.0
        return max(known.blocked_until - now, wait)

    def _reply_wait(self) -> float:
        now = self._clock.monotonic()
        return max(self.paused_until - now, self._window(now) if self._crowded(now) else 0.0)

    def _crowded(self, now: float) -> bool:
        """Whether an answer too keeps to the limits to the letter: updates go out, or one was refused lately."""
        return self._pushing.locked() or now < max(self._pushed_until, self._strict_until)

    def _push_wait(self) -> float:
        now = self._clock.monotonic()
        wait = max(self.paused_until - now, self._next_push - now, self._window(now))
        return max(wait, _MARGIN_SECONDS) if self._replies else wait

    def _window(self, now: float) -> float:
        """Seconds until the platform's own window has room."""
        self._grow(now)
        if math.isinf(self.rate):
            return 0.0
        n, seconds = (self.capacity, 1.0) if self.rate >= 1 else (1, 1 / self.rate)
        return self._turns.wait(n, seconds, now) - self._way

    @property
    def _way(self) -> float:
        """Seconds that every message needs there and back, at the least; of a few the quickest may be a slow one."""
        return min(self._ways) if len(self._ways) == _WAYS else 0.0

    def _limit(self, chat: Chat) -> tuple[int, float]:
        return self._allowance.private if chat.private else self._allowance.group

    def _grow(self, now: float) -> None:
        if self.rate < self._allowance.rate and now - self._clean_since >= _CLEAN_SECONDS:
            self.rate = min(self._allowance.rate, self.rate + self._allowance.rate / _STEPS)
            self._clean_since = now

    # -- taking

    def _taken(self, chat: Chat) -> float:
        """When the turn began: its name in the windows."""
        now = self._clock.monotonic()
        self._turns.take(now)
        self._of(chat).window.take(now)
        self._next_push = min(max(self._next_push, now - _LATE_SECONDS) + _EVENLY / self.rate, now + 1.0)
        return now

    @asynccontextmanager
    async def _held(self, chat: Chat, started: float) -> AsyncIterator[None]:
        try:
            yield
        finally:
            now = self._clock.monotonic()
            self._ways.append(now - started)
            self._turns.land(started, now)
            self._of(chat).window.land(started, now)

    def _of(self, chat: Chat) -> _Chat:
        known = self._chats.setdefault(chat.id, _Chat(_Window(self._limit(chat)[0])))
        self._chats.move_to_end(chat.id)
        if len(self._chats) > _CHATS:
            self._chats.popitem(last=False)
        return known


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
