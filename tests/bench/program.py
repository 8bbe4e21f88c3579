"""Program: a data folder with subscribers and an approved update in it, and `pratip run` as a process of its own."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.core.broadcast import Kind, Policy
from bot.core.messages import Chat
from bot.core.subscription import Pace
from bot.core.text import Text
from bot.delivery.rendering import frozen
from bot.keyfile import KeyFile
from bot.store import Draft, Store
from tests.bench.server import FIRST_CHAT, HOUSE
from tests.storage import rows
from tests.telegram_server import TOKEN

_TOPIC = "prisoners"
_WORDS = "A bench's update: a case has changed. Source: the bench. "
_MODERATOR = "telegram:1"
_STARTING = "starting "  # in the log


@dataclass
class Program:
    """Pratip over one folder; settings are PRATIP_* without the prefix."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = (sys.executable, "-m", "bot", "run")

    @property
    def database(self) -> Path:
        """The file with the ledger."""
        return self.folder / "data" / "pratip.db"

    async def subscribe(self, chats: Sequence[Chat]) -> None:
        """Have them subscribe to the bench's topic, in this order."""
        self.database.parent.mkdir(mode=0o700, parents=True)
        keys = KeyFile(self.folder / "keys").load()
        async with self._store() as store:
            for chat in chats:
                place, address = keys.place(chat), keys.sealed(chat)
                await store.subscribers.subscribe(place, address, "en", [_TOPIC], Pace.NOW, "2026-11")

    async def approve(self, policy: Policy = Policy.RESEND) -> int:
        """An update to all of them, approved and to be sent by the next run; its number."""
        now = datetime.now(UTC)
        async with self._store() as store:
            draft = Draft(f"bench {now}", Kind.NOTE, (_TOPIC,), policy=policy)
            number = await store.broadcasts.compose(draft, now)
            words = {"en": frozen(Text(_WORDS * 4))}
            await store.broadcasts.approve(
                number, _MODERATOR, "", needed=1, allowed=[_MODERATOR], renderings=words, at=now
            )
        return number

    def _store(self) -> Store:
        return Store(f"sqlite+aiosqlite:///{self.database}")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The process; killed at the end if it still runs."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PRATIP_")}
        given = {"DATA": str(self.database.parent), "KEYS": str(self.folder / "keys"), **self.settings}
        ours |= {f"PRATIP_{name}": value for name, value in given.items()}
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*self.command, cwd=HOUSE, env=ours, stderr=log, stdout=log)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def killed(self, after: tuple[float, float]) -> None:
        """Run it, and kill it at a random moment, so many seconds after it has read its content."""
        log = self.folder / "log"
        starts = log.read_text().count(_STARTING) if log.exists() else 0
        async with self.running() as process, asyncio.timeout(60):
            while log.read_text().count(_STARTING) == starts:  # noqa: ASYNC110 (it is another process's event)
                await asyncio.sleep(0.02)
            await asyncio.sleep(random.uniform(*after))
            process.kill()
            await process.wait()

    def outcomes(self, number: int) -> Mapping[str, int]:
        """How many deliveries of an update are how far."""
        query = "SELECT state, count(*) FROM delivery WHERE broadcast = ? GROUP BY state"
        return {str(state): int(str(n)) for state, n in rows(self.database, query, number)}

    def unsettled(self, number: int) -> set[int]:
        """The subscribers whose delivery is on the wire."""
        query = "SELECT subscriber FROM delivery WHERE broadcast = ? AND state = 'sending'"
        return {int(str(row[0])) for row in rows(self.database, query, number)}

    async def settled(self, number: int, audience: int, seconds: float) -> None:
        """Wait until every delivery has its final outcome."""
        async with asyncio.timeout(seconds):
            while not self.done(number, audience):  # noqa: ASYNC110 (it is another process's event)
                await asyncio.sleep(0.25)

    def done(self, number: int, audience: int) -> bool:
        """Whether everybody has a delivery, in a final outcome."""
        found = self.outcomes(number)
        return sum(found.values()) == audience and not found.keys() & {"queued", "sending"}


async def ended(process: asyncio.subprocess.Process) -> int:
    """Stop it politely; its exit code."""
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), 10)


def on_telegram(folder: Path, url: str, rate: int = 30) -> Program:
    """Pratip on the local Bot API alone."""
    return Program(folder, {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": url, "TELEGRAM_RATE": str(rate)})


def private_chats(audience: int, groups: int = 0) -> list[Chat]:
    """The chats that subscribe, as the server knows them; the last are groups."""
    first_group = audience - groups + 1
    return [
        Chat("telegram", str(FIRST_CHAT + n if n < first_group else -(FIRST_CHAT + n)), private=n < first_group)
        for n in range(1, audience + 1)
    ]
