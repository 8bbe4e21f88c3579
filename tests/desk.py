"""Desk: the service at work on paper, with moderators, readers and a pack that a test edits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import handlers
from bot.content import ContentBroken
from bot.core.content import Snapshot
from bot.core.messages import Chat
from bot.privacy import Keys
from bot.service import Service
from bot.store import Store
from tests.clock import QuickClock
from tests.packs import pack, person
from tests.platforms.paper import Paper, Sheet
from tests.storage import at

KEYS = Keys(bytes(32), bytes(range(32)))
FILES = {
    "topics.yaml": "[{id: prisoners, name: Prisoners, aliases: [prisoners]}, {id: laws, name: Laws, aliases: [laws]}]",
    "prisoners/kem-sokha.yaml": person("Kem Sokha"),
}
FREED = {"prisoners/kem-sokha.yaml": person("Kem Sokha", custody="free", as_of="2026-11")}
GROUP = Chat("paper", "-1", private=False)
ONE, TWO, READER = "1", "2", "7"


@dataclass
class Desk:
    """A bot on paper; whoever speaks does so in private with it, where no other chat is named."""

    folder: Path
    moderators: tuple[str, ...] = ("paper:1", "paper:2")
    approvals: int = 2
    paper: Paper = field(default_factory=Paper)
    clock: QuickClock = field(default_factory=QuickClock)

    def __post_init__(self) -> None:
        self._packs: asyncio.Queue[Snapshot | ContentBroken] = asyncio.Queue()
        self._heard: dict[Chat, int] = {}
        self.snapshot = self._pack(FILES)

    def _pack(self, files: Mapping[str, str]) -> Snapshot:
        return pack(self.folder / "content", files, "en", "km")

    def edits(self, files: Mapping[str, str]) -> None:
        """Somebody changes the content; what was broken before is replaced."""
        try:
            self._packs.put_nowait(self._pack(files))
        except ContentBroken as broken:
            self._packs.put_nowait(broken)

    async def _changed(self) -> Snapshot:
        found = await self._packs.get()
        if isinstance(found, ContentBroken):
            raise found
        return found

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Store]:
        """The bot at work, until the end of the test or a restart."""
        async with at(self.folder / "pratip.db") as store, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            service = Service(
                handlers.router,
                self.snapshot,
                store,
                KEYS,
                self.clock,
                moderators=self.moderators,
                approvals=self.approvals,
                changes=self._changed,
            )
            tasks.create_task(service.run([self.paper]))
            while await store.cursor("content") is None:  # noqa: ASYNC110 (the first look, which announces nothing)
                await asyncio.sleep(0.002)
            yield store
            self.snapshot = service.snapshot
            service.stop()

    async def says(
        self,
        who: str,
        first: str,
        *words: str,
        chat: Chat | None = None,
        refers: str = "",
        speaks_for_chat: bool = False,
    ) -> Sheet:
        """What is answered to the last of these words."""
        where = chat or Chat("paper", who)
        for each in (first, *words):
            envelope = self.paper.envelope(each, where, refers, sender=who)
            self.paper.brings(replace(envelope, speaks_for_chat=speaks_for_chat))
            await self.hears(where)
        return self.sheets(where)[self._heard[where] - 1]

    async def hears(self, chat: Chat | str) -> Sheet:
        """The next message in a chat."""
        where = Chat("paper", chat) if isinstance(chat, str) else chat
        number = self._heard[where] = self._heard.get(where, 0) + 1
        await until(lambda: len(self.sheets(where)) >= number)
        return self.sheets(where)[number - 1]

    def sheets(self, chat: Chat | str) -> list[Sheet]:
        """All messages in a chat."""
        where = Chat("paper", chat) if isinstance(chat, str) else chat
        return [sheet for sheet in self.paper.sheets if sheet.chat == where]

    def unread(self, chat: Chat | str) -> list[str]:
        """What nobody has looked at yet in a chat."""
        where = Chat("paper", chat) if isinstance(chat, str) else chat
        return [sheet.text for sheet in self.sheets(where)[self._heard.get(where, 0) :]]

    async def approve(self, number: int) -> None:
        """Both moderators look at it and approve it."""
        for who in (ONE, TWO):
            await self.says(who, f"/draft {number}", f"/approve {number}")


async def until(check: Callable[[], object]) -> None:
    """Wait for something that the bot is about to do."""
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110 (no event tells of what is written on paper)
            await asyncio.sleep(0.002)
