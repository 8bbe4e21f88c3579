"""Broadcaster: takes what is due from the ledger to the wire, at the platform's pace, and notes what came of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.clock import Clock
from bot.core.broadcast import Broadcast, Kind, Outcome, Policy
from bot.core.messages import Chat, Reply
from bot.delivery.guard import Alarm, Guard
from bot.delivery.lane import LONGEST_TURN, Lane, Lanes, Later
from bot.delivery.message import Composer, parts
from bot.delivery.order import Order
from bot.delivery.reference import Digest, Reference
from bot.delivery.sent import Sent
from bot.log import log
from bot.platforms import Gone, Moved, Past, Platform, Push, Refusal, Unavailable, Unknown
from bot.privacy import Keys, SealBroken
from bot.store import Claim, Result, Store, StoreFailed
from bot.store import Lane as Pace

MOST = 32  # claimed and not yet settled: what a crash may leave uncertain
REST_SECONDS = 60.0  # between two looks, if nothing wakes us
_SHORTEST_REST = 1.0
_RETRY_SECONDS = 1.0  # after the database failed
_LONGEST_BACKOFF = 30 * 60.0


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
    sent: Sent = field(default_factory=Sent)

    def __post_init__(self) -> None:
        self.awake = asyncio.Event()
        self._running: dict[asyncio.Task[Result], Claim] = {}
        self._flying: set[Claim] = set()  # on the wire
        self._unsettled: list[Result] = []  # what the ledger does not know yet
        self._known: dict[int, Broadcast] = {}
        self._order = Order(self.clock)
        self._guard = Guard(self.store, self.clock, self.alarm)
        self._saved: tuple[float, float] | None = None
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more. What waits for its turn goes back to the queue; what is on the wire is settled."""
        self._stopping = True
        self.awake.set()
        for task, claim in self._running.items():
            if claim not in self._flying:
                task.cancel()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Deliver until stop(). While the database fails, nothing is claimed, and what came of claims is kept."""
        lane = self.lanes.of(self.platform)
        self._saved = (lane.rate, lane.paused_until)
        while self._running or self._unsettled or not self._stopping:
            try:
                await self._settle(lane)
                await self._begin(lane, tasks)
                await self._wait(lane)
            except StoreFailed as problem:
                log.error("deliveries_not_noted", platform=self.platform.name, reason=str(problem))
                await self.clock.sleep(_RETRY_SECONDS)

    async def _settle(self, lane: Lane) -> None:
        """Note what came of claims, and the pace that the platform has taught."""
        for task in [each for each in self._running if each.done()]:
            claim = self._running.pop(task)
            self._order.ends(claim, task)
            self._unsettled.append(Result(claim, Outcome.QUEUED) if task.cancelled() else task.result())
        if self._unsettled:
            await self.store.ledger.settle(self._unsettled)
            self._unsettled = []
        pace = (lane.rate, lane.paused_until)
        if pace != self._saved:
            paused_until = self.clock.now() + timedelta(seconds=lane.paused_seconds)
            await self.store.ledger.save_lane(self.platform.name, Pace(lane.rate, paused_until))
            self._saved = pace

    async def _begin(self, lane: Lane, tasks: asyncio.TaskGroup) -> None:
        """Claim what the platform takes in about a second, once half of the last is done."""
        most = min(MOST, lane.capacity)
        if self._stopping or lane.paused_seconds > LONGEST_TURN or len(self._running) > most // 2:
            return
        for claim in await self.store.ledger.claim(
            self.platform.name, self.clock.now(), self.boot, most - len(self._running)
        ):
            task = tasks.create_task(self._in_turn(claim, lane, self._order.before(claim)))
            self._order.begins(claim, task)
            self._running[task] = claim
        if self._stopping:  # meanwhile
            self.stop()

    async def _wait(self, lane: Lane) -> None:
        """For the next outcome, or for something to do; beside one that takes long, others may be due."""
        if self._running:
            await asyncio.wait(self._running, timeout=_SHORTEST_REST, return_when=asyncio.FIRST_COMPLETED)
        elif not self._stopping:
            self.awake.clear()
            self._order.tidy()
            self.rested()
            await self.clock.until(self.awake, await self._until_due(lane))

    async def _until_due(self, lane: Lane) -> float:
        """Until something is due that may be sent. What is due and was not claimed cannot be yet."""
        due = await self.store.ledger.next_due(self.platform.name)
        seconds = self.rest_seconds if due is None else (due - self.clock.now()).total_seconds()
        return min(self.rest_seconds, max(_SHORTEST_REST, seconds, lane.paused_seconds))

    # -- one message

    async def _in_turn(self, claim: Claim, lane: Lane, before: asyncio.Task[Result] | None) -> Result:
        """Deliver it after what its subscriber gets before; back to the queue where that takes long."""
        later = await self._order.turn(claim, before)
        result = Result(claim, Outcome.QUEUED, due=later) if later else await self._delivered(claim, lane)
        self._order.note(result)
        return result

    async def _delivered(self, claim: Claim, lane: Lane) -> Result:
        """Try once, and say what came of it; whatever goes wrong with one delivery, the others go on."""
        try:
            result = await self._outcome(claim, lane)
        except StoreFailed:
            return self._again(claim, None)
        except SealBroken:  # of this one subscriber: others can be read
            log.error("delivery_failed", platform=self.platform.name, reason="its seal does not open with these keys")
            result = Result(claim, Outcome.FAILED)
        except Exception as problem:  # noqa: BLE001 (a mistake of ours, and this one delivery's alone)
            log.error("delivery_failed", platform=self.platform.name, exc_info=problem)
            with suppress(StoreFailed):
                await self._guard.refused(claim)
            result = Result(claim, Outcome.FAILED)
        finally:
            self._flying.discard(claim)
        with suppress(StoreFailed):
            await self._guard.tried(claim, failed=result.outcome is Outcome.FAILED)
        return result

    async def _outcome(self, claim: Claim, lane: Lane) -> Result:
        chat = self.keys.opened(claim.address, claim.place)
        try:
            return await self._tried(claim, chat, lane)
        except Later as later:
            return self._again(claim, later.seconds)
        except Unavailable as refusal:
            lane.heed(chat, refusal)
            return self._again(claim, refusal.retry_after)
        except Refusal as refusal:
            return await self._refused(claim, chat, refusal)

    async def _broadcasts(self, claim: Claim) -> list[Broadcast]:
        for number in claim.numbers:
            if number not in self._known and (found := await self.store.broadcasts.one(number)):
                self._known[number] = found
        return [self._known[number] for number in claim.numbers]

    @asynccontextmanager
    async def _turn(self, claim: Claim, chat: Chat, lane: Lane) -> AsyncIterator[None]:
        """On the wire, once it is its turn."""
        async with lane.push(chat):
            self._flying.add(claim)
            yield

    async def _tried(self, claim: Claim, chat: Chat, lane: Lane) -> Result:
        """Put it on the wire: as a change of what was sent, or as a new message."""
        if claim.failed_on == self._today:
            raise Gone("it refused us today already")
        known = await self._broadcasts(claim)
        key = f"update:{claim.name}:{claim.subscriber}"
        if claim.reference:
            with suppress(Past):  # say it anew
                return await self._changed(claim, known[0], chat, lane, key)
        reply = await self.composer.compose(claim, known, buttons=self.platform.can.buttons)
        return Result(claim, Outcome.SENT, reference=await self._sent(claim, chat, lane, reply, key))

    async def _changed(self, claim: Claim, broadcast: Broadcast, chat: Chat, lane: Lane, key: str) -> Result:
        """Correct or take back what was sent. Raises Past where it has to be said anew."""
        sent = Reference.read(self.keys.unseal(claim.reference or b"", _purpose(claim)))
        shown = await self._shown(claim, broadcast, sent.digest)
        async with self._turn(claim, chat, lane):
            if shown:
                await self.platform.amend(chat, sent.message, shown, key=key)
            else:
                await self.platform.delete(chat, sent.message, key=key)
        if not shown and sent.digest and self.platform.can.traces:
            notice = await self.composer.compose(
                claim, [broadcast], buttons=self.platform.can.buttons, swept=sent.digest
            )
            return Result(claim, Outcome.SENT, reference=await self._sent(claim, chat, lane, notice, key))
        gone = broadcast.kind is Kind.WITHDRAWAL
        return Result(claim, Outcome.DELETED if gone else Outcome.SENT, reference=claim.reference)

    async def _shown(self, claim: Claim, broadcast: Broadcast, digest: Digest | None) -> Reply | None:
        """What is to stand in place of what was sent; None where that has to go."""
        can = self.platform.can
        if digest:
            return await self.composer.again(claim, digest, buttons=can.buttons, traces=can.traces)
        if broadcast.kind is Kind.WITHDRAWAL:
            return None
        return await self.composer.compose(claim, [broadcast], buttons=can.buttons)

    async def _sent(self, claim: Claim, chat: Chat, lane: Lane, reply: Reply, key: str) -> bytes | None:
        """Send it; a reference to it, sealed, where it can be changed later."""
        push, messages, today = Push(urgent=claim.urgent), [], self.clock.now().date()
        for number, part in enumerate(parts(reply, self.platform.can.limit)):
            async with self._turn(claim, chat, lane):
                messages.append(await self.platform.send(chat, part, key=f"{key}#{number}", push=push))
            if self.platform.can.amend:
                self.sent.note(chat, messages[-1], self.clock.monotonic())
        if len(messages) > 1 or not self.platform.can.amend:
            return None
        reference = Reference(messages[0], Digest(claim.numbers, today) if claim.digest else None)
        return self.keys.seal(reference.written(), _purpose(claim))

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
            case Gone():
                return await self._gone(claim)
            case Unknown() if self.platform.can.repeatable:
                return self._again(claim, None)  # the same key again is the same message
            case Unknown() if any(self._known[number].policy is Policy.RESEND for number in claim.numbers):
                return self._again(claim, None, doubtful=True)
            case Unknown():
                return Result(claim, Outcome.UNKNOWN)
        await self._guard.refused(claim)
        return Result(claim, Outcome.FAILED)

    async def _gone(self, claim: Claim) -> Result:
        """It counts once a day; the third day erases the subscriber, and a channel is somebody's to mend."""
        if claim.channel:
            await self.alarm(claim.numbers[0], "channel")
        elif await self.store.subscribers.refused(claim.subscriber, self._today):
            log.info("subscriber_erased", platform=self.platform.name)
        return Result(claim, Outcome.GONE)

    @property
    def _today(self) -> str:
        return self.clock.now().date().isoformat()


def _purpose(claim: Claim) -> str:
    """What a reference is sealed for."""
    return f"message {claim.subscriber}"


def _backoff(attempts: int) -> float:
    """Seconds: doubling from five, at most half an hour, with full jitter."""
    return random.uniform(0.5, min(_LONGEST_BACKOFF, 5.0 * 2.0 ** min(attempts, 12)))  # noqa: S311 (no secret depends on it)
