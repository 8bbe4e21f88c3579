"""Broadcaster: takes what is due from the ledger to the wire, at the platform's pace, and notes what came of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.core.broadcast import Broadcast, Kind, Outcome, Policy
from bot.core.messages import Chat, Reply
from bot.delivery.lane import Lane, Lanes, Later
from bot.delivery.message import Composer, parts
from bot.log import log
from bot.platforms import Gone, Moved, Past, Platform, Push, Refusal, Unavailable, Unknown
from bot.privacy import Keys, SealBroken
from bot.store import Store, StoreFailed
from bot.store.broadcasts import Conflict
from bot.store.ledger import Claim, Result

MOST = 32  # claimed and not yet settled: what a crash may leave uncertain
REST_SECONDS = 60.0  # between two looks, if nothing wakes us
_LONGEST_BACKOFF = 30 * 60.0
_RETRY_SECONDS = 5.0  # after the database failed
_MALFORMED = 2  # so many chats refuse what it says: it stops

Alarm = Callable[[int, str], Awaitable[None]]  # a broadcast that had to stop, and why: a key of the desk's phrases


@dataclass
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
    rested: Callable[[], None] = lambda: None  # nothing more is to be sent for now
    rest_seconds: float = REST_SECONDS

    def __post_init__(self) -> None:
        self.awake = asyncio.Event()
        self._known: dict[int, Broadcast] = {}
        self._refusals: Counter[int] = Counter()
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more; what is on the wire is settled."""
        self._stopping = True
        self.awake.set()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Deliver until stop()."""
        running: set[asyncio.Task[Result]] = set()
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
            await self._settled([task.result() for task in done])

    async def _settled(self, results: Sequence[Result]) -> None:
        """Note what came of them, however long it takes: meanwhile nothing more is claimed."""
        while True:
            try:
                await self.store.ledger.settle(results)
            except StoreFailed as problem:
                await self._failed(problem)
            else:
                return

    async def _failed(self, problem: StoreFailed) -> None:
        """The database did not do it; a moment later it may."""
        log.error("ledger_failed", platform=self.platform.name, reason=str(problem))
        await self.clock.sleep(_RETRY_SECONDS)

    async def _claimed(self, most: int) -> list[Claim]:
        try:
            return await self._taken(most)
        except StoreFailed as problem:
            await self._failed(problem)
            return []

    async def _taken(self, most: int) -> list[Claim]:
        claims = await self.store.ledger.claim(self.platform.name, self.clock.now(), self.boot, most)
        missing = {number for claim in claims for number in claim.numbers} - self._known.keys()
        for number in missing:
            if broadcast := await self.store.broadcasts.one(number):
                self._known[number] = broadcast
        return claims

    async def _rest(self) -> None:
        self.awake.clear()
        self.rested()
        due = await self.store.ledger.next_due(self.platform.name)
        seconds = self.rest_seconds if due is None else (due - self.clock.now()).total_seconds()
        await self.clock.until(self.awake, min(self.rest_seconds, max(0.05, seconds)))

    # -- one message

    async def _delivered(self, claim: Claim, lane: Lane) -> Result:
        """Try once, and say what came of it. The database may fail before it is sent, or while a refusal is noted."""
        try:
            return await self._attempted(claim, lane)
        except StoreFailed:
            return self._again(claim, _RETRY_SECONDS)

    async def _attempted(self, claim: Claim, lane: Lane) -> Result:
        try:
            chat = self.keys.opened(claim.address, claim.place)
        except SealBroken:
            return Result(claim, Outcome.FAILED)
        try:
            reference = await self._tried(claim, chat, lane)
        except Later as later:
            return self._again(claim, later.seconds)
        except Unavailable as refusal:
            lane.heed(chat, refusal)
            return self._again(claim, refusal.retry_after)
        except Refusal as refusal:
            return await self._refused(claim, chat, refusal)
        return Result(claim, Outcome.SENT, reference=reference)

    async def _tried(self, claim: Claim, chat: Chat, lane: Lane) -> bytes | None:
        """Put it on the wire; a reference to what was sent, sealed, where it can be corrected later."""
        if claim.failed_on == self._today:
            raise Gone("it refused us today already")
        known = [self._known[number] for number in claim.numbers]
        key = f"update:{claim.name}:{claim.subscriber}"
        if claim.reference and known[0].kind is Kind.WITHDRAWAL:
            async with lane.push(chat):
                await self.platform.delete(chat, self._message(claim), key=key)
            return None
        reply = await self.composer.compose(claim, known, buttons=self.platform.can.buttons)
        if claim.reference and known[0].kind is Kind.CORRECTION:
            with suppress(Past):  # say it anew
                async with lane.push(chat):
                    await self.platform.amend(chat, self._message(claim), reply, key=key)
                return claim.reference
        return await self._sent(claim, chat, lane, reply, key)

    async def _sent(self, claim: Claim, chat: Chat, lane: Lane, reply: Reply, key: str) -> bytes | None:
        push = Push(urgent=claim.urgent)
        message = ""
        for number, part in enumerate(parts(reply, self.platform.can.limit)):
            async with lane.push(chat):
                message = await self.platform.send(chat, part, key=f"{key}#{number}", push=push)
        return self.keys.seal(message.encode(), _purpose(claim)) if self.platform.can.amend else None

    def _message(self, claim: Claim) -> str:
        return self.keys.unseal(claim.reference or b"", _purpose(claim)).decode()

    # -- what a refusal means

    def _again(self, claim: Claim, seconds: float | None, *, doubtful: bool = False) -> Result:
        """Back to the queue, for a while: as long as asked, else longer each time."""
        wait = _backoff(claim.attempts) if seconds is None else seconds
        due = self.clock.now() + timedelta(seconds=wait)
        return Result(claim, Outcome.QUEUED, due=due, doubtful=doubtful or claim.doubtful)

    async def _refused(self, claim: Claim, chat: Chat, refusal: Refusal) -> Result:
        match refusal:
            case Moved(to=there):
                moved = replace(chat, id=there, thread="")
                await self.store.subscribers.moved(claim.subscriber, self.keys.place(moved), self.keys.sealed(moved))
                return self._again(claim, 0.0)
            case Past():
                return Result(claim, Outcome.FAILED)  # it cannot be taken back any more
            case Gone():
                return await self._gone(claim)
            case Unknown() if self.platform.can.repeatable:
                return self._again(claim, None)  # the same key again is the same message
            case Unknown() if any(self._known[number].policy is Policy.RESEND for number in claim.numbers):
                return self._again(claim, None, doubtful=True)
            case Unknown():
                return Result(claim, Outcome.UNKNOWN)
        await self._malformed(claim)
        return Result(claim, Outcome.FAILED)

    async def _gone(self, claim: Claim) -> Result:
        """It counts once a day; the third day erases the subscriber, and a channel is somebody's to mend."""
        if claim.channel:
            await self.alarm(claim.numbers[0], "channel")
        elif await self.store.subscribers.refused(claim.subscriber, self._today):
            log.info("subscriber_erased", platform=self.platform.name)
        return Result(claim, Outcome.GONE)

    async def _malformed(self, claim: Claim) -> None:
        """What a platform refuses to show to two, it refuses to all: stop before they have been tried."""
        self._refusals.update(claim.numbers)
        for number in claim.numbers:
            if self._refusals[number] == _MALFORMED:
                with suppress(Conflict):
                    await self.store.broadcasts.pause(number, "", "refused", self.clock.now())
                await self.alarm(number, "refused")

    @property
    def _today(self) -> str:
        return self.clock.now().date().isoformat()


def _purpose(claim: Claim) -> str:
    """What a reference is sealed for."""
    return f"message {claim.subscriber}"


def _backoff(attempts: int) -> float:
    """Seconds: doubling from five, at most half an hour, with full jitter."""
    return random.uniform(0.5, min(_LONGEST_BACKOFF, 5.0 * 2.0 ** min(attempts, 12)))  # noqa: S311 (no secret depends on it)
