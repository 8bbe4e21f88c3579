"""Telegram, against a local server that refuses what Telegram refuses."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telegram import MessageEntity

from bot.core.messages import Button, Chat, Document, Mishap, Reply, Request
from bot.core.text import Mark, Style, Text, parse
from bot.platforms import Batch, Envelope, Gone, Moved, Past, Platform, Push, Refusal, Rejected, Unavailable
from bot.platforms.telegram import Telegram, keyboard
from bot.platforms.telegram.keyboard import Shelf
from bot.platforms.telegram.render import render
from tests.telegram_server import TOKEN, Limits, Message, Person, TelegramServer

HERE = Chat("telegram", "42")
FAR = -1001234567890


@pytest.fixture(autouse=True)
def logged() -> Iterator[None]:
    """Whatever any library logs at DEBUG in a test of this file holds no token."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    root.setLevel(level)
    assert TOKEN.partition(":")[2] not in written.getvalue()


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.longest_poll = 0.05
        yield running


@asynccontextmanager
async def opened(server: TelegramServer, **options: Any) -> AsyncIterator[Telegram]:
    async with Telegram(server.token, api_url=server.url, poll_seconds=1, answer_seconds=1, **options) as platform:
        yield platform


@pytest.fixture
async def platform(server: TelegramServer) -> AsyncIterator[Telegram]:
    async with opened(server) as running:
        yield running


async def requests(platform: Telegram, cursor: str | None = None) -> list[Request]:
    return [envelope.request for envelope in (await platform.poll(cursor)).envelopes]


async def skipped(platform: Telegram) -> dict[str, int]:
    batch = await platform.poll(None)
    assert not batch.envelopes
    return dict(batch.skipped)


def with_buttons(*commands: str) -> Reply:
    return Reply(Text("Choose."), tuple((Button(f"b{n}", command),) for n, command in enumerate(commands)))


# --- conversation


async def test_a_file_is_sent_under_its_name(server: TelegramServer, platform: Telegram) -> None:
    sokha, data = server.user(42), b"PK all of it" * 100_000
    document = Document("csv", "pack.zip", "application/zip", data)
    await sokha.says("/export")
    sent = await platform.send(HERE, Reply(Text("pack.zip"), document=document), key="k")
    heard = await sokha.hears()
    assert (str(heard.id), heard.text, heard.document) == (sent, "", data)
    assert heard.raw["document"]["file_name"] == "pack.zip"
    assert heard.raw["document"]["mime_type"] == "application/zip"


async def test_a_file_for_a_thread_goes_there_and_one_that_is_refused_says_why(
    server: TelegramServer, platform: Telegram
) -> None:
    forum = server.group(-1_001_000_000_007, topics={5: "Five"})
    chat = Chat("telegram", str(forum.id), "5", private=False)
    await platform.send(chat, Reply(Text("a"), document=Document("json", "a.json", data=b"{}")), key="k")
    assert (await forum.hears()).thread == 5
    with pytest.raises(Rejected):
        await platform.send(chat, Reply(Text("a"), document=Document("json", "a.json")), key="k")


def test_it_is_a_platform() -> None:
    platform: Platform = Telegram(TOKEN)
    assert (platform.name, platform.can.buttons, platform.can.edit) == ("telegram", True, True)


async def test_a_question_is_heard_and_answered(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42, language="km")
    await sokha.says("/Prisoners  Kem\nSokha")
    batch = await platform.poll(None)
    assert batch.envelopes == (
        Envelope(Request(HERE, "prisoners", "Kem Sokha", "km"), f"update:{int(batch.cursor or 0) - 1}", sender="42"),
    )
    sent = await platform.send(HERE, Reply(parse("*Kem Sokha*: see [source](https://example.org/a) or /laws")), key="k")
    heard = await sokha.hears()
    assert (str(heard.id), heard.text) == (sent, "Kem Sokha: see source or /laws")
    assert (heard.marked("bold"), heard.marked("text_link"), heard.marked("bot_command")) == (
        ("Kem Sokha",),
        ("source",),
        ("/laws",),
    )
    assert heard.preview == {"is_disabled": True}
    assert platform.me == "PratipTestBot"


async def test_only_what_may_matter_is_asked_for(server: TelegramServer, platform: Telegram) -> None:
    await platform.poll(None)
    asked = server.calls("getUpdates")[0].parameters
    assert asked["allowed_updates"] == ["message", "callback_query", "my_chat_member"]


async def test_free_text_is_a_request_in_private_only(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    await sokha.says("who is in prison?")
    await server.group(-7).says(sokha, "who is in prison?")
    batch = await platform.poll(None)
    assert [one.request for one in batch.envelopes] == [Request(HERE, "", "who is in prison?")]
    assert batch.skipped == {"not for us": 1}


async def test_hostile_characters_are_gone(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    await sokha.sends({"text": "/laws \u202e\x00arrest\ud800"})
    await sokha.sends({"text": "\x00\ud800"})
    assert await requests(platform) == [Request(HERE, "laws", "arrest"), Request(HERE, "", mishap=Mishap.UNREADABLE)]


async def test_a_picture_is_unreadable_but_its_caption_may_be_a_command(
    server: TelegramServer, platform: Telegram
) -> None:
    sokha = server.user(42, language="en")
    await sokha.sends_photo()
    await sokha.sends_photo("my brother")
    await sokha.sends_photo("/laws")
    await sokha.sends_sticker()
    group = server.group(-7)
    await group.sends_photo(sokha, "/laws")
    await group.sends_sticker(sokha)
    batch = await platform.poll(None)
    assert [one.request.mishap or one.request.command for one in batch.envelopes] == [
        Mishap.UNREADABLE,
        Mishap.UNREADABLE,
        "laws",
        Mishap.UNREADABLE,
        "laws",
    ]
    assert {one.request.language for one in batch.envelopes} == {"en"}
    assert batch.skipped == {"not for us": 1}


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("/prisoners", "prisoners"),
        ("/prisoners@PratipTestBot", "prisoners"),
        ("/prisoners@pratiptestBOT x", "prisoners"),
        ("/prisoners@OtherBot", None),
        ("prisoners", None),
    ],
)
async def test_in_a_group_only_commands_for_us_are_heard(
    server: TelegramServer, platform: Telegram, words: str, command: str | None
) -> None:
    await server.group(FAR).says(server.user(42), words)
    found = await requests(platform)
    assert [one.command for one in found] == ([command] if command else [])
    assert all(one.chat == Chat("telegram", str(FAR), private=False) for one in found)
    assert all(one.addressed is ("@" in words) for one in found)


async def test_an_answer_goes_to_the_topic_it_was_asked_in(server: TelegramServer, platform: Telegram) -> None:
    group, sokha = server.group(FAR, topics={5: "Law"}), server.user(42)
    await group.says(sokha, "/laws", thread=5)
    await group.says(sokha, "/laws")
    topic, general = [one.chat for one in await requests(platform)]
    assert (topic.thread, general.thread) == ("5", "")
    await platform.send(topic, Reply(Text("here")), key="k")
    assert (await group.hears()).thread == 5
    await platform.send(general, Reply(Text("there")), key="k")
    assert (await group.hears()).thread is None


async def test_a_reply_in_a_group_without_topics_is_no_topic(server: TelegramServer, platform: Telegram) -> None:
    group, sokha = server.group(FAR), server.user(42)
    first = await group.says(sokha, "/help")
    await group.says(sokha, "/laws", reply_to=first)
    assert [one.chat.thread for one in await requests(platform)] == ["", ""]


async def test_an_anonymous_administrator_is_heard(server: TelegramServer, platform: Telegram) -> None:
    await server.group(FAR).says_anonymously("/laws")
    assert [one.command for one in await requests(platform)] == ["laws"]


async def test_what_nobody_asked_us_is_passed_over_and_counted(server: TelegramServer, platform: Telegram) -> None:
    sokha, group, channel = server.user(42), server.group(-7), server.channel(-1009)
    server.updates.allowed = frozenset({"message", "edited_message", "channel_post", "edited_channel_post", "poll"})
    said = await sokha.says("/help")
    await platform.poll((await platform.poll(None)).cursor)
    server.updates.allowed = frozenset()
    await sokha.edits(said, "/laws")
    await channel.edits(await channel.posts("news"), "more news")
    await group.says(server.user(43, is_bot=True), "/help")
    await group.joins(sokha)
    await sokha.blocks()
    server.push({"brand_new_thing": {}})
    automatic = {"sender_chat": channel.shape, "is_automatic_forward": True, "text": "/laws"}
    await group.says(sokha, "x")
    server.updates.waiting[-1]["message"].update(automatic)
    server.push({"callback_query": {"id": "1", "from": sokha.user, "chat_instance": "1", "data": "help"}})
    assert await skipped(platform) == {
        "edited message": 1,
        "channel post": 2,
        "edited channel post": 1,
        "bot": 1,
        "service message": 1,
        "my chat member": 1,
        "unknown kind": 1,
        "not our button": 1,
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"message": "nonsense"},
        {"message": {}},
        {"message": {"message_id": 1, "date": 0, "chat": {"id": 1}}},
        {"message": {"message_id": 1, "date": "x", "chat": {"id": 1, "type": "private"}, "text": "/help"}},
        {"message": {"message_id": 1, "date": 5, "chat": {"id": 1, "type": "private"}, "text": 7}},
        {"message": {"message_id": 1, "date": 5, "chat": None, "text": "/help"}},
        {"callback_query": {"id": "1", "from": None, "chat_instance": "1", "data": "x"}},
        {"callback_query": [1]},
    ],
)
async def test_a_malformed_update_costs_no_other(
    server: TelegramServer, platform: Telegram, odd: dict[str, Any]
) -> None:
    sokha = server.user(42)
    await sokha.says("/help")
    server.push(odd)
    await sokha.says("/laws")
    batch = await platform.poll(None)
    assert [one.request.command for one in batch.envelopes] == ["help", "laws"]
    assert sum(batch.skipped.values()) == 1
    assert await platform.poll(batch.cursor) == Batch(batch.cursor)
    assert not server.updates.waiting


async def test_updates_that_are_no_objects_cost_no_other(server: TelegramServer, platform: Telegram) -> None:
    await platform.poll(None)
    answer = b'{"ok": true, "result": [7, null, {"update_id": "x"}, [], {"update_id": 9, "message": 7}]}'
    server.fail("getUpdates", garbage=answer)
    batch = await platform.poll(None)
    assert (batch.cursor, batch.envelopes) == ("10", ())
    assert sum(batch.skipped.values()) == 5


# --- the cursor


async def test_nothing_is_confirmed_before_the_cursor_comes_back(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    await sokha.says("/help")
    first = await platform.poll(None)
    assert (await platform.poll(None)).envelopes == first.envelopes
    assert await platform.poll(first.cursor) == Batch(first.cursor)
    assert not server.updates.waiting


async def test_what_was_answered_before_a_restart_is_not_answered_again(server: TelegramServer) -> None:
    sokha = server.user(42)
    await sokha.says("/help")
    async with opened(server) as platform:
        cursor = (await platform.poll(None)).cursor
    await sokha.says("/laws")
    async with opened(server) as platform:
        batch = await platform.poll(cursor)
        assert [one.request.command for one in batch.envelopes] == ["laws"]
        assert batch.skipped == {"repeated": 1}
        assert await platform.poll(batch.cursor) == Batch(batch.cursor)
    assert not server.updates.waiting


@pytest.mark.parametrize("cursor", ["9999999999", "900000000", "1", "0", "-1", "-5", "", "nonsense", "²", "9" * 5000])
async def test_no_cursor_however_odd_loses_an_update(server: TelegramServer, platform: Telegram, cursor: str) -> None:
    sokha = server.user(42)
    for command in ("/help", "/laws", "/about"):
        await sokha.says(command)
    batch = await platform.poll(cursor)
    assert [one.request.command for one in batch.envelopes] == ["help", "laws", "about"]
    assert await platform.poll(batch.cursor) == Batch(batch.cursor)


async def test_ids_that_begin_anew_lose_no_update(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    await sokha.says("/help")
    cursor = (await platform.poll(None)).cursor
    assert await platform.poll(cursor) == Batch(cursor)
    server.updates.next_id = int(cursor or 0) - 5000
    await sokha.says("/laws")
    batch = await platform.poll(cursor)
    assert [one.request.command for one in batch.envelopes] == ["laws"]
    assert int(batch.cursor or 0) < int(cursor or 0)


async def test_a_confirmation_that_got_lost_is_made_again(server: TelegramServer, platform: Telegram) -> None:
    await server.user(42).says("/help")
    batch = await platform.poll(None)
    server.fail("getUpdates", status=502)
    with pytest.raises(Unavailable):
        await platform.poll(batch.cursor)
    assert await platform.poll(batch.cursor) == Batch(batch.cursor)
    assert not server.updates.waiting


# --- menus


MENUS = {"": [("help", "Help")], "km": [("help", "ជំនួយ"), ("laws", "ច្បាប់")]}


async def test_the_menus_are_set_in_each_language_once(server: TelegramServer) -> None:
    async with opened(server, menus=MENUS) as platform:
        await platform.poll(None)
        await platform.poll(None)
    assert {
        key[1]: [(one["command"], one["description"]) for one in menu] for key, menu in server.commands.items()
    } == MENUS
    assert len(server.calls("setMyCommands")) == 2


async def test_a_menu_that_fails_stops_nothing_and_is_tried_later(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.user(42).says("/help")
    server.fail("setMyCommands", retry_after=1)
    async with opened(server, menus=MENUS) as platform:
        assert len(await requests(platform)) == 1
        await platform.poll(None)
        assert len(server.calls("setMyCommands")) == 1
        monkeypatch.setattr(platform, "_menus_at", 0.0)
        await platform.poll(None)
    assert len(server.commands) == 2


async def test_a_menu_that_is_refused_does_not_keep_the_others_from_being_set(server: TelegramServer) -> None:
    async with opened(server, menus={"not-a-code": MENUS[""], **MENUS}) as platform:
        await platform.poll(None)
        await platform.poll(None)
    assert len(server.commands) == 2
    assert len(server.calls("setMyCommands")) == 3


# --- buttons


async def pressed(server: TelegramServer, platform: Telegram, message: Message, **how: Any) -> Envelope:
    await sokha(server).presses(message, **how)
    [envelope] = (await platform.poll(None)).envelopes
    await platform.poll(f"{server.updates.next_id}")
    server.updates.waiting.clear()
    return envelope


async def shown(server: TelegramServer, platform: Telegram, *commands: str) -> Message:
    reader = server.user(42, language="km")
    await platform.send(HERE, with_buttons(*commands), key="k")
    return await reader.hears()


def sokha(server: TelegramServer) -> Person:
    reader = server.chats[42]
    assert isinstance(reader, Person)
    return reader


async def test_a_button_asks_what_typing_its_command_would(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "prisoners kem sokha")
    assert message.buttons == ((("b0", "prisoners kem sokha"),),)
    envelope = await pressed(server, platform, message, label="b0")
    assert envelope.request == Request(HERE, "prisoners", "kem sokha", "km")
    assert envelope.refers == str(message.id)
    assert envelope.key.startswith("callback:")


@pytest.mark.parametrize("command", ["search " + "ក" * 60, "x" * 65, "~tilde"])
async def test_a_command_that_does_not_fit_a_button_is_kept_on_the_shelf(
    server: TelegramServer, platform: Telegram, command: str
) -> None:
    message = await shown(server, platform, command)
    assert len(message.data("b0")) == 9
    assert (await pressed(server, platform, message, label="b0")).request.line == command


async def test_sixty_four_bytes_fit(server: TelegramServer, platform: Telegram) -> None:
    command = "search " + "ក" * 19
    assert len(command.encode()) == 64
    assert (await shown(server, platform, command)).data("b0") == command


async def test_a_button_from_before_a_restart_says_that_it_has_expired(
    server: TelegramServer, platform: Telegram
) -> None:
    message = await shown(server, platform, "x" * 65)
    async with opened(server) as later:
        envelope = await pressed(server, later, message, label="b0")
    assert envelope.request == Request(HERE, "", language="km", mishap=Mishap.EXPIRED)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("help", "help"),
        ("approve 7", "approve 7"),
        ("help@PratipTestBot x", "help x"),
        ("/help", "//help"),
        ("help \u202e\x00x", "help x"),
        ("help\nme", "help me"),
    ],
)
async def test_a_forged_button_can_do_no_more_than_typing(
    server: TelegramServer, platform: Telegram, data: str, line: str
) -> None:
    message = await shown(server, platform, "help")
    request = (await pressed(server, platform, message, data=data)).request
    assert (request.line, request.mishap) == (line, None)


async def test_a_forged_token_is_one_that_has_expired(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    request = (await pressed(server, platform, message, data="~forgedxx")).request
    assert (request.line, request.mishap) == ("", Mishap.EXPIRED)


async def test_a_forged_button_for_another_bot_is_not_ours(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    await sokha(server).presses(message, data="help@OtherBot")
    assert await skipped(platform) == {"not for us": 1}


async def test_a_shelved_command_is_of_use_in_its_own_chat_only(server: TelegramServer, platform: Telegram) -> None:
    data = (await shown(server, platform, "x" * 65)).data("b0")
    group = server.group(-7)
    await platform.send(Chat("telegram", "-7", private=False), with_buttons("help"), key="k")
    await sokha(server).presses(await group.hears(), data=data)
    assert [one.mishap for one in await requests(platform)] == [Mishap.EXPIRED]


async def test_a_button_pressed_in_a_topic_is_answered_there_as_if_we_were_named(
    server: TelegramServer, platform: Telegram
) -> None:
    group, topic = server.group(FAR, topics={5: "Law"}), Chat("telegram", str(FAR), "5", private=False)
    await platform.send(topic, with_buttons("help"), key="k")
    await server.user(42).presses(await group.hears(), "b0")
    assert await requests(platform) == [Request(topic, "help")]


async def test_a_button_of_a_message_that_is_gone_is_answered_with_a_new_one(
    server: TelegramServer, platform: Telegram
) -> None:
    message = await shown(server, platform, "help")
    del server.chats[42].messages[message.id]
    envelope = await pressed(server, platform, message, data="help")
    assert (envelope.request.command, envelope.refers) == ("help", "")


async def test_a_pressed_button_stops_turning(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    press = await sokha(server).presses(message, "b0")
    [envelope] = (await platform.poll(None)).envelopes
    await platform.acknowledge(envelope)
    assert (await press.answered())["callback_query_id"] == envelope.key.partition(":")[2]


async def test_a_button_that_cannot_be_stopped_is_let_be(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    (await sokha(server).presses(message, "b0")).expires()
    [envelope] = (await platform.poll(None)).envelopes
    await platform.acknowledge(envelope)
    server.fail("answerCallbackQuery", drop=True)
    await platform.acknowledge(envelope)
    server.fail("answerCallbackQuery", retry_after=5)
    await platform.acknowledge(envelope)


async def test_what_was_typed_needs_no_acknowledgement(server: TelegramServer, platform: Telegram) -> None:
    await platform.acknowledge(Envelope(Request(HERE, "help"), "update:1"))
    assert not server.record


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_shelf_forgets_after_half_an_hour() -> None:
    clock = Clock()
    shelf = Shelf(clock)
    old = shelf.data(HERE, "x" * 65)
    clock.now = 1000
    new = shelf.data(HERE, "y" * 65)
    clock.now = 1800
    assert (shelf.command(HERE, old), shelf.command(HERE, new)) == (None, "y" * 65)
    shelf.tidy()
    assert "x" * 65 not in repr(vars(shelf))
    clock.now = 2800
    shelf.tidy()
    assert not shelf._held
    assert not shelf._count


async def test_the_commands_behind_a_chats_buttons_are_forgotten_with_it(
    server: TelegramServer, platform: Telegram
) -> None:
    message = await shown(server, platform, "x" * 65)
    await platform.forget(Chat("telegram", "43"))
    assert (await pressed(server, platform, message, label="b0")).request.command == "x" * 65
    await platform.forget(HERE)
    assert (await pressed(server, platform, message, label="b0")).request.mishap == Mishap.EXPIRED


def test_the_shelf_is_bounded_for_a_chat_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "_OF_CHAT", 2)
    monkeypatch.setattr(keyboard, "_IN_ALL", 3)
    shelf, there = Shelf(Clock()), Chat("telegram", "43")
    first, second, third = (shelf.data(HERE, name * 65) for name in "abc")
    assert [shelf.command(HERE, token) for token in (first, second, third)] == [None, "b" * 65, "c" * 65]
    fourth, fifth = shelf.data(there, "d" * 65), shelf.data(there, "e" * 65)
    assert shelf.command(HERE, second) is None
    assert [shelf.command(there, token) for token in (fourth, fifth)] == ["d" * 65, "e" * 65]
    assert len(shelf._held) == 3


# --- sending


async def test_a_text_of_4096_units_is_sent_and_one_more_is_refused(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    longest = "\U0001f56f" * 2048
    assert platform.can.limit.measure(longest) == platform.can.limit.size
    await platform.send(HERE, Reply(Text(longest)), key="k")
    assert (await sokha.hears()).text == longest
    with pytest.raises(Rejected, match="too long"):
        await platform.send(HERE, Reply(Text(longest + "x")), key="k")


async def test_a_message_is_edited_and_loses_its_buttons(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    await platform.edit(HERE, str(message.id), Reply(parse("*New*")))
    changed = await server.chats[42].hears()
    assert (changed.id, changed.text, changed.buttons, changed.marked("bold")) == (
        message.id,
        "New",
        (),
        ("New",),
    )
    assert changed.preview == {"is_disabled": True}


async def test_an_edit_that_changes_nothing_is_fine(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    await platform.edit(HERE, str(message.id), with_buttons("help"))
    await server.chats[42].hears_nothing(0.02)


async def test_a_message_that_cannot_be_edited_is_told(server: TelegramServer, platform: Telegram) -> None:
    said = await server.user(42).says("mine")
    with pytest.raises(Past, match="can't be edited"):
        await platform.edit(HERE, str(said.id), Reply(Text("yours")))
    with pytest.raises(Past, match="not found"):
        await platform.edit(HERE, "999", Reply(Text("x")))


@pytest.mark.parametrize("started", [True, False])
async def test_a_person_who_refuses_us_is_gone(server: TelegramServer, platform: Telegram, started: bool) -> None:
    sokha = server.user(42)
    sokha.known = started
    if started:
        await sokha.blocks()
    with pytest.raises(Gone):
        await platform.send(HERE, Reply(Text("x")), key="k")


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: not enough rights to send text messages to the chat",
        "Bad Request: have no rights to send a message",
        "Bad Request: CHAT_WRITE_FORBIDDEN",
        "Bad Request: group chat was deactivated",
    ],
)
async def test_a_group_that_lets_us_say_nothing_is_gone(server: TelegramServer, platform: Telegram, words: str) -> None:
    server.fail("sendMessage", status=400, description=words)
    with pytest.raises(Gone):
        await platform.send(HERE, Reply(Text("x")), key="k")


async def test_a_topic_that_is_closed_or_missing_is_gone_alone(server: TelegramServer, platform: Telegram) -> None:
    group = server.group(FAR, topics={5: "Law", 6: "News"})
    await group.closes(5)
    for thread in ("5", "7"):
        with pytest.raises(Gone):
            await platform.send(Chat("telegram", str(FAR), thread, private=False), Reply(Text("x")), key="k")
    await platform.send(Chat("telegram", str(FAR), "6", private=False), Reply(Text("x")), key="k")


async def test_a_group_that_has_moved_says_where(server: TelegramServer, platform: Telegram) -> None:
    group = server.group(-7)
    await group.migrates(FAR)
    with pytest.raises(Moved) as caught:
        await platform.send(Chat("telegram", "-7", private=False), Reply(Text("x")), key="k")
    assert caught.value.to == str(FAR)
    assert str(FAR) not in str(caught.value)


async def test_a_flood_limit_says_how_long_and_that_it_is_the_chats(server: TelegramServer, platform: Telegram) -> None:
    server.user(42)
    server.limits = Limits(chat=(1, 60.0))
    await platform.send(HERE, Reply(Text("x")), key="k")
    with pytest.raises(Unavailable) as caught:
        await platform.send(HERE, Reply(Text("x")), key="k")
    assert caught.value.retry_after is not None
    assert (55 < caught.value.retry_after <= 60, caught.value.chat_only) == (True, True)


async def test_a_flood_limit_without_a_time_means_wait(server: TelegramServer, platform: Telegram) -> None:
    server.fail("sendMessage", status=429)
    with pytest.raises(Unavailable) as caught:
        await platform.send(HERE, Reply(Text("x")), key="k")
    assert caught.value.retry_after is None


async def test_half_a_character_does_not_cost_the_message(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    await platform.send(HERE, Reply(Text("a\ud800b"), ((Button("c\udc00", "d\ud800"),),)), key="k")
    heard = await sokha.hears()
    assert (heard.text, heard.buttons) == ("a\ufffdb", ((("c\ufffd", "d\ufffd"),),))


# --- updates


@pytest.mark.parametrize(
    ("push", "silent", "paid"),
    [(None, False, False), (Push(), True, False), (Push(urgent=True), False, False), (Push(paid=True), True, True)],
)
async def test_a_routine_update_is_silent_and_a_paid_one_is_paid_for(
    server: TelegramServer, platform: Telegram, push: Push | None, silent: bool, paid: bool
) -> None:
    sokha = server.user(42)
    await platform.send(HERE, Reply(Text("https://example.org/")), key="k", push=push)
    heard = await sokha.hears()
    assert (heard.silent, heard.paid, heard.preview) == (silent, paid, {"is_disabled": True})
    assert ("allow_paid_broadcast" in server.calls("sendMessage")[0].parameters) is paid


@pytest.mark.parametrize("name", ["@lantern_news", str(FAR)])
async def test_a_channel_takes_an_update_its_correction_and_its_withdrawal(
    server: TelegramServer, platform: Telegram, name: str
) -> None:
    channel, there = server.channel(FAR, username="Lantern_News"), Chat("telegram", name, private=False)
    message = await platform.send(there, Reply(Text("old")), key="k", push=Push())
    await platform.amend(there, message, Reply(Text("new")), key="k2")
    await platform.amend(there, message, Reply(Text("new")), key="k2")
    assert [one.text for one in channel.history] == ["new"]
    for _ in range(2):
        await platform.delete(there, message, key="k3")
    assert not channel.history
    with pytest.raises(Past):
        await platform.amend(there, message, Reply(Text("newer")), key="k4")


async def test_a_channel_that_is_not_there_or_removed_us_is_gone(server: TelegramServer, platform: Telegram) -> None:
    channel, there = server.channel(FAR, username="lantern"), Chat("telegram", "@lantern", private=False)
    message = await platform.send(there, Reply(Text("x")), key="k")
    await channel.removes_bot(server.user(42))
    for attempt in (
        platform.send(there, Reply(Text("y")), key="k"),
        platform.amend(there, message, Reply(Text("y")), key="k"),
        platform.delete(there, message, key="k"),
        platform.send(Chat("telegram", "@nobody", private=False), Reply(Text("x")), key="k"),
    ):
        with pytest.raises(Gone):
            await attempt


async def test_after_two_days_a_message_is_amended_but_no_longer_deleted(
    server: TelegramServer, platform: Telegram
) -> None:
    sokha = server.user(42)
    message = await platform.send(HERE, Reply(Text("x")), key="k")
    server.age(await sokha.hears(), seconds=49 * 3600)
    await platform.amend(HERE, message, Reply(Text("y")), key="k")
    with pytest.raises(Past, match="can't be deleted"):
        await platform.delete(HERE, message, key="k")


async def test_a_message_that_may_not_be_deleted_says_nothing_about_its_chat(
    server: TelegramServer, platform: Telegram
) -> None:
    server.user(42)
    server.fail("deleteMessage", status=403, description="Forbidden: MESSAGE_DELETE_FORBIDDEN")
    with pytest.raises(Past):
        await platform.delete(HERE, "1", key="k")


async def test_a_correction_that_is_too_long_is_rejected(server: TelegramServer, platform: Telegram) -> None:
    server.user(42)
    message = await platform.send(HERE, Reply(Text("x")), key="k")
    with pytest.raises(Rejected):
        await platform.amend(HERE, message, Reply(Text("x" * 4097)), key="k")


@pytest.mark.parametrize(("options", "rate"), [({}, 30), ({"rate": 5.0}, 5), ({"paid": True}, 1000)])
def test_the_allowance_is_the_one_that_was_set(options: dict[str, Any], rate: float) -> None:
    allowance = Telegram(TOKEN, **options).can.allowance
    assert (allowance.rate, allowance.private, allowance.group) == (rate, (1, 1.0), (20, 60.0))


# --- who decides


async def test_a_message_and_a_press_say_who_sent_them(server: TelegramServer, platform: Telegram) -> None:
    message = await shown(server, platform, "help")
    await server.user(43).says("/laws")
    await sokha(server).presses(message, "b0")
    assert [one.sender for one in (await platform.poll(None)).envelopes] == ["43", "42"]


async def test_only_an_anonymous_administrator_speaks_for_the_group(server: TelegramServer, platform: Telegram) -> None:
    group = server.group(FAR)
    await group.says_anonymously("/laws")
    await group.says_as(server.channel(-1009), "/laws")
    await group.says(server.user(42), "/laws")
    found = (await platform.poll(None)).envelopes
    assert [(one.sender, one.speaks_for_chat) for one in found] == [("", True), ("", False), ("42", False)]
    assert [await platform.administers(one) for one in found] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "decides"),
    [("creator", True), ("administrator", True), ("member", False), ("restricted", False), ("left", False)],
)
async def test_a_groups_administrators_decide_for_it_as_they_are_now(
    server: TelegramServer, platform: Telegram, status: str, decides: bool
) -> None:
    group, chea = server.group(FAR), server.user(42)
    await group.says(chea, "/laws")
    [envelope] = (await platform.poll(None)).envelopes
    assert not await platform.administers(envelope)
    await group.appoints(chea, status)
    assert await platform.administers(envelope) is decides


async def test_everybody_decides_for_themselves_without_a_question(server: TelegramServer, platform: Telegram) -> None:
    assert await platform.administers(Envelope(Request(HERE, "help"), "update:1", sender="42"))
    assert not server.record


async def test_where_telegram_cannot_say_it_is_not_known(server: TelegramServer, platform: Telegram) -> None:
    server.group(FAR)
    envelope = Envelope(Request(Chat("telegram", str(FAR), private=False), "help"), "update:1", sender="42")
    for fault in ({}, {"status": 500}, {"retry_after": 3}, {"garbage": b'{"ok": true, "result": []}'}):
        if fault:
            server.user(42)
            server.fail("getChatMember", **fault)
        with pytest.raises(Refusal):
            await platform.administers(envelope)


@pytest.mark.parametrize(
    ("status", "open_", "mend"),
    [
        ("administrator", True, ""),
        ("creator", False, ""),
        ("administrator", False, "administrator of the channel who may post"),
        ("restricted", True, "administrator of the channel who may post"),
        ("member", True, "the bot is not in it"),
        ("left", True, "the bot is not in it"),
        ("kicked", True, "the bot is not in it"),
    ],
)
async def test_the_bot_may_post_to_a_channel_as_its_administrator_with_that_right(
    server: TelegramServer, platform: Telegram, status: str, open_: bool, mend: str
) -> None:
    channel = server.channel(-1009, username="laws_en")
    channel.members[server.bot["id"]], channel.open = status, open_
    for name in ("@laws_en", "-1009"):
        told = await platform.hindrance(Chat("telegram", name, private=False))
        assert (mend in told, bool(told)) == (True, bool(mend))


@pytest.mark.parametrize(
    ("status", "open_", "mend"),
    [
        ("member", True, ""),
        ("administrator", False, ""),
        ("restricted", True, ""),
        ("member", False, "let the members of the group write"),
        ("restricted", False, "let the members of the group write"),
        ("left", True, "the bot is not in it"),
    ],
)
async def test_the_bot_may_post_to_a_group_as_its_members_may(
    server: TelegramServer, platform: Telegram, status: str, open_: bool, mend: str
) -> None:
    group = server.group(FAR)
    group.members[server.bot["id"]], group.open = status, open_
    told = await platform.hindrance(Chat("telegram", str(FAR), private=False))
    assert (mend in told, bool(told)) == (True, bool(mend))


async def test_where_there_is_no_channel_or_the_bot_was_removed_it_is_to_be_added(
    server: TelegramServer, platform: Telegram
) -> None:
    assert "the bot is not in it" in await platform.hindrance(Chat("telegram", "@nothing", private=False))
    await server.channel(-1009, username="laws_en").removes_bot(server.user(42))
    assert "the bot is not in it" in await platform.hindrance(Chat("telegram", "@laws_en", private=False))


# --- polling when something is wrong


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "refuses the token"),
        ({"status": 404}, "refuses the token"),
        ({"status": 409}, "another program polls"),
        ({"retry_after": 7}, "slow down"),
        ({"status": 500}, "no answer"),
        ({"status": 403}, "blocked or removed"),
        ({"garbage": b"<html>"}, "no answer"),
        ({"garbage": b'{"ok": true, "result": 7}'}, "odd shape"),
        ({"drop": True}, "no answer"),
        ({"migrate_to": 7}, "supergroup"),
    ],
)
async def test_a_poll_that_fails_says_why_and_recovers(
    server: TelegramServer, platform: Telegram, method: str, fault: dict[str, Any], words: str
) -> None:
    await server.user(42).says("/help")
    server.fail(method, **fault)
    with pytest.raises(Unavailable, match=words) as caught:
        await platform.poll(None)
    assert caught.value.retry_after == fault.get("retry_after")
    assert not caught.value.chat_only
    assert [one.command for one in await requests(platform)] == ["help"]


async def test_a_token_that_was_revoked_is_told_while_it_runs(server: TelegramServer, platform: Telegram) -> None:
    await platform.poll(None)
    server.token = "2:another"
    with pytest.raises(Unavailable, match="refuses the token"):
        await platform.poll(None)
    with pytest.raises(Unavailable, match="refuses the token"):
        await platform.send(HERE, Reply(Text("x")), key="k")


async def test_two_programs_with_one_token_notice_each_other(server: TelegramServer, platform: Telegram) -> None:
    server.longest_poll = 5
    await platform.poll(await first_cursor(server, platform))
    async with opened(server) as other, asyncio.TaskGroup() as group:
        held = group.create_task(refused_poll(platform))
        await server.called("getUpdates", 3)
        taking_over = group.create_task(other.poll(None))
        assert "another program polls" in str(await held)
        await server.user(42).says("/laws")
        assert len((await taking_over).envelopes) == 1


async def first_cursor(server: TelegramServer, platform: Telegram) -> str | None:
    await server.user(42).says("/help")
    cursor = (await platform.poll(None)).cursor
    await server.user(42).says("/about")
    return cursor


async def refused_poll(platform: Telegram) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await platform.poll(str(700_000_003))
    return caught.value


async def test_a_window_full_of_messages_is_sent_at_once(server: TelegramServer, platform: Telegram) -> None:
    readers = [server.user(number) for number in range(1, platform.can.window + 1)]
    server.fail("sendMessage", hang=0.1, times=None)
    async with asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(platform.send(Chat("telegram", str(reader.id)), Reply(Text("x")), key="k"))
    assert server.most_in_flight == platform.can.window


async def test_a_webhook_is_removed(server: TelegramServer, platform: Telegram) -> None:
    server.webhook = "https://example.org/"
    await server.user(42).says("/help")
    assert await platform.poll("5") == Batch("5")
    assert [one.command for one in await requests(platform)] == ["help"]
    assert not server.calls("deleteWebhook")[0].parameters.get("drop_pending_updates")


async def test_a_webhook_that_comes_back_at_once_is_told(server: TelegramServer, platform: Telegram) -> None:
    for _ in range(2):
        server.webhook = "https://example.org/"
        batch = await platform.poll(None)
        assert batch == Batch(None)
        await platform.poll(None)
    server.webhook = "https://example.org/"
    await platform.poll(None)
    server.webhook = "https://example.org/"
    with pytest.raises(Unavailable, match="webhook"):
        await platform.poll(None)


# --- rendering


def covered(plain: str, entity: MessageEntity) -> str:
    units = plain.encode("utf-16-le")
    return units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "ftp://x/", "http://", "mailto:a@b.org", "http://[", "", "http://a b/"]
)
def test_a_link_that_telegram_does_not_open_is_plain_text(target: str) -> None:
    assert render(Text("see").styled(Style.LINK, target)) == ("see", [])


@pytest.mark.parametrize(
    "target", ["https://example.org/a", "http://example.org", "tg://resolve?domain=x", "HTTPS://a.org"]
)
def test_a_link_that_telegram_opens_is_a_link(target: str) -> None:
    [entity] = render(Text("see").styled(Style.LINK, target))[1]
    assert (entity.type, entity.url) == (MessageEntity.TEXT_LINK, target)


@pytest.mark.parametrize("style", [Style.COMMAND, Style.FALLBACK, Style.DRAFT])
def test_a_command_a_fallback_and_a_draft_need_no_entity(style: Style) -> None:
    assert render(Text("/help").styled(style)) == ("/help", [])


def test_only_code_stays_where_code_meets_something_else() -> None:
    text = Text("bold code").styled(Style.BOLD) + Text("").styled(Style.CODE)
    text = Text(text.plain, (*text.marks, Mark(5, 9, Style.CODE)))
    plain, entities = render(text)
    assert [(one.type, covered(plain, one)) for one in entities] == [("bold", "bold"), ("code", "code")]


def test_a_link_matters_more_than_code() -> None:
    plain, entities = render(parse("[`Art. 41`](https://example.org/41)"))
    assert [(one.type, covered(plain, one)) for one in entities] == [("text_link", "Art. 41")]


def test_white_space_at_the_ends_is_trimmed_before_telegram_does() -> None:
    plain, entities = render(Text(" \n \U0001f56f light ").styled(Style.BOLD))
    assert (plain, [(one.offset, one.length) for one in entities]) == ("\U0001f56f light", [(0, 8)])
    assert render(Text("  ").styled(Style.BOLD)) == ("", [])


SIGNS = st.text(alphabet="ab \n\tក្ខ\u200b\U0001f56f\U0001f1f0\U0001f1ed\ud800é", max_size=30)
STYLES = st.sampled_from(list(Style))
TARGETS = st.sampled_from(["https://example.org/a", "tg://resolve?domain=x", "ftp://example.org", "x"])


@st.composite
def texts(draw: st.DrawFn) -> Text:
    plain = draw(SIGNS)
    places = st.integers(0, len(plain))
    marks = []
    for start, end, style, target in draw(st.lists(st.tuples(places, places, STYLES, TARGETS), max_size=6)):
        marks.append(Mark(min(start, end), max(start, end), style, target if style is Style.LINK else ""))
    return Text(plain, tuple(marks))


def wanted(text: Text, place: int) -> set[str]:
    """The kinds of entity one character should be under."""
    marks = [mark for mark in text.marks if mark.start <= place < mark.end]
    links = [mark for mark in marks if mark.style is Style.LINK and mark.target.startswith(("https:", "tg:"))]
    kinds = {str(mark.style) for mark in marks if mark.style in (Style.BOLD, Style.ITALIC, Style.CODE)}
    kinds |= {"text_link"} if links else set()
    return ({"text_link"} if links else {"code"}) if "code" in kinds else kinds


@given(texts())
@example(Text("\U0001f56f\U0001f56f", (Mark(1, 2, Style.BOLD), Mark(0, 1, Style.ITALIC))))
@example(Text("a b", (Mark(1, 2, Style.BOLD), Mark(0, 0, Style.CODE))))
def test_entities_cover_exactly_the_marked_characters(text: Text) -> None:
    text = text.strip()
    plain, entities = render(text)
    assert len(plain) == len(text.plain)
    got: list[set[str]] = [set() for _ in plain]
    starts = [len(plain[:place].encode("utf-16-le")) // 2 for place in range(len(plain) + 1)]
    for one in entities:
        start, end = starts.index(one.offset), starts.index(one.offset + one.length)  # fails inside a pair
        assert plain[start:end].strip() == plain[start:end] != ""
        for place in range(start, end):
            assert one.type not in got[place]
            got[place].add(str(one.type))
    seen = [place for place, sign in enumerate(plain) if not sign.isspace()]
    assert [got[place] for place in seen] == [wanted(text, place) for place in seen]


async def test_whatever_is_rendered_telegram_takes(server: TelegramServer, platform: Telegram) -> None:
    sokha = server.user(42)
    for number, text in enumerate(samples()):
        await platform.send(HERE, Reply(Text(f"{number}: ") + text + "."), key="k")
        assert (await sokha.hears()).text.startswith(f"{number}: ")


def samples() -> list[Text]:
    styles = [(style, "https://example.org/" if style is Style.LINK else "") for style in Style]
    return [
        Text("a\U0001f56fbc\U0001f56fd e", (Mark(0, 4, *one), Mark(2, 6, *other), Mark(1, 3, *one)))
        for one in styles
        for other in styles
    ]
