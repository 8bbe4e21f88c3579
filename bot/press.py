"""Press: the pack as a file for whoever asks in a chat: made once of each content, and not often for one chat."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from bot.clock import Clock
from bot.content import ContentBroken, export
from bot.content.repository import Kinds, opened
from bot.core.messages import Chat, Context, Document, Reply
from bot.log import log

PAUSE_SECONDS = 600.0  # between two files for one chat
_CHATS = 10_000  # that are remembered for so long
_LARGEST = 8_000_000  # bytes; a fiftieth of that is the shipped pack as a spreadsheet


class Press:
    """Makes exports of a folder beside everything else. Who got one is known for ten minutes, in memory only."""

    def __init__(self, folder: Path, kinds: Kinds, clock: Clock) -> None:
        self._folder, self._kinds, self._clock = folder, kinds, clock
        self._made: dict[str, tuple[str, date, bytes]] = {}  # by form: of which content, and of which day
        self._given: OrderedDict[tuple[str, str], float] = OrderedDict()  # until when a chat has to wait
        self._turn = asyncio.Lock()

    async def filled(self, reply: Reply, chat: Chat, context: Context, version: str) -> Reply:
        """A reply with its file; or why it comes without. Version is that of the content the answers are from."""
        say = context.content.say
        if reply.document is None or self._waits(chat):
            return Reply(say("export.soon"))
        form = reply.document.form
        data = await self._data(form, version, context.now)
        if data is None:
            return Reply(say("export.busy"))
        if len(data) > _LARGEST:
            return Reply(say("export.large"))
        self._note(chat)
        return replace(reply, document=Document(form, export.name(form, context.now), export.FORMATS[form].kind, data))

    def forget(self, chat: Chat) -> None:
        """Know nothing of a chat any more."""
        self._given.pop(chat.whole, None)

    def _waits(self, chat: Chat) -> bool:
        return self._given.get(chat.whole, 0.0) > self._clock.monotonic()

    def _note(self, chat: Chat) -> None:
        now = self._clock.monotonic()
        self._given[chat.whole] = now + PAUSE_SECONDS
        self._given.move_to_end(chat.whole)
        while len(self._given) > _CHATS or next(iter(self._given.values())) <= now:
            self._given.popitem(last=False)

    async def _data(self, form: str, version: str, at: datetime) -> bytes | None:
        """The file; None while the folder is being edited and holds no whole pack."""
        async with self._turn:
            known = self._made.get(form)
            if known and known[:2] == (version, at.date()):
                return known[2]
            try:
                data = await asyncio.to_thread(self._make, form, at)
            except (ContentBroken, OSError) as problem:
                log.warning("export_failed", reason=type(problem).__name__)
                return known[2] if known else None
            self._made[form] = (version, at.date(), data)
            return data

    def _make(self, form: str, at: datetime) -> bytes:
        return export.exported(opened(self._folder, self._kinds), form, at)
