"""Matrix against a real Synapse: encrypted rooms, restarts, invitations, limits."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from aiohttp import ClientSession, web
from nio.events import Event, MegolmEvent, RoomMessageText, RoomUpgradeEvent
from nio.responses import KeysClaimResponse, KeysQueryResponse
from yarl import URL

from bot.clock import Clock
from bot.core.messages import Chat, Document, Mishap, Reply, Request
from bot.core.text import Mark, Style, Text, parse
from bot.platforms import Envelope, Gone, Moved, Past, Push, Rejected, Unavailable
from bot.platforms.matrix import Matrix, invitations
from bot.platforms.matrix.memory import Memory
from bot.platforms.matrix.reading import understand
from bot.platforms.matrix.render import content, render
from bot.privacy import Keys, SealBroken
from tests.synapse import PASSWORD, Person, Synapse

pytestmark = pytest.mark.xdist_group("synapse")  # one server, on one worker


class Lantern:
    """The bot as the app drives it: it polls, keeps the cursor and answers."""

    def __init__(self, matrix: Matrix, cursor: str | None = None) -> None:
        self.matrix = matrix
        self.cursor = cursor
        self.waiting: list[Envelope] = []
        self.skipped: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self.matrix.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.matrix.__aexit__(kind, problem, trace)

    @property
    def id(self) -> str:
        return self.matrix.me

    @property
    def client(self) -> Any:
        return self.matrix._client

    async def polls(self) -> list[Envelope]:
        batch = await self.matrix.poll(self.cursor)
        self.cursor = batch.cursor
        self.skipped.update(batch.skipped)
        return list(batch.envelopes)

    async def hears(self) -> Envelope:
        async with asyncio.timeout(20):
            while not self.waiting:
                self.waiting += await self.polls()
        return self.waiting.pop(0)

    async def answers(self, envelope: Envelope, words: Text | str) -> str:
        text = words if isinstance(words, Text) else Text(words)
        return await self.matrix.send(envelope.request.chat, Reply(text), key=f"answer to {envelope.key}")


class Gate:
    """Stands before the homeserver: passes everything on, but for paths that it was told to spoil."""

    def __init__(self, synapse: Synapse) -> None:
        self._synapse = synapse
        self.spoilt: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.address = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Gate]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        async with ClientSession() as self._session:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        for part, spoil in self.spoilt.items():
            if part in request.path:
                return await spoil(request)
        return await self.forward(request)

    async def forward(self, request: web.Request) -> web.StreamResponse:
        url = URL(self._synapse.address + request.raw_path, encoded=True)
        headers = {name: request.headers[name] for name in ("Authorization",) if name in request.headers}
        async with self._session.request(request.method, url, data=await request.read(), headers=headers) as answer:
            body = await answer.read()
        return web.Response(status=answer.status, body=body, content_type="application/json")

    async def lose(self, request: web.Request) -> web.StreamResponse:
        """The homeserver has it, but the answer is lost."""
        await self.forward(request)
        assert request.transport
        request.transport.close()
        return web.Response()


def says(status: int, text: str = "", **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def spoil(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return spoil


class Ahead(Clock):
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


OVERLAP = "<strong>a<em>bc</em></strong><em>d</em>"
Light = Callable[..., Lantern]


@pytest.fixture
def light(synapse: Synapse, tmp_path: Path) -> Light:
    """Makes the bot; called again, it is the same one after a restart."""
    user = synapse.register()["user_id"]
    keys = Keys.generate()

    def make(
        cursor: str | None = None, *, password: str = PASSWORD, address: str = synapse.address, **options: Any
    ) -> Lantern:
        settings: dict[str, Any] = {"folder": tmp_path / "matrix", "keys": keys, **options}
        return Lantern(Matrix(address, user, password, **settings), cursor)

    return make


async def meet(person: Person, lantern: Lantern, *, encrypted: bool = True) -> str:
    """A direct room of the two."""
    if lantern.cursor is None:
        await lantern.polls()
    room = await person.invites(lantern.id, direct=True, encrypted=encrypted)
    await until_joined(lantern, room)
    await person.sees(lantern.id, room)
    return room


async def until_joined(lantern: Lantern, room: str) -> None:
    async with asyncio.timeout(20):
        while room not in lantern.client.rooms:
            lantern.waiting += await lantern.polls()


@asynccontextmanager
async def group(
    synapse: Synapse, light: Light, *, encrypted: bool = False
) -> AsyncIterator[tuple[Person, Person, Lantern, str]]:
    """A room that may invite us, with two people in it."""
    async with synapse.person() as alice, synapse.person() as bob:
        room = await alice.creates(bob.id, encrypted=encrypted)
        await bob.joins(room)
        async with light(rooms=[room]) as bot:
            await bot.polls()
            await alice.invites_to(room, bot.id)
            await until_joined(bot, room)
            await alice.sees(bot.id, room)
            await bob.sees(bot.id, room)
            yield alice, bob, bot, room


async def until_left(lantern: Lantern, room: str) -> None:
    """The poll that leaves has nothing to wait for: it is cut short, as a shutdown would."""
    async with asyncio.timeout(20):
        while room in lantern.client.rooms:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    lantern.waiting += await lantern.polls()


# Conversations


async def test_an_encrypted_question_is_answered_encrypted(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        event_id = await alice.says(room, "!prisoners kem  sokha")
        envelope = await bot.hears()
        assert envelope == Envelope(Request(Chat("matrix", room), "prisoners", "kem sokha"), event_id, sender=alice.id)
        await bot.answers(envelope, parse("*កឹម សុខា*, see /about"))
        message = await alice.hears(room)
        assert message.encrypted
        assert (message.body, message.html) == (
            "កឹម សុខា, see !about",
            "<strong>កឹម សុខា</strong>, see <code>!about</code>",
        )


async def test_a_plain_room_is_answered_plain(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot, encrypted=False)
        await alice.says(room, "what is freedom?")
        envelope = await bot.hears()
        assert (envelope.request.command, envelope.request.argument) == ("", "what is freedom?")
        await bot.answers(envelope, "an answer")
        message = await alice.hears(room)
        assert (message.body, message.html, message.encrypted) == ("an answer", "", False)


@pytest.mark.parametrize("encrypted", [True, False])
async def test_a_file_comes_as_one_and_in_an_encrypted_room_the_homeserver_cannot_read_it(
    synapse: Synapse, light: Light, *, encrypted: bool
) -> None:
    document = Document("csv", "pack.zip", "application/zip", b"PK all of it" * 100_000)
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot, encrypted=encrypted)
        event_id = await alice.says(room, "/export csv")
        chat = Chat("matrix", room, event_id)
        for _ in range(2):  # the same key again is the same message
            await bot.matrix.send(chat, Reply(Text("pack.zip"), document=document), key="1")
        heard = await alice.hears(room)
        assert (heard.body, heard.encrypted, heard.thread) == ("pack.zip", encrypted, event_id)
        assert heard.content["info"] == {"mimetype": "application/zip", "size": len(document.data)}
        held, read = await alice.fetches(heard.content)
        assert read == document.data
        assert (held == document.data) is not encrypted
        assert await alice.hears_nothing(room)


async def test_commands_are_read_with_either_sign_and_free_text_without(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        for words in ("/laws", "!LAWS", "laws"):
            await alice.says(room, words)
        heard = [(await bot.hears()).request.line for _ in range(3)]
        assert heard == ["laws", "laws", "laws"]


async def test_what_is_not_a_question_is_passed_over_and_counted(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        first = await alice.says(room, "one")
        await alice.says(room, "I am a bot too", msgtype="m.notice")
        await alice.edits(room, first, "two")
        await bot.answers(await bot.hears(), "an answer")
        await alice.says(room, "three")
        assert (await bot.hears()).request.argument == "three"
        assert {"notice", "edit", "own"} <= bot.skipped.keys()


async def test_a_photo_is_unreadable_in_private_and_nobodys_business_in_a_group(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light) as (alice, _, bot, room):
        await alice.sends_image(room)
        private = await meet(alice, bot)
        await alice.sends_image(private)
        envelope = await bot.hears()
        assert envelope.request == Request(Chat("matrix", private), "", mishap=Mishap.UNREADABLE)


async def test_an_answer_stays_in_its_thread(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        root = await alice.says(room, "what about land?")
        await bot.hears()
        await alice.says(room, "!laws", thread=root)
        envelope = await bot.hears()
        assert envelope.request.chat.thread == root
        await bot.answers(envelope, "a law")
        assert (await alice.hears(room)).thread == root


async def test_a_reply_in_private_names_the_message_it_answers(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        question = await alice.says(room, "hello")
        ours = await bot.answers(await bot.hears(), "1. one\n2. two")
        quoted = f"> <{bot.id}> 1. one\n> 2. two\n\n2"
        await alice.says(room, quoted, reply_to=ours)
        await alice.says(room, "3", reply_to=question)
        first, second = await bot.hears(), await bot.hears()
        assert (first.request.argument, first.refers) == ("2", ours)
        assert (second.request.argument, second.refers) == ("3", "")


# Groups


async def test_in_a_group_only_commands_and_answers_to_us_are_read(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light) as (alice, bob, bot, room):
        hello = await alice.says(room, "Nobody asked the lantern")
        await bob.says(room, "indeed", reply_to=hello)
        await bob.says(room, "!prisoners")
        envelope = await bot.hears()
        assert envelope.request.command == "prisoners"
        assert not envelope.request.chat.private
        ours = await bot.answers(envelope, "1. one")
        await alice.says(room, "1", reply_to=ours)
        answer = await bot.hears()
        assert (answer.request.command, answer.request.argument, answer.refers) == ("", "1", ours)
        assert bot.skipped["group_talk"] == 2


async def test_a_group_is_still_a_group_after_a_restart(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light) as (alice, _, bot, room):
        await bot.matrix.__aexit__(None, None, None)
        await alice.says(room, "Nobody asked the lantern")
        await alice.says(room, "!laws")
        async with light(bot.cursor) as again:
            envelope = await again.hears()
            assert (envelope.request.command, envelope.request.chat.private) == ("laws", False)


async def test_a_command_for_another_bot_is_left_to_it(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light) as (alice, _, bot, room):
        await alice.says(room, "!help@somebody")
        await alice.says(room, f"!help@{bot.id[1:].partition(':')[0]}")
        assert (await bot.hears()).request.addressed
        assert bot.skipped["group_talk"] == 1


async def test_an_encrypted_group_is_answered_to_all_members(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light, encrypted=True) as (alice, bob, bot, room):
        await alice.says(room, "!laws")
        await bot.answers(await bot.hears(), "a law")
        for person in (alice, bob):
            message = await person.hears(room)
            while message.body != "a law":
                message = await person.hears(room)
            assert message.encrypted


async def test_one_who_left_gets_no_further_key(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light, encrypted=True) as (alice, bob, bot, room):
        await alice.says(room, "!laws")
        envelope = await bot.hears()
        await bot.answers(envelope, "for both")
        before = bot.client.olm.outbound_group_sessions[room].id
        await bob.leaves(room)
        await alice.says(room, "!help")
        await bot.answers(await bot.hears(), "for one")
        session = bot.client.olm.outbound_group_sessions[room]
        assert session.id != before
        assert bob.id not in {user for user, _ in session.users_shared_with}


# Reactions


async def test_a_reaction_in_a_plain_room_is_typed_for_the_reader(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot, encrypted=False)
        question = await alice.says(room, "!laws")
        ours = await bot.answers(await bot.hears(), "1. one")
        await alice.reacts(room, question, "👍")
        for sign in ("2️⃣", "➡️", "◀"):
            await alice.reacts(room, ours, sign)
        heard = [await bot.hears() for _ in range(3)]
        assert [envelope.request.argument for envelope in heard] == ["2", "next", "previous"]
        assert {envelope.refers for envelope in heard} == {ours}
        assert bot.skipped["reaction"] == 1


async def test_a_reaction_in_an_encrypted_room_is_not_read(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.says(room, "!laws")
        ours = await bot.answers(await bot.hears(), "1. one")
        await alice.reacts(room, ours, "2")
        await alice.says(room, "!help")
        assert (await bot.hears()).request.command == "help"
        assert bot.skipped["reaction"] == 1


# Restarts


async def test_what_was_asked_while_the_bot_was_down_is_answered_once(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice:
        async with light() as bot:
            room = await meet(alice, bot)
            await alice.says(room, "before")
            await bot.hears()
            device = bot.client.device_id
        asked = [await alice.says(room, f"question {number}") for number in range(3)]
        async with light(bot.cursor, password="wrong by now") as again:
            envelopes = [await again.hears() for _ in asked]
            assert [envelope.key for envelope in envelopes] == asked
            assert again.client.device_id == device
            await again.answers(envelopes[0], "here I am")
            assert (await alice.hears(room)).encrypted
            await alice.says(room, "after")
            assert (await again.hears()).request.argument == "after"


async def test_more_than_one_page_asked_while_down_is_all_answered(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice:
        async with light() as bot:
            room = await meet(alice, bot)
        asked = [await alice.says(room, f"question {number}") for number in range(40)]
        async with light(bot.cursor) as again:
            heard = [(await again.hears()).key for _ in asked]
        assert heard == asked


async def test_a_crash_before_the_cursor_was_saved_repeats_rather_than_loses(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice:
        async with light() as bot:
            room = await meet(alice, bot)
            saved = bot.cursor
            await alice.says(room, "the question")
            first = await bot.hears()
            ours = await bot.answers(first, "the answer")
        async with light(saved) as again:
            second = await again.hears()
            assert second == first
            assert await again.answers(second, "the answer") == ours
            await alice.says(room, "another")
            assert (await again.hears()).request.argument == "another"


async def test_the_very_first_run_answers_nothing_old(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice:
        async with light() as bot:
            room = await meet(alice, bot)
        await alice.says(room, "old")
        async with light(None) as again:
            await again.polls()
            await alice.says(room, "new")
            assert (await again.hears()).request.argument == "new"
            assert again.skipped["old"]


async def test_what_was_said_between_invitation_and_arrival_is_answered(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        await bot.polls()
        room = await alice.creates(encrypted=False, direct=True)
        await alice.says(room, "a note to myself")
        await alice.invites_to(room, bot.id, direct=True)
        await alice.says(room, "are you there?")
        assert (await bot.hears()).request.argument == "are you there?"


async def test_the_same_key_sent_again_is_one_message(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        envelope = await bot.hears()
        first = await bot.answers(envelope, "once")
        assert await bot.answers(envelope, "once") == first
        await alice.hears(room)
        assert await alice.hears_nothing(room)


async def test_the_homeserver_may_restart_in_the_middle(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        envelope = await bot.hears()
        synapse.stop()
        with pytest.raises(Unavailable):
            await bot.polls()
        with pytest.raises(Unavailable):
            await bot.answers(envelope, "hello to you")
        synapse.start()
        await bot.answers(envelope, "hello to you")
        assert (await alice.hears(room)).body == "hello to you"
        await alice.says(room, "again")
        assert (await bot.hears()).request.argument == "again"


# Sessions


async def test_a_token_that_died_is_replaced_on_the_same_device(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        device, token = bot.client.device_id, bot.client.access_token
        synapse.call("POST", "/_matrix/client/v3/logout", {}, token)
        await bot.polls()
        assert (bot.client.device_id, bot.client.access_token == token) == (device, False)
        async with synapse.person() as bob:
            other = await meet(bob, bot)
            await bob.says(other, "can you read me?")
            await bot.answers(await bot.hears(), "yes")
            assert (await bob.hears(other)).encrypted
        assert await alice.hears_nothing(room)


async def test_a_wrong_password_says_so_and_can_be_mended(light: Light) -> None:
    async with light(password="wrong") as bot:
        with pytest.raises(Unavailable, match="refuses the user name or the password"):
            await bot.polls()
        with pytest.raises(Unavailable):
            await bot.matrix.send(Chat("matrix", "!room:home.test"), Reply(Text("hello")), key="1")
    async with light() as bot:
        await bot.polls()


async def test_nothing_in_the_folder_can_be_read_without_the_keys(
    synapse: Synapse, light: Light, tmp_path: Path
) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.says(room, "something that can send me to prison")
        await bot.answers(await bot.hears(), "an answer")
        marks = [alice.id, bot.id, room, "home.test", "prison", bot.client.device_id, bot.client.access_token]
        marks += [alice.client.device_id, alice.id[1:].partition(":")[0], "SQLite format", "curve25519"]
        files = list((tmp_path / "matrix").iterdir())
        raw = b"".join(file.read_bytes() for file in files)
        names = " ".join(file.name for file in files)
        assert len(files) >= 2
        assert [mark for mark in marks if mark.encode() in raw or mark in names] == []
        assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    with pytest.raises(SealBroken):
        async with light(keys=Keys.generate()):
            pass
    (tmp_path / "matrix" / "matrix.session").unlink()
    with pytest.raises(SealBroken):
        async with light(keys=Keys.generate()) as stranger:
            await stranger.polls()


async def test_nothing_is_logged_about_anybody(
    synapse: Synapse, light: Light, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with synapse.person("somebody-known") as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.sends(room, "m.room.message", {"msgtype": "m.text", "body": {"not": "words-of-hers"}})
        await alice.says(room, "the words")
        await bot.hears()
        assert bot.skipped["malformed"] == 1
        ours = [r.getMessage() for r in caplog.records if r.name.partition(".")[0] not in ("aiohttp", "asyncio")]
        assert [line for line in ours if "somebody" in line or "words" in line or room in line] == []


# Keys


async def test_a_message_without_its_key_is_told_once_and_read_when_the_key_comes(
    synapse: Synapse, light: Light
) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.sync()
        device = alice.client.device_store[bot.id][bot.client.device_id]
        alice.client.blacklist_device(device)
        first = await alice.says(room, "one")
        await alice.says(room, "two")
        told = await bot.hears()
        told_so = Request(Chat("matrix", room), "", mishap=Mishap.UNDECRYPTABLE)
        assert told == Envelope(told_so, first, sender=alice.id)
        await alice.says(room, "three")
        await alice.forwards_key(room, device)
        assert sorted([(await bot.hears()).request.argument for _ in range(3)]) == ["one", "three", "two"]
        assert bot.client.olm.outgoing_key_requests == {}


async def test_hostile_keys_and_messages_stop_nobody(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as mallory, synapse.person() as alice, light() as bot:
        room = await meet(mallory, bot)
        await mallory.says(room, "hello")
        await bot.hears()
        # The words inside are encrypted, so no server and no schema of nio's has looked at them.
        bomb = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": "x"}, "unsigned": 5}
        olm: Any = mallory.client.olm
        sealed = olm.group_encrypt(room, bomb)
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.encrypted/1"
        synapse.call("PUT", path, sealed, mallory.client.access_token)
        spy = {"type": "m.room.member", "state_key": "@spy:home.test", "content": {"membership": "join"}}
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.encrypted/2"
        synapse.call("PUT", path, olm.group_encrypt(room, spy), mallory.client.access_token)
        machine = bot.client.olm
        asked: dict[str, Any] = {"device_keys": {alice.id: []}}
        answer = synapse.call("POST", "/_matrix/client/v3/keys/query", asked, bot.client.access_token)
        good = answer["device_keys"][alice.id][alice.client.device_id]
        bad = {**good, "user_id": mallory.id, "device_id": "JUNK", "keys": {"ed25519:JUNK": "junk"}}
        query = KeysQueryResponse({mallory.id: {"JUNK": bad}, alice.id: {alice.client.device_id: good}}, {})
        machine.handle_response(query)
        assert list(machine.device_store.devices(alice.id)) == [alice.client.device_id]
        claim = {alice.id: {alice.client.device_id: {"signed_curve25519:A": {"key": "junk", "signatures": {}}}}}
        machine.handle_response(KeysClaimResponse(claim, {}))
        await mallory.says(room, "still there?")
        assert (await bot.hears()).request.argument == "still there?"
        assert set(bot.client.rooms[room].users) == {bot.id, mallory.id}


def relating(relation: Any) -> str:
    content = {"msgtype": "m.text", "body": "x", "m.relates_to": relation}
    return json.dumps({"type": "m.room.message", "content": content})


NONSENSE = [
    "",
    "5",
    "null",
    "[]",
    '"x"',
    "NaN",
    "[" * 100_000,
    '{"a":' * 100_000,
    "1" * 5_000,
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "{}",
    '{"type": 5, "content": {}}',
    '{"type": "m.room.message"}',
    '{"type": "m.room.message", "content": null}',
    '{"type": "m.room.message", "content": []}',
    '{"type": "m.room.message", "content": {"msgtype": [], "body": {}}}',
    '{"type": "m.room.message", "content": {"msgtype": "m.text", "body": "x"}, "unsigned": 5}',
    '{"type": "m.room.message", "content": {"msgtype": "m.image", "file": 5}}',
    '{"type": "m.reaction", "content": {"m.relates_to": 5}}',
    '{"type": "m.sticker", "content": {"url": 5}}',
    '{"type": "m.room.member", "content": {}, "state_key": 5}',
    '{"type": "m.room.encrypted", "content": {"algorithm": 5}}',
    '{"type": "m.room.redaction", "content": {}, "redacts": []}',
    relating(5),
    relating([]),
    relating({"rel_type": {}}),
]


async def test_whatever_is_inside_an_encrypted_message_is_read_or_passed_over(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as mallory, light() as bot:
        room = await meet(mallory, bot)
        await mallory.says(room, "hello")
        await bot.hears()
        olm: Any = mallory.client.olm
        session, read = olm.outbound_group_sessions[room], []
        for number, words in enumerate(NONSENSE):
            sealed = {**olm.group_encrypt(room, {}), "ciphertext": session.encrypt(words)}
            source = {"type": "m.room.encrypted", "sender": mallory.id, "origin_server_ts": number, "content": sealed}
            event = MegolmEvent.from_dict({**source, "event_id": f"${number}", "room_id": room})
            assert isinstance(event, MegolmEvent)
            event.room_id = room
            opened = bot.client.machine.open(event)
            if opened:
                read.append(understand(opened, room, bot.id, private=True, encrypted=True))
        assert "x" in {each.request.argument for each in read if isinstance(each, Envelope)}


async def test_those_who_come_after_all_one_time_keys_were_taken_are_read_too(synapse: Synapse, light: Light) -> None:
    async with light() as bot:
        await bot.polls()
        device = bot.client.device_id
    async with synapse.person() as alice:
        claim = {"one_time_keys": {bot.id: {device: "signed_curve25519"}}}
        while synapse.call("POST", "/_matrix/client/v3/keys/claim", claim, alice.client.access_token)["one_time_keys"]:
            pass
        async with light(bot.cursor) as again:
            await again.polls()
            room = await meet(alice, again)
            await alice.says(room, "is a key left for me?")
            assert (await again.hears()).request.argument == "is a key left for me?"


async def test_a_device_without_one_time_keys_gets_the_next_key(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        await bot.polls()
        claim = {"one_time_keys": {alice.id: {alice.client.device_id: "signed_curve25519"}}}
        while synapse.call("POST", "/_matrix/client/v3/keys/claim", claim, bot.client.access_token)["one_time_keys"]:
            pass
        room = await meet(alice, bot)
        first = await bot.matrix.send(Chat("matrix", room), Reply(Text("one")), key="1")
        await alice.sync()
        assert alice.closed == [first]
        alice.closed.clear()
        alice.client.olm.uploaded_key_count = 0  # type: ignore[union-attr]
        await alice.sync()
        await bot.matrix.send(Chat("matrix", room), Reply(Text("two")), key="2")
        assert (await alice.hears(room)).body == "two"


async def test_keys_of_rooms_not_used_for_a_week_are_erased(synapse: Synapse, light: Light) -> None:
    clock = Ahead()
    async with synapse.person() as alice, light(clock=clock) as bot:
        room = await meet(alice, bot)
        question = await alice.says(room, "hello")
        await bot.hears()
        for days, kept in ((7, 1), (1, 0)):
            clock.seconds += days * 86_400
            await alice.reacts(room, question, f"{days}")  # whatever comes: a poll looks at the day
            await bot.polls()
            assert len(list(bot.client.olm.inbound_group_store)) == kept


# Invitations


async def test_an_invitation_that_is_neither_direct_nor_allowed_is_declined(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        await bot.polls()
        refused = await alice.invites(bot.id, direct=False)
        await meet(alice, bot)
        assert refused not in bot.client.rooms
        await alice.sync()
        assert bot.id not in alice.client.rooms[refused].users


async def test_a_group_is_joined_where_its_alias_is_allowed(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light(rooms=["#lanterns:home.test", "#none:home.test"]) as bot:
        await bot.polls()
        room = await alice.invites(bot.id, direct=False, encrypted=False, alias="lanterns")
        await until_joined(bot, room)


async def test_a_direct_room_that_is_a_crowd_is_left(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, synapse.person() as bob, light() as bot:
        await bot.polls()
        room = await alice.creates(bob.id, encrypted=False)
        await bob.joins(room)
        await alice.invites_to(room, bot.id, direct=True)
        await until_joined(bot, room)
        await until_left(bot, room)


async def test_a_room_where_nobody_is_left_is_forgotten(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        envelope = await bot.hears()
        await alice.leaves(room)
        await until_left(bot, room)
        with pytest.raises(Gone):
            await bot.answers(envelope, "too late")
        machine = bot.client.olm
        assert list(machine.inbound_group_store) == []
        assert list(machine.store.load_inbound_group_sessions()) == []
        assert [device.user_id for device in machine.store.load_device_keys() if device.user_id == alice.id] == []


async def test_a_room_that_threw_us_out_refuses(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light) as (alice, _, bot, room):
        await alice.says(room, "!help")
        envelope = await bot.hears()
        await alice.client.room_kick(room, bot.id)
        with pytest.raises(Gone):
            await bot.answers(envelope, "too late")
        await until_left(bot, room)


async def test_a_limit_on_joining_holds_up_nothing_else(synapse: Synapse, light: Light) -> None:
    clock = Ahead()
    async with (
        Gate(synapse).open() as gate,
        synapse.person() as alice,
        synapse.person() as bob,
        light(address=gate.address, clock=clock) as bot,
    ):
        room = await meet(alice, bot)
        gate.spoilt["/join/"] = says(429, Retry_After="30")
        other = await bob.invites(bot.id)
        for question in ("one", "two", "three"):
            await alice.says(room, question)
            assert (await bot.hears()).request.argument == question
        gate.spoilt.clear()
        await alice.says(room, "four")
        assert (await bot.hears()).request.argument == "four"
        assert other not in bot.client.rooms
        clock.seconds += 30
        await until_joined(bot, other)


async def test_a_room_that_is_slow_to_join_is_given_up(
    synapse: Synapse, light: Light, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with Gate(synapse).open() as gate, synapse.person() as alice, light(address=gate.address) as bot:
        room = await meet(alice, bot)
        monkeypatch.setattr(invitations, "WORK_SECONDS", 0.1)
        gate.spoilt["/join/"] = sleep
        await alice.invites(bot.id)
        await bot.polls()
        await alice.says(room, "still there?")
        assert (await bot.hears()).request.argument == "still there?"


async def test_many_invitations_do_not_delay_a_question(
    synapse: Synapse, light: Light, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "PER_POLL", 2)
    monkeypatch.setattr(invitations, "PER_SERVER_A_MINUTE", 3)
    clock = Ahead()
    async with synapse.person() as alice, synapse.person() as spammer, light(clock=clock) as bot:
        room = await meet(alice, bot)
        clock.seconds += 60
        for _ in range(7):
            await spammer.client.room_create(invite=[bot.id], is_direct=True)
        counts = []
        for number in range(6):
            clock.seconds += 60 * (number == 4)
            await alice.says(room, f"question {number}")
            assert (await bot.hears()).request.argument == f"question {number}"
            counts.append(len(bot.client.rooms) - 1)
        assert counts == [0, 2, 3, 3, 5, 6]


# Forgetting


def held(bot: Lantern) -> str:
    """All rows of the sealed store, as it would be opened by somebody who has the keys."""
    store = bot.client.machine.sealed
    with store.database.bind_ctx(store.models):
        return str([list(model.select().dicts()) for model in store.models])


async def farewell(person: Person, bot: Lantern, room: str) -> None:
    """One asks to be forgotten, is told so, and it is done."""
    await person.says(room, "/forget")
    envelope = await bot.hears()
    await bot.answers(envelope, "Done")
    await bot.matrix.forget(envelope.request.chat)
    assert (await person.hears(room)).body == "Done"


async def test_of_one_who_asks_to_be_forgotten_the_room_and_all_keys_are_gone(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, synapse.person() as bob:
        async with light() as bot:
            room, other = await meet(alice, bot), await meet(bob, bot)
            await bob.says(other, "hello")
            await bot.answers(await bot.hears(), "hello to you")
            device: Any = bot.client.device_store[alice.id][alice.client.device_id]
            marks = (room, alice.id, device.id, device.curve25519)
            assert [mark for mark in marks if mark not in held(bot)] == []
            await farewell(alice, bot, room)
            assert [mark for mark in marks if mark in held(bot)] == []
            await bob.says(other, "still there?")
            await bot.answers(await bot.hears(), "yes")
            assert [mark for mark in marks if mark in held(bot)] == []
            assert (bob.id in held(bot), room in bot.client.rooms) == (True, False)
        await alice.sync()
        assert bot.id not in alice.client.rooms[room].users
        async with light(bot.cursor) as again:
            await bob.says(other, "and now?")
            assert (await again.hears()).request.argument == "and now?"
            assert [mark for mark in marks if mark in held(again)] == []


async def test_one_who_was_forgotten_may_come_again_in_the_old_room_or_a_new_one(
    synapse: Synapse, light: Light
) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await farewell(alice, bot, room)
        await alice.invites_to(room, bot.id, direct=True)
        await until_joined(bot, room)
        await alice.sees(bot.id, room)
        for again in (room, await meet(alice, bot)):
            await alice.says(again, "do you know me?")
            envelope = await bot.hears()
            assert envelope.request == Request(Chat("matrix", again), "", "do you know me?")
            await bot.answers(envelope, "no")
            message = await alice.hears(again)
            assert (message.body, message.encrypted) == ("no", True)


async def test_one_who_was_forgotten_and_writes_before_we_come_is_asked_for_the_key(
    synapse: Synapse, light: Light
) -> None:
    async with synapse.person() as alice, light() as bot:
        await farewell(alice, bot, await meet(alice, bot))
        room = await alice.invites(bot.id, direct=True, encrypted=True)
        await alice.says(room, "in a hurry")
        await until_joined(bot, room)
        await alice.sync()
        await alice.forwards_key(room, alice.client.device_store[bot.id][bot.client.device_id])
        assert (await bot.hears()).request.argument == "in a hurry"


async def test_one_who_was_forgotten_in_private_is_still_read_in_a_group(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light, encrypted=True) as (alice, _, bot, room):
        private = await meet(alice, bot)
        await alice.says(room, "!laws")
        await bot.hears()
        await bot.matrix.__aexit__(None, None, None)
        async with light(bot.cursor, rooms=[room]) as again:
            await again.polls()
            await farewell(alice, again, private)
            alice.client.invalidate_outbound_session(room)  # so that she has a key to share
            await alice.says(room, "!help")
            envelope = await again.hears()
            assert (envelope.request.command, envelope.request.chat.id) == ("help", room)
            await again.matrix.forget(envelope.request.chat)
            assert room in again.client.rooms


async def test_a_room_that_cannot_be_left_now_is_left_later(synapse: Synapse, light: Light) -> None:
    async with Gate(synapse).open() as gate, synapse.person() as alice, light(address=gate.address) as bot:
        room = await meet(alice, bot)
        gate.spoilt["/leave"] = says(503)
        await farewell(alice, bot, room)
        assert room in bot.client.rooms
        gate.spoilt.clear()
        await until_left(bot, room)
        assert [mark for mark in (room, alice.id) if mark in held(bot)] == []


async def test_what_was_under_way_when_a_room_was_left_does_not_bring_it_back(synapse: Synapse, light: Light) -> None:
    async with Gate(synapse).open() as gate, synapse.person() as alice, light(address=gate.address) as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        envelope = await bot.hears()
        arrived, done = asyncio.Event(), asyncio.Event()

        async def late(request: web.Request) -> web.StreamResponse:
            answer = await gate.forward(request)
            arrived.set()
            await done.wait()
            return answer

        gate.spoilt["/sync"] = late
        polling = asyncio.ensure_future(bot.polls())
        await alice.says(room, "one more thing")
        await arrived.wait()
        await bot.matrix.forget(envelope.request.chat)
        done.set()
        assert await polling == []
        assert room not in bot.client.rooms
        assert [mark for mark in (room, alice.id) if mark in held(bot)] == []


# Failures


async def test_a_limit_is_passed_on_with_its_time_from_header_or_body(synapse: Synapse, light: Light) -> None:
    async with Gate(synapse).open() as gate, synapse.person() as alice, light(address=gate.address) as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        envelope = await bot.hears()
        limited = {"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 2500}
        now, then = "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:40 GMT"
        for spoil, seconds in (
            (says(429, "slow", Retry_After="7"), 7),
            (says(429, json.dumps(limited)), 2.5),
            (says(429, json.dumps(limited), Retry_After="7"), 7),
            (says(429, json.dumps(limited), Retry_After=then, Date=now), 40),
            (says(429, json.dumps(limited), Retry_After=now, Date=then), 0),
            (says(429, json.dumps(limited), Retry_After="Wed, 21 Oct 2015 07:28:00 -0000"), 0),
            (says(429, json.dumps(limited), Retry_After="soon"), 2.5),
            (says(429, "slow", Retry_After="٧"), None),
        ):
            gate.spoilt["/send/"] = spoil
            with pytest.raises(Unavailable) as refusal:
                await bot.answers(envelope, "an answer")
            assert refusal.value.retry_after == seconds
        gate.spoilt = {"/sync": says(429, "slow", Retry_After="3")}
        with pytest.raises(Unavailable) as refusal:
            await bot.polls()
        assert refusal.value.retry_after == 3
        for nonsense in (says(200, "[]"), says(200, "<html>"), says(302, Location="http://elsewhere.test/")):
            gate.spoilt["/sync"] = nonsense
            with pytest.raises(Unavailable):
                await bot.polls()
        gate.spoilt.clear()
        await bot.answers(envelope, "an answer")
        assert (await alice.hears(room)).body == "an answer"


async def test_an_answer_that_was_lost_on_the_way_is_repeated_as_one_message(synapse: Synapse, light: Light) -> None:
    async with Gate(synapse).open() as gate, synapse.person() as alice, light(address=gate.address) as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        envelope = await bot.hears()
        gate.spoilt["/send/"] = gate.lose
        with pytest.raises(Unavailable):
            await bot.answers(envelope, "once")
        gate.spoilt.clear()
        await bot.answers(envelope, "once")
        await alice.hears(room)
        assert await alice.hears_nothing(room)


@pytest.mark.parametrize("path", ["/sendToDevice/", "/keys/claim", "/keys/query", "/joined_members"])
async def test_nothing_is_said_before_the_reader_has_the_key(synapse: Synapse, light: Light, path: str) -> None:
    async with Gate(synapse).open() as gate, synapse.person() as alice, light(address=gate.address) as bot:
        gate.spoilt[path] = says(502, "<html>bad gateway</html>")
        room = await meet(alice, bot)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await bot.matrix.send(Chat("matrix", room), Reply(Text("good morning")), key="1")
        gate.spoilt.clear()
        await bot.matrix.send(Chat("matrix", room), Reply(Text("good morning")), key="1")
        assert (await alice.hears(room)).body == "good morning"


async def test_a_poll_that_fails_half_way_loses_nothing(synapse: Synapse, light: Light) -> None:
    async with Gate(synapse).open() as gate, synapse.person() as alice:
        async with light(address=gate.address) as bot:
            room = await meet(alice, bot)
        asked = [await alice.says(room, f"question {number}") for number in range(35)]
        async with light(bot.cursor, address=gate.address) as again:
            gate.spoilt["/messages"] = says(500)
            with pytest.raises(Unavailable):
                await again.polls()
            gate.spoilt.clear()
            assert [(await again.hears()).key for _ in asked] == asked


async def test_what_is_too_long_is_rejected(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot, encrypted=False)
        await alice.says(room, "hello")
        with pytest.raises(Rejected):
            await bot.answers(await bot.hears(), "a" * 66_000)


async def test_khmer_up_to_the_limit_fits_into_an_encrypted_event(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        await alice.says(room, "hello")
        longest = Text("ក" * (bot.matrix.can.limit.size // 3)).styled(Style.BOLD)
        await bot.answers(await bot.hears(), longest)
        assert (await alice.hears(room)).body == longest.plain


async def test_nothing_is_sent_before_the_rooms_are_known(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice:
        async with light() as bot:
            room = await meet(alice, bot)
        async with light(bot.cursor) as again:
            with pytest.raises(Unavailable, match="not known yet"):
                await again.matrix.send(Chat("matrix", room), Reply(Text("hello")), key="1")
            await again.polls()
            await again.matrix.send(Chat("matrix", room), Reply(Text("hello")), key="1")
            assert (await alice.hears(room)).encrypted


async def test_a_homeserver_with_a_hidden_name_is_asked_through_the_proxy(synapse: Synapse, light: Light) -> None:
    async with socks_proxy(synapse.port) as (proxy, names):
        async with synapse.person() as alice, light(address="http://lantern.onion:80", proxy=proxy) as bot:
            room = await meet(alice, bot)
            await alice.says(room, "hello")
            await bot.hears()
        assert set(names) == {"lantern.onion"}
    async with light(proxy="socks5://127.0.0.1:1") as bot:
        with pytest.raises(Unavailable, match="does not answer"):
            await bot.polls()


@asynccontextmanager
async def socks_proxy(port: int) -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy (SOCKS 5, RFC 1928) that takes names only, and leads all of them to one port here."""
    names: list[str] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(65_536):
            writer.write(block)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly(2)
        await reader.readexactly(methods[1])
        writer.write(b"\x05\x00")
        head = await reader.readexactly(5)
        assert head[3] == 3, "an address and not a name"
        names.append((await reader.readexactly(head[4])).decode())
        await reader.readexactly(2)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}", names
    finally:
        server.close()


# Updates


@pytest.mark.parametrize("encrypted", [True, False])
async def test_a_routine_update_is_a_notice_an_urgent_one_is_not_and_both_carry_their_key(
    synapse: Synapse, light: Light, *, encrypted: bool
) -> None:
    async with synapse.person() as alice, light() as bot:
        here = Chat("matrix", await meet(alice, bot, encrypted=encrypted))
        heard = []
        for key, push in (("1", Push()), ("2", Push(urgent=True)), ("3", None)):
            await bot.matrix.send(here, Reply(Text("released")), key=key, push=push)
            heard.append(await alice.hears(here.id))
        assert [message.content["msgtype"] for message in heard] == ["m.notice", "m.text", "m.text"]
        assert [len(message.content.get("org.pratip.delivery", "")) for message in heard] == [52, 52, 0]
        assert {message.encrypted for message in heard} == {encrypted}


@pytest.mark.parametrize("encrypted", [True, False])
async def test_an_update_is_amended_and_taken_back(synapse: Synapse, light: Light, *, encrypted: bool) -> None:
    async with synapse.person() as alice, light() as bot:
        here = Chat("matrix", await meet(alice, bot, encrypted=encrypted))
        original = await bot.matrix.send(here, Reply(Text("arrested")), key="1", push=Push())
        await alice.hears(here.id)
        for number in range(2):
            await bot.matrix.amend(here, original, Reply(parse(f"*released* {number}")), key=f"2.{number}")
            await bot.matrix.amend(here, original, Reply(parse("*never seen*")), key=f"2.{number}")
            amended = await alice.hears(here.id)
            assert (amended.encrypted, amended.body) == (encrypted, f"* released {number}")
            assert amended.content["m.relates_to"] == {"rel_type": "m.replace", "event_id": original}
            new = amended.content["m.new_content"]
            assert (new["body"], new["formatted_body"]) == (f"released {number}", f"<strong>released</strong> {number}")
        for _ in range(2):
            await bot.matrix.delete(here, original, key="3")
        path = f"/_matrix/client/v3/rooms/{here.id}/messages?dir=b&limit=100"
        chunk = synapse.call("GET", path, token=alice.client.access_token)["chunk"]
        words = [one for one in chunk if one["type"] in ("m.room.message", "m.room.encrypted")]
        assert len(words) == 3
        assert not any({"body", "ciphertext", "m.new_content"} & one["content"].keys() for one in words)
        assert await alice.hears_nothing(here.id)


async def test_the_longest_correction_fits_into_an_encrypted_event(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light() as bot:
        here = Chat("matrix", await meet(alice, bot))
        original = await bot.matrix.send(here, Reply(Text("short")), key="1")
        longest = Text("ក" * (bot.matrix.can.limit.size // 3)).styled(Style.BOLD)
        await bot.matrix.amend(here, original, Reply(longest), key="2")
        await alice.hears(here.id)
        assert (await alice.hears(here.id)).content["m.new_content"]["body"] == longest.plain


async def test_what_is_not_in_the_room_cannot_be_amended_and_counts_as_taken_back(
    synapse: Synapse, light: Light
) -> None:
    async with synapse.person() as alice, light() as bot:
        here = Chat("matrix", await meet(alice, bot))
        with pytest.raises(Past):
            await bot.matrix.amend(here, "$nothing", Reply(Text("x")), key="1")
        await bot.matrix.delete(here, "$nothing", key="2")
        with pytest.raises(Gone, match="thread"):
            await bot.matrix.send(Chat("matrix", here.id, "$nothing"), Reply(Text("x")), key="3")


async def test_the_same_key_is_one_message_after_a_restart_and_after_a_new_login(
    synapse: Synapse, light: Light
) -> None:
    async with synapse.person() as alice:
        async with light() as bot:
            here = Chat("matrix", await meet(alice, bot))
            first = await bot.matrix.send(here, Reply(Text("news")), key="1", push=Push())
        async with light(bot.cursor) as again:
            await again.polls()
            assert await again.matrix.send(here, Reply(Text("news")), key="1", push=Push()) == first
            synapse.call("POST", "/_matrix/client/v3/logout", {}, again.client.access_token)
            assert await again.matrix.send(here, Reply(Text("news")), key="1", push=Push()) == first
        await alice.hears(here.id)
        assert await alice.hears_nothing(here.id)


async def test_a_homeservers_own_limit_says_how_long(tmp_path: Path) -> None:
    synapse = Synapse(tmp_path / "slow", {"rc_message": {"per_second": 0.2, "burst_count": 3}}).start()
    try:
        user = synapse.register()["user_id"]
        matrix = Matrix(synapse.address, user, PASSWORD, folder=tmp_path / "matrix", keys=Keys.generate())
        async with synapse.person() as alice, Lantern(matrix) as bot:
            here = Chat("matrix", await meet(alice, bot, encrypted=False))
            with pytest.raises(Unavailable) as refusal:
                await floods(bot, here)
            assert 0 < (refusal.value.retry_after or 0) <= 6
    finally:
        synapse.stop()


async def floods(bot: Lantern, here: Chat) -> None:
    for number in range(5):
        await bot.matrix.send(here, Reply(Text("x")), key=f"{number}", push=Push())


# Who decides


@pytest.mark.parametrize("version", ["1", "11", "12"])
async def test_who_may_set_the_state_of_a_room_decides_for_it(synapse: Synapse, light: Light, version: str) -> None:
    async with synapse.person() as alice, synapse.person() as bob, synapse.person() as carol:
        more: dict[str, Any] = {
            "power_level_override": {"users": {carol.id: 50} | ({} if version == "12" else {alice.id: 100})}
        }
        room = await alice.creates(bob.id, carol.id, version=version, **more)
        await bob.joins(room)
        async with light(rooms=[room]) as bot:
            await bot.polls()
            await alice.invites_to(room, bot.id)
            await until_joined(bot, room)
            assert [await decides(bot, room, who) for who in (alice, bob, carol)] == [True, False, True]
            levels = alice.client.rooms[room].power_levels
            users = {**levels.users, bob.id: 60, carol.id: 60}
            await alice.sets(room, "m.room.power_levels", {"users": users, "state_default": 60})
            assert [await decides(bot, room, who) for who in (alice, bob, carol)] == [True, True, True]
            await alice.sets(room, "m.room.power_levels", {"users": {**users, bob.id: 59}, "state_default": 60})
            assert [await decides(bot, room, who) for who in (alice, bob, carol)] == [True, False, True]
            with pytest.raises(Gone):
                await decides(bot, await alice.creates(), alice)


async def decides(bot: Lantern, room: str, person: Person) -> bool:
    request = Request(Chat("matrix", room, private=False), "subscribe")
    return await bot.matrix.administers(Envelope(request, "$1", sender=person.id))


async def test_creators_of_a_new_room_decide_whoever_they_are(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, synapse.person() as bob, light() as bot:
        await bot.polls()
        content = {"additional_creators": [bob.id]}
        body = {"room_version": "12", "invite": [bob.id, bot.id], "is_direct": True, "creation_content": content}
        path = "/_matrix/client/v3/createRoom"
        room = synapse.call("POST", path, body, alice.client.access_token)["room_id"]
        await until_joined(bot, room)
        assert [await decides(bot, room, who) for who in (alice, bob)] == [True, True]
        assert await bot.matrix.administers(Envelope(Request(Chat("matrix", room), "subscribe"), "$1", sender="@x:y"))


@pytest.mark.parametrize(
    ("created", "levels", "decides"),
    [
        ({"sender": "@a:b", "content": {"room_version": "12"}}, {"users": {"@c:d": 100}}, "@a:b @c:d"),
        ({"sender": "@a:b", "content": {"room_version": "12", "additional_creators": "@e:f"}}, {}, "@a:b"),
        ({"sender": "@a:b", "content": {"room_version": "org.matrix.hydra.11"}}, {}, "@a:b"),
        ({"sender": "@a:b", "content": {"room_version": "11"}}, {}, ""),
        ({"sender": "@a:b", "content": {}}, None, "@a:b"),
        ({"room_version": "10", "creator": "@c:d"}, None, "@c:d"),  # the content alone, from an old homeserver
        ({"room_version": "11"}, {"users": {"@c:d": 50}}, "@c:d"),
        ({"sender": "@a:b", "content": {}}, {"users": {"@c:d": " 50 ", "@e:f": "high", "@a:b": None}}, "@c:d"),
        ({"sender": "@a:b", "content": {}}, {"users": [], "users_default": 50}, "@a:b @c:d @e:f"),
    ],
)
async def test_levels_are_read_whatever_a_room_holds(
    synapse: Synapse, light: Light, created: Any, levels: Any, decides: str
) -> None:
    async def state(request: web.Request) -> web.StreamResponse:
        wanted = created if "m.room.create" in request.path else levels
        return web.json_response(
            wanted if wanted is not None else {"errcode": "M_NOT_FOUND"}, status=200 if wanted is not None else 404
        )

    async with Gate(synapse).open() as gate, light(address=gate.address) as bot:
        await bot.polls()
        gate.spoilt["/state/"] = state
        requests = [Envelope(Request(Chat("matrix", "!r:b", private=False), "x"), "$1", sender=who) for who in USERS]
        assert [one.sender for one in requests if await bot.matrix.administers(one)] == decides.split()


USERS = ("@a:b", "@c:d", "@e:f")


@pytest.mark.parametrize("encrypted", [False, True])
async def test_we_may_post_where_we_are_and_messages_need_no_more_power_than_ours(
    synapse: Synapse, light: Light, encrypted: bool
) -> None:
    async with group(synapse, light, encrypted=encrypted) as (alice, _, bot, room):
        here = Chat("matrix", room, private=False)
        assert await bot.matrix.hindrance(here) == ""
        path, token = f"/_matrix/client/v3/rooms/{room}/state/m.room.power_levels", alice.client.access_token
        levels = synapse.call("GET", path, None, token)
        for more in ({"events": {"m.room.encrypted" if encrypted else "m.room.message": 50}}, {"events_default": 50}):
            synapse.call("PUT", path, {**levels, **more}, token)
            assert "power level" in await bot.matrix.hindrance(here)
        synapse.call("PUT", path, {**levels, "events_default": 50, "users_default": 50}, token)
        assert await bot.matrix.hindrance(here) == ""


async def test_where_we_are_not_or_no_more_it_is_said_how_we_may_come_there(synapse: Synapse, light: Light) -> None:
    async with group(synapse, light) as (alice, _, bot, room):
        token = alice.client.access_token
        for name in ("#nothing:home.test", await alice.creates()):
            assert "PRATIP_MATRIX_ROOMS" in await bot.matrix.hindrance(Chat("matrix", name, private=False))
        synapse.call("POST", f"/_matrix/client/v3/rooms/{room}/kick", {"user_id": bot.id}, token)
        assert "PRATIP_MATRIX_ROOMS" in await bot.matrix.hindrance(Chat("matrix", room, private=False))


async def test_where_the_homeserver_does_not_say_who_created_a_new_room_nobody_decides(
    synapse: Synapse, light: Light
) -> None:
    async with Gate(synapse).open() as gate, light(address=gate.address) as bot:
        await bot.polls()
        gate.spoilt["/state/"] = says(200, json.dumps({"room_version": "12"}))
        request = Request(Chat("matrix", "!r:b", private=False), "subscribe")
        with pytest.raises(Unavailable, match="does not say who created"):
            await bot.matrix.administers(Envelope(request, "$1", sender="@a:b"))


# Rooms that move, and rooms for all


async def test_an_upgraded_room_is_followed_where_it_went(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, synapse.person() as bob:
        room = await alice.creates(bob.id, public=True, version="10")
        await bob.joins(room)
        old = Chat("matrix", room, private=False)
        async with light(rooms=[room]) as bot:
            await bot.polls()
            await alice.invites_to(room, bot.id)
            await until_joined(bot, room)
            message = await bot.matrix.send(old, Reply(Text("news")), key="1", push=Push())
            new = await alice.upgrades(room, "12")
            await until_joined(bot, new)
            with pytest.raises(Moved) as moved:
                await bot.matrix.send(old, Reply(Text("more news")), key="2", push=Push())
            assert moved.value.to == new
            for attempt in (
                bot.matrix.amend(old, message, Reply(Text("x")), key="3"),
                bot.matrix.delete(old, message, key="4"),
            ):
                with pytest.raises(Past):
                    await attempt
        async with light(bot.cursor, rooms=[room]) as again:
            await again.polls()
            await alice.says(new, "so that the next poll need not wait")
            await again.polls()
            with pytest.raises(Moved):
                await again.matrix.send(old, Reply(Text("more news")), key="2", push=Push())
            there = Chat("matrix", new, private=False)
            await again.matrix.send(there, Reply(Text("more news")), key="2", push=Push())
            assert (await alice.hears(new)).body == "more news"


async def test_a_direct_room_that_is_not_open_is_followed_once_its_people_invite_us(
    synapse: Synapse, light: Light
) -> None:
    async with synapse.person() as alice, light() as bot:
        room = await meet(alice, bot)
        new = await alice.upgrades(room)
        await bot.polls()
        await alice.invites_to(new, bot.id)
        await until_joined(bot, new)
        with pytest.raises(Moved):
            await bot.matrix.send(Chat("matrix", room), Reply(Text("news")), key="1")


async def test_nobody_sends_us_to_a_room_that_is_not_the_same(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, synapse.person() as mallory, light() as bot:
        square = await alice.creates(public=True)
        room = await meet(mallory, bot, encrypted=False)
        await mallory.sets(room, "m.room.tombstone", {"body": "moved", "replacement_room": square})
        await bot.polls()
        with pytest.raises(Unavailable, match="is being entered"):
            await bot.matrix.send(Chat("matrix", room), Reply(Text("news")), key="1")
        await until_joined(bot, square)
        await until_left(bot, square)
        await bot.matrix.send(Chat("matrix", room), Reply(Text("news")), key="1")
        assert (await mallory.hears(room)).body == "news"


def test_only_the_rooms_own_tombstone_counts() -> None:
    source = {"event_id": "$1", "sender": "@a:b", "origin_server_ts": 1, "type": "m.room.tombstone", "state_key": "x"}
    tombstone = Event.parse_event({**source, "content": {"body": "moved", "replacement_room": "!new:b"}})
    assert isinstance(tombstone, RoomUpgradeEvent)
    waiting = invitations.Invitations((), lambda: 0.0)
    waiting.upgraded("!old:b", tombstone)
    assert not waiting.following("!old:b")


async def test_an_announcement_room_is_entered_by_its_alias_where_it_is_allowed(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice, light(rooms=["#news:home.test"]) as bot:
        room = await alice.creates(public=True, alias="news")
        await alice.creates(public=True, alias="others")
        there = Chat("matrix", "#news:home.test", private=False)
        await bot.polls()
        with pytest.raises(Unavailable, match="just been entered") as refusal:
            await bot.matrix.send(there, Reply(Text("news")), key="1", push=Push())
        assert refusal.value.chat_only
        await until_joined(bot, room)
        first = await bot.matrix.send(there, Reply(Text("news")), key="1", push=Push())
        assert await bot.matrix.send(there, Reply(Text("news")), key="1", push=Push()) == first
        await bot.matrix.amend(there, first, Reply(Text("newer")), key="2")
        assert [(await alice.hears(room)).body for _ in range(2)] == ["news", "* newer"]
        await bot.matrix.delete(there, first, key="3")
        new = await alice.upgrades(room, "12")
        await until_joined(bot, new)
        await bot.matrix.send(there, Reply(Text("here too")), key="4", push=Push())
        assert (await alice.hears(new)).body == "here too"
        for name, why in (("#others:home.test", "not in this room"), ("#nothing:home.test", "no room has this alias")):
            with pytest.raises(Gone, match=why):
                await bot.matrix.send(Chat("matrix", name, private=False), Reply(Text("x")), key="5", push=Push())


async def test_a_room_that_threw_us_out_is_not_entered_again(synapse: Synapse, light: Light) -> None:
    async with synapse.person() as alice:
        room = await alice.creates(public=True)
        there = Chat("matrix", room, private=False)
        async with light(rooms=[room]) as bot:
            await bot.polls()
            with pytest.raises(Unavailable, match="just been entered"):
                await bot.matrix.send(there, Reply(Text("x")), key="1", push=Push())
            await until_joined(bot, room)
            await alice.sync()
            await alice.client.room_kick(room, bot.id)
            await until_left(bot, room)
            with pytest.raises(Gone, match="not in this room"):
                await bot.matrix.send(there, Reply(Text("x")), key="2", push=Push())


# Pages and words


def test_marks_become_tags_and_words_never_do() -> None:
    text = parse("*bold* _it_ `1<2` [the <law>](https://a.b/?c=d&e) /about") + Text(" <script>&\n")
    plain, html = render(text)
    assert plain == "bold it 1<2 the <law> (https://a.b/?c=d&e) !about <script>&\n"
    assert html == (
        "<strong>bold</strong> <em>it</em> <code>1&lt;2</code> "
        '<a href="https://a.b/?c=d&amp;e">the &lt;law&gt;</a> <code>!about</code> &lt;script&gt;&amp;<br>'
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (Text(), ""),
        (Text("ab").styled(Style.ITALIC).styled(Style.BOLD), "<strong><em>ab</em></strong>"),
        (Text("abcd", (Mark(0, 3, Style.BOLD), Mark(1, 4, Style.ITALIC))), OVERLAP),
        (Text("x").styled(Style.LINK, "javascript:alert(1)"), "x"),
        (
            Text("x").styled(Style.LINK, 'https://a.b/"><b>'),
            '<a href="https://a.b/&quot;&gt;&lt;b&gt;">x</a>',
        ),
        (Text("x").styled(Style.DRAFT).styled(Style.FALLBACK, "en"), "x"),
        (Text("a/b").styled(Style.COMMAND), "<code>a/b</code>"),
    ],
)
def test_tags_nest_and_dangerous_addresses_are_left_out(text: Text, html: str) -> None:
    assert render(text)[1] == html


def test_a_link_that_shows_its_address_does_not_repeat_it() -> None:
    assert render(Text("https://a.b").styled(Style.LINK, "https://a.b"))[0] == "https://a.b"


def test_a_message_without_marks_has_no_html_and_nobody_is_called_by_name() -> None:
    assert content(Text("1 < 2\n@room")) == {"msgtype": "m.text", "body": "1 < 2\n@room", "m.mentions": {}}
    assert "formatted_body" not in content(Text("x" * 30_000).styled(Style.BOLD))


@pytest.mark.parametrize(
    "relation",
    [
        5,
        [],
        {"rel_type": 5},
        {"m.in_reply_to": "x"},
        {"m.in_reply_to": {"event_id": {}}},
        {"rel_type": "m.thread"},
    ],
)
def test_a_relation_that_makes_no_sense_is_none(relation: Any) -> None:
    source = {
        "event_id": "$1",
        "sender": "@a:b",
        "origin_server_ts": 1,
        "type": "m.room.message",
        "content": {"msgtype": "m.text", "body": "hello", "m.relates_to": relation},
    }
    event = RoomMessageText.from_dict(source)
    assert isinstance(event, RoomMessageText)
    envelope = understand(event, "!r:b", "@me:b", private=True, encrypted=True)
    assert envelope == Envelope(Request(Chat("matrix", "!r:b"), "", "hello"), "$1", sender="@a:b")


def test_memory_keeps_the_newest() -> None:
    memory: Memory[int] = Memory(2)
    for number, key in enumerate("abca"):
        memory.put(key, number)
    assert list(memory) == [("c", 2), ("a", 3)]
