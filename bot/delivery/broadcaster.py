"""Broadcaster: takes what is due from the ledger to the wire, at the platform's pace, and notes what came of it."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.core.broadcast import Broadcast, Kind, Outcome, Policy
from bot.core.messages import Chat, Reply
from bot.delivery.lane import Lane, Lanes, Later
from bot.delivery.message import Composer
from bot.log import log
from bot.platforms import Gone, Moved, Platform, Push, Refusal, Rejected, Unavailable, Unknown
from bot.privacy import Keys, SealBroken
from bot.store import Store
from bot.store.ledger import Claim, Settlement

MOST = 32  # claimed and not yet settled: what a crash may leave uncertain
_REST_SECONDS = 60.0  # between two looks, if nothing wakes us
_LONGEST_BACKOFF = 30 * 60.0
_RECENT, _MOST_FAILED = 200, 0.05  # more than this part of the recent attempts failed: it stops
_MALFORMED = 2  # so many chats refuse what it says: it stops

Alarm = Callable[[int, str], Awaitable[None]]  # a broadcast that had to stop, and why: a key of the desk's phrases


@dataclass(slots=True)
class Broadcaster:
    """The updates of one platform on their way."""

    platform: Platform
    store: Store
    keys: Keys
    clock: Clock
    lanes: Lanes
    composer: Composer
    alarm: Alarm
    boot: str  # names this start of the program; what another one has claimed is nobody's

    def __post_init__(self) -> None:
        self.awake = asyncio.Event()
        self._known: dict[int, Broadcast] = {}
        self._guard = Guard()
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more; what is on the wire is settled."""
        self._stopping = True
        self.awake.set()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Deliver until stop()."""
        running: set[asyncio.Task[Settlement]] = set()
        lane = self.lanes.of(self.platform)
        while running or not self._stopping:
            most = min(MOST, lane.capacity)
            if len(running) <= most // 2 and not self._stopping:
                claims = await self._claimed(most - len(running))
                running |= {tasks.create_task(self._delivered(claim, lane)) for claim in claims}
            if not running:
                await self._rest()
                continue
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            await self.store.ledger.settle([task.result() for task in done])

    async def _claimed(self, most: int) -> list[Claim]:
        claims = await self.store.ledger.claim(self.platform.name, self.clock.now(), self.boot, most)
        missing = {number for claim in claims for number in claim.broadcasts} - self._known.keys()
        for number in missing:
            if broadcast := await self.store.broadcasts.one(number):
                self._known[number] = broadcast
        return claims

    async def _rest(self) -> None:
        self.awake.clear()
        due = await self.store.ledger.next_due(self.platform.name)
        seconds = _REST_SECONDS if due is None else (due - self.clock.now()).total_seconds()
        await self.clock.until(self.awake, min(_REST_SECONDS, max(0.05, seconds)))

    # -- one message

    async def _delivered(self, claim: Claim, lane: Lane) -> Settlement:
        """Try once, and say what came of it."""
        try:
            chat = self.keys.opened(claim.address, claim.place)
            reference = await self._tried(claim, chat, lane)
        except Later as later:
            return self._again(claim, later.seconds)
        except SealBroken:
            return Settlement(claim, Outcome.FAILED)
        except Unavailable as refusal:
            lane.heed(chat, refusal)
            return self._again(claim, refusal.retry_after)
        except Refusal as refusal:
            return await self._refused(claim, chat, refusal)
        self._guard.note(claim.broadcasts, failed=False)
        return Settlement(claim, Outcome.SENT, reference=reference)

    async def _tried(self, claim: Claim, chat: Chat, lane: Lane) -> bytes | None:
        """Put it on the wire; a reference to what was sent, sealed, where it can be corrected later."""
        if claim.refused_today:
            raise Gone("it refused us today already")
        first = self._known[claim.broadcasts[0]]
        if first.kind is Kind.WITHDRAWAL:
            return await self._withdrawn(claim, chat, lane)
        content, known = self.composer.content(claim.language), [self._known[number] for number in claim.broadcasts]
        reply = await self.composer.compose(claim, known, buttons=self.platform.can.buttons)
        key = f"update:{'+'.join(map(str, claim.broadcasts))}:{claim.subscriber}"
        push = Push(urgent=any(each.urgent for each in known), paid=self.platform.can.paid)
        if first.kind is Kind.CORRECTION and claim.reference:
            return await self._amended(claim, chat, lane, reply, key)
        message = ""
        for number, part in enumerate(self.composer.parts(reply, self.platform.can.limit, content)):
            async with lane.push(chat):
                message = await self.platform.send(chat, part, key=f"{key}#{number}", push=push)
        return self._sealed(claim, message)

    async def _amended(self, claim: Claim, chat: Chat, lane: Lane, reply: Reply, key: str) -> bytes | None:
        """Change what was sent; where that is past changing, say it anew."""
        message = self._message(claim)
        try:
            async with lane.push(chat):
                await self.platform.amend(chat, message, reply, key=key)
        except Rejected:
            async with lane.push(chat):
                message = await self.platform.send(chat, reply, key=f"{key}#anew", push=Push())
        return self._sealed(claim, message)

    async def _withdrawn(self, claim: Claim, chat: Chat, lane: Lane) -> None:
        if not (claim.reference and self.platform.can.amend):
            raise Gone("there is nothing that could be deleted")
        async with lane.push(chat):
            await self.platform.delete(chat, self._message(claim), key=f"withdraw:{claim.broadcasts[0]}")

    # -- references

    def _sealed(self, claim: Claim, message: str) -> bytes | None:
        if not self.platform.can.amend:
            return None
        return self.keys.seal(message.encode(), f"message {claim.place.key}")

    def _message(self, claim: Claim) -> str:
        return self.keys.unseal(claim.reference or b"", f"message {claim.place.key}").decode()

    # -- what a refusal means

    def _again(self, claim: Claim, seconds: float | None, *, doubtful: bool = False) -> Settlement:
        """Back to the queue, for a while: as long as asked, else longer each time."""
        wait = _backoff(claim.attempts) if seconds is None else seconds
        due = self.clock.now() + timedelta(seconds=wait)
        return Settlement(claim, Outcome.QUEUED, due=due, doubtful=doubtful or claim.doubtful)

    async def _refused(self, claim: Claim, chat: Chat, refusal: Refusal) -> Settlement:
        match refusal:
            case Moved(to=there):
                moved = replace(chat, id=there)
                await self.store.subscribers.moved(claim.subscriber, self.keys.place(moved), self.keys.sealed(moved))
                return self._again(claim, 0.0)
            case Gone():
                return await self._gone(claim)
            case Unknown() if self.platform.can.repeatable:
                return self._again(claim, None)  # the same key again is the same message
            case Unknown() if any(self._known[number].policy is Policy.RESEND for number in claim.broadcasts):
                return self._again(claim, None, doubtful=True)
            case Unknown():
                return Settlement(claim, Outcome.UNKNOWN)
        await self._malformed(claim)
        return Settlement(claim, Outcome.FAILED)

    async def _gone(self, claim: Claim) -> Settlement:
        """It counts once a day; the third day erases the subscriber, and a channel is somebody's to mend."""
        if claim.channel:
            await self.alarm(claim.broadcasts[0], "channel")
        elif self._known[claim.broadcasts[0]].kind is not Kind.WITHDRAWAL:
            if await self.store.subscribers.refused(claim.subscriber, self.clock.now().date()):
                log.info("subscriber_erased", platform=self.platform.name)
        return Settlement(claim, Outcome.GONE)

    async def _malformed(self, claim: Claim) -> None:
        """What a platform refuses to show, it refuses everybody: stop before all have been tried."""
        for number in self._guard.note(claim.broadcasts, failed=True):
            await self.store.broadcasts.stop(number, "refused", self.clock.now())
            await self.alarm(number, "refused")


class Guard:
    """Counts what fails for no fault of the recipients."""

    def __init__(self) -> None:
        self._recent: defaultdict[int, deque[bool]] = defaultdict(lambda: deque(maxlen=_RECENT))

    def note(self, broadcasts: Collection[int], *, failed: bool) -> list[int]:
        """Note an attempt; the broadcasts that must stop because of it."""
        for number in broadcasts:
            self._recent[number].append(failed)
        stopping = [number for number in broadcasts if failed and _too_many(self._recent[number])]
        for number in stopping:
            del self._recent[number]  # who resumes it wants to try again
        return stopping


def _too_many(recent: Collection[bool]) -> bool:
    failed = sum(recent)
    return failed >= _MALFORMED and failed > _MOST_FAILED * len(recent)


def _backoff(attempts: int) -> float:
    """Seconds: doubling from five, at most half an hour, with full jitter."""
    return random.uniform(0.5, min(_LONGEST_BACKOFF, 5.0 * 2.0 ** min(attempts, 12)))  # noqa: S311 (no secret depends on it)
