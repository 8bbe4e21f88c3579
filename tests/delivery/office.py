"""Office: everything that sends unasked, on paper, with a real database file and a time that leaps."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.core.broadcast import Broadcast, Kind, Outcome
from bot.core.content import Snapshot
from bot.core.messages import Chat
from bot.core.subscription import Pace, Settings
from bot.core.text import Text
from bot.delivery.dispatch import Dispatch
from bot.delivery.lane import Lanes
from bot.delivery.rendering import frozen
from bot.platforms import Platform
from bot.privacy import Keys
from bot.store import Draft, Store
from tests.clock import START, LeapingClock
from tests.storage import MODERATORS, at, rows

KEYS = Keys(bytes(range(32)), bytes(32))
MONTH = "2026-11"
TEXT = "A new law is in force."


def chat(name: str, platform: str = "paper", *, private: bool = True) -> Chat:
    return Chat(platform, name, private=private)


@dataclass
class Office:
    """A store, a dispatch, and what it told the moderators."""

    file: Path
    store: Store
    snapshot: Snapshot
    clock: LeapingClock = field(default_factory=LeapingClock)
    alarms: list[tuple[int, str]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._told = asyncio.Condition()
        self.dispatch = self._dispatch()

    def _dispatch(self) -> Dispatch:
        self.lanes = Lanes(self.clock)
        return Dispatch(self.store, KEYS, self.clock, self.lanes, lambda: self.snapshot, self._alarm, self._ended)

    async def _alarm(self, number: int, why: str) -> None:
        self.alarms.append((number, why))

    async def _ended(self, number: int) -> None:
        async with self._told:
            self.ends.append(number)
            self._told.notify_all()

    @asynccontextmanager
    async def open(self, *platforms: Platform) -> AsyncIterator[None]:
        """A start of the program, to its stop."""
        self.dispatch = self._dispatch()
        async with asyncio.TaskGroup() as tasks:
            await self.dispatch.start(platforms, tasks)
            yield
            self.dispatch.stop()

    async def subscribe(
        self,
        *chats: Chat,
        pace: Pace = Pace.NOW,
        language: str = "en",
        settings: Settings | None = None,
        month: str = MONTH,
    ) -> None:
        """These chats hear of laws."""
        for each in chats:
            place = KEYS.place(each)
            await self.store.subscribers.subscribe(place, KEYS.sealed(each), language, ["laws"], pace, month)
            if settings:
                await self.store.subscribers.configure(place, settings)

    async def send(self, text: str = TEXT, *, km: str = "", **options: Any) -> int:
        """An approved update on laws; its number."""
        wanted = {"kind": Kind.NEWS, "topics": ("laws",), **options}
        draft = Draft(f"{text} {wanted}", **wanted)
        number = await self.store.broadcasts.compose(draft, self.clock.now())
        texts = {"en": text, **({"km": km} if km else {})}
        renderings = {code: frozen(Text(each)) for code, each in texts.items()}
        for name in MODERATORS:
            await self.store.broadcasts.approve(
                number, name, "digest", needed=2, allowed=MODERATORS, renderings=renderings, at=self.clock.now()
            )
        self.dispatch.wake()
        return number

    async def withdraw(self, number: int) -> int:
        """Take an update back."""
        bodies = {"en": frozen(Text("An update was withdrawn."))}
        made = await self.store.broadcasts.withdraw(number, MODERATORS[0], bodies, self.clock.now())
        self.dispatch.wake()
        return made

    async def one(self, number: int) -> Broadcast:
        found = await self.store.broadcasts.one(number)
        assert found
        return found

    def outcomes(self, number: int = 1) -> Counter[str]:
        """How many deliveries of a broadcast stand how."""
        states = rows(self.file, "SELECT state FROM delivery WHERE broadcast = ?", number)
        return Counter(str(Outcome(state)) for (state,) in states if isinstance(state, str))

    @property
    def seconds(self) -> float:
        """Since the test began."""
        return (self.clock.now() - START).total_seconds()

    async def until(self, check: Callable[[], bool | Awaitable[bool]], within: float = 3600.0) -> None:
        """Wait for something that is about to happen."""
        end = self.clock.monotonic() + within
        while True:
            found = check()
            if found if isinstance(found, bool) else await found:
                return
            assert self.clock.monotonic() < end, "it never came true"
            await asyncio.sleep(0.25)

    async def ended(self, number: int = 1, within: float = 3600.0) -> None:
        """Wait for the end of a broadcast."""
        async with asyncio.timeout(within), self._told:
            await self._told.wait_for(lambda: number in self.ends)


@asynccontextmanager
async def office(folder: Path, snapshot: Snapshot) -> AsyncIterator[Office]:
    """An office whose books are in a folder."""
    file = folder / "pratip.db"
    async with at(file) as store:
        yield Office(file, store, snapshot)
