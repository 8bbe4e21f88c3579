"""Nothing left: every byte that the program writes, files and output at debug level, searched for whoever used it."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.core.messages import Chat
from bot.core.subscription import Pace
from bot.keyfile import KeyFile
from bot.store import Store
from tests.packs import person, write
from tests.program import Program
from tests.synapse import PASSWORD, Synapse
from tests.synapse import Person as Somebody
from tests.telegram_server import TOKEN, Group, Message, Person, TelegramServer
from tests.trace import KHMER, STEM, bare_hashes, bytes_under, chat_id, traces

PEOPLE = 100
THOUSANDS = 2_000
MODERATORS = (1, 2)  # whose ids are kept in plain, as SECURITY.md says
SAID = 20.0  # seconds
HASHED = [str(chat_id(number)) for number in range(5)]


@dataclass
class House:
    """The program with a home of its own; all that it wrote is remembered."""

    program: Program
    wrote: bytearray = field(default_factory=bytearray)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        async with self.program.running("run") as process:
            assert process.stdout
            assert process.stderr
            listening = [asyncio.create_task(self._listen(each)) for each in (process.stdout, process.stderr)]
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), 10) == 0, self.wrote.decode()
            finally:
                if process.returncode is None:
                    process.kill()
                await asyncio.gather(*listening)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while some := await stream.read(65_536):
            self.wrote += some

    @property
    def events(self) -> set[str]:
        """What the log tells of."""
        return {json.loads(line)["event"] for line in bytes(self.wrote).splitlines()}

    @property
    def kept(self) -> bytes:
        """Every byte in its home and its names, the keys left out: temporary files and caches too."""
        return bytes_under(self.program.home, self.program.keys.parent)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.program.data / "pratip.db")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    @property
    def secrets(self) -> list[bytes]:
        """Hashes, sealed addresses and references, in which somebody with the keys reads who subscribed."""
        queries = (
            "SELECT place, chat, address FROM subscriber",
            "SELECT chat FROM preference",
            "SELECT reference FROM delivery WHERE reference IS NOT NULL",
        )
        found = [value for query in queries for row in self.rows(query) for value in row]
        return [value.encode() if isinstance(value, str) else value for value in found]

    def without_tombstones(self) -> bytes:
        """The same; who left stands in the tombstones by hash, so that no backup brings them back."""
        return bytes_under(self.program.home, self.program.keys.parent, self.program.data / "tombstones")


def house(folder: Path, **settings: str) -> House:
    """Everything a run may write to is under one folder, and it says all that it can say."""
    content = write(
        folder / "pack",
        {
            "topics.yaml": "[{id: prisoners, name: Prisoners, aliases: [prisoners]}]",
            "prisoners/kem-sokha.yaml": person("Kem Sokha"),
        },
        "en",
        "km",
    )
    home = folder / "home"
    (home / "tmp").mkdir(parents=True)
    said = {"CONTENT": str(content), "LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json", **settings}
    return House(Program(home, said))


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.longest_poll = 0.2
        yield running


class Crowd:
    """Two hundred people and a few groups, each of them marked in all that Telegram tells of them."""

    def __init__(self, server: TelegramServer) -> None:
        self.server = server
        self.moderators = [server.user(number) for number in MODERATORS]
        self.people = [
            server.user(chat_id(n), name=f"{STEM} {KHMER} {n}", username=f"{STEM}_{n}") for n in range(PEOPLE)
        ]
        self.groups = [
            server.group(-chat_id(1_000 + n), title=f"{STEM} {n}", username=f"{STEM}group{n}") for n in range(5)
        ]

    async def asks(self) -> None:
        """All of them do what one does with the bot, and some of it is odd."""
        await asyncio.gather(
            *(self._asks(n, each) for n, each in enumerate(self.people)), *map(self._meets, self.groups)
        )

    async def _asks(self, n: int, one: Person) -> None:
        odd = (
            f"/start {STEM}_{n}",
            f"who is {STEM} {KHMER}?",
            f"/prisoners {STEM}",
            f"/{STEM} {KHMER}",
            f"/compose prisoners\n{STEM}",
            f"/approve 1 {STEM}",
            f"/settings quiet {STEM}",
            f"/language {STEM}",
        )
        await heard(one, odd[n % len(odd)])
        await heard(one, "/subscribe prisoners" if n % 3 else "/follow kem-sokha")
        if n % 4 == 0:
            answer = await heard(one, "/settings quiet 22 7" if n % 8 else "/language km")
            await (await one.presses(answer, data=f"set {STEM}_{n}")).answered(SAID)
            await one.hears(SAID)

    async def _meets(self, group: Group) -> None:
        await group.appoints(self.people[0])
        await group.joins(self.people[1])
        await group.says(self.people[0], "/subscribe@PratipTestBot prisoners")
        await group.hears(SAID)
        await group.says(self.people[1], f"/show@PratipTestBot {STEM}")
        await group.hears(SAID)

    async def is_misunderstood(self) -> None:
        """Updates that are malformed, and answers of Telegram's that quote what we sent."""
        one, two, *others = self.people
        quoted = f'Bad Request: cannot send "{STEM} {KHMER}" to {one.id}'
        faults: list[dict[str, Any]] = [
            {"status": 400, "description": quoted},
            {"status": 403, "description": f"Forbidden: {STEM} {one.id}"},
            {"status": 500, "description": f"Internal Server Error: {quoted}"},
            {"status": 429, "retry_after": 1, "description": quoted},
            {"status": 502, "garbage": f"<html>{STEM} {one.id} {TOKEN}</html>".encode()},
            {"garbage": json.dumps({"ok": True, "result": {STEM: one.id}}).encode()},
            {"drop": True},
            {"migrate_to": -chat_id(2_000)},
        ]
        self.server.push({"message": {"chat": one.user, "text": f"{STEM} {KHMER}", "from": one.id}})
        self.server.push({"message": f"{STEM} {one.id}"})
        self.server.push({"callback_query": {"id": "1", "from": one.user, "data": STEM}})
        await one.sends_photo(f"{STEM} caption")
        await one.hears(SAID)
        for other, fault in zip(others, faults, strict=False):
            self.server.fail("sendMessage", chat=other.id, **fault)
            await other.says(f"/laws {STEM}")
        await heard(two, f"/laws {STEM}")
        self.server.fail("getUpdates", status=500, description=quoted)
        self.server.fail("answerCallbackQuery", status=400, description=quoted)
        await two.presses(two.history[-1], data=STEM)
        await two.hears(SAID)
        await self.server.called("answerCallbackQuery", len(range(0, PEOPLE, 4)) + 1, within=SAID)
        self.server.heal()

    async def is_told(self) -> None:
        """Both moderators approve a note, and everybody gets it but those who left."""
        one, two = self.moderators
        await self.people[-1].blocks()
        await heard(two, "/start")
        await heard(one, "/compose prisoners\nA word to all")
        for moderator in self.moderators:
            sheet = await self._sheet(moderator)
            await moderator.presses(sheet, "Approve")
            await hears(moderator, "Approved")
        await asyncio.gather(*(hears(each, "A word to all") for n, each in enumerate(self.people[:-1]) if n % 3))

    async def _sheet(self, moderator: Person) -> Message:
        await moderator.says("/draft 1")
        return await hears(moderator, "Below is what")

    async def meets_a_full_disk(self, process: asyncio.subprocess.Process) -> None:
        """A database's errors quote what was to be written."""
        one = self.people[1]
        await heard(one, "/about")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        await heard(one, "/language en")
        await heard(one, f"/{STEM}")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def forgets(self) -> None:
        """All of them, and their groups."""
        await asyncio.gather(*(heard(each, "/forget") for each in self.people[:-1]))
        await self.people[-1].unblocks()
        await heard(self.people[-1], "/forget")
        for group in self.groups:
            await group.says(self.people[0], "/forget@PratipTestBot")
            await hears(group, "erased")


async def heard(one: Person, words: str) -> Message:
    """The answer to what somebody says."""
    await one.says(words)
    return await one.hears(SAID)


async def hears(one: Person | Group, words: str) -> Message:
    """The next message that says this."""
    while words not in (message := await one.hears(SAID)).text:
        pass
    return message


async def test_of_hundreds_on_telegram_nothing_is_left(server: TelegramServer, tmp_path: Path) -> None:
    settings = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "TELEGRAM_RATE": "1000"}
    home, crowd = house(tmp_path, MODERATORS="telegram:1 telegram:2", **settings), Crowd(server)
    async with home.running():
        await crowd.asks()
        await crowd.is_misunderstood()
        await crowd.is_told()
        assert found(home, TOKEN) == []
    assert found(home, TOKEN) == []
    secrets = home.secrets
    assert len(secrets) > 3 * PEOPLE
    async with home.running() as process:
        await crowd.meets_a_full_disk(process)
        await crowd.forgets()
        assert found(home, TOKEN) == []
    assert found(home, TOKEN) == []
    assert [each for each in secrets if each in home.without_tombstones() or each in home.wrote] == []
    assert home.events >= {"skipped", "reply_lost", "unavailable", "handler_failed", "broadcast_ended"}


async def test_among_thousands_of_subscribers_nobody_is_named_and_of_those_who_left_nothing_is_left(
    tmp_path: Path,
) -> None:
    home = house(tmp_path)
    home.program.data.mkdir(mode=0o700, parents=True)
    keys = KeyFile(home.program.keys).load()
    chats = [Chat("telegram", str(chat_id(number)), STEM * (number % 3)) for number in range(THOUSANDS)]
    async with Store(f"sqlite+aiosqlite:///{home.program.data / 'pratip.db'}") as store:
        for chat in chats:
            place, address = keys.place(chat), keys.sealed(chat)
            await store.subscribers.subscribe(place, address, "en", ["prisoners"], Pace.NOW, "2026-11")
        assert found(home) == []
        secrets = home.secrets
        for chat in chats[::20]:
            await store.subscribers.forget(keys.place(chat))
        gone = set(secrets) - set(home.secrets)
        assert (len(set(secrets)), len(gone)) == (3 * THOUSANDS, 3 * THOUSANDS // 20)
        assert found(home) == []
        assert [each for each in gone if each in home.without_tombstones()] == []


@pytest.mark.xdist_group("synapse")  # one server, on one worker
async def test_of_an_encrypted_room_on_matrix_nothing_is_left(synapse: Synapse, tmp_path: Path) -> None:
    bot = synapse.register()["user_id"]
    settings = {"MATRIX_HOMESERVER": synapse.address, "MATRIX_USER": bot, "MATRIX_PASSWORD": PASSWORD}
    home = house(tmp_path, **settings)
    async with synapse.person(f"{STEM}-alice") as alice, synapse.person(f"{STEM}-bob") as bob:
        people = {each: await named(each, bot) for each in (alice, bob)}
        known = (*people.values(), *(value for each in people for value in devices(each)))
        async with home.running():
            for each, room in people.items():
                await each.sees(bot, room)
                await asks(each, room, "!subscribe prisoners", f"!prisoners {STEM}", f"who is {STEM} {KHMER}?", "1")
                await each.sends_image(room)
                assert (await each.hears(room)).encrypted
            assert found(home, *known) == []
        assert found(home, *known) == []
        secrets = home.secrets
        assert len(secrets) == 6
        async with home.running():
            for each, room in people.items():
                await each.says(room, "!forget")
                await each.hears(room)
                await each.sees_nobody(room)
        assert found(home, *known) == []
        assert [each for each in secrets if each in home.without_tombstones() or each in home.wrote] == []


async def named(one: Somebody, bot: str) -> str:
    """An encrypted room with the bot, whose name and topic say a lot, and so does the person's own name."""
    await one.client.set_displayname(f"{STEM} {KHMER}")
    return await one.creates(bot, direct=True, encrypted=True, name=f"{STEM} {KHMER}", topic=STEM)


def devices(one: Somebody) -> tuple[str, ...]:
    """What their device is known by."""
    keys: Any = one.client.olm.account.identity_keys  # type: ignore[union-attr] # they can encrypt
    return one.client.device_id or "", keys["ed25519"], keys["curve25519"]


async def asks(one: Somebody, room: str, *words: str) -> None:
    """Say each, and hear the answer."""
    for each in words:
        await one.says(room, each)
        assert (await one.hears(room)).encrypted


def found(home: House, *more: str) -> list[str]:
    """Who can be read, in what is kept and in what was said."""
    return [
        each for some in (home.kept, bytes(home.wrote)) for each in (*traces(some, *more), *bare_hashes(some, HASHED))
    ]
