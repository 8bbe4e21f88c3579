"""A local Telegram Bot API for tests: it refuses what Telegram refuses, and lets a test play the people.

    async with TelegramServer() as server:
        sokha = server.user(id=42, language="km")
        await sokha.says("/prisoners")
        answer = await sokha.hears()
        await sokha.presses(answer, "Next")

The wording of refusals, the order of checks and the odd corners (an offset from the future, entities that
Telegram finds by itself, trimmed whitespace) follow https://core.telegram.org/bots/api and the published
source of the real server, tdlib/telegram-bot-api.

It is stricter where Telegram says nothing about a mistake and shows the reader something else, because a test
should hear of it. Refused here: entities that are empty, link to an unknown scheme, or nest against the
documented rules (Telegram drops or splits them), entities that are not JSON (ignored), NUL (a space), two
actions on one button (the first wins), and any parse mode while `strict` is on.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import struct
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, combinations, count
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import TracebackType

JSON = dict[str, Any]

TOKEN = "1000000001:a-token-for-the-local-server"
MAX_TEXT, MAX_CAPTION, MAX_ENTITIES = 4096, 1024, 100
MAX_BUTTONS, MAX_CALLBACK_DATA = 100, 64
MAX_COMMANDS, MAX_COMMAND, MAX_COMMAND_DESCRIPTION = 100, 32, 256
MAX_DESCRIPTION, MAX_SHORT_DESCRIPTION, MAX_TOAST = 512, 120, 200
MAX_PHOTO_BYTES, MAX_PHOTO_SIDES, MAX_PHOTO_RATIO = 10 * 1024**2, 10_000, 20
MAX_DOCUMENT_BYTES = 50 * 1024**2
DELETE_WINDOW_SECONDS = 48 * 3600
SUPERGROUPS_BELOW = -1_000_000_000_000

STATUS_WORDS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}
WEBHOOK_CONFLICT = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_GONE = "query is too old and response timeout expired or query ID is invalid"


class Refused(Exception):
    """An answer with `ok: false`: the HTTP code, Telegram's description and its `parameters`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    @property
    def body(self) -> JSON:
        """Return the body as Telegram words it."""
        body: JSON = {"ok": False, "error_code": self.code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


class Lost(Exception):
    """The connection is to be closed without an answer."""


def bad(description: str) -> Refused:
    """Make the 400 that Telegram answers to a malformed or impossible request."""
    return Refused(400, f"Bad Request: {description}")


# --- text and entities --------------------------------------------------------------------------

STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
QUOTES = frozenset({"blockquote", "expandable_blockquote"})
FIXED = frozenset({"code", "pre"})
SOLID = FIXED | {"text_link", "text_mention", "custom_emoji", "date_time"}
# Telegram finds these in the text by itself and ignores them in a request.
FOUND = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"})
FINDERS = {
    "bot_command": re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])"),
    "mention": re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}(?!\w)"),
}
CONTROLS: dict[int, str] = {code: " " for code in range(1, 32) if code != ord("\n")} | {ord("\r"): ""}


def units(text: str) -> int:
    """Count UTF-16 code units, in which Telegram measures texts, offsets and lengths."""
    return sum(1 + (char > "\uffff") for char in text)


def places(text: str) -> list[int]:
    """Return the UTF-16 offset before each character, and after the last."""
    return list(accumulate((units(char) for char in text), initial=0))


def piece(text: str, offset: int, length: int) -> str:
    """Return what an entity covers."""
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def formatted(text: object, entities: object, limit: int = MAX_TEXT) -> tuple[str, list[JSON]]:
    """Check a text with its entities and return both as Telegram would show them."""
    plain = utf8(text)
    marks = [mark for given in listed(entities) if (mark := checked_entity(given))]
    known = places(plain)
    for mark in marks:
        check_inside(mark, plain, known)
    for one, other in combinations(marks, 2):
        check_nesting(one, other)
    plain, marks = trimmed(plain, marks)
    if units(plain) > limit:
        raise bad("message is too long" if limit == MAX_TEXT else "message caption is too long")
    return plain, with_found(plain, marks[:MAX_ENTITIES])


def utf8(text: object) -> str:
    """Return a text that can be written down as UTF-8 and holds no NUL."""
    if not isinstance(text, str) or "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise bad("strings must be encoded in UTF-8")
    return text


def listed(entities: object) -> list[object]:
    """Return the entities of a request."""
    if not isinstance(entities, list | None):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    return entities or []


def checked_entity(given: object) -> JSON | None:
    """Return one entity if it is well formed, or None if Telegram finds its kind by itself."""
    if not isinstance(given, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    for key in ("offset", "length"):
        if type(given.get(key)) is not int:
            raise bad(f'can\'t parse MessageEntity: Field "{key}" must be of type Number')
    check_kind(given)
    return None if given["type"] in FOUND else dict(given)


def check_kind(entity: JSON) -> None:
    """Refuse an unknown kind of entity, and one that lacks what its kind needs."""
    kind = str(entity.get("type"))
    if kind not in STYLES | QUOTES | SOLID | FOUND:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    needed = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}.get(kind)
    if needed and not entity.get(needed):
        raise bad(f"can't parse MessageEntity: Can't find field \"{needed}\"")
    if kind == "text_link" and not linkable(str(entity["url"])):
        raise bad(f"can't parse MessageEntity: wrong URL {entity['url']!r}")


def linkable(url: str) -> bool:
    """Tell whether Telegram makes a link of this address."""
    return bool(re.fullmatch(r"(https?|tg)://[^\s/?#]\S*", url, re.IGNORECASE))


def check_inside(entity: JSON, text: str, known: list[int]) -> None:
    """Refuse an entity that leaves the text or cuts a surrogate pair; `known` are the text's places."""
    start, end = entity["offset"], entity["offset"] + entity["length"]
    if start < 0:
        raise bad(f"receive an entity with incorrect offset {start}")
    if end <= start:
        raise bad(f"receive an entity with incorrect length {end - start}")
    if start >= known[-1]:
        raise bad(f"entity begins after the end of the text at UTF-16 offset {start}")
    opening = f"entity beginning at UTF-16 offset {start} ends"
    if end > known[-1]:
        raise bad(f"{opening} after the end of the text at UTF-16 offset {end}")
    for place, words in ((start, "entity begins"), (end, opening)):
        if place not in known:
            raise bad(f"{words} in a middle of a UTF-16 symbol at byte offset {byte_offset(text, place)}")


def byte_offset(text: str, middle: int) -> int:
    """Return the UTF-8 offset after the character that a UTF-16 offset cuts in two."""
    return len(piece(text, 0, middle + 1).encode())


def check_nesting(one: JSON, other: JSON) -> None:
    """Refuse two entities that share characters in a way the documentation rules out."""
    inner, outer = sorted((one, other), key=lambda entity: int(entity["length"]))
    if apart(inner, outer):
        return
    kinds = {inner["type"], outer["type"]}
    crossing = not covers(outer, inner)
    alike = kinds <= SOLID or kinds <= QUOTES
    styled_code = kinds & FIXED and kinds & STYLES
    if crossing or alike or styled_code or (outer["type"] in SOLID and inner["type"] in QUOTES):
        raise bad(f"can't parse entities: {outer['type']} and {inner['type']} overlap at {inner['offset']}")


def apart(one: JSON, other: JSON) -> bool:
    """Tell whether two entities share no character."""
    first, second = sorted((one, other), key=lambda entity: int(entity["offset"]))
    return bool(first["offset"] + first["length"] <= second["offset"])


def covers(outer: JSON, inner: JSON) -> bool:
    """Tell whether one entity contains the whole of another."""
    ends = (entity["offset"] + entity["length"] for entity in (inner, outer))
    return bool(outer["offset"] <= inner["offset"] and next(ends) <= next(ends))


def trimmed(text: str, marks: list[JSON]) -> tuple[str, list[JSON]]:
    """Do to whitespace what Telegram does: controls become spaces, carriage returns and both ends go."""
    kept = [char.translate(CONTROLS) for char in text]
    plain = "".join(kept).rstrip(" \n")
    body = plain.lstrip(" \n")
    if not body:
        raise bad("text must be non-empty")
    lead, end = len(plain) - len(body), units(body)  # the lead is spaces and line ends: one unit each
    now = (min(max(place - lead, 0), end) for place in accumulate(map(units, kept), initial=0))
    moved = dict(zip(places(text), now, strict=True))
    return body, in_order([move(mark, moved) for mark in marks])


def move(mark: JSON, moved: dict[int, int]) -> JSON:
    """Return an entity at its place in the trimmed text."""
    start, end = moved[mark["offset"]], moved[mark["offset"] + mark["length"]]
    return mark | {"offset": start, "length": end - start}


def in_order(marks: list[JSON]) -> list[JSON]:
    """Return entities as Telegram lists them: by offset, the longer first, and none that is empty."""
    shown = (mark for mark in marks if mark["length"])
    return sorted(shown, key=lambda mark: (mark["offset"], -mark["length"]))


def found(text: str) -> list[JSON]:
    """Return the commands and mentions that Telegram marks in any text."""
    return in_order(
        [
            {"type": kind, "offset": units(text[: match.start()]), "length": len(match[0])}
            for kind, finder in FINDERS.items()
            for match in finder.finditer(text)
        ]
    )


def with_found(text: str, marks: list[JSON]) -> list[JSON]:
    """Add what Telegram finds, except inside code and links."""
    solid = [mark for mark in marks if mark["type"] in SOLID]
    return in_order(marks + [new for new in found(text) if all(apart(new, old) for old in solid)])


def text_content(text: str) -> JSON:
    """Return the fields of a text message that a person wrote."""
    return {"text": text} | ({"entities": entities} if (entities := found(text)) else {})


# --- buttons, commands, pictures ----------------------------------------------------------------

ACTIONS = frozenset(
    {
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    }
)
SCOPES = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})
CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})


def keyboard(markup: object) -> JSON | None:
    """Check an inline keyboard and return it as it is attached to the message."""
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    for button in (buttons := [button for row in rows for button in row]):
        check_button(button)
    if len(buttons) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    return {"inline_keyboard": [row for row in rows if row]} if buttons else None


def check_button(button: object) -> None:
    """Refuse a button without a label, without exactly one action, or with data that does not fit."""
    prefix = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(prefix + "InlineKeyboardButton must be an Object")
    if not button.get("text") or not utf8(button["text"]).strip():
        raise bad(prefix + 'Field "text" must be a non-empty String')
    if not (actions := ACTIONS & button.keys()):
        raise bad(prefix + "Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad(prefix + f"exactly one action is allowed, not {', '.join(sorted(actions))}")
    data = utf8(button.get("callback_data", "any"))
    if not 1 <= len(data.encode()) <= MAX_CALLBACK_DATA:
        raise bad("BUTTON_DATA_INVALID")


def checked_command(given: object) -> JSON:
    """Return one command of a menu if Telegram would take it."""
    if not isinstance(given, dict) or not {"command", "description"} <= given.keys():
        raise bad("can't parse BotCommand: expected an Object with a command and a description")
    name, description = utf8(given["command"]).strip().removeprefix("/"), utf8(given["description"]).strip()
    for value, what, limit in (
        (name, "command", MAX_COMMAND),
        (description, "command description", MAX_COMMAND_DESCRIPTION),
    ):
        check_length(value, what, limit)
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise bad("BOT_COMMAND_INVALID")
    return {"command": name, "description": description}


def check_length(value: str, what: str, limit: int) -> None:
    """Refuse an empty value and one of too many characters."""
    if not value:
        raise bad(f"{what} must be non-empty")
    if len(value) > limit:
        raise bad(f"{what} length must not exceed {limit}")


def scope_name(scope: object) -> str:
    """Return a key for a command scope: its type, and the chat and user that it names."""
    given = {"type": "default"} if scope is None else scope
    if not isinstance(given, dict):
        raise bad("BotCommandScope must be an Object")
    kind = given.get("type")
    if kind in SCOPES:
        return str(kind)
    if kind not in CHAT_SCOPES or "chat_id" not in given:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    return ":".join(str(given[key]) for key in ("type", "chat_id", "user_id") if key in given)


def language_of(parameters: JSON) -> str:
    """Return the language of a localized setting: two letters, or none for the default."""
    language = str(parameters.get("language_code", ""))
    if not re.fullmatch(r"([a-z]{2})?", language):
        raise bad("invalid language code specified")
    return language


def picture_size(picture: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG; a JPEG is taken on trust."""
    if picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) >= 24:
        width, height = struct.unpack(">II", picture[16:24])
        return width, height
    if picture.startswith(b"\xff\xd8\xff"):
        return 1280, 720
    raise bad("IMAGE_PROCESS_FAILED")


def check_picture(picture: bytes) -> tuple[int, int]:
    """Refuse a picture that Telegram would not show as a photo, and return its size."""
    if len(picture) > MAX_PHOTO_BYTES:
        raise bad("file is too big")
    width, height = picture_size(picture)
    small, large = sorted((width, height))
    if not small or width + height > MAX_PHOTO_SIDES or large / small > MAX_PHOTO_RATIO:
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height


# --- what came over the wire --------------------------------------------------------------------

STRUCTURED = {
    "entities": "can't parse entities: the JSON is malformed",
    "caption_entities": "can't parse entities: the JSON is malformed",
    "reply_markup": "can't parse reply keyboard markup JSON object",
    "reply_parameters": "can't parse reply parameters JSON object",
    "link_preview_options": "can't parse link preview options JSON object",
    "allowed_updates": "can't parse allowed_updates JSON object",
    "commands": "can't parse commands JSON object",
    "scope": "can't parse BotCommandScope JSON object",
}
NUMBERS = frozenset(
    {"chat_id", "user_id", "message_id", "message_thread_id", "offset", "limit", "timeout", "cache_time"}
)
FLAGS = frozenset(
    {"disable_notification", "allow_paid_broadcast", "protect_content", "show_alert", "drop_pending_updates"}
)


def decoded(key: str, value: object) -> object:
    """Return a form value as what it means; form fields carry JSON for everything but text."""
    if not isinstance(value, str):
        return value
    if key in STRUCTURED:
        return decoded_json(value, STRUCTURED[key])
    if key in NUMBERS and re.fullmatch(r"-?\d+", value):
        return int(value)
    return value.lower() in {"true", "yes", "1"} if key in FLAGS else value


def number(parameters: JSON, key: str, default: int = 0) -> int:
    """Return a number; what is none counts as 0, as on the real server."""
    value = parameters.get(key, default)
    return value if isinstance(value, int) else 0


def decoded_json(value: str, complaint: str) -> object:
    """Return parsed JSON, or refuse with Telegram's words."""
    try:
        return json.loads(value) if value else None
    except ValueError as error:
        raise bad(complaint) from error


async def read_parameters(request: web.Request) -> JSON:
    """Return the parameters of a call, whichever of the documented ways they came."""
    try:
        body = await (request.json() if request.content_type == "application/json" else read_form(request))
    except ValueError as error:
        raise bad("can't parse the request") from error
    if not isinstance(body, dict):
        raise bad("the request body must be an Object")
    return dict(request.query) | body


async def read_form(request: web.Request) -> JSON:
    """Return the fields of a form; uploads become bytes, also behind `attach://name`."""
    form = {
        key: Upload.read(value) if isinstance(value, web.FileField) else value
        for key, value in (await request.post()).items()
    }
    return {
        key: form.get(str(value).removeprefix("attach://"), value) if attached(value) else value
        for key, value in form.items()
    }


class Upload(bytes):
    """A file as it was uploaded: its bytes, its name and what the form says that it is."""

    name: str
    kind: str

    @classmethod
    def read(cls, field: web.FileField) -> Self:
        upload = cls(field.file.read())
        upload.name, upload.kind = field.filename, field.content_type
        return upload


def attached(value: object) -> bool:
    """Tell whether a value points at another part of the form."""
    return isinstance(value, str) and value.startswith("attach://")


@dataclass(slots=True)
class Call:
    """One request that the bot made, with what it was answered."""

    method: str
    at: float  # on the server's clock
    parameters: JSON = field(default_factory=dict)
    status: int = 0  # HTTP; 0 while there is no answer, and for good if the connection was dropped
    answer: bytes = b""


# --- faults and limits --------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Fault:
    """Something that goes wrong with calls of a method ("*": of any), so many times or for so many seconds.

    The parts combine: `accept` does what was asked before anything goes wrong, `hang` waits, `drop` closes
    the connection, `garbage` is the whole body; else an error is answered. A `hang` alone is a slow server.
    """

    method: str = "*"
    status: int = 0
    description: str = ""
    retry_after: int = 0  # seconds; a 429
    migrate_to: int = 0  # a chat id; a 400
    garbage: bytes | None = None
    drop: bool = False
    hang: float = 0.0  # seconds
    accept: bool = False
    chat: int | None = None  # only calls about this chat
    times: int | None = 1  # None: until healed
    seconds: float = math.inf  # from `since`
    since: float = 0.0
    hits: int = 0

    def applies(self, call: Call, now: float) -> bool:
        """Tell whether this call is to suffer."""
        ours = self.method == "*" or self.method.lower() == call.method.lower()
        here = self.chat is None or call.parameters.get("chat_id") == self.chat
        lasts = (self.times is None or self.hits < self.times) and now < self.since + self.seconds
        return ours and here and lasts

    def answer(self) -> tuple[int, bytes] | None:
        """Return the wrong answer, or None if this fault gives the right one late."""
        status = self.status or (429 if self.retry_after else 400 if self.migrate_to else 0)
        if self.garbage is not None:
            return status or 200, self.garbage
        return refusal_bytes(self.refusal(status)) if status else None

    def refusal(self, status: int) -> Refused:
        """Return the error answer."""
        if self.retry_after:
            return flooded(self.retry_after)
        if self.migrate_to:
            return upgraded(self.migrate_to)
        return Refused(status, self.description or STATUS_WORDS.get(status, f"Error {status}"))


def flooded(seconds: float) -> Refused:
    """Make the 429 that asks to come back later."""
    wait = math.ceil(seconds)
    return Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)


def upgraded(chat_id: int) -> Refused:
    """Make the 400 of a group that has become a supergroup."""
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    return Refused(400, words, migrate_to_chat_id=chat_id)


def refusal_bytes(refused: Refused) -> tuple[int, bytes]:
    """Return a refusal as it goes over the wire."""
    return refused.code, json.dumps(refused.body).encode()


@dataclass(slots=True)
class Limits:
    """Flood limits, each as (messages, seconds); sends and edits count alike.

    `Limits.strict()` is the documented limits to the letter. A paid message counts among the paid alone, but
    its chat counts it as any other.
    """

    chat: tuple[int, float] = (5, 5.0)  # about one a second, with a burst
    group: tuple[int, float] = (20, 60.0)
    overall: tuple[int, float] = (30, 1.0)
    paid: tuple[int, float] = (1000, 1.0)
    sent: defaultdict[int | str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    @classmethod
    def strict(cls) -> Self:
        """Make limits without a burst: 30 a second, 1 a second in a private chat, 20 a minute in a group."""
        return cls(chat=(1, 1.0))

    def spend(self, chat_id: int, now: float, *, paid: bool = False) -> None:
        """Count one message, or refuse it with the seconds to wait."""
        lanes: dict[int | str, tuple[int, float]] = {
            "paid" if paid else "overall": self.paid if paid else self.overall,
            chat_id: self.group if chat_id < 0 else self.chat,
        }
        wait = max(self._wait(key, now, *limit) for key, limit in lanes.items())
        if wait > 0:
            raise flooded(wait)
        for key in lanes:
            self.sent[key].append(now)

    def _wait(self, key: int | str, now: float, messages: int, seconds: float) -> float:
        sent = self.sent[key]
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent[0] + seconds - now if len(sent) >= messages else 0.0


class Updates:
    """The queue behind getUpdates."""

    def __init__(self) -> None:
        self.next_id = 700_000_001
        self.waiting: list[JSON] = []
        self.allowed: frozenset[str] = frozenset()
        self._poll: asyncio.Future[None] | None = None

    def add(self, update: JSON) -> int:
        """Queue an update that the bot asked for, and return its id."""
        entry = {"update_id": self.next_id} | update
        self.next_id = entry["update_id"] + 1
        if self.wanted(update):
            self.waiting.append(entry)
            self.wake()
        return int(entry["update_id"])

    def wanted(self, update: JSON) -> bool:
        """Tell whether `allowed_updates` lets this through; kinds that Telegram does not know always pass."""
        kinds = update.keys() - {"update_id"}
        return bool(kinds & self.allowed) if self.allowed else not kinds & UNASKED

    def wake(self) -> None:
        """Let a held poll look again."""
        if self._poll and not self._poll.done():
            self._poll.set_result(None)

    def confirm(self, offset: int) -> None:
        """Forget what an offset confirms; one far beyond the end confirms nothing, as on the real server."""
        if offset < 0:
            self.waiting = self.waiting[offset:]
        elif offset <= self.next_id + 10:
            self.waiting = [update for update in self.waiting if update["update_id"] >= offset]

    async def take(self, offset: int, limit: int, seconds: float) -> list[JSON]:
        """Return the earliest updates; hold on while there are none."""
        self.confirm(offset)
        if not self.waiting and seconds > 0:
            await self._hold(seconds)
        return self.waiting[:limit]

    async def _hold(self, seconds: float) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_exception(Refused(409, STATUS_WORDS[409]))
        poll = self._poll = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await poll


# Sent only to a bot that lists them in `allowed_updates`.
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


# --- what a test sees and says ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a message, with the words it covers."""

    type: str
    offset: int  # UTF-16 units, like `length`
    length: int
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its reader sees it; `raw` is Telegram's JSON."""

    id: int
    chat_id: int
    text: str  # or the caption of a photo or a file
    entities: tuple[Entity, ...]
    buttons: tuple[tuple[tuple[str, str], ...], ...]  # rows of (label, callback data or address)
    thread: int | None
    edited: bool
    reply_to: int | None
    silent: bool
    paid: bool
    photo: bytes | None
    document: bytes | None
    preview: JSON | None  # link_preview_options
    raw: JSON = field(repr=False, compare=False)

    def marked(self, kind: str) -> tuple[str, ...]:
        """Return the words that carry one kind of entity."""
        return tuple(entity.text for entity in self.entities if entity.type == kind)

    def data(self, label: str) -> str:
        """Return the callback data behind a button."""
        for text, data in (button for row in self.buttons for button in row):
            if text == label:
                return data
        raise AssertionError(f"no button {label!r} among {self.buttons!r}")


def seen_entities(raw: JSON, text: str) -> tuple[Entity, ...]:
    """Return the entities of a message with their words."""
    given: list[JSON] = raw.get("entities") or raw.get("caption_entities") or []
    spans = ((one, one["offset"], one["length"]) for one in given)
    return tuple(
        Entity(one["type"], start, length, piece(text, start, length), one.get("url", ""))
        for one, start, length in spans
    )


def seen_buttons(raw: JSON) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the rows of buttons under a message."""
    rows = raw.get("reply_markup", {}).get("inline_keyboard", [])
    return tuple(tuple((one["text"], one.get("callback_data", one.get("url", ""))) for one in row) for row in rows)


def member(user: JSON, status: str) -> JSON:
    """Return somebody as a member of a chat, with the fields that the status has."""
    rights = (
        "can_be_edited can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
        "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories"
    )
    may = (
        "is_member can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos "
        "can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages "
        "can_add_web_page_previews can_change_info can_invite_users can_pin_messages can_manage_topics "
        "can_edit_tag can_react_to_messages"
    )
    more: dict[str, JSON] = {
        "creator": {"is_anonymous": False},
        "administrator": {"is_anonymous": False} | dict.fromkeys(rights.split(), True),
        "restricted": {"until_date": 0} | dict.fromkeys(may.split(), True),
        "kicked": {"until_date": 0},
    }
    return {"user": user, "status": status} | more.get(status, {})


class Press:
    """A pressed button, which spins until the bot answers the query."""

    def __init__(self, query_id: str, data: str) -> None:
        self.id, self.data = query_id, data
        self.expired = False
        self._answer: asyncio.Future[JSON] = asyncio.get_running_loop().create_future()

    async def answered(self, within: float = 2.0) -> JSON:
        """Wait for answerCallbackQuery and return its parameters."""
        async with asyncio.timeout(within):
            return await asyncio.shield(self._answer)

    def expires(self) -> None:
        """Let the query grow too old to be answered."""
        self.expired = True

    def answer(self, parameters: JSON) -> None:
        """Stop the spinning, once."""
        if self.expired or self._answer.done():
            raise bad(QUERY_GONE)
        self._answer.set_result(parameters)


class Chat:
    """A chat: `known` or not found, and with a `refusal` if the bot gets a 403 here."""

    def __init__(self, server: TelegramServer, shape: JSON) -> None:
        self.server, self.shape, self.id = server, shape, int(shape["id"])
        self.messages: dict[int, JSON] = {}
        self.own: set[int] = set()  # the bot's messages
        self.silent: set[int] = set()  # those that made no sound
        self.paid: set[int] = set()  # those that cost 0.1 Star
        self.members: dict[int, str] = {}  # status by user id, of those whom the test gave one
        self.known = True
        self.open = True  # everybody may write in a group, the bot in a channel
        self.refusal = ""
        self.migrated_to = 0
        # Private chats and basic groups share one sequence; each supergroup and channel has its own.
        shared = shape["type"] in {"private", "group"}
        self._ids: Iterator[int] = server.message_ids if shared else count(1001)
        self._heard: asyncio.Queue[Message] = asyncio.Queue()

    async def hears(self, within: float = 2.0) -> Message:
        """Wait for the bot's next message or edit in this chat, for so many seconds."""
        try:
            async with asyncio.timeout(within):
                return await self._heard.get()
        except TimeoutError:
            last = "\n".join(f"{call.method} {call.status} {call.answer!r}" for call in self.server.record[-5:])
            raise AssertionError(f"chat {self.id} heard nothing for {within} s. Last calls:\n{last}") from None

    async def hears_nothing(self, within: float = 0.1) -> None:
        """Fail if the bot says anything in this chat, for so many seconds."""
        try:
            async with asyncio.timeout(within):
                said = await self._heard.get()
        except TimeoutError:
            return
        raise AssertionError(f"chat {self.id} heard {said.text!r}")

    @property
    def history(self) -> list[Message]:
        """Return the bot's messages that stand in the chat now, oldest first."""
        return [self.message(raw) for raw in self.messages.values() if raw["message_id"] in self.own]

    def message(self, raw: JSON) -> Message:
        """Return Telegram's JSON as a reader sees it."""
        text: str = raw.get("text") or raw.get("caption") or ""
        reply = raw.get("reply_to_message", {})
        return Message(
            id=raw["message_id"],
            chat_id=self.id,
            text=text,
            entities=seen_entities(raw, text),
            buttons=seen_buttons(raw),
            thread=raw.get("message_thread_id"),
            edited="edit_date" in raw,
            reply_to=None if "forum_topic_created" in reply else reply.get("message_id"),
            silent=raw["message_id"] in self.silent,
            paid=raw["message_id"] in self.paid,
            photo=self.server.files.get(raw["photo"][-1]["file_id"]) if "photo" in raw else None,
            document=self.server.files.get(raw["document"]["file_id"]) if "document" in raw else None,
            preview=raw.get("link_preview_options"),
            raw=raw,
        )

    def envelope(self, sender: JSON, thread: int | None = None, reply_to: int | None = None) -> JSON:
        """Return the fields that every message has, with a fresh id."""
        head = {"message_id": next(self._ids), "chat": self.shape, "date": int(time.time())}
        return head | sender | self.place(thread, reply_to)

    def place(self, thread: int | None, reply_to: int | None) -> JSON:
        """Return the fields that say what a message answers."""
        if thread is not None:
            raise bad("message thread not found")
        return {"reply_to_message": self.quoted(reply_to)} if reply_to in self.messages else {}

    def quoted(self, message_id: int | None) -> JSON:
        """Return a message as it stands inside its reply, without what it replied to itself."""
        raw = self.messages[message_id or 0]
        return {key: value for key, value in raw.items() if key != "reply_to_message"}

    def keep(self, raw: JSON) -> JSON:
        """Put a message, or its new version, into the chat."""
        self.messages[raw["message_id"]] = raw
        return raw

    def show(self, raw: JSON) -> JSON:
        """Put a message of the bot, or its new version, into the chat and let it be heard."""
        self.own.add(raw["message_id"])
        self._heard.put_nowait(self.message(self.keep(raw)))
        return raw

    def tell(self, kind: str, raw: JSON) -> Message:
        """Put a message of somebody else into the chat and tell the bot."""
        self.server.push({kind: self.keep(raw)})
        return self.message(raw)

    def change(self, kind: str, message: Message, text: str) -> Message:
        """Change a message of somebody else and tell the bot."""
        old = {key: value for key, value in self.messages[message.id].items() if key != "entities"}
        return self.tell(kind, old | text_content(text) | {"edit_date": int(time.time())})

    def tell_membership(self, who: JSON, old: str, new: str) -> None:
        """Tell the bot that its own place in this chat has changed."""
        members = [
            {"user": self.server.bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
            for status in (old, new)
        ]
        change = {"old_chat_member": members[0], "new_chat_member": members[1]}
        where = {"chat": self.shape, "from": who, "date": int(time.time())}
        self.server.push({"my_chat_member": where | change})


class Person(Chat):
    """Somebody with an account, and their private chat with the bot."""

    def __init__(self, server: TelegramServer, user: JSON) -> None:
        names = {key: user[key] for key in ("first_name", "username") if key in user}
        super().__init__(server, {"id": user["id"], "type": "private"} | names)
        self.user = user

    async def says(self, text: str, *, reply_to: Message | None = None) -> Message:
        """Write to the bot."""
        return self._send(text_content(text), reply_to)

    async def sends_photo(self, caption: str = "") -> Message:
        """Send the bot a photo."""
        return self._send(self.server.photo_content(caption))

    async def sends_sticker(self, emoji: str = "\N{SLIGHTLY SMILING FACE}") -> Message:
        """Send the bot a sticker."""
        return self._send(self.server.sticker_content(emoji))

    async def sends(self, content: JSON) -> Message:
        """Send the bot a message with these fields of Telegram's Message object."""
        return self._send(content)

    async def edits(self, message: Message, text: str) -> Message:
        """Change what this person wrote, here or in a group."""
        return self.server.chats[message.chat_id].change("edited_message", message, text)

    async def presses(self, message: Message, label: str = "", *, data: str | None = None) -> Press:
        """Press a button under a message, here or in a group; `data` is for a press that a client forged."""
        return self.server.press(self, message, message.data(label) if data is None else data)

    async def blocks(self) -> None:
        """Block the bot."""
        self.refusal = "Forbidden: bot was blocked by the user"
        self.tell_membership(self.user, "member", "kicked")

    async def unblocks(self) -> None:
        """Take the block back."""
        self.refusal = ""
        self.tell_membership(self.user, "kicked", "member")

    def _send(self, content: JSON, reply_to: Message | None = None) -> Message:
        self.known = True
        head = self.envelope({"from": self.user}, reply_to=reply_to.id if reply_to else None)
        return self.tell("message", head | content)


class Group(Chat):
    """A group, a supergroup, or a forum with topics."""

    def __init__(self, server: TelegramServer, shape: JSON, topics: dict[int, str]) -> None:
        super().__init__(server, shape)
        self.topics, self.closed = topics, set[int]()

    async def says(
        self, user: Person, text: str, *, thread: int | None = None, reply_to: Message | None = None
    ) -> Message:
        """Let somebody write in the group."""
        return self._send(user, text_content(text), thread, reply_to)

    async def sends_photo(self, user: Person, caption: str = "", *, thread: int | None = None) -> Message:
        """Let somebody send a photo to the group."""
        return self._send(user, self.server.photo_content(caption), thread)

    async def sends_sticker(
        self, user: Person, emoji: str = "\N{SLIGHTLY SMILING FACE}", *, thread: int | None = None
    ) -> Message:
        """Let somebody send a sticker to the group."""
        return self._send(user, self.server.sticker_content(emoji), thread)

    async def says_anonymously(self, text: str, *, thread: int | None = None) -> Message:
        """Let an administrator write in the name of the group."""
        nobody = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
        head = self.envelope({"from": nobody, "sender_chat": self.shape}, thread)
        return self.tell("message", head | text_content(text))

    async def says_as(self, channel: Channel, text: str, *, thread: int | None = None) -> Message:
        """Let somebody write in the name of a channel of theirs."""
        nobody = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
        head = self.envelope({"from": nobody, "sender_chat": channel.shape}, thread)
        return self.tell("message", head | text_content(text))

    async def appoints(self, user: Person, status: str = "administrator") -> None:
        """Give somebody a place in the group: creator, administrator, member, restricted, left or kicked."""
        self.members[user.id] = status

    async def joins(self, user: Person) -> Message:
        """Let somebody join the group."""
        self.members[user.id] = "member"
        return self._send(user, {"new_chat_members": [user.user]})

    async def closes(self, thread: int) -> None:
        """Close a topic."""
        self.closed.add(thread)

    async def kicks_bot(self, by: Person) -> None:
        """Remove the bot from the group."""
        kind = "group chat" if self.shape["type"] == "group" else "supergroup chat"
        self.refusal = f"Forbidden: bot was kicked from the {kind}"
        self.tell_membership(by.user, "member", "kicked")

    async def migrates(self, to: int) -> Group:
        """Turn the group into a supergroup with another id, and return that."""
        new = self.server.group(id=to, title=self.shape["title"])
        for chat, word in ((self, {"migrate_to_chat_id": to}), (new, {"migrate_from_chat_id": self.id})):
            chat.tell("message", chat.envelope({"from": self.server.bot}) | word)
        self.migrated_to = to
        return new

    def place(self, thread: int | None, reply_to: int | None) -> JSON:
        """Return the fields of a place in a topic, or in the thread that a reply in a supergroup opens."""
        reply = super().place(None, reply_to)
        if thread is not None:
            return {"message_thread_id": thread, "is_topic_message": True} | self._topic(thread) | reply
        threaded = reply and not self.topics and self.shape["type"] == "supergroup"
        return reply | ({"message_thread_id": reply_to} if threaded else {})

    def _topic(self, thread: int) -> JSON:
        # In a topic, a message that answers nothing is a reply to the topic's first message.
        if thread not in self.topics:
            raise bad("message thread not found")
        created = {"name": self.topics[thread], "icon_color": 7322096}
        head = {"message_id": thread, "chat": self.shape, "date": 1_700_000_000, "message_thread_id": thread}
        return {"reply_to_message": head | {"is_topic_message": True, "forum_topic_created": created}}

    def _send(self, user: Person, content: JSON, thread: int | None = None, reply_to: Message | None = None) -> Message:
        head = self.envelope({"from": user.user}, thread, reply_to.id if reply_to else None)
        self.members.setdefault(user.id, "member")
        return self.tell("message", head | content)


class Channel(Chat):
    """A channel in which the bot may post."""

    async def removes_bot(self, by: Person) -> None:
        """Remove the bot from the channel."""
        self.refusal = "Forbidden: bot was kicked from the channel chat"
        self.tell_membership(by.user, "administrator", "kicked")

    async def posts(self, text: str) -> Message:
        """Publish a post in the name of the channel."""
        return self.tell("channel_post", self.envelope({"sender_chat": self.shape}) | text_content(text))

    async def edits(self, message: Message, text: str) -> Message:
        """Change a post."""
        return self.change("edited_channel_post", message, text)


# --- the server ---------------------------------------------------------------------------------


class TelegramServer:
    """The Bot API on a loopback port, for one bot; `url` is what stands before `/bot<token>/`."""

    def __init__(
        self,
        token: str = TOKEN,
        *,
        username: str = "PratipTestBot",
        strict: bool = True,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token, self.strict, self.limits, self.clock = token, strict, limits, clock
        self.bot: JSON = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Pratip",
            "username": username,
        }
        self.record: list[Call] = []
        self.faults: list[Fault] = []
        self.updates = Updates()
        self.longest_poll = 50.0  # seconds; lower it, and a held poll comes back empty sooner
        self.webhook = ""  # an address here makes getUpdates a conflict until deleteWebhook
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, bytes] = {}
        self.commands: dict[tuple[str, str], list[JSON]] = {}  # by (scope, language)
        self.descriptions: dict[str, str] = {}  # by language
        self.short_descriptions: dict[str, str] = {}
        self.in_flight = self.most_in_flight = 0  # calls other than getUpdates
        self.message_ids = count(1)
        self._query_ids = count(4_000_000_000_000_000_001)
        self._presses: dict[str, Press] = {}
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self._happened = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.comes_up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.goes_down()

    @property
    def url(self) -> str:
        """Return the address for PRATIP_TELEGRAM_API_URL."""
        return f"http://127.0.0.1:{self._port}"

    async def comes_up(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._closing.clear()
        app = web.Application(client_max_size=4 * MAX_PHOTO_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def goes_down(self) -> None:
        """Close the port and every connection; what the server knows is kept."""
        self._closing.set()
        self.updates.wake()
        if self._runner:
            await self._runner.cleanup()

    # -- what a test arranges

    def user(
        self,
        id: int,  # noqa: A002 - Telegram's own name for it
        *,
        language: str = "",
        name: str = "Reader",
        username: str = "",
        is_bot: bool = False,
    ) -> Person:
        """Make a person who has started the bot; set `known = False` for one who has yet to."""
        optional = {"username": username, "language_code": language}
        given = {key: value for key, value in optional.items() if value}
        person = Person(self, {"id": id, "is_bot": is_bot, "first_name": name} | given)
        self.chats[id] = person
        return person

    def group(
        self,
        id: int,  # noqa: A002 - the same
        *,
        title: str = "Group",
        topics: dict[int, str] | None = None,
        username: str = "",
    ) -> Group:
        """Make a group with the bot in it: a forum if it has topics; -100… ids are supergroups."""
        kind = "supergroup" if topics or id < SUPERGROUPS_BELOW else "group"
        name = {"username": username} if username else {}
        shape = {"id": id, "type": kind, "title": title} | ({"is_forum": True} if topics else {}) | name
        self.chats[id] = group = Group(self, shape, dict(topics or {}))
        return group

    def channel(self, id: int, *, title: str = "Channel", username: str = "") -> Channel:  # noqa: A002 - the same
        """Make a channel that the bot may post in; a public one has a username."""
        name = {"username": username} if username else {}
        self.chats[id] = channel = Channel(self, {"id": id, "type": "channel", "title": title} | name)
        return channel

    def push(self, update: JSON) -> int:
        """Queue any update, well formed or not, and return its id, which is fresh if it has none."""
        return self.updates.add(update)

    def fail(self, method: str = "*", **how: Any) -> Fault:
        """Schedule a fault; `how` are fields of `Fault`, and it happens once if they do not say how often."""
        fault = Fault(method, **({"times": None} if "seconds" in how else {}) | how, since=self.clock())
        self.faults.append(fault)
        return fault

    def heal(self, fault: Fault | None = None) -> None:
        """Take back one fault, or all."""
        self.faults = [other for other in self.faults if fault is not None and other is not fault]

    def age(self, message: Message, seconds: float) -> None:
        """Let a message be so much older than it is."""
        raw = self.chats[message.chat_id].messages[message.id]
        self.chats[message.chat_id].keep(raw | {"date": raw["date"] - int(seconds)})

    # -- what a test looks at

    def calls(self, method: str) -> list[Call]:
        """Return the calls of a method, oldest first."""
        return [call for call in self.record if call.method.lower() == method.lower()]

    async def called(self, method: str, times: int = 1, *, within: float = 2.0) -> Call:
        """Wait until a method has been called so many times, and return the last of these calls."""
        async with asyncio.timeout(within), self._happened:
            await self._happened.wait_for(lambda: len(self.calls(method)) >= times)
        return self.calls(method)[times - 1]

    # -- what the people of the test do

    def press(self, person: Person, message: Message, data: str) -> Press:
        """Push a callback query for a message as it stands now; a deleted one is inaccessible."""
        press = Press(str(next(self._query_ids)), data)
        self._presses[press.id] = press
        chat = self.chats[message.chat_id]
        gone = {"chat": chat.shape, "message_id": message.id, "date": 0}
        query = {"id": press.id, "from": person.user, "chat_instance": str(abs(chat.id) * 7919), "data": data}
        self.push({"callback_query": query | {"message": chat.messages.get(message.id, gone)}})
        return press

    def photo_content(self, caption: str = "", *, picture: bytes = b"", size: tuple[int, int] = (1280, 720)) -> JSON:
        """Return the fields of a photo message."""
        file_id = f"photo-{len(self.files) + 1}"
        self.files[file_id] = picture
        sizes = [
            {"file_id": name, "file_unique_id": f"unique-{name}", "width": size[0], "height": size[1]}
            for name in (f"{file_id}-small", file_id)
        ]
        return {"photo": sizes} | ({"caption": caption} if caption else {})

    def sticker_content(self, emoji: str) -> JSON:
        """Return the fields of a sticker message."""
        names = {"file_id": "sticker-1", "file_unique_id": "unique-1", "type": "regular", "emoji": emoji}
        return {"sticker": names | {"width": 512, "height": 512, "is_animated": False, "is_video": False}}

    # -- one call

    async def _handle(self, request: web.Request) -> web.Response:
        call = Call(request.match_info["method"], self.clock())
        counted = call.method.lower() != "getupdates"
        self.in_flight += counted
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._respond(request, call)
        finally:
            self.in_flight -= counted

    async def _respond(self, request: web.Request, call: Call) -> web.Response:
        try:
            await self._read(request, call)
            call.status, call.answer = await self._answer(call)
        except Refused as refused:
            call.status, call.answer = refusal_bytes(refused)
        except Lost:
            if request.transport:
                request.transport.close()
        return web.Response(status=call.status or 500, body=call.answer, content_type="application/json")

    async def _read(self, request: web.Request, call: Call) -> None:
        try:
            call.parameters = await read_parameters(request)
        finally:
            await self._note(call)
        if request.match_info["token"] != self.token:
            raise Refused(401, "Unauthorized")
        call.parameters = {key: decoded(key, value) for key, value in call.parameters.items()}

    async def _note(self, call: Call) -> None:
        async with self._happened:
            self.record.append(call)
            self._happened.notify_all()

    async def _answer(self, call: Call) -> tuple[int, bytes]:
        fault = next((fault for fault in self.faults if fault.applies(call, self.clock())), None)
        if fault is None:
            return await self._outcome(call)
        fault.hits += 1
        outcome = await self._outcome(call) if fault.accept else None
        await self._pause(fault.hang)
        if fault.drop:
            raise Lost
        return fault.answer() or outcome or await self._outcome(call)

    async def _outcome(self, call: Call) -> tuple[int, bytes]:
        try:
            result = await self._method(call.method)(call.parameters)
        except Refused as refused:
            return refusal_bytes(refused)
        return 200, json.dumps({"ok": True, "result": result}).encode()

    async def _pause(self, seconds: float) -> None:
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._closing.wait()

    def _method(self, name: str) -> Callable[[JSON], Awaitable[object]]:
        methods: dict[str, Callable[[JSON], Awaitable[object]]] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "deletewebhook": self._delete_webhook,
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "senddocument": self._send_document,
            "editmessagetext": self._edit_message_text,
            "deletemessage": self._delete_message,
            "getchat": self._get_chat,
            "getchatmember": self._get_chat_member,
            "answercallbackquery": self._answer_callback_query,
            "setmycommands": self._set_my_commands,
            "getmycommands": self._get_my_commands,
            "setmydescription": self._set_my_description,
            "setmyshortdescription": self._set_my_short_description,
        }
        if name.lower() not in methods:
            raise Refused(404, "Not Found: method not found")
        return methods[name.lower()]

    # -- the methods

    async def _get_me(self, _: JSON) -> JSON:
        return self.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    async def _get_updates(self, parameters: JSON) -> list[JSON]:
        if self.webhook:
            raise Refused(409, WEBHOOK_CONFLICT)
        if "allowed_updates" in parameters:
            self.updates.allowed = frozenset(parameters["allowed_updates"] or ())
        limit = min(max(number(parameters, "limit", 100), 1), 100)
        seconds = min(number(parameters, "timeout"), self.longest_poll)
        return await self.updates.take(number(parameters, "offset"), limit, seconds)

    async def _delete_webhook(self, parameters: JSON) -> bool:
        self.webhook = ""
        if parameters.get("drop_pending_updates"):
            self.updates.waiting.clear()
        return True

    async def _send_message(self, parameters: JSON) -> JSON:
        content = self._content(parameters)
        chat = self._chat(parameters)
        return self._sent(chat, parameters, content)

    async def _send_photo(self, parameters: JSON) -> JSON:
        chat = self._chat(parameters)
        content = self._photo(parameters.get("photo"))
        return self._sent(chat, parameters, content | self._caption(parameters))

    async def _send_document(self, parameters: JSON) -> JSON:
        chat = self._chat(parameters)
        content = self._document(parameters.get("document"))
        return self._sent(chat, parameters, content | self._caption(parameters))

    async def _edit_message_text(self, parameters: JSON) -> JSON:
        content = self._content(parameters)
        chat = self._chat(parameters)
        old = chat.messages.get(parameters.get("message_id", 0))
        if old is None:
            raise bad("message to edit not found")
        if old["message_id"] not in chat.own:
            raise bad("message can't be edited")
        if "text" not in old:
            raise bad("there is no text in the message to edit")
        return self._edited(chat, old, content | self._markup(parameters))

    async def _delete_message(self, parameters: JSON) -> bool:
        chat = self._chat(parameters)
        raw = chat.messages.get(parameters.get("message_id", 0))
        if raw is None:
            raise bad("message to delete not found")
        if raw["message_id"] not in chat.own and not isinstance(chat, Person):
            raise bad("message can't be deleted")
        if raw["date"] < time.time() - DELETE_WINDOW_SECONDS:
            raise bad("message can't be deleted for everyone")
        if chat.refusal and not isinstance(chat, Person):
            raise Refused(403, chat.refusal)  # whoever blocks the bot still has what it wrote taken back
        del chat.messages[raw["message_id"]]
        return True

    async def _get_chat(self, parameters: JSON) -> JSON:
        chat = self._chat(parameters)
        if chat.refusal:
            raise Refused(403, chat.refusal)
        permissions = {"permissions": {"can_send_messages": chat.open}} if isinstance(chat, Group) else {}
        return chat.shape | {"accent_color_id": 0, "max_reaction_count": 11} | permissions

    async def _get_chat_member(self, parameters: JSON) -> JSON:
        chat = self._chat(parameters)
        person = self.chats.get(number(parameters, "user_id"))
        if chat.refusal:
            raise Refused(403, chat.refusal)
        if number(parameters, "user_id") == self.bot["id"]:
            return self._own_place(chat)
        if not isinstance(person, Person):
            raise bad("user not found")
        return member(person.user, chat.members.get(person.id, "left"))

    def _own_place(self, chat: Chat) -> JSON:
        """Return the bot as a member; only administrators of a channel see its members."""
        channel = isinstance(chat, Channel)
        status = chat.members.get(self.bot["id"], "administrator" if channel else "member")
        if channel and status in {"member", "left"}:
            raise bad("member list is inaccessible")
        rights = {"can_post_messages": chat.open} if channel and status == "administrator" else {}
        limits = {"can_send_messages": chat.open} if status == "restricted" else {}
        return member(self.bot, status) | rights | limits

    async def _answer_callback_query(self, parameters: JSON) -> bool:
        press = self._presses.get(str(parameters.get("callback_query_id")))
        if press is None:
            raise bad(QUERY_GONE)
        if len(str(parameters.get("text", ""))) > MAX_TOAST:
            raise bad("MESSAGE_TOO_LONG")
        press.answer(parameters)
        return True

    async def _set_my_commands(self, parameters: JSON) -> bool:
        commands = parameters.get("commands") or []
        if not isinstance(commands, list):
            raise bad("expected an Array of BotCommand")
        if len(commands) > MAX_COMMANDS:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        self.commands[self._menu(parameters)] = [checked_command(command) for command in commands]
        return True

    async def _get_my_commands(self, parameters: JSON) -> list[JSON]:
        return self.commands.get(self._menu(parameters), [])

    async def _set_my_description(self, parameters: JSON) -> bool:
        text = utf8(parameters.get("description", ""))
        if len(text) > MAX_DESCRIPTION:
            raise bad("description is too long")
        self.descriptions[language_of(parameters)] = text
        return True

    async def _set_my_short_description(self, parameters: JSON) -> bool:
        text = utf8(parameters.get("short_description", ""))
        if len(text) > MAX_SHORT_DESCRIPTION:
            raise bad("short description is too long")
        self.short_descriptions[language_of(parameters)] = text
        return True

    # -- their parts

    def _chat(self, parameters: JSON) -> Chat:
        chat_id = parameters.get("chat_id", "")
        if chat_id == "":
            raise bad("chat_id is empty")
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else self._public(str(chat_id))
        if chat is None or not chat.known:
            raise bad("chat not found")
        if chat.migrated_to:
            raise upgraded(chat.migrated_to)
        return chat

    def _public(self, name: str) -> Chat | None:
        """Return the channel or supergroup of that @username; a person is not found by it."""
        public = (chat for chat in self.chats.values() if not isinstance(chat, Person) and "username" in chat.shape)
        return next((chat for chat in public if f"@{chat.shape['username']}".lower() == name.lower()), None)

    def _menu(self, parameters: JSON) -> tuple[str, str]:
        scope = parameters.get("scope")
        name = scope_name(scope)
        if isinstance(scope, dict) and scope.get("chat_id", 0) not in {0, *self.chats}:
            raise bad("chat not found")
        return name, language_of(parameters)

    def _content(self, parameters: JSON) -> JSON:
        if not parameters.get("text"):
            raise bad("message text is empty")
        self._check_parse_mode(parameters)
        text, entities = formatted(parameters["text"], parameters.get("entities"))
        preview = parameters.get("link_preview_options")
        parts = {"entities": entities, "link_preview_options": preview}
        return {"text": text} | {key: value for key, value in parts.items() if value}

    def _caption(self, parameters: JSON) -> JSON:
        if not parameters.get("caption"):
            return {}
        self._check_parse_mode(parameters)
        text, entities = formatted(parameters["caption"], parameters.get("caption_entities"), MAX_CAPTION)
        return {"caption": text} | ({"caption_entities": entities} if entities else {})

    def _check_parse_mode(self, parameters: JSON) -> None:
        mode = str(parameters.get("parse_mode", ""))
        if mode and self.strict:
            raise bad(f"parse_mode {mode} is refused: send entities")
        if mode and mode.lower() not in {"markdown", "markdownv2", "html", "none"}:
            raise bad("unsupported parse_mode")

    def _markup(self, parameters: JSON) -> JSON:
        markup = keyboard(parameters.get("reply_markup"))
        return {"reply_markup": markup} if markup else {}

    def _photo(self, photo: object) -> JSON:
        if isinstance(photo, bytes):
            return self.photo_content(picture=photo, size=check_picture(photo))
        if not photo:
            raise bad("there is no photo in the request")
        if str(photo) not in self.files:
            raise bad("wrong file identifier/HTTP URL specified")
        return self.photo_content(picture=self.files[str(photo)])

    def _document(self, document: object) -> JSON:
        """The fields of a file message: what is sent anew comes in a form, under a name, and is not empty."""
        if not document:
            raise bad(
                "file must be non-empty" if isinstance(document, bytes) else "there is no document in the request"
            )
        if not isinstance(document, Upload):
            raise bad("wrong file identifier/HTTP URL specified")
        if not document.name:
            raise bad("there is no name of the file in the form")
        if len(document) > MAX_DOCUMENT_BYTES:
            raise Refused(413, "Request Entity Too Large")
        file_id = f"document-{len(self.files) + 1}"
        self.files[file_id] = document
        named = {"file_name": document.name, "mime_type": document.kind, "file_size": len(document)}
        return {"document": {"file_id": file_id, "file_unique_id": f"unique-{file_id}"} | named}

    def _sent(self, chat: Chat, parameters: JSON, content: JSON) -> JSON:
        markup = self._markup(parameters)
        thread, reply_to = parameters.get("message_thread_id"), self._reply_to(chat, parameters)
        chat.place(thread, reply_to)  # an unknown thread is refused before anything is counted
        if isinstance(chat, Group) and thread in chat.closed:
            raise bad("TOPIC_CLOSED")
        paid = bool(parameters.get("allow_paid_broadcast"))
        self._check_allowed(chat, paid=paid)
        sender = {"sender_chat": chat.shape} if isinstance(chat, Channel) else {"from": self.bot}
        raw = chat.envelope(sender, thread, reply_to) | content | markup
        if parameters.get("disable_notification"):
            chat.silent.add(raw["message_id"])
        if paid:
            chat.paid.add(raw["message_id"])
        if parameters.get("protect_content"):
            raw["has_protected_content"] = True
        return chat.show(raw)

    def _reply_to(self, chat: Chat, parameters: JSON) -> int | None:
        reply = parameters.get("reply_parameters") or {}
        if not isinstance(reply, dict):
            raise bad("object expected as reply parameters")
        target = reply.get("message_id")
        if target in chat.messages or reply.get("allow_sending_without_reply") or not reply:
            return target
        raise bad("message to be replied not found")

    def _edited(self, chat: Chat, old: JSON, new: JSON) -> JSON:
        changeable = ("text", "entities", "reply_markup")
        if all(old.get(key) == new.get(key) for key in changeable):
            raise bad(NOT_MODIFIED)
        self._check_allowed(chat)
        rest = {key: value for key, value in old.items() if key not in (*changeable, "link_preview_options")}
        return chat.show(rest | new | {"edit_date": int(time.time())})

    def _check_allowed(self, chat: Chat, *, paid: bool = False) -> None:
        # Last, as on the real server: what is malformed is refused as such even where the bot is blocked.
        if self.limits:
            self.limits.spend(chat.id, self.clock(), paid=paid)
        if chat.refusal:
            raise Refused(403, chat.refusal)
