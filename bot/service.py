"""Service: listens on every platform, answers, remembers how far it came; the only task group there is."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from weakref import WeakValueDictionary

from bot.answering import Answering
from bot.chronicle import Chronicle
from bot.clock import Clock
from bot.content import ContentBroken
from bot.content.archive import Archive
from bot.core.content import Content, Snapshot
from bot.core.messages import Chat, Reply, Request
from bot.core.router import Router
from bot.delivery.dispatch import Dispatch
from bot.delivery.lane import Lanes
from bot.delivery.outbox import Outbox
from bot.log import log
from bot.moderation import Moderation
from bot.newsroom import Newsroom
from bot.pace import Pace
from bot.platforms import Batch, Envelope, Platform, Unavailable
from bot.platforms.menu import Menus
from bot.press import Press
from bot.privacy import Keys
from bot.store import Channel, Store, StoreFailed

_LONGEST_PAUSE = 30.0
_LONGEST_WAIT = 300.0  # whatever a server asks for: it may be a proxy's error page that asks
_UNANSWERED = 200  # requests of one chat; two polls can bring as many
_TOGETHER = 3  # requests of one chat in a batch; the next poll waits for no more
_CROWD = 2_000  # requests of all chats; where there are more, nobody is asked for others
_CROWD_SECONDS = 1.0
_LOOK_SECONDS = 600.0  # between two looks at the same content: a new day may have begun
_RETRY_SECONDS = 5.0  # until the next one after the database failed


@dataclass
class Service:
    """The bot at work: until stopped, or until nobody has anything more to say."""

    router: Router
    snapshot: Snapshot
    store: Store
    keys: Keys
    clock: Clock = field(default_factory=Clock)
    moderators: Sequence[str] = ()
    approvals: int = 2  # that an update needs
    paid: bool = False  # whether Telegram is paid for more messages a second
    changes: Callable[[], Awaitable[Snapshot]] | None = None  # waits for changed content; raises ContentBroken
    archive: Archive | None = None  # earlier versions of the content
    press: Press | None = None  # makes files of the content
    sends_updates: bool = True
    leads: bool = True  # drafts what is news and keeps the ledger: one process of a data folder does
    answer_seconds: float = 5.0  # what a slow chat may hold up the next poll; its answer goes on beside it
    drain_seconds: float = 4.0  # what replies in flight may take at the end

    def __post_init__(self) -> None:
        self._menus = Menus(self.clock.monotonic)
        self._lanes = Lanes(self.clock)
        self._outbox = Outbox(self.clock, self._menus, self._lanes)
        self._turns: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self._unanswered: Counter[tuple[str, str]] = Counter()
        self._slowed: Counter[tuple[str, str]] = Counter()  # those of them who wait because they ask so much
        self._pace = Pace()
        self._stopping = asyncio.Event()
        self._reloaded = asyncio.Event()
        self._idle: set[asyncio.Task[object]] = set()
        self._platforms: dict[str, Platform] = {}
        self._newsroom = Newsroom(self.store, self.clock)
        self._moderation = Moderation(
            self.store, self.keys, self.clock, lambda: self.snapshot, self.moderators, self.approvals, self.paid
        )
        self._answering = Answering(
            self.router,
            lambda: self.snapshot,
            self.store,
            self.keys,
            self.clock,
            self._menus,
            self._outbox,
            self._moderation,
            Chronicle(self.store, self.archive),
            self.press,
        )
        self._dispatch = Dispatch(
            self.store,
            self.keys,
            self.clock,
            self._lanes,
            lambda: self.snapshot,
            self._moderation.stopped,
            self._moderation.ended,
            self._outbox.sent,
        )
        self._moderation.changed = self._dispatch.wake

    def stop(self) -> None:
        """Let run() end: replies in flight still go out."""
        self._stopping.set()

    def wake(self) -> None:
        """Look again at what is to be sent."""
        self._dispatch.wake()

    async def run(self, platforms: Sequence[Platform]) -> None:
        """Listen on the platforms until stop() or until none has anything more to say."""
        self._platforms = {platform.name: platform for platform in platforms}
        self._moderation.rates = {platform.name: platform.can.allowance.rate for platform in platforms}
        async with AsyncExitStack() as stack:
            for platform in platforms:
                await stack.enter_async_context(platform)
            try:
                async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
                    self._moderation.tell = partial(self._tell, tasks)
                    if self.sends_updates:
                        await self._dispatch.start(platforms, tasks, leads=self.leads)
                        self._follow_content(tasks)
                    tasks.create_task(self._keep_live())
                    for platform in platforms:
                        tasks.create_task(self._listen(platform, tasks))
                    tasks.create_task(self._end(limit))
            except TimeoutError:
                log.warning("stopped_before_all_was_answered")

    async def _end(self, limit: asyncio.Timeout) -> None:
        await self._stopping.wait()
        self._dispatch.stop()
        limit.reschedule(asyncio.get_running_loop().time() + self.drain_seconds)  # asyncio counts by its own clock
        for task in self._idle:
            task.cancel()

    def _tell(self, tasks: asyncio.TaskGroup, key: str, chat: Chat, reply: Reply, content: Content) -> None:
        """Write to a moderator unasked, beside everything else."""
        if platform := self._platforms.get(chat.platform):
            envelope = Envelope(Request(chat, ""), key, arrived=self.clock.monotonic())
            tasks.create_task(self._outbox.reply(platform, envelope, reply, content))

    async def _keep_live(self) -> None:
        with self._idling():
            await self._answering.progress.run()

    # -- the content

    def _follow_content(self, tasks: asyncio.TaskGroup) -> None:
        if self.changes:
            tasks.create_task(self._reload(self.changes))
        if self.leads:
            tasks.create_task(self._look_for_news())

    async def _reload(self, changes: Callable[[], Awaitable[Snapshot]]) -> None:
        """Answer from the newest content that was whole; moderators hear once that it is not, and once that it is."""
        broken = False
        with self._idling():
            while not self._stopping.is_set():
                try:
                    self.snapshot = await changes()
                except ContentBroken as trouble:
                    if not broken:
                        await self._moderation.broken(trouble.problems)
                    broken = True
                    continue
                self._reloaded.set()
                log.info("content_reloaded")
                if broken:
                    await self._moderation.mended()
                broken = False

    async def _look_for_news(self) -> None:
        """Draft what is news: what changed while the bot was down, whatever changes, and what a new day makes due."""
        with self._idling():
            while not self._stopping.is_set():
                self._reloaded.clear()
                pause = _LOOK_SECONDS if await self._compared() else _RETRY_SECONDS
                await self.clock.until(self._reloaded, pause)

    def _channels(self) -> list[Channel]:
        """The announcement channels that the pack names, on the platforms there are."""
        pack = self.snapshot.views[self.snapshot.default].pack
        chats = [
            (each, Chat(platform, address, private=False))
            for each in pack.channels
            for platform, address in each.addresses().items()
            if platform in self._platforms
        ]
        return [
            Channel(self.keys.place(chat), self.keys.sealed(chat), each.language, str(each.topic))
            for each, chat in chats
        ]

    async def _compared(self) -> bool:
        """Whether the database took it; else it is to be done again."""
        try:
            await self.store.moderators.keep(self.moderators)
            await self.store.moderators.keep(self.moderators)
            await self.store.subscribers.channels(self._channels())
            numbers = await self._newsroom.compare(self.snapshot)
        except StoreFailed as problem:
            log.error("content_not_compared", reason=str(problem))
            return False
        if numbers:
            log.info("drafts", numbers=list(numbers))
            await self._moderation.waits(numbers)
            await self._moderation.waits(self._newsroom.revised, anew=True)
        return True

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
                await self._saved(platform, cursor)
            if batch.over:
                self.stop()

    async def _saved(self, platform: Platform, cursor: str) -> None:
        """Note how far it is answered; where that fails, a crash repeats some answers."""
        try:
            await self.store.save_cursor(platform.name, cursor)
        except StoreFailed as problem:
            log.error("cursor_not_saved", platform=platform.name, reason=str(problem))

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
        while self._unanswered.total() - self._waiting > _CROWD:
            await self.clock.sleep(_CROWD_SECONDS)

    async def _polled(self, platform: Platform, cursor: str | None, failures: int) -> Batch | None:
        """What is new; None after a failure and the pause that it asks for."""
        try:
            self._menus.tidy()
            self._outbox.sent.tidy(self.clock.monotonic())
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
        """Answer a batch, chats beside one another, each in order. No chat holds up the others, or not for long."""
        chats: dict[Chat, list[Envelope]] = {}
        for envelope in self._admitted(platform, batch):
            chats.setdefault(envelope.request.chat, []).append(envelope)
        asked = Counter(chat.whole for chat, some in chats.items() for _ in some)
        waited = []
        for chat, some in chats.items():
            aside = not platform.can.patient and self._asks_much(chat, asked[chat.whole])  # before its turns are taken
            task = tasks.create_task(self._conversation(platform, some))
            waited += [] if aside else [task]
        if waited:
            await asyncio.wait(waited, timeout=None if platform.can.patient else self.answer_seconds)

    def _asks_much(self, chat: Chat, asked: int) -> bool:
        """Whether a chat is answered beside the next polls from the start, so that nobody else waits for it."""
        turn = self._turns.get(chat)
        busy = turn is not None and turn.locked()
        return busy or asked > _TOGETHER or self._pace.slows(chat.whole, self.clock.monotonic())

    def _admitted(self, platform: Platform, batch: Batch) -> Iterator[Envelope]:
        """The requests to answer; of a chat that asks faster than it can be answered, what is too much is left out."""
        flood = 0
        for envelope in batch.envelopes:
            chat = envelope.request.chat.whole
            crowded = chat in self._slowed and self._waiting >= _CROWD
            if crowded or self._unanswered[chat] >= _UNANSWERED:
                flood += 1
                continue
            self._unanswered[chat] += 1
            yield envelope
        if flood:
            log.warning("flood", platform=platform.name, passed_over=flood)

    @property
    def _waiting(self) -> int:
        """Requests that wait for their chat's pace: they hold up nobody else."""
        return sum(self._unanswered[chat] for chat in self._slowed)

    async def _conversation(self, platform: Platform, envelopes: Sequence[Envelope]) -> None:
        chat = envelopes[0].request.chat
        turn = self._turns.setdefault(chat, asyncio.Lock())
        async with turn:
            for envelope in envelopes:
                if not platform.can.patient:
                    await self._paced(chat.whole)
                await self._guarded(platform, replace(envelope, arrived=self.clock.monotonic()))
                self._unanswered -= Counter([chat.whole])  # this way no zero stays

    async def _paced(self, chat: tuple[str, str]) -> None:
        """Wait for a chat's turn: one that asks very much is answered more slowly, and no less."""
        seconds = self._pace.turn(chat, self.clock.monotonic())
        if seconds:
            self._slowed[chat] += 1
            try:
                await self.clock.sleep(seconds)
            finally:
                self._slowed -= Counter([chat])

    # -- answering

    async def _guarded(self, platform: Platform, envelope: Envelope) -> None:
        """One request that fails, wherever it does, must not end the bot, nor come back to end it after a restart."""
        try:
            await self._answering.answer(platform, envelope)
            await platform.acknowledge(envelope)
        except Exception as problem:  # noqa: BLE001 (whatever it was, the others are still answered)
            log.error("request_failed", platform=platform.name, exc_info=problem)


def _pause(refusal: Unavailable, failures: int) -> float:
    """Seconds until the next poll: as asked, else doubling with jitter."""
    if refusal.retry_after is not None:
        return min(refusal.retry_after, _LONGEST_WAIT)
    return min(_LONGEST_PAUSE, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)
