"""Updates: from an edited file to everybody who asked to hear of it, with the program as it runs for its operator."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.packs import person, write
from tests.synapse import PASSWORD, Synapse
from tests.telegram_server import TOKEN, Message, Person, TelegramServer

HOUSE = Path(__file__).parents[1]
FEW = 32  # repeats that a kill may cost
HEARD = "Kem Sokha — custody:"


def kem_sokha(custody: str, as_of: str) -> dict[str, str]:
    name = "{en: Kem Sokha, km: កឹម សុខា}"
    return {"prisoners/kem-sokha.yaml": person(name, custody=custody, as_of=as_of)}


@dataclass
class House:
    """A bot with a pack, a data folder and keys of its own."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.edits({"topics.yaml": "[{id: prisoners, name: Prisoners, aliases: [prisoners]}]"})
        self.edits(kem_sokha("house-arrest", "2026-10"))

    def edits(self, files: dict[str, str]) -> None:
        write(self.folder / "content", files, "en", "km")

    @property
    def database(self) -> Path:
        return self.folder / "data/pratip.db"

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The program at work, killed at the end if it has not ended by itself."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PRATIP_")}
        ours = {name: str(self.folder / name.lower()) for name in ("DATA", "KEYS", "CONTENT")}
        settings = {f"PRATIP_{name}": value for name, value in {**ours, **self.settings}.items()}
        with (self.folder / "log").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", *arguments),
                env={**kept, "PYTHONPATH": str(HOUSE), **settings},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def stops(self, process: asyncio.subprocess.Process) -> None:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0, self.log

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


async def comes_true(check: Callable[[], Any], seconds: float = 30) -> None:
    """Wait for something that another process is about to do."""
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.05)


class Terminal:
    """A conversation through a pipe."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self._in, self._out, self._text = process.stdin, process.stdout, ""

    async def says(self, words: str) -> None:
        self._in.write(f"{words}\n".encode())
        await self._in.drain()

    async def hears(self, words: str, seconds: float = 20) -> None:
        """Wait until this is written, after what was waited for before."""
        async with asyncio.timeout(seconds):
            while words not in self._text:
                more = await self._out.read(65_536)
                assert more, self._text
                self._text += more.decode()
        self._text = self._text.partition(words)[2]

    @property
    def rest(self) -> str:
        return self._text


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.longest_poll = 0.2
        yield running


@pytest.fixture
def house(tmp_path: Path, server: TelegramServer) -> House:
    return House(tmp_path, {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "LOG_FORMAT": "json"})


async def asks(someone: Person, *words: str) -> list[str]:
    """What is answered to each."""
    answers = []
    for each in words:
        await someone.says(each)
        answers.append((await someone.hears(20)).text)
    return answers


async def hears_of(someone: Person, words: str) -> Message:
    """The next message, which says this."""
    message = await someone.hears(20)
    assert words in message.text, message.text
    return message


# --- from the file to everybody


@pytest.mark.xdist_group("synapse")  # one server, on one worker
async def test_a_change_in_a_file_reaches_all_who_follow_it_once_on_every_platform(
    house: House, server: TelegramServer, synapse: Synapse
) -> None:
    bot = synapse.register()
    house.settings |= {"MODERATORS": "telegram:1, telegram:2", "MATRIX_HOMESERVER": synapse.address}
    house.settings |= {"MATRIX_USER": bot["user_id"], "MATRIX_PASSWORD": PASSWORD}
    one, two, both, quiet, khmer, former = (server.user(number) for number in range(1, 7))
    async with synapse.person() as alice:
        async with house.running("run") as process, house.running("chat") as chatting:
            terminal = Terminal(chatting)
            await terminal.says("/follow kem-sokha")
            await terminal.hears("Kem Sokha")
            room = await alice.invites(bot["user_id"], direct=True, encrypted=True)
            for moderator in (one, two):
                await asks(moderator, "/start")
            await asks(both, "/subscribe prisoners", "/follow kem-sokha")
            await asks(quiet, "/follow kem-sokha", "/set discreet on")
            await asks(khmer, "/language km", "/subscribe prisoners")
            await asks(former, "/follow kem-sokha", "/stop")
            await alice.sees(bot["user_id"], room)
            await alice.says(room, "!follow kem-sokha")
            assert "Kem Sokha" in (await alice.hears(room)).body
            await house.stops(process)
            house.edits(kem_sokha("free", "2026-11"))  # nobody looks
        async with house.running("run") as process, house.running("chat") as chatting:
            terminal = Terminal(chatting)
            for moderator in (one, two):
                told = await hears_of(moderator, "Draft 1 waits for 2 approvals: Kem Sokha")
                await moderator.presses(told, "Draft 1")
                sheet = await hears_of(moderator, "house arrest → free")
                await moderator.presses(sheet, "Approve")
                await moderator.hears(20)
            assert HEARD in (await both.hears(20)).text
            opened = await hears_of(quiet, "There is news")
            assert "Sokha" not in opened.text
            await quiet.presses(opened, opened.buttons[0][0][0])
            await hears_of(quiet, HEARD)
            assert "កឹម សុខា" in (await khmer.hears(20)).text
            heard = await alice.hears(room)
            assert heard.encrypted
            assert HEARD in heard.body
            await terminal.hears(HEARD)
            for moderator in (one, two):
                await hears_of(moderator, "Broadcast 1 has ended: Kem Sokha")
            await asks(both, "/stop")
            await alice.says(room, "/stop")
            await alice.hears(room)
            house.edits(kem_sokha("abroad", "2026-11-20"))
            await hears_of(one, "Draft 2 waits")
            await asks(one, "/draft 2", "/approve 2")
            await hears_of(two, "Draft 2 waits")
            await asks(two, "/draft 2", "/approve 2")
            await hears_of(quiet, "There is news")
            await terminal.hears("free → abroad")
            await khmer.hears(20)
            await asyncio.sleep(0.5)
            await house.stops(process)
        for someone in (both, quiet, khmer, former):
            await someone.hears_nothing(0)
        assert await alice.hears_nothing(room)
        assert HEARD not in terminal.rest
