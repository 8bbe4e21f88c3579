"""Updates: from an edited file to everybody who asked to hear of it, with the program as it runs for its operator."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.core.broadcast import Kind, Outcome, Policy
from bot.core.messages import Chat
from bot.core.subscription import Pace
from bot.core.text import Text
from bot.delivery.rendering import frozen
from bot.keyfile import KeyFile
from bot.store import Draft, Store
from tests.packs import person, write
from tests.storage import MODERATORS, NOON
from tests.synapse import PASSWORD, Synapse
from tests.synapse import Person as Matrix
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
    log: str = ""

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
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            env={**kept, "PYTHONPATH": str(HOUSE), **settings},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        listening = asyncio.create_task(self._listen(process))
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await listening
            await process.communicate()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        async for line in process.stderr:
            self.log += line.decode()

    async def stops(self, process: asyncio.subprocess.Process) -> None:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0, self.log

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


async def comes_true(check: Callable[[], Any], seconds: float = 30) -> None:
    """Wait for something that another process is about to do."""
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 (what another process does sets no event here)
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


class Followers:
    """Those who want to hear of Kem Sokha: on Telegram, in an encrypted Matrix room, at a terminal."""

    def __init__(self, server: TelegramServer, alice: Matrix, bot: str) -> None:
        self.moderators = (server.user(1), server.user(2))
        self.both, self.quiet, self.khmer, self.former = (server.user(number) for number in range(3, 7))
        self.alice, self.bot, self.room = alice, bot, ""

    async def begin(self, terminal: Terminal) -> None:
        """Everybody says what they want to hear."""
        await terminal.says("/follow kem-sokha")
        await terminal.hears("Kem Sokha")
        self.room = await self.alice.invites(self.bot, direct=True, encrypted=True)
        for moderator in self.moderators:
            await asks(moderator, "/start")
        await asks(self.both, "/subscribe prisoners", "/follow kem-sokha")
        await asks(self.quiet, "/follow kem-sokha", "/set discreet on")
        await asks(self.khmer, "/language km", "/subscribe prisoners")
        await asks(self.former, "/follow kem-sokha", "/stop")
        await self.alice.sees(self.bot, self.room)
        await self.alice.says(self.room, "!follow kem-sokha")
        assert "Kem Sokha" in (await self.alice.hears(self.room)).body

    async def approve(self, number: int) -> None:
        """Both moderators are told, look, and press."""
        for moderator in self.moderators:
            told = await hears_of(moderator, f"Draft {number} waits for 2 approvals: Kem Sokha")
            await moderator.presses(told, f"Draft {number}")
            await moderator.presses(await hears_of(moderator, "→"), "Approve")
            await hears_of(moderator, "Approved")

    async def hear(self, terminal: Terminal) -> None:
        """Everybody who still wants to hears of it."""
        await hears_of(self.both, HEARD)
        await self.open()
        assert "កឹម សុខា" in (await self.khmer.hears(20)).text
        heard = await self.alice.hears(self.room)
        assert heard.encrypted
        assert HEARD in heard.body
        await terminal.hears(HEARD)
        for moderator in self.moderators:
            await hears_of(moderator, "has ended: Kem Sokha")

    async def open(self) -> None:
        """The discreet one is told that there is news, and asks for it."""
        opened = await hears_of(self.quiet, "There is news")
        assert "Sokha" not in opened.text
        await self.quiet.presses(opened, opened.buttons[0][0][0])
        await hears_of(self.quiet, HEARD)

    async def stop(self) -> None:
        """Some have heard enough."""
        await asks(self.both, "/stop")
        await self.alice.says(self.room, "/stop")
        await self.alice.hears(self.room)

    async def hear_no_more(self) -> None:
        """Nobody heard anything twice, or after they stopped."""
        for someone in (self.both, self.quiet, self.khmer, self.former):
            await someone.hears_nothing(0.2)
        assert await self.alice.hears_nothing(self.room)


@pytest.mark.xdist_group("synapse")  # one server, on one worker
async def test_a_change_in_a_file_reaches_all_who_follow_it_once_on_every_platform(
    house: House, server: TelegramServer, synapse: Synapse
) -> None:
    bot = synapse.register()["user_id"]
    house.settings |= {"MODERATORS": "telegram:1, telegram:2", "MATRIX_HOMESERVER": synapse.address}
    house.settings |= {"MATRIX_USER": bot, "MATRIX_PASSWORD": PASSWORD}
    async with synapse.person() as alice:
        everybody = Followers(server, alice, bot)
        async with house.running("run") as process, house.running("chat") as chatting:
            await everybody.begin(Terminal(chatting))
            await house.stops(process)
        house.edits(kem_sokha("free", "2026-11"))  # while nobody looks
        async with house.running("run") as process, house.running("chat") as chatting:
            terminal = Terminal(chatting)
            await everybody.approve(1)
            await everybody.hear(terminal)
            await everybody.stop()
            house.edits(kem_sokha("abroad", "2026-11-20"))
            await everybody.approve(2)
            await everybody.open()
            await everybody.khmer.hears(20)
            await terminal.hears("free → abroad")
            await everybody.hear_no_more()
            await house.stops(process)
        assert HEARD not in terminal.rest


# --- what goes wrong on the way


def people_of(server: TelegramServer, number: int) -> list[Person]:
    """People who have written to the bot before."""
    people = [server.user(each) for each in range(1, number + 1)]
    for each in people:
        each.known = True
    return people


async def subscribed(house: House, people: int, policy: Policy) -> None:
    """So many people on Telegram are subscribed, and an update is approved, while nobody sends it."""
    (house.folder / "data").mkdir(mode=0o700)
    keys = KeyFile(house.folder / "keys").load()
    async with Store(f"sqlite+aiosqlite:///{house.database}") as store:
        for number in range(1, people + 1):
            chat = Chat("telegram", str(number))
            place, address = keys.place(chat), keys.sealed(chat)
            await store.subscribers.subscribe(place, address, "en", ["prisoners"], Pace.NOW, "2026-11")
        draft = Draft("a note", Kind.NOTE, ("prisoners",), words={"en": "A word"}, policy=policy)
        number = await store.broadcasts.compose(draft, NOON)
        options: Any = {"needed": 2, "allowed": MODERATORS, "renderings": {"en": frozen(Text("A word"))}, "at": NOON}
        for name in MODERATORS:
            await store.broadcasts.approve(number, name, "digest", **options)


def outcomes(house: House) -> Counter[str]:
    return Counter(dict(house.rows("SELECT state, count(*) FROM delivery GROUP BY state")))


def ended(house: House) -> bool:
    return house.rows("SELECT state FROM broadcast") == [("ended",)]


async def some(house: House, server: TelegramServer, calls: int) -> None:
    """Wait until so many messages were sent, or all are."""
    await comes_true(lambda: len(server.calls("sendMessage")) >= calls or ended(house))


@pytest.mark.parametrize(("policy", "planned"), [(Policy.RESEND, 4), (Policy.HOLD, 2)])
async def test_however_often_it_is_killed_nobody_is_lost_and_few_hear_twice(
    house: House, server: TelegramServer, policy: Policy, planned: int
) -> None:
    chance, people, kills = random.Random(policy), people_of(server, 150), 0
    await subscribed(house, len(people), policy)
    while not server.calls("sendMessage") or not ended(house):
        async with house.running("run") as process:
            await some(house, server, len(server.calls("sendMessage")) + chance.randint(1, 12))
            if kills < planned:
                await asyncio.sleep(chance.random() / 10)
                process.kill()
                kills += 1
            else:
                await comes_true(lambda: ended(house))
    heard = [len(each.history) for each in people]
    final = outcomes(house)
    assert (kills, final.total(), set(final) <= {Outcome.SENT, Outcome.UNKNOWN}) == (planned, len(people), True)
    if policy is Policy.RESEND:
        assert (min(heard), final[Outcome.SENT]) == (1, len(people))
        assert sum(heard) - len(people) <= FEW * kills
    else:
        assert max(heard) == 1
        assert heard.count(0) <= final[Outcome.UNKNOWN] <= FEW * kills


async def test_a_broken_edit_changes_no_answer_and_moderators_hear_where_it_is_and_when_it_is_mended(
    house: House, server: TelegramServer
) -> None:
    house.settings["MODERATORS"] = "telegram:1"
    moderator, reader = server.user(1), server.user(2)
    async with house.running("run") as process:
        await asks(moderator, "/start")
        house.edits(kem_sokha("jailed", "2026-11"))
        await hears_of(moderator, "prisoners/kem-sokha.yaml:4:1: custody cannot be 'jailed'")
        house.edits(kem_sokha("jaild", "2026-11"))
        await comes_true(lambda: house.log.count("content_broken") == 2)
        assert "House arrest. Last" in (await asks(reader, "/show kem-sokha"))[0]
        house.edits(kem_sokha("house-arrest", "2026-10"))
        await hears_of(moderator, "The content is whole again")
        await moderator.hears_nothing(0.2)
        await house.stops(process)


async def test_a_full_disk_stops_no_answer_and_what_it_held_up_goes_on(house: House, server: TelegramServer) -> None:
    people = people_of(server, 90)
    reader = server.user(500)
    await subscribed(house, len(people), Policy.RESEND)
    async with house.running("run") as process:
        await comes_true(lambda: len(server.calls("sendMessage")) >= 5)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no write goes through
        await asyncio.sleep(1)
        house.edits(kem_sokha("free", "2026-11"))
        await comes_true(lambda: "content_reloaded" in house.log)
        assert "Free. Last" in (await asks(reader, "/show kem-sokha"))[0]
        await comes_true(lambda: "content_not_compared" in house.log)
        assert sum(outcomes(house)[state] for state in ("queued", "sending")) > 0
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await comes_true(lambda: house.rows("SELECT id FROM broadcast WHERE state = 'ended'") == [(1,)])
        await comes_true(lambda: house.rows("SELECT id FROM broadcast WHERE state = 'draft'") == [(2,)])
        await house.stops(process)
    assert outcomes(house) == {Outcome.SENT: len(people)}
    assert [len([each for each in one.history if "A word" in each.text]) for one in people] == [1] * 90
