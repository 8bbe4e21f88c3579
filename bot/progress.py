"""Progress: answers that show what is still going on, kept true where a platform can change what it sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.core.content import Content
from bot.core.messages import Chat, Reply, Request
from bot.delivery.outbox import Outbox
from bot.log import log
from bot.platforms import Envelope, Platform

_EDIT_SECONDS = 5.0  # between two edits of a message, at least
_SHARE = 0.1  # of what a platform takes, for one live message at most
_EDITS = 200  # of one message
_LIVE = 20  # messages; the oldest stays as it is when there are more

Again = Callable[[Platform, Envelope], Awaitable[tuple[Reply, Content] | None]]


@dataclass(slots=True)
class _Live:
    """A message of ours that shows what is going on, and the request that it answers."""

    platform: Platform
    envelope: Envelope  # refers to the message
    shown: Reply
    edits: int = 0
    edited_at: float = 0.0


class Progress:
    """Asks the question of each live message again and again; the newest of a chat takes the place of an older one."""

    def __init__(self, clock: Clock, outbox: Outbox, again: Again) -> None:
        self._clock = clock
        self._outbox = outbox
        self._again = again
        self._live: dict[Chat, _Live] = {}
        self._some = asyncio.Event()

    def answered(self, platform: Platform, envelope: Envelope, request: Request, reply: Reply, message: str) -> None:
        """An answer went out as one message of ours; keep it live where it says so."""
        chat = request.chat
        if reply.live and message and platform.can.amend:
            self._live.pop(chat, None)
            about = replace(envelope, request=request, refers=message)
            self._live[chat] = _Live(platform, about, reply, edited_at=self._clock.monotonic())
            for oldest in list(self._live)[:-_LIVE]:
                del self._live[oldest]
            self._some.set()
        elif chat in self._live and self._live[chat].envelope.refers == message:
            del self._live[chat]  # something else stands there now

    def forget(self, chat: Chat) -> None:
        """Leave a chat's messages as they are, in all its threads."""
        for each in [each for each in self._live if each.whole == chat.whole]:
            del self._live[each]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._some.wait()
            await self._clock.sleep(_EDIT_SECONDS)
            for chat, live in list(self._live.items()):
                await self._renew(chat, live)
            if not self._live:
                self._some.clear()

    async def _renew(self, chat: Chat, live: _Live) -> None:
        """One look; what cannot be changed any more, or has come to its end, is left as it is."""
        pace = self._outbox.rate(live.platform) * _SHARE
        if self._clock.monotonic() - live.edited_at < max(_EDIT_SECONDS, 1 / pace):
            return
        try:
            ended = await self._edit(live)
        except Exception as problem:  # noqa: BLE001 (whatever it was, the others are still kept true)
            log.error("progress_failed", platform=live.platform.name, exc_info=problem)
            ended = True
        if ended and self._live.get(chat) is live:
            del self._live[chat]

    async def _edit(self, live: _Live) -> bool:
        """Show it anew where it has changed; whether that was the last time."""
        found = await self._again(live.platform, live.envelope)
        if found is None:
            return True
        reply, content = found
        if not live.platform.can.buttons:  # numbers mean what was offered first
            reply = replace(reply, rows=live.shown.rows)
        if reply == live.shown:
            return False
        now = live.edited_at = self._clock.monotonic()
        live.shown, live.edits = reply, live.edits + 1
        envelope = replace(live.envelope, key=f"{live.envelope.key}~{live.edits}", arrived=now)
        done = await self._outbox.amend(live.platform, envelope, reply, content)
        return not (done and reply.live) or live.edits >= _EDITS
