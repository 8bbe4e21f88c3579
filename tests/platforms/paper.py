"""Paper: a platform on paper. What was sent stays on it; what is asked of it and what it refuses, a test writes down.

paper = Paper()
paper.asks("/laws")
paper.refuses(Unavailable("busy"), Unknown("lost"))     # the next two sends
paper.administrators.add("42")                          # decides for every group
...
assert (await paper.reads()).text == "Laws"
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bot.core.messages import Chat, Reply, Request, read
from bot.platforms import Batch, Capabilities, Envelope, Past, Push, Refusal

READER = Chat("paper", "1")
BUTTONS = Capabilities(buttons=True, edit=True, amend=True)
PLAIN = Capabilities()


@dataclass(slots=True)
class Sheet:
    """A message as it stands on paper."""

    chat: Chat
    reply: Reply
    key: str
    message: str
    edits: int = 0
    push: Push | None = None
    amends: int = 0
    deleted: bool = False

    @property
    def text(self) -> str:
        return self.reply.text.plain

    @property
    def labels(self) -> list[str]:
        return [button.label for button in self.reply.buttons]


class Paper:
    """A platform without a network."""

    me = "PaperBot"

    def __init__(self, can: Capabilities = BUTTONS, name: str = "paper") -> None:
        self.name, self.can = name, can
        self.sheets: list[Sheet] = []
        self.tried: list[tuple[Chat, str, str]] = []  # chat, key or message, text of every send and edit
        self.administrators: set[str] = set()  # senders who decide for any group
        self.forbidden: set[str] = set()  # ids of chats in which the bot may not write
        self.cursors: list[str | None] = []  # what was polled with
        self.acknowledged: list[str] = []
        self.forgotten: list[tuple[Chat, int]] = []  # and how many messages had been written by then
        self.entered = self.left = 0
        self.in_flight = self.most_in_flight = 0
        self.closed: set[str] = set()  # ids of chats whose messages stay on the wire until open() is called
        self._opened = asyncio.Event()
        self._refusals: deque[Refusal | None] = deque()
        self._coming: asyncio.Queue[Batch | Exception] = asyncio.Queue()
        self._written = asyncio.Condition()
        self._number = 0

    # -- what a test writes down

    def asks(self, *words: str, chat: Chat = READER, refers: str = "", language: str = "", sender: str = "") -> None:
        """Somebody says all of this, and one poll brings it."""
        self.brings(*(self.envelope(each, chat, refers, language, sender) for each in words))

    def envelope(
        self, words: str, chat: Chat = READER, refers: str = "", language: str = "", sender: str = ""
    ) -> Envelope:
        """What somebody says, as it comes in."""
        request = read(chat, words, me=self.me, language=language) or Request(chat, "", words, language)
        self._number += 1
        return Envelope(request, f"in:{self._number}", refers, sender)

    def brings(self, *envelopes: Envelope, skipped: Mapping[str, int] | None = None, over: bool = False) -> None:
        """One poll brings these."""
        cursor = str(self._number) if envelopes else None
        self._coming.put_nowait(Batch(cursor, envelopes, skipped or {}, over=over))

    def fails(self, *problems: Exception) -> None:
        """The next polls raise these."""
        for problem in problems:
            self._coming.put_nowait(problem)

    def refuses(self, *refusals: Refusal | None) -> None:
        """The next sends, edits, amendments, deletions and questions raise these; None is taken."""
        self._refusals.extend(refusals)

    def open(self) -> None:
        """Let everything that is on the wire arrive."""
        self.closed.clear()
        self._opened.set()

    # -- what a test looks at

    async def reads(self, number: int = 1, within: float = 5.0) -> Sheet:
        """Wait until so many messages have been written, and return that one."""
        async with asyncio.timeout(within), self._written:
            await self._written.wait_for(lambda: len(self.sheets) >= number)
        return self.sheets[number - 1]

    @property
    def texts(self) -> list[str]:
        return [sheet.text for sheet in self.sheets]

    # -- what a platform does

    async def __aenter__(self) -> Self:
        self.entered += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left += 1

    async def poll(self, cursor: str | None) -> Batch:
        """The next batch that was written down, whenever that is."""
        self.cursors.append(cursor)
        coming = await self._coming.get()
        if isinstance(coming, Exception):
            raise coming
        return coming

    async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
        """Write it down; where that is harmless, the same key again is the same message."""
        await self._travel(chat, key, reply.text.plain)
        if self.can.repeatable:
            for known in self.sheets:
                if (known.chat, known.key) == (chat, key):
                    return known.message
        sheet = Sheet(chat, reply, key, f"m{len(self.sheets) + 1}", push=push)
        self.sheets.append(sheet)
        await self._tell()
        return sheet.message

    async def edit(self, chat: Chat, message: str, reply: Reply) -> None:
        """Write it over what stood there."""
        assert self.can.edit
        await self._travel(chat, message, reply.text.plain)
        sheet = self._sheet(message)
        sheet.reply, sheet.edits = reply, sheet.edits + 1
        await self._tell()

    async def amend(self, chat: Chat, message: str, reply: Reply, *, key: str) -> None:
        """Write it over what stood there."""
        assert self.can.amend
        await self._travel(chat, key, reply.text.plain)
        sheet = self._sheet(message)
        if sheet.deleted:
            raise Past("it was taken back")
        sheet.reply, sheet.amends = reply, sheet.amends + 1
        await self._tell()

    async def delete(self, chat: Chat, message: str, *, key: str) -> None:
        """Mark it as taken back."""
        assert self.can.amend
        await self._travel(chat, key, "")
        self._sheet(message).deleted = True
        await self._tell()

    async def administers(self, envelope: Envelope) -> bool:
        """Whether a test made the sender an administrator."""
        self._refuse()
        return envelope.request.chat.private or envelope.speaks_for_chat or envelope.sender in self.administrators

    def _sheet(self, message: str) -> Sheet:
        (sheet,) = (each for each in self.sheets if each.message == message)
        return sheet

    async def hindrance(self, chat: Chat) -> str:
        """Whether a test has closed the chat to us."""
        self._refuse()
        return "let the bot write there" if chat.id in self.forbidden else ""

    async def check(self) -> None:
        """Paper is always there."""

    async def acknowledge(self, envelope: Envelope) -> None:
        """Note that it arrived."""
        self.acknowledged.append(envelope.key)

    async def forget(self, chat: Chat) -> None:
        """Note what had been written by then."""
        self.forgotten.append((chat, len(self.sheets)))

    async def _travel(self, chat: Chat, key: str, text: str) -> None:
        assert self.can.limit.measure(text) <= self.can.limit.size
        self.tried.append((chat, key, text))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)
            while chat.id in self.closed:
                await self._opened.wait()
            self._refuse()
        finally:
            self.in_flight -= 1

    def _refuse(self) -> None:
        refusal = self._refusals.popleft() if self._refusals else None
        if refusal:
            raise refusal

    async def _tell(self) -> None:
        async with self._written:
            self._written.notify_all()
