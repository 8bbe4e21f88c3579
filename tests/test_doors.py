"""At the doors: what strangers, members of a group and forged buttons may not do, and what a crowd may not hold up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from bot.core.change import OfReader
from bot.core.messages import Chat, Mishap, Request, Role, read
from bot.core.router import Router
from bot.core.text import parse
from bot.pace import AT_ONCE
from bot.platforms.matrix.render import content
from bot.platforms.telegram.keyboard import Shelf
from bot.platforms.telegram.render import render
from bot.platforms.telegram.update import envelope
from bot.store.schema import metadata
from tests.conversation import ME, Reader
from tests.desk import FREED, GROUP, ONE, TWO, Desk, until
from tests.program import Program
from tests.storage import rows
from tests.telegram_server import TOKEN, TelegramServer, formatted

STRANGER, MEMBER, ADMINISTRATOR = "7", "8", "9"
MODERATORS_COMMANDS = [name for name, each in handlers.router.commands.items() if each.needs is Role.MODERATOR]
LANGUAGES = ("en", "km")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def kept(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds, but how far it has read."""
    tables = [name for name in metadata.tables if name != "cursor"]
    return {name: rows(desk.folder / "pratip.db", f"SELECT * FROM {name}") for name in tables}  # noqa: S608 (our own)


# --- moderators' commands are nobody else's


def public() -> Router:
    """The router, had nobody ever thought of moderators."""
    router = Router()
    for name, each in handlers.router.commands.items():
        if each.needs is not Role.MODERATOR:
            router.commands[name] = each
    router.mishaps.update(handlers.router.mishaps)
    return router


PUBLIC = public()
ARGUMENTS = ("", "1", "1 yes", "#1", "prisoners\nwords", "1 0123456789ab", "x" * 400, "១")
PLACES = (Chat("telegram", "7"), Chat("telegram", "-7", private=False), Chat("matrix", "!room:home.test"))


def shapes(command: str) -> Iterator[str]:
    """How it may be typed, or forged behind a button."""
    for argument in ARGUMENTS:
        yield from (f"{prefix}{command}{me} {argument}" for prefix in ("/", "!") for me in ("", f"@{ME}"))
        yield f"{command} {argument}"
    yield f"/help {command}"
    yield f"/{command.upper()}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", MODERATORS_COMMANDS)
def test_to_a_stranger_a_moderators_command_is_a_word_like_any_other(command: str, language: str) -> None:
    for chat in PLACES:
        role = Role.ADMIN if chat.private else Role.READER
        ours, theirs = (Reader(language, chat=chat, role=role, router=each) for each in (handlers.router, PUBLIC))
        for words in shapes(command):
            assert ours.hears(words) == theirs.hears(words), words


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_language_leads_to_a_moderators_command_and_no_list_has_it(language: str) -> None:
    reader = Reader(language)
    assert set(reader.content.commands.values()) & set(MODERATORS_COMMANDS) == set()
    assert set(handlers.router.listed(Role.ADMIN)) & set(MODERATORS_COMMANDS) == set()
    assert reader.asks("/help") == Reader(language, router=PUBLIC).asks("/help")


async def test_a_forged_button_does_nothing_for_a_stranger_and_nothing_for_one_who_was_a_moderator(desk: Desk) -> None:
    async with desk.working():
        for who in (ONE, TWO):
            await desk.says(who, "/start")
        desk.edits(FREED)
        buttons = []
        for who in (ONE, TWO):
            await desk.hears(who)
            buttons = [button.command for button in (await desk.says(who, "/draft 1")).reply.buttons]
        assert len(buttons) == 2
        before, unknown = kept(desk), (await desk.says(STRANGER, "/xyzzy 1")).reply
        for words in (*buttons, *(f"{name} 1" for name in MODERATORS_COMMANDS)):
            assert (await desk.says(STRANGER, f"/{words}")).reply == unknown, words
        assert kept(desk) == before
    desk.moderators = ("paper:1",)
    async with desk.working():
        before = kept(desk)
        for words in (*buttons, *(f"{name} 1" for name in MODERATORS_COMMANDS)):
            assert (await desk.says(TWO, f"/{words}", refers="1")).reply == unknown, words
        assert {**kept(desk), "moderator": []} == {**before, "moderator": []}
        assert (await desk.says(ONE, f"/{buttons[0]}")).reply != unknown


# --- a group is changed by its administrators

CHANGES = {
    "subscribe": "prisoners",
    "unsubscribe": "laws",
    "topic": "laws off",
    "follow": "kem-sokha",
    "unfollow": "kem-sokha",
    "settings": "quiet 22 7",
    "set": "discreet on",
    "stop": "",
    "forget": "",
    "panic": "",
}


async def test_of_all_commands_none_changes_a_group_for_one_who_is_no_administrator(desk: Desk) -> None:
    desk.paper.administrators.add(ADMINISTRATOR)
    async with desk.working():
        for words in ("/subscribe@PaperBot laws", "/follow@PaperBot kem-sokha"):
            await desk.says(ADMINISTRATOR, words, chat=GROUP)
        before = kept(desk)
        for command in handlers.router.commands:
            for argument in {"", "on", "all", "1", CHANGES.get(command, "kem-sokha")}:
                await desk.says(MEMBER, f"/{command}@PaperBot {argument}", chat=GROUP)
        assert kept(desk) == before


@pytest.mark.parametrize("command", CHANGES)
async def test_each_command_that_changes_a_group_does_so_for_its_administrator(desk: Desk, command: str) -> None:
    desk.paper.administrators.add(ADMINISTRATOR)
    async with desk.working():
        first = ["/subscribe@PaperBot laws", *(["/follow@PaperBot kem-sokha"] * (command != "follow"))]
        for words in first:
            await desk.says(ADMINISTRATOR, words, chat=GROUP)
        before = kept(desk)
        desk.paper.asks(f"/{command}@PaperBot {CHANGES[command]}", chat=GROUP, sender=ADMINISTRATOR)
        await until(lambda: kept(desk) != before)


def test_every_command_that_can_change_a_chat_is_one_of_those() -> None:
    needing = {name for name, each in handlers.router.commands.items() if each.needs is Role.ADMIN}
    assert needing == {*CHANGES, "following", "mydata"}  # which show them


# --- deep links and callback data

HOSTILE = st.one_of(
    st.text(max_size=64),
    st.text(st.characters(), max_size=400),
    st.text(st.sampled_from("\0\n\r\t\u202e\u2066\u200f\ufeff\ud83d~/!@#*_`[](){}<>&;:%១٣ ក្"), max_size=80),
    st.binary(max_size=64).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.integers(-(10**300), 10**300).map(str),
    st.builds("{} {}".format, st.sampled_from([*handlers.router.commands]), st.text(max_size=50)),
    st.builds("{} {}".format, st.sampled_from([*handlers.router.commands]), st.integers(-(10**40), 10**40)),
    st.sampled_from(["*b* _i_ `c` [x](javascript:alert(1)) /forget", "<b>&amp;</b>", "~AAAAAAAA", "~", "start start"]),
)
PERSON = {"id": 7, "is_bot": False, "first_name": "Sok"}
PRIVATE, GROUPED = {"id": 7, "type": "private", "first_name": "Sok"}, {"id": -7, "type": "group", "title": "Some"}


def pressed(data: str, chat: dict[str, Any]) -> Request | None:
    """What Telegram's update of a pressed button with this data asks."""
    message = {"message_id": 5, "date": 1, "chat": chat, "text": "list"}
    query = {"id": "1", "from": PERSON, "chat_instance": "1", "message": message, "data": data}
    found = envelope({"update_id": 1, "callback_query": query}, ME, Shelf(lambda: 0.0))
    return None if isinstance(found, str) else found.request


def said(words: str, chat: dict[str, Any]) -> Request | None:
    """What Telegram's update of a message asks."""
    message = {"message_id": 5, "date": 1, "chat": chat, "from": PERSON, "text": words}
    found = envelope({"update_id": 1, "message": message}, ME, Shelf(lambda: 0.0))
    return None if isinstance(found, str) else found.request


def shown(reader: Reader, request: Request) -> str:
    """The one answer, as Telegram takes it; it changes nothing where a reader may change nothing."""
    answer = reader.gets(Request(**{**fields(request), "role": reader.role}))
    assert answer
    text, entities = render(answer.reply.text)
    assert formatted(text, [each.to_dict() for each in entities], 10**6)[0]
    assert all(isinstance(each, OfReader) for each in answer.reply.changes)
    assert reader.role is not Role.READER or answer.reply.changes == ()
    assert "javascript:" not in str([mark.target for mark in answer.reply.text.marks])
    return answer.text


def fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in Request.__slots__}


@given(HOSTILE, st.sampled_from(LANGUAGES))
def test_a_forged_button_asks_no_more_than_its_words_typed(data: str, language: str) -> None:
    for chat in (PRIVATE, GROUPED):
        request = pressed(data, chat)
        if request is None:
            continue  # it names another bot
        reader = Reader(language, chat=request.chat)
        shown(reader, request)
        typed = read(request.chat, f"/{data}", me=ME)
        assert (
            request.mishap is Mishap.EXPIRED or typed is None or fields(request) == {**fields(typed), "addressed": True}
        )


@given(HOSTILE, st.sampled_from(LANGUAGES))
def test_a_deep_link_is_a_greeting_or_an_entry_whatever_it_carries(payload: str, language: str) -> None:
    for chat in (PRIVATE, GROUPED):
        request = said(f"/start@{ME} {payload}", chat)
        assert request
        reader = Reader(language, chat=request.chat)
        shown(reader, request)
        assert reader.answers[-1].reply.changes == ()


# --- what stands in the content stays what it is

WORDS = "<b>Sok</b> &lt; <script>x</script> @room @alice:home.test *Dara* {name} \\"
TARGETS = (
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "tg://user?id=5",
    "vbscript:x",
    "//evil.test",
)


def test_a_value_is_characters_on_every_platform() -> None:
    text = parse("*{name}* says {name}").format(name=WORDS)
    plain, entities = render(text)
    assert plain == f"{WORDS} says {WORDS}"
    assert [each.type for each in entities] == ["bold"]
    message = content(text)
    assert message["m.mentions"] == {}
    assert "<script" not in message["formatted_body"]
    assert message["formatted_body"].count("<") == 2


# --- a crowd


async def test_one_who_asks_two_hundred_questions_at_once_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with TelegramServer() as server:
        settings = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "TELEGRAM_RATE": "1000"}
        flooder, other = server.user(5), server.user(6)
        async with Program(tmp_path, settings).running("run"):
            await other.says("/about")
            await other.hears(20)
            await asyncio.sleep(1.1)  # a private chat takes one message a second
            for number in range(200):
                await flooder.says(f"/prisoners {number}")
            await flooder.hears(20)
            began = time.monotonic()
            await other.says("/prisoners kem sokha")
            assert "Status not certain" in (await other.hears(20)).text
            assert time.monotonic() - began < 2
            assert len(flooder.history) < AT_ONCE
