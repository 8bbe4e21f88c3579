"""Service: listens on every platform, answers, remembers how far it came; the only task group there is."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.clock import Clock
from bot.core.change import Change, Forget, SetLanguage
from bot.core.content import Content, Snapshot
from bot.core.messages import Chat, Context, Prefs, Reply, Request
from bot.core.router import Router
from bot.delivery.outbox import Outbox
from bot.log import log
from bot.platforms import Batch, Envelope, Platform, Unavailable
from bot.platforms.menu import Menus
from bot.privacy import Keys, Place
from bot.store import Store

_LONGEST_PAUSE = 30.0
_LONGEST_WAIT = 300.0  # whatever a server asks for: it may be a proxy's error page that asks
_UNANSWERED = 200  # requests of one chat; two polls can bring as many
_CROWD = 2_000  # requests of all chats; where there are more, nobody is asked for others
_CROWD_SECONDS = 1.0


@dataclass
class Service:
    """The bot at work: until stopped, or until nobody has anything more to say."""

    router: Router
    snapshot: Snapshot
    store: Store
    keys: Keys
    clock: Clock = field(default_factory=Clock)
    answer_seconds: float = 5.0  # what a slow chat may hold up the next poll; its answer goes on beside it
    drain_seconds: float = 4.0  # what replies in flight may take at the end

    def __post_init__(self) -> None:
        self._menus = Menus(self.clock.monotonic)
        self._outbox = Outbox(self.clock, self._menus)
        self._turns: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self._unanswered: Counter[tuple[str, str]] = Counter()
        self._stopping = asyncio.Event()
        self._idle: set[asyncio.Task[object]] = set()

    def stop(self) -> None:
        """Let run() end: replies in flight still go out."""
        self._stopping.set()

    async def run(self, platforms: Sequence[Platform]) -> None:
        """Listen on the platforms until stop() or until none has anything more to say."""
        async with AsyncExitStack() as stack:
            for platform in platforms:
                await stack.enter_async_context(platform)
            try:
                async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
                    for platform in platforms:
                        tasks.create_task(self._listen(platform, tasks))
                    tasks.create_task(self._end(limit))
            except TimeoutError:
                log.warning("stopped_before_all_was_answered")

    async def _end(self, limit: asyncio.Timeout) -> None:
        await self._stopping.wait()
        limit.reschedule(asyncio.get_running_loop().time() + self.drain_seconds)  # asyncio counts by its own clock
        for task in self._idle:
            task.cancel()

    # -- listening

    async def _listen(self, platform: Platform, tasks: asyncio.TaskGroup) -> None:
        cursor = await self.store.cursor(platform.name)
        failures = 0
        while not self._stopping.is_set():
            with self._idling():
                await self._until_quiet()
                batch = await self._polled(platform, cursor, failures)
            if batch is None:
                failures += 1
                continue
            if failures:
                log.info("recovered", platform=platform.name)
            failures = 0
            await self._answered(platform, batch, tasks)
            if batch.cursor is not None and batch.cursor != cursor:
                cursor = batch.cursor
                await self.store.save_cursor(platform.name, cursor)
            if batch.over:
                self.stop()

    @contextmanager
    def _idling(self) -> Iterator[None]:
        """Only waiting: may be cancelled at once when the bot stops."""
        task = asyncio.current_task()
        self._idle |= {task} if task else set()
        try:
            yield
        finally:
            self._idle.discard(task)

    async def _until_quiet(self) -> None:
        """Memory is bounded: who asks while we cannot keep up is kept by the platform."""
        while self._unanswered.total() > _CROWD:
            await self.clock.sleep(_CROWD_SECONDS)

    async def _polled(self, platform: Platform, cursor: str | None, failures: int) -> Batch | None:
        """What is new; None after a failure and the pause that it asks for."""
        try:
            self._menus.tidy()
            batch = await platform.poll(cursor)
        except Unavailable as refusal:
            pause = _pause(refusal, failures)
            log.warning("unavailable", platform=platform.name, reason=str(refusal), pause_seconds=round(pause, 1))
            await self.clock.sleep(pause)
            return None
        if batch.skipped:
            log.debug("skipped", platform=platform.name, **batch.skipped)
        return batch

    async def _answered(self, platform: Platform, batch: Batch, tasks: asyncio.TaskGroup) -> None:
        """Answer a batch, chats beside one another, each in order. A slow chat does not hold up the others for long."""
        chats: dict[object, list[Envelope]] = {}
        for envelope in self._admitted(platform, batch):
            chats.setdefault(envelope.request.chat, []).append(envelope)
        running = [tasks.create_task(self._conversation(platform, some)) for some in chats.values()]
        if running:
            await asyncio.wait(running, timeout=None if platform.can.patient else self.answer_seconds)

    def _admitted(self, platform: Platform, batch: Batch) -> Iterator[Envelope]:
        """The requests to answer; of a chat that asks faster than it can be answered, what is too much is left out."""
        now, flood = self.clock.monotonic(), 0
        for envelope in batch.envelopes:
            chat = _whole(envelope.request.chat)
            if self._unanswered[chat] >= _UNANSWERED:
                flood += 1
                continue
            self._unanswered[chat] += 1
            yield replace(envelope, arrived=now)
        if flood:
            log.warning("flood", platform=platform.name, passed_over=flood)

    async def _conversation(self, platform: Platform, envelopes: Sequence[Envelope]) -> None:
        chat = envelopes[0].request.chat
        turn = self._turns.setdefault(chat, asyncio.Lock())
        async with turn:
            for envelope in envelopes:
                await self._guarded(platform, envelope)
                self._unanswered -= Counter([_whole(chat)])  # this way no zero stays

    # -- answering

    async def _guarded(self, platform: Platform, envelope: Envelope) -> None:
        """One request that fails, wherever it does, must not end the bot, nor come back to end it after a restart."""
        try:
            await self._handled(platform, envelope)
            await platform.acknowledge(envelope)
        except Exception as problem:  # noqa: BLE001 (whatever it was, the others are still answered)
            log.error("request_failed", platform=platform.name, exc_info=problem)

    async def _handled(self, platform: Platform, envelope: Envelope) -> None:
        """One request: what it means here, its answer, the changes it makes."""
        request: Request | None = envelope.request
        if not platform.can.buttons:
            request = self._menus.chosen(envelope.request, envelope.refers)
        if request is None:
            return
        place = self.keys.place(request.chat)
        prefs = await self.store.subscribers.prefs(place)
        content = self.snapshot.view(prefs.language, request.language)
        reply = self._reply(request, content, prefs, platform)
        if reply is None:
            return
        for change in reply.changes:
            await self._apply(change, place, request.chat)
        await self._outbox.reply(platform, envelope, reply, content)
        if Forget() in reply.changes:  # only now: the platform may leave, and then nothing can be said any more
            await platform.forget(request.chat)

    def _reply(self, request: Request, content: Content, prefs: Prefs, platform: Platform) -> Reply | None:
        now = self.clock.now().astimezone(_zone(content.pack.time_zone))
        context = Context(content, now, prefs, platform.me)
        try:
            return self.router.dispatch(request, context)
        except Exception as problem:  # noqa: BLE001 (whatever it was, this one asker gets an apology)
            log.error(
                "handler_failed",
                command=request.command if request.command in self.router.commands else "?",
                exc_info=problem,
            )
            return Reply(content.say("bad.failed"))

    async def _apply(self, change: Change, place: Place, chat: Chat) -> None:
        match change:
            case SetLanguage(code):
                await self.store.subscribers.choose_language(place, code)
            case Forget():
                self._menus.forget(chat)
                await self.store.subscribers.forget(place)


def _whole(chat: Chat) -> tuple[str, str]:
    """A chat with all its threads."""
    return chat.platform, chat.id


def _zone(name: str) -> tzinfo:
    """The pack's time zone: "today" is the readers' day."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _pause(refusal: Unavailable, failures: int) -> float:
    """Seconds until the next poll: as asked, else doubling with jitter."""
    if refusal.retry_after is not None:
        return min(refusal.retry_after, _LONGEST_WAIT)
    return min(_LONGEST_PAUSE, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)
