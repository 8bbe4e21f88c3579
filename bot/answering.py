"""Answering: one request from its arrival to its answer: who asks, what may be known, what is to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.chronicle import Chronicle
from bot.clock import Clock
from bot.core import change
from bot.core.content import Content, Snapshot
from bot.core.messages import Context, Reply, Request, Role
from bot.core.router import Command, Router
from bot.core.subscription import zone
from bot.core.text import Text
from bot.delivery.outbox import Outbox
from bot.delivery.rendering import thawed
from bot.log import log
from bot.moderation import Moderation
from bot.platforms import Envelope, Platform, Refusal
from bot.platforms.menu import Menus
from bot.press import Press
from bot.privacy import Keys, Place
from bot.progress import Progress
from bot.store import Conflict, Store, StoreFailed

_SENT = 10  # updates that can be read again
_TRIES = 2  # of a command whose ground has shifted meanwhile


@dataclass
class Answering:
    """Makes the context, asks the router, makes the changes, hands the answer to the outbox."""

    router: Router
    snapshot: Callable[[], Snapshot]
    store: Store
    keys: Keys
    clock: Clock
    menus: Menus
    outbox: Outbox
    moderation: Moderation
    chronicle: Chronicle
    press: Press | None = None  # None: there is no folder to make a file of

    def __post_init__(self) -> None:
        self.progress = Progress(self.clock, self.outbox, self.again)

    async def answer(self, platform: Platform, envelope: Envelope) -> None:
        """Answer one request, or leave it where silence is right."""
        request: Request | None = envelope.request
        if not platform.can.buttons:
            request = self.menus.chosen(envelope.request, envelope.refers)
        if request is None:
            return
        context = await self._context(platform, request)
        content, place = context.content, self.keys.place(request.chat)
        reply = await self._replied(platform, envelope, request, context)
        await self._heard(place, context.now)
        if reply is None:
            return
        if change.Panic() in reply.changes:
            await self.outbox.delete(platform, envelope)
            await platform.forget(request.chat)
            return
        reply = await self._filed(platform, request, reply, context)
        message = await self.outbox.reply(platform, envelope, reply, content)
        self.progress.answered(platform, envelope, request, reply, message)
        if change.Forget() in reply.changes:  # only now: the platform may leave, and then nothing can be said any more
            self.outbox.sent.forget(request.chat)
            await platform.forget(request.chat)

    async def again(self, platform: Platform, envelope: Envelope) -> tuple[Reply, Content] | None:
        """What a request would be answered now, if that changes nothing."""
        context = await self._context(platform, envelope.request)
        reply = await self._asked(platform, envelope, envelope.request, context)
        return None if reply is None or reply.changes else (reply, context.content)

    async def _context(self, platform: Platform, request: Request) -> Context:
        prefs = await self.store.subscribers.prefs(self.keys.place(request.chat))
        content = self.snapshot().view(prefs.language, request.language)
        return Context(content, self.clock.now().astimezone(zone(content.pack.time_zone)), prefs, platform.me)

    async def _replied(
        self, platform: Platform, envelope: Envelope, request: Request, context: Context
    ) -> Reply | None:
        """The answer, its changes made; once more where somebody else has changed the same meanwhile."""
        try:
            for _ in range(_TRIES):
                reply = await self._asked(platform, envelope, request, context)
                if reply is None or await self._made(reply, envelope, request, context):
                    return reply
        except Exception as problem:  # noqa: BLE001 (whatever it was, this one asker gets an apology)
            known = request.command if request.command in self.router.commands else "?"
            log.error("handler_failed", command=known, exc_info=problem)
        return Reply(context.content.say("bad.failed"))

    async def _asked(self, platform: Platform, envelope: Envelope, request: Request, context: Context) -> Reply | None:
        request = self.router.understood(request, context)
        command = self.router.commands.get(request.command)
        moderator = self.moderation.named(envelope)
        if moderator:
            await self.moderation.met(moderator, request.chat, context.content.locale.code)
        role = Role.MODERATOR if moderator else await self._role(platform, envelope, command)
        if command and command.desk and role is Role.MODERATOR:
            context = replace(context, desk=await self.moderation.desk(moderator, request))
        if command and command.kept:
            rows = await self.store.subscribers.kept(self.keys.place(request.chat))
            context = replace(context, kept=replace(rows, moderator=moderator))
        if command and command.sent:
            context = replace(context, sent=await self._sent(context))
        if command and command.past:
            name = command.past(request, context)
            context = replace(context, past=await self.chronicle.past(name, self.snapshot(), context.now.tzinfo))
        return self.router.dispatch(replace(request, role=role), context)

    async def _filed(self, platform: Platform, request: Request, reply: Reply, context: Context) -> Reply:
        """The reply with its file made; or why there is none."""
        if reply.document is None:
            return reply
        if self.press is None or not platform.can.documents:
            return Reply(context.content.say("export.shell", form=reply.document.form))
        return await self.press.filled(reply, request.chat, context, self.snapshot().version)

    async def _role(self, platform: Platform, envelope: Envelope, command: Command | None) -> Role:
        """What the one who asks may do here; a group is asked only where it matters."""
        if envelope.request.chat.private:
            return Role.ADMIN
        if command is None or command.needs is not Role.ADMIN:
            return Role.READER
        try:
            return Role.ADMIN if await platform.administers(envelope) else Role.READER
        except Refusal as refusal:
            log.warning("administrator_unknown", platform=platform.name, reason=str(refusal))
            return Role.READER

    async def _sent(self, context: Context) -> tuple[tuple[int, datetime, Text], ...]:
        """The updates sent lately, in the reader's language or the pack's own."""
        pack, code = context.content.pack, context.content.locale.code
        found = []
        for number, at, bodies in await self.store.broadcasts.recent(_SENT, self.clock.now()):
            body = next((bodies[each] for each in (code, pack.default_language, *bodies) if each in bodies), None)
            if body:
                found.append((number, at, thawed(body)))
        return tuple(found)

    async def _heard(self, place: Place, now: datetime) -> None:
        """A word from a subscriber: what was refused before no longer counts."""
        try:
            await self.store.subscribers.heard(place, f"{now:%Y-%m}")
        except StoreFailed as problem:
            log.warning("contact_not_noted", reason=str(problem))

    # -- changes

    async def _made(self, reply: Reply, envelope: Envelope, request: Request, context: Context) -> bool:
        """Whether all its changes could be made."""
        moderator = self.moderation.named(envelope)
        try:
            for each in reply.changes:
                if isinstance(each, change.OfReader):
                    await self._make(each, request, context)
                else:
                    await self.moderation.apply(each, moderator)
            if moderator and any(isinstance(each, change.Forget | change.Panic) for each in reply.changes):
                await self.moderation.forget(moderator)
        except Conflict:
            return False
        return True

    async def _make(self, done: change.OfReader, request: Request, context: Context) -> None:
        subscribers, chat = self.store.subscribers, request.chat
        place, address = self.keys.place(chat), self.keys.sealed(chat)
        language, month = context.content.locale.code, f"{context.now:%Y-%m}"
        match done:
            case change.SetLanguage(code):
                await subscribers.choose_language(place, code)
            case change.Subscribe(topics, pace):
                await subscribers.subscribe(place, address, language, topics, pace, month)
            case change.Unsubscribe(topics):
                await subscribers.unsubscribe(place, topics)
            case change.Follow(entry):
                await subscribers.follow(place, address, language, entry, month)
            case change.Unfollow(entry):
                await subscribers.unfollow(place, entry)
            case change.Configure(settings):
                await subscribers.configure(place, settings)
            case change.Stop():
                await subscribers.stop(place)
            case change.Forget() | change.Panic():
                self.menus.forget(chat)
                self.progress.forget(chat)
                if self.press:
                    self.press.forget(chat)
                await subscribers.forget(place)
