"""Outbox: the only sender; it splits, edits, waits and tries again, so that platforms need not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bot.clock import Clock
from bot.core.content import Content
from bot.core.messages import Chat, Reply
from bot.delivery.lane import Lanes, Later
from bot.delivery.message import parts
from bot.delivery.sent import Sent
from bot.log import log
from bot.platforms import Envelope, Gone, Moved, Past, Platform, Refusal, Rejected, Unavailable, Unknown
from bot.platforms.menu import Menus, spelled

_PATIENCE_SECONDS = 120.0  # since the question came: an answer that comes later answers nothing
_LONGEST_PAUSE = 30.0
T = TypeVar("T")


class Outbox:
    """Sends replies; at most as many at once on a platform as its window allows."""

    def __init__(self, clock: Clock, menus: Menus, lanes: Lanes) -> None:
        self._clock = clock
        self._menus = menus
        self._lanes = lanes
        self._windows: dict[str, asyncio.Semaphore] = {}
        self.sent = Sent()

    def rate(self, platform: Platform) -> float:
        """Messages a second that the platform takes now, as far as is known."""
        return self._lanes.of(platform).rate

    async def reply(self, platform: Platform, envelope: Envelope, reply: Reply, content: Content) -> str:
        """Deliver a reply, in several messages where it is long; what a platform refuses for good is dropped.

        Returns the reference of the one message that shows all of it; empty where there is none.
        """
        if reply.replaces and envelope.refers and platform.can.edit:
            edit = partial(platform.edit, message=envelope.refers, reply=reply)
            if await self._edited(platform, envelope, reply, edit):
                return envelope.refers
        return await self._sent(platform, envelope, reply, content)

    async def amend(self, platform: Platform, envelope: Envelope, reply: Reply, content: Content) -> bool:
        """Whether the message of ours that the envelope refers to now shows the reply."""
        shown = reply if platform.can.buttons else spelled(reply, content)
        amend = partial(platform.amend, message=envelope.refers, reply=shown, key=envelope.key)
        return await self._edited(platform, envelope, shown, amend)

    async def delete(self, platform: Platform, envelope: Envelope) -> None:
        """Delete what a chat got lately, newest first, as far as it is known and the platform allows it."""
        for chat, message in self.sent.taken(envelope.request.chat, self._clock.monotonic()):
            delete = partial(platform.delete, message=message, key=envelope.key)
            try:
                await self._patiently(platform, chat, delete, self._clock.monotonic())
            except Gone:
                return
            except Refusal as refusal:
                log.warning("message_not_deleted", platform=platform.name, refusal=type(refusal).__name__)

    async def _edited(
        self, platform: Platform, envelope: Envelope, reply: Reply, edit: Callable[[Chat], Awaitable[None]]
    ) -> bool:
        if platform.can.limit.measure(reply.text.plain) > platform.can.limit.size:
            return False
        try:
            await self._patiently(platform, envelope.request.chat, edit, envelope.arrived)
        except (Past, Rejected, Unknown, Unavailable, Moved):
            return False
        except Gone:
            pass
        return True

    async def _sent(self, platform: Platform, envelope: Envelope, reply: Reply, content: Content) -> str:
        chat = envelope.request.chat
        shown = reply if platform.can.buttons else spelled(reply, content)
        message, number = "", 0
        for number, part in enumerate(parts(shown, platform.can.limit)):
            send = partial(platform.send, reply=part, key=f"{envelope.key}#{number}")
            try:
                message, chat = await self._delivered(platform, chat, send, envelope.arrived)
            except Gone:
                return ""
            except (Rejected, Unavailable, Unknown, Moved) as refusal:
                log.error("reply_lost", platform=platform.name, refusal=type(refusal).__name__, reason=str(refusal))
                return ""
            if platform.can.amend:
                self.sent.note(chat, message, self._clock.monotonic())
        if reply.rows and not platform.can.buttons:
            self._menus.remember(chat, message, reply.buttons)
        return "" if number else message

    async def _delivered(
        self, platform: Platform, chat: Chat, send: Callable[[Chat], Awaitable[str]], since: float
    ) -> tuple[str, Chat]:
        """Send one message, following a chat that moved, once."""
        try:
            return await self._patiently(platform, chat, send, since), chat
        except Moved as moved:
            there = replace(chat, id=moved.to)
            return await self._patiently(platform, there, send, since), there

    async def _patiently(self, platform: Platform, chat: Chat, call: Callable[[Chat], Awaitable[T]], since: float) -> T:
        """Try again while it is worth it. An unclear outcome is tried once more: better twice than never.

        Only what is on the wire counts in the window: a chat that has to wait does not hold up the others.
        """
        lane = self._lanes.of(platform)
        window = self._windows.setdefault(platform.name, asyncio.Semaphore(platform.can.window))
        attempt, unclear = 0, 0
        while True:
            try:
                async with lane.reply(chat, since + _PATIENCE_SECONDS - self._clock.monotonic()), window:
                    return await call(chat)
            except Later as later:
                raise Unavailable(str(later), later.seconds) from None
            except Unavailable as refusal:
                lane.heed(chat, refusal)
                pause = refusal.retry_after if refusal.retry_after is not None else _pause(attempt)
                if self._clock.monotonic() + pause - since > _PATIENCE_SECONDS:
                    raise
                await self._clock.sleep(pause)
            except Unknown:
                unclear += 1
                if unclear > 1:
                    raise
                await self._clock.sleep(_pause(attempt))
            attempt += 1


def _pause(attempt: int) -> float:
    """Seconds: doubling, with full jitter, so that many waiters do not come back at once."""
    return random.uniform(0.1, min(_LONGEST_PAUSE, 0.5 * 2 ** min(attempt, 10)))  # noqa: S311 (no secret depends on it)
