"""The local Bot API, driven by the real python-telegram-bot: what it takes and refuses, what people see."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from tests.telegram_server import TOKEN, Call, Limits, TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
FORUM = -1_001_000_000_007


# The library warns, as it makes this error, that its number will become a timedelta.
may_warn = pytest.mark.filterwarnings("ignore:.*retry_after.*:DeprecationWarning")


class Clock:
    """Time that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def client(server: TelegramServer, token: str = TOKEN, read_timeout: float = 2.0) -> Bot:
    """Make a real bot that talks to the local server."""
    # It is plain HTTP; not to verify saves loading certificates, which would be half the time of these tests.
    first, second = (
        HTTPXRequest(read_timeout=read_timeout, httpx_kwargs={"verify": False, "trust_env": False}) for _ in "ab"
    )
    return Bot(token, base_url=f"{server.url}/bot", request=first, get_updates_request=second)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Run a server."""
    async with TelegramServer() as running:
        yield running


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    """Run a bot that has asked who it is."""
    async with client(server) as running:
        yield running


def keys(*labels: str, data: str = "/help") -> InlineKeyboardMarkup:
    """Make one row of buttons."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data) for label in labels]])


def bold(offset: int, length: int) -> MessageEntity:
    """Make one entity."""
    return MessageEntity("bold", offset, length)


def asked_to_wait(server: TelegramServer) -> int:
    """Return the seconds of the last answer, which the library gives as a number or a timedelta."""
    return int(json.loads(server.record[-1].answer)["parameters"]["retry_after"])


async def ask(server: TelegramServer, method: str, **how: Any) -> tuple[int, Any]:
    """Make one call without the library."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/bot{TOKEN}/{method}", **how) as got,
    ):
        return got.status, await got.json(content_type=None)


# --- who and how --------------------------------------------------------------------------------


async def test_a_bot_learns_its_name(bot: Bot, server: TelegramServer) -> None:
    assert bot.username == "PratipTestBot"
    assert [call.method for call in server.record] == ["getMe"]


async def test_a_wrong_token_is_unauthorized(server: TelegramServer) -> None:
    stranger = client(server, "2:wrong")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()
    (call,) = server.calls("getMe")
    assert json.loads(call.answer) == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_an_unknown_method_is_not_found(server: TelegramServer) -> None:
    status, body = await ask(server, "sendCarrierPigeon")
    assert (status, body["error_code"]) == (404, 404)


@pytest.mark.parametrize("how", ["json", "data", "params"])
async def test_parameters_come_as_json_form_or_query(server: TelegramServer, how: str) -> None:
    server.user(id=42)
    text = {"chat_id": 42, "text": "hello"}
    status, body = await ask(server, "sendmessage", **{how: text})
    assert (status, body["result"]["text"]) == (200, "hello")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"chat_id": 42, "text": "\\ud800"}', b'{"chat_id": 42, "text": 5}'])
async def test_a_malformed_body_is_a_bad_request(server: TelegramServer, body: bytes) -> None:
    server.user(id=42)
    headers = {"Content-Type": "application/json"}
    status, answer = await ask(server, "sendMessage", data=body, headers=headers)
    assert (status, answer["ok"]) == (400, False)


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("sendMessage", {"text": "a"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 42, "text": "a", "reply_markup": []}, "object expected as reply markup"),
        (
            "sendMessage",
            {"chat_id": 42, "text": "a", "reply_markup": {"inline_keyboard": [1]}},
            "Array of Arrays",
        ),
        ("sendMessage", {"chat_id": 42, "text": "a", "reply_parameters": [1]}, "object expected as reply"),
        ("sendPhoto", {"chat_id": 42}, "there is no photo"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "a"}, "query is too old"),
        ("setMyCommands", {"commands": {}, "scope": {"type": "planet"}}, "BotCommandScope"),
        ("setMyCommands", {"commands": [], "scope": "default"}, "BotCommandScope"),
        ("setMyCommands", {"commands": [], "scope": []}, "BotCommandScope"),
        ("setMyCommands", {"commands": {"help": "Help"}}, "Array of BotCommand"),
        ("setMyCommands", {"commands": [{"command": "help"}]}, "can't parse BotCommand"),
    ],
)
async def test_a_parameter_of_the_wrong_shape_is_a_bad_request(
    server: TelegramServer, method: str, parameters: object, words: str
) -> None:
    server.user(id=42)
    status, body = await ask(server, method, json=parameters)
    assert status == 400
    assert words in body["description"]


# --- messages -----------------------------------------------------------------------------------


async def test_a_message_is_heard_with_everything_on_it(bot: Bot, server: TelegramServer) -> None:
    sokha = server.user(id=42, language="km", name="សុខា")
    asked = await sokha.says("/prisoners kem sokha")
    sent = await bot.send_message(
        42,
        "🕯 ប្រទីប",
        entities=[bold(3, 6)],
        reply_markup=keys("Next", data="/prisoners 2"),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_parameters=ReplyParameters(asked.id),
        disable_notification=True,
    )
    heard = await sokha.hears()
    assert (heard.id, heard.chat_id, heard.text) == (sent.message_id, 42, "🕯 ប្រទីប")
    assert heard.marked("bold") == ("ប្រទីប",)
    assert heard.buttons == ((("Next", "/prisoners 2"),),)
    assert (heard.reply_to, heard.thread, heard.edited, heard.silent) == (asked.id, None, False, True)
    assert heard.preview == {"is_disabled": True}
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/prisoners kem sokha"
    assert sokha.history == [heard]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Message text is empty"),
        (" \n ", "Text must be non-empty"),
        ("a" * 4097, "Message is too long"),
        ("🕯" * 2049, "Message is too long"),
        ("a\0b", "Strings must be encoded in utf-8"),
    ],
)
async def test_a_text_that_telegram_would_not_show_is_refused(
    bot: Bot, server: TelegramServer, text: str, words: str
) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match=words):
        await bot.send_message(42, text)


async def test_length_counts_after_trimming_and_in_utf16_units(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.send_message(42, "\n" + "🕯" * 2048 + " ")
    assert (await reader.hears()).text == "🕯" * 2048


async def test_whitespace_goes_and_entities_move_with_it(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.send_message(42, "\n a\rb\tcd ", entities=[bold(0, 5), bold(6, 3)])
    heard = await reader.hears()
    assert heard.text == "ab cd"
    assert heard.marked("bold") == ("ab", "cd")


@pytest.mark.parametrize(
    ("entities", "words"),
    [
        ([bold(0, 9)], "ends after the end of the text at utf-16 offset 9"),
        ([bold(6, 1)], "begins after the end of the text at utf-16 offset 6"),
        ([bold(-1, 2)], "incorrect offset -1"),
        ([bold(0, 0)], "incorrect length 0"),
        ([bold(1, 2)], "begins in a middle of a utf-16 symbol at byte offset 4"),
        ([bold(0, 1)], "offset 0 ends in a middle of a utf-16 symbol at byte offset 4"),
        ([MessageEntity("blink", 0, 2)], "Unsupported type"),
        ([MessageEntity("text_link", 0, 2)], 'find field "url"'),
        ([MessageEntity("text_link", 0, 2, url="javascript:alert(1)")], "wrong url"),
        ([MessageEntity("code", 0, 3), bold(2, 1)], "overlap"),
        ([MessageEntity("pre", 2, 1), bold(0, 4)], "overlap"),
        ([MessageEntity("italic", 0, 4), bold(3, 2)], "overlap"),
        ([MessageEntity("text_link", 0, 4, url="https://e.org"), MessageEntity("code", 2, 1)], "overlap"),
        ([MessageEntity("blockquote", 0, 4), MessageEntity("blockquote", 2, 1)], "overlap"),
    ],
)
async def test_an_entity_that_does_not_fit_is_refused(
    bot: Bot, server: TelegramServer, entities: list[MessageEntity], words: str
) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match=f"(?i){words}"):
        await bot.send_message(42, "🕯abcd", entities=entities)


async def test_nested_entities_are_kept_in_telegrams_order(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    link = MessageEntity("text_link", 2, 2, url="https://example.org")
    await bot.send_message(42, "🕯abcd", entities=[link, MessageEntity("blockquote", 0, 6), bold(2, 2)])
    heard = await reader.hears()
    assert [entity.type for entity in heard.entities] == ["blockquote", "text_link", "bold"]
    assert heard.entities[1].url == "https://example.org"


async def test_only_a_hundred_entities_are_kept(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.send_message(42, "a" * 101, entities=[bold(place, 1) for place in range(101)])
    assert len((await reader.hears()).entities) == 100


async def test_telegram_finds_commands_by_itself_but_not_in_code(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.send_message(42, "/about /help and/or /ជំនួយ", entities=[MessageEntity("code", 7, 5)])
    assert (await reader.hears()).marked("bot_command") == ("/about",)


@pytest.mark.parametrize("entities", ["{", '"bold"', "[5]", '[{"type": "bold", "offset": "0", "length": 1}]'])
async def test_malformed_entities_are_refused(server: TelegramServer, entities: str) -> None:
    server.user(id=42)
    status, body = await ask(server, "sendMessage", data={"chat_id": 42, "text": "a", "entities": entities})
    assert status == 400
    assert body["description"].startswith("Bad Request: can't parse")


async def test_a_parse_mode_is_refused_while_strict(bot: Bot, server: TelegramServer) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match="send entities"):
        await bot.send_message(42, "<b>a</b>", parse_mode="HTML")
    server.strict = False
    await bot.send_message(42, "<b>a</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Unsupported parse_mode"):
        await bot.send_message(42, "a", parse_mode="BBCode")


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "Next", "callback_data": "x" * 65}, "Button_data_invalid"),
        ({"text": "Next", "callback_data": "ក" * 22}, "Button_data_invalid"),
        ({"text": "Next", "callback_data": ""}, "Button_data_invalid"),
        ({"text": "Next"}, "Text buttons are unallowed"),
        ({"text": "", "callback_data": "x"}, "non-empty String"),
        ({"text": "Next", "callback_data": "x", "url": "https://e.org"}, "exactly one action"),
        ("Next", "must be an Object"),
    ],
)
async def test_a_button_that_does_not_work_is_refused(
    bot: Bot, server: TelegramServer, button: object, words: str
) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match=f"(?i){words}"):
        await bot.send_message(42, "a", api_kwargs={"reply_markup": {"inline_keyboard": [[button]]}})


async def test_a_button_carries_64_bytes_and_a_message_a_hundred_buttons(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.send_message(42, "a", reply_markup=keys(*["Next"] * 100, data="ក" * 21 + "x"))
    assert len((await reader.hears()).buttons[0]) == 100
    with pytest.raises(BadRequest, match="too long"):
        await bot.send_message(42, "a", reply_markup=keys(*["Next"] * 101))


async def test_a_photo_is_heard_with_its_caption(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    sent = await bot.send_photo(42, PNG, caption="A chart", caption_entities=[bold(2, 5)], reply_markup=keys("More"))
    heard = await reader.hears()
    assert (heard.text, heard.marked("bold"), heard.photo) == ("A chart", ("chart",), PNG)
    assert (sent.photo[-1].width, sent.photo[-1].height) == (640, 480)
    again = await bot.send_photo(42, sent.photo[-1].file_id)
    assert (await reader.hears()).photo == PNG
    with pytest.raises(BadRequest, match="no text in the message to edit"):
        await bot.edit_message_text("b", 42, again.message_id)


@pytest.mark.parametrize(
    ("photo", "caption", "words"),
    [
        (PNG, "a" * 1025, "caption is too long"),
        (b"<svg/>", "", "Image_process_failed"),
        (PNG[:16] + struct.pack(">II", 9000, 2000), "", "Photo_invalid_dimensions"),
        (PNG[:16] + struct.pack(">II", 2100, 100), "", "Photo_invalid_dimensions"),
        ("a-file-id", "", "Wrong file identifier"),
    ],
)
async def test_a_photo_that_telegram_would_not_show_is_refused(
    bot: Bot, server: TelegramServer, photo: bytes | str, caption: str, words: str
) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match=words):
        await bot.send_photo(42, photo, caption=caption)


async def test_a_file_is_heard_under_its_name(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    sent = await bot.send_document(42, b"a,b", filename="pack.csv", caption="The pack")
    heard = await reader.hears()
    assert (heard.text, heard.document, heard.photo) == ("The pack", b"a,b", None)
    assert sent.document
    assert (sent.document.file_name, sent.document.mime_type, sent.document.file_size) == ("pack.csv", "text/csv", 3)
    with pytest.raises(BadRequest, match="no text in the message to edit"):
        await bot.edit_message_text("b", 42, sent.message_id)


@pytest.mark.parametrize(("document", "words"), [(b"", "non-empty"), ("a-file-id", "Wrong file identifier")])
async def test_a_file_that_telegram_would_not_take_is_refused(
    bot: Bot, server: TelegramServer, document: bytes | str, words: str
) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match=words):
        await bot.send_document(42, document, filename="a.csv")


async def test_a_file_of_more_than_fifty_megabytes_is_refused(
    bot: Bot, server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.telegram_server.MAX_DOCUMENT_BYTES", 3)
    server.user(id=42)
    await bot.send_document(42, b"abc", filename="a.csv")
    with pytest.raises(NetworkError, match="Too Large"):
        await bot.send_document(42, b"abcd", filename="a.csv")


# --- chats --------------------------------------------------------------------------------------


async def test_the_bot_posts_in_a_channel(bot: Bot, server: TelegramServer) -> None:
    channel = server.channel(id=FORUM)
    sent = await bot.send_photo(FORUM, b"\xff\xd8\xff", protect_content=True)
    assert (sent.from_user, sent.has_protected_content) == (None, True)
    assert (await channel.hears()).photo == b"\xff\xd8\xff"


async def test_a_chat_the_bot_never_met_is_not_found(bot: Bot, server: TelegramServer) -> None:
    stranger = server.user(id=42)
    stranger.known = False
    for chat in (42, 43, "@nobody"):
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(chat, "a")
    await stranger.says("/start")
    await bot.send_message(42, "a")


async def test_somebody_who_blocks_the_bot_hears_nothing(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await reader.blocks()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(42, "a")
    await reader.unblocks()
    await bot.send_message(42, "b")
    assert (await reader.hears()).text == "b"
    blocked, unblocked = await bot.get_updates()
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert unblocked.my_chat_member is not None


async def test_a_topic_has_its_own_thread(bot: Bot, server: TelegramServer) -> None:
    group = server.group(id=FORUM, topics={7: "News"})
    await group.says(server.user(id=42), "/prisoners@PratipTestBot", thread=7)
    message = (await bot.get_updates())[0].message
    assert message is not None
    assert (message.chat.is_forum, message.is_topic_message, message.message_thread_id) == (True, True, 7)
    assert message.reply_to_message is not None
    assert message.reply_to_message.forum_topic_created is not None
    assert message.parse_entities(["bot_command"]) == {message.entities[0]: "/prisoners@PratipTestBot"}
    await bot.send_message(FORUM, "a", message_thread_id=7)
    heard = await group.hears()
    assert (heard.thread, heard.reply_to) == (7, None)


@pytest.mark.parametrize("thread", [1, 8])
async def test_a_thread_that_is_no_topic_is_not_found(bot: Bot, server: TelegramServer, thread: int) -> None:
    server.group(id=FORUM, topics={7: "News"})
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(FORUM, "a", message_thread_id=thread)


async def test_a_closed_topic_takes_nothing(bot: Bot, server: TelegramServer) -> None:
    group = server.group(id=FORUM, topics={7: "News"})
    await group.closes(7)
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(FORUM, "a", message_thread_id=7)


async def test_a_reply_in_a_supergroup_opens_a_thread_one_cannot_send_to(bot: Bot, server: TelegramServer) -> None:
    group, reader = server.group(id=FORUM), server.user(id=42)
    first = await group.says(reader, "/prisoners")
    await group.says(reader, "/laws", reply_to=first)
    message = (await bot.get_updates())[1].message
    assert message is not None
    assert (message.message_thread_id, message.is_topic_message) == (first.id, None)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(FORUM, "a", message_thread_id=first.id)


async def test_a_reply_to_nothing_is_refused_unless_allowed(bot: Bot, server: TelegramServer) -> None:
    server.user(id=42)
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(42, "a", reply_parameters=ReplyParameters(99))
    await bot.send_message(42, "a", reply_parameters=ReplyParameters(99, allow_sending_without_reply=True))


async def test_a_group_that_migrates_names_its_new_id(bot: Bot, server: TelegramServer) -> None:
    new = await server.group(id=-55).migrates(to=FORUM)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(-55, "a")
    assert moved.value.new_chat_id == FORUM
    await bot.send_message(FORUM, "a")
    assert (await new.hears()).text == "a"
    told = [update.message for update in await bot.get_updates()]
    assert [message and message.migrate_to_chat_id for message in told] == [FORUM, None]


async def test_a_group_that_kicks_the_bot_is_forbidden(bot: Bot, server: TelegramServer) -> None:
    await server.group(id=FORUM).kicks_bot(by=server.user(id=42))
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(FORUM, "a")


async def test_everything_that_people_do_parses(bot: Bot, server: TelegramServer) -> None:
    reader, robot = server.user(id=42), server.user(id=43, is_bot=True)
    group, channel = server.group(id=FORUM), server.channel(id=-1_001_000_000_008)
    said = await reader.says("hello")
    await reader.edits(said, "/start again")
    await reader.sends_photo("look")
    await reader.sends_sticker()
    await reader.sends({"location": {"latitude": 11.5, "longitude": 104.9}})
    await group.says(robot, "/spam")
    await group.says_anonymously("/about")
    await group.joins(reader)
    await group.sends_photo(reader)
    await group.sends_sticker(reader)
    await channel.edits(await channel.posts("/news"), "/old")
    updates = await bot.get_updates()
    assert [update.update_id for update in updates] == [*range(updates[0].update_id, updates[0].update_id + 12)]
    assert updates[1].edited_message is not None
    assert updates[1].edited_message.entities[0].type == "bot_command"
    assert [bool(update.effective_message and update.effective_message.text) for update in updates] == [
        *(True, True, False, False, False, True, True, False, False, False, True, True)
    ]
    assert updates[5].effective_user is not None
    assert updates[5].effective_user.is_bot
    assert updates[6].effective_sender == updates[6].effective_chat
    assert updates[10].channel_post is not None
    assert updates[11].edited_channel_post is not None


# --- edits, deletions, presses ------------------------------------------------------------------


async def test_an_edit_is_heard_and_the_same_again_is_refused(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    sent = await bot.send_message(42, "page 1", reply_markup=keys("Next"))
    await reader.hears()
    await bot.edit_message_text("page 2", 42, sent.message_id, entities=[bold(0, 4)])
    heard = await reader.hears()
    assert (heard.id, heard.text, heard.edited, heard.buttons) == (sent.message_id, "page 2", True, ())
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("page 2", 42, sent.message_id, entities=[bold(0, 4)])
    await bot.edit_message_text("page 2", 42, sent.message_id)
    assert [message.text for message in reader.history] == ["page 2"]


async def test_what_is_not_there_or_not_its_own_cannot_be_edited(bot: Bot, server: TelegramServer) -> None:
    said = await server.user(id=42).says("hello")
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("a", 42, said.id + 1)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("a", 42, said.id)


async def test_a_message_is_deleted_once_and_within_two_days(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    first, second = [await bot.send_message(42, text) for text in "ab"]
    await bot.delete_message(42, first.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(42, first.message_id)
    server.age(reader.history[0], seconds=49 * 3600)
    with pytest.raises(BadRequest, match="can't be deleted for everyone"):
        await bot.delete_message(42, second.message_id)
    said = await server.group(id=-55).says(reader, "hello")
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(-55, said.id)


async def test_a_press_is_answered_once(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.send_message(42, "page 1", reply_markup=keys("Next", data="/prisoners 2"))
    press = await reader.presses(await reader.hears(), "Next")
    query = (await bot.get_updates())[0].callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (press.id, "/prisoners 2", 42)
    assert query.message is not None
    assert await query.answer("done")
    assert (await press.answered())["text"] == "done"
    for query_id in (press.id, "unknown"):
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired"):
            await bot.answer_callback_query(query_id)


async def test_a_press_may_be_forged_late_or_under_a_deleted_message(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    sent = await bot.send_message(42, "page 1", reply_markup=keys("Next"))
    heard = await reader.hears()
    await bot.delete_message(42, sent.message_id)
    press = await reader.presses(heard, data="/moderate yes")
    query = (await bot.get_updates())[0].callback_query
    assert query is not None
    assert query.data == "/moderate yes"
    assert query.message is not None
    assert query.message.date.timestamp() == 0
    press.expires()
    with pytest.raises(BadRequest, match="too old"):
        await query.answer()
    with pytest.raises(AssertionError, match="no button 'Back'"):
        await reader.presses(heard, "Back")


# --- menus and descriptions ---------------------------------------------------------------------


async def test_menus_are_kept_by_scope_and_language(bot: Bot, server: TelegramServer) -> None:
    server.user(id=42)
    private, chat = BotCommandScopeAllPrivateChats(), BotCommandScopeChat(42)
    await bot.set_my_commands([("help", "Help")])
    await bot.set_my_commands([("help", "ជំនួយ")], private, "km")
    await bot.set_my_commands([("approve", "Approve")], chat)
    assert await bot.get_my_commands(private, "km") == (BotCommand("help", "ជំនួយ"),)
    assert await bot.get_my_commands(private) == ()
    assert set(server.commands) == {("default", ""), ("all_private_chats", "km"), ("chat:42", "")}
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_my_commands([("help", "Help")], BotCommandScopeChat(43))
    with pytest.raises(BadRequest, match="Invalid language code"):
        await bot.set_my_commands([("help", "Help")], language_code="khm")


@pytest.mark.parametrize(
    ("name", "summary", "words"),
    [
        ("Help", "Help", "BOT_COMMAND_INVALID"),
        ("ជំនួយ", "Help", "BOT_COMMAND_INVALID"),
        ("h" * 33, "Help", "length must not exceed 32"),
        ("/", "Help", "command must be non-empty"),
        ("help", " ", "description must be non-empty"),
        ("help", "h" * 257, "length must not exceed 256"),
    ],
)
async def test_a_command_that_fits_no_menu_is_refused(bot: Bot, name: str, summary: str, words: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){words}"):
        await bot.set_my_commands([(name, summary)])


async def test_a_menu_holds_a_hundred_commands(bot: Bot) -> None:
    menu = [(f"command_{index}", "Something") for index in range(101)]
    await bot.set_my_commands(menu[:100])
    with pytest.raises(BadRequest, match=r"(?i)bot_commands_too_much"):
        await bot.set_my_commands(menu)


async def test_descriptions_are_kept_by_language(bot: Bot, server: TelegramServer) -> None:
    await bot.set_my_description("Sourced answers", "en")
    await bot.set_my_short_description("Answers")
    assert (server.descriptions, server.short_descriptions) == ({"en": "Sourced answers"}, {"": "Answers"})
    with pytest.raises(BadRequest, match="too long"):
        await bot.set_my_description("a" * 513)
    with pytest.raises(BadRequest, match="too long"):
        await bot.set_my_short_description("a" * 121)


# --- updates ------------------------------------------------------------------------------------


async def test_an_offset_confirms_what_is_below_it(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    for text in "abcd":
        await reader.says(text)
    first = (await bot.get_updates(limit=1))[0].update_id
    assert len(await bot.get_updates()) == 4
    assert [update.update_id for update in await bot.get_updates(offset=first + 1)] == [first + n for n in (1, 2, 3)]
    assert len(await bot.get_updates(offset=-2)) == 2
    assert len(await bot.get_updates()) == 2


async def test_an_offset_from_the_future_confirms_nothing(bot: Bot, server: TelegramServer) -> None:
    await server.user(id=42).says("a")
    assert await bot.get_updates(offset=server.updates.next_id) == ()
    await server.user(id=42).says("b")
    assert len(await bot.get_updates(offset=server.updates.next_id + 11)) == 1


async def test_a_poll_is_held_until_somebody_writes(bot: Bot, server: TelegramServer) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await server.called("getUpdates")
    await asyncio.sleep(0.02)
    assert not poll.done()
    await server.user(id=42).says("hello")
    message = (await poll)[0].message
    assert message is not None
    assert message.text == "hello"


async def test_a_held_poll_comes_back_empty_in_time(bot: Bot, server: TelegramServer) -> None:
    server.longest_poll, started = 0.05, time.monotonic()
    assert await bot.get_updates(timeout=30) == ()
    assert 0.04 < time.monotonic() - started < 1


async def test_the_earlier_of_two_polls_is_a_conflict(bot: Bot, server: TelegramServer) -> None:
    earlier = asyncio.create_task(bot.get_updates(timeout=30))
    await server.called("getUpdates")
    async with client(server) as other:
        later = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await earlier
        await server.user(id=42).says("hello")
        assert len(await later) == 1


async def test_a_webhook_is_a_conflict_until_it_is_deleted(bot: Bot, server: TelegramServer) -> None:
    server.webhook = "https://example.org/hook"
    await server.user(id=42).says("hello")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_only_updates_that_were_asked_for_arrive(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    await bot.get_updates(allowed_updates=["message"])
    await bot.get_updates()
    await reader.edits(await reader.says("a"), "b")
    assert [update.edited_message for update in await bot.get_updates()] == [None]
    await bot.get_updates(allowed_updates=[])
    server.push({"message_reaction": {}})
    server.push({"a_kind_of_next_year": {}})
    _, unknown = await bot.get_updates()
    assert unknown.api_kwargs == {"a_kind_of_next_year": {}}


async def test_a_malformed_update_breaks_the_parser(bot: Bot, server: TelegramServer) -> None:
    server.push({"message": {"message_id": "what"}})
    with pytest.raises(KeyError):
        await bot.get_updates()


# --- faults and limits --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"status": 401}, InvalidToken, "Unauthorized"),
        ({"status": 403}, Forbidden, "blocked"),
        ({"status": 409}, Conflict, "getUpdates"),
        ({"status": 502}, NetworkError, "Bad Gateway"),
        ({"status": 400, "description": "Bad Request: not enough rights"}, BadRequest, "Not enough rights"),
        ({"retry_after": 3}, RetryAfter, "Flood control exceeded"),
        ({"migrate_to": -1001}, ChatMigrated, "-1001"),
        ({"garbage": b"<html>"}, TelegramError, "Invalid server response"),
        ({"garbage": b"<html>", "status": 502}, NetworkError, "Bad Gateway"),
        ({"drop": True}, NetworkError, "RemoteProtocolError"),
    ],
)
@may_warn
async def test_a_fault_happens_as_often_as_it_was_scheduled(
    bot: Bot, server: TelegramServer, how: dict[str, Any], error: type[TelegramError], words: str
) -> None:
    reader = server.user(id=42)
    fault = server.fail("sendMessage", times=2, **how)
    for _ in range(2):
        with pytest.raises(error, match=words):
            await bot.send_message(42, "a")
    await reader.hears_nothing(0.01)
    await bot.send_message(42, "b")
    assert (await reader.hears()).text == "b"
    assert fault.hits == 2


async def test_an_answer_can_be_lost_after_the_message_arrived(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    server.fail("sendMessage", accept=True, drop=True)
    with pytest.raises(NetworkError, match="RemoteProtocolError"):
        await bot.send_message(42, "a")
    assert (await reader.hears()).text == "a"
    assert server.calls("sendMessage")[0].status == 0


async def test_a_slow_server_is_timed_out_and_may_still_have_done_it(server: TelegramServer) -> None:
    reader = server.user(id=42)
    server.fail("sendMessage", hang=0.1)
    async with client(server, read_timeout=0.05) as bot:
        with pytest.raises(TimedOut):
            await bot.send_message(42, "a")
    assert (await reader.hears()).text == "a"


async def test_a_fault_can_keep_to_one_chat_until_healed(bot: Bot, server: TelegramServer) -> None:
    for person in (42, 43):
        server.user(id=person)
    fault = server.fail("sendMessage", status=403, chat=42, times=None)
    for _ in range(2):
        with pytest.raises(Forbidden):
            await bot.send_message(42, "a")
    await bot.send_message(43, "a")
    server.heal(fault)
    await bot.send_message(42, "a")


async def test_a_fault_can_last_a_while(bot: Bot, server: TelegramServer) -> None:
    clock = server.clock = Clock()
    server.fail(status=401, seconds=5)
    for _ in range(2):
        with pytest.raises(InvalidToken):
            await bot.get_me()
    clock.now += 5
    await bot.get_me()


@may_warn
async def test_a_chat_takes_a_burst_and_then_one_a_second(bot: Bot, server: TelegramServer) -> None:
    clock = server.clock = Clock()
    server.limits = Limits(chat=(2, 2.0))
    for person in (42, 43):
        server.user(id=person)
    for _ in range(2):
        await bot.send_message(42, "a")
    with pytest.raises(RetryAfter):
        await bot.send_message(42, "a")
    assert asked_to_wait(server) == 2
    await bot.send_message(43, "a")
    clock.now += 2
    await bot.send_message(42, "a")


@may_warn
async def test_a_group_counts_edits_too(bot: Bot, server: TelegramServer) -> None:
    server.clock, server.limits = Clock(), Limits()
    server.group(id=-55)
    sent = await bot.send_message(-55, "0")
    for page in range(1, 20):
        await bot.edit_message_text(f"{page}", -55, sent.message_id)
    with pytest.raises(RetryAfter):
        await bot.edit_message_text("20", -55, sent.message_id)
    assert asked_to_wait(server) == 60


@may_warn
async def test_thirty_a_second_is_all(bot: Bot, server: TelegramServer) -> None:
    clock = server.clock = Clock()
    server.limits = Limits()
    for person in range(1, 32):
        server.user(id=person)
    for person in range(1, 31):
        await bot.send_message(person, "a")
    with pytest.raises(RetryAfter):
        await bot.send_message(31, "a")
    assert asked_to_wait(server) == 1
    clock.now += 1
    await bot.send_message(31, "a")


# --- the server itself --------------------------------------------------------------------------


async def test_strictly_a_chat_takes_one_a_second_and_a_paid_message_leaves_the_others_their_thirty(
    bot: Bot, server: TelegramServer
) -> None:
    server.clock, server.limits = Clock(), Limits.strict()
    readers = [server.user(id=number) for number in range(100, 200)]
    for reader in readers[:50]:
        await bot.send_message(reader.id, "paid", allow_paid_broadcast=True)
    assert {(await reader.hears()).paid for reader in readers[:50]} == {True}
    for reader in readers[50:80]:
        await bot.send_message(reader.id, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(readers[80].id, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(readers[0].id, "x", allow_paid_broadcast=True)


@pytest.mark.parametrize("status", ["creator", "administrator", "member", "restricted", "left", "kicked"])
async def test_a_member_has_a_status(bot: Bot, server: TelegramServer, status: str) -> None:
    group = server.group(id=FORUM)
    await group.appoints(server.user(id=42), status)
    member = await bot.get_chat_member(FORUM, 42)
    assert (member.status, member.user.id) == (status, 42)
    with pytest.raises(BadRequest, match="User not found"):
        await bot.get_chat_member(FORUM, 43)
    await group.kicks_bot(server.user(id=44))
    with pytest.raises(Forbidden):
        await bot.get_chat_member(FORUM, 42)


async def test_a_public_chat_is_found_by_its_name_and_a_person_is_not(bot: Bot, server: TelegramServer) -> None:
    channel = server.channel(id=-1_009, username="Lantern")
    await bot.send_message("@lantern", "news")
    assert (await channel.hears()).text == "news"
    server.user(id=42, username="sokha")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message("@sokha", "hello")


async def test_every_call_is_on_record(bot: Bot, server: TelegramServer) -> None:
    server.user(id=42)
    before = server.clock()
    await bot.send_message(42, "a", entities=[bold(0, 1)], disable_notification=True)
    call = await server.called("sendMessage")
    assert call == Call("sendMessage", call.at, call.parameters, 200, call.answer)
    assert before <= call.at <= server.clock()
    assert call.parameters == {
        "chat_id": 42,
        "text": "a",
        "entities": [{"type": "bold", "offset": 0, "length": 1}],
        "disable_notification": True,
    }
    assert json.loads(call.answer)["ok"]


async def test_calls_in_flight_are_counted(bot: Bot, server: TelegramServer) -> None:
    for person in (42, 43):
        server.user(id=person)
    server.fail("sendMessage", hang=0.02, times=None)
    await asyncio.gather(bot.send_message(42, "a"), bot.send_message(43, "a"))
    assert (server.in_flight, server.most_in_flight) == (0, 2)


async def test_a_server_that_went_down_comes_back_as_it_was(bot: Bot, server: TelegramServer) -> None:
    reader, address = server.user(id=42), server.url
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await server.called("getUpdates")
    await server.goes_down()
    assert await poll == ()
    with pytest.raises(NetworkError, match="ConnectError"):
        await bot.send_message(42, "a")
    await reader.says("are you there?")
    await server.comes_up()
    assert server.url == address
    assert len(await bot.get_updates()) == 1


async def test_silence_is_a_failed_test_that_shows_the_last_calls(bot: Bot, server: TelegramServer) -> None:
    reader = server.user(id=42)
    with pytest.raises(AssertionError, match=r"(?s)heard nothing for 0\.01 s.*getMe 200"):
        await reader.hears(within=0.01)
    await bot.send_message(42, "a")
    with pytest.raises(AssertionError, match="heard 'a'"):
        await reader.hears_nothing()


async def test_it_starts_in_no_time() -> None:
    started = time.monotonic()
    async with TelegramServer() as one, TelegramServer() as other:
        assert one.url != other.url
    assert time.monotonic() - started < 0.5
