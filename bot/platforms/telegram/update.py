"""Update: what Telegram tells us, as a request; and our place in its queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from telegram import CallbackQuery, MaybeInaccessibleMessage, Message, Update
from telegram.constants import ChatType, MessageAttachmentType

from bot.core.messages import Chat, Mishap, Request, read
from bot.platforms import Envelope
from bot.platforms.telegram.keyboard import Shelf

WANTED = (Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
_CONTENT = (*MessageAttachmentType, "checklist")  # what somebody sends, in contrast to what Telegram notes
_REPEATS = 1000  # more than one poll brings, and far fewer than there are ids


class Queue:
    """Our place in Telegram's queue of updates.

    An offset makes Telegram forget all before it, and ids begin anew, at random, after a quiet week or on
    another server: a stored offset may throw away what nobody has read. So one is sent only to confirm what
    came a moment ago; else Telegram begins where it stands, and what was answered before is recognised.
    """

    def __init__(self) -> None:
        self._unconfirmed: str | None = None

    def offset(self, cursor: str | None) -> int | None:
        """What to confirm with the next poll."""
        return int(cursor) if cursor and cursor == self._unconfirmed else None

    def advance(self, cursor: str | None, updates: Iterable[object]) -> str | None:
        """The cursor after the updates that a poll from this one brought."""
        last = max(map(_number, updates), default=0)
        self._unconfirmed = str(last + 1) if last else None
        return self._unconfirmed or cursor

    def had(self, cursor: str | None, update: object) -> bool:
        """Whether an update was answered before the cursor was saved."""
        stored = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 20 else 0
        return 0 < stored - _number(update) <= _REPEATS


def _number(update: object) -> int:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else 0


def envelope(raw: object, me: str, shelf: Shelf) -> Envelope | str:
    """The request in an update, or in a word or two why it is passed over."""
    try:
        update = Update.de_json(raw, None)  # type: ignore[arg-type] # what is no object fails, as it should
        return _opened(update, me, shelf)
    except Exception:  # noqa: BLE001 one odd update must cost neither the others nor the poll
        return "unparsable"


def _opened(update: Update, me: str, shelf: Shelf) -> Envelope | str:
    if update.message:
        request = _said(update.message, me)
        return request if isinstance(request, str) else _written(update.message, request, update.update_id)
    if update.callback_query:
        return _pressed(update.callback_query, me, shelf)
    return next((kind.replace("_", " ") for kind in Update.ALL_TYPES if getattr(update, kind)), "unknown kind")


def _written(message: Message, request: Request, number: int) -> Envelope:
    # Who speaks as a chat comes as a bot of Telegram's: the same one for everybody, so it is nobody.
    sender = "" if message.sender_chat or not message.from_user else str(message.from_user.id)
    as_chat = bool(message.sender_chat and message.sender_chat.id == message.chat.id)
    return Envelope(request, f"update:{number}", sender=sender, speaks_for_chat=as_chat)


def _said(message: Message, me: str) -> Request | str:
    if reason := _passed_over(message):
        return reason
    chat = _chat(message)
    language = (message.from_user and message.from_user.language_code) or ""
    request = read(chat, message.text or message.caption or "", me=me, language=language)
    if request and (request.command or (message.text and request.argument)):
        return request
    return Request(chat, "", language=language, mishap=Mishap.UNREADABLE) if chat.private else "not for us"


def _passed_over(message: Message) -> str:
    if message.is_automatic_forward:
        return "channel post"
    # An anonymous administrator comes as a bot of Telegram's that speaks for a chat.
    if message.from_user and message.from_user.is_bot and not message.sender_chat:
        return "bot"
    return "" if message.text or any(message[kind] for kind in _CONTENT) else "service message"


def _pressed(query: CallbackQuery, me: str, shelf: Shelf) -> Envelope | str:
    """Pressing asks exactly what typing the command would: a client may send any data it likes."""
    if not query.message or query.data is None:
        return "not our button"
    chat, language = _chat(query.message), query.from_user.language_code or ""
    command = shelf.command(chat, query.data)
    expired = Request(chat, "", language=language, mishap=Mishap.EXPIRED)
    request = expired if command is None else read(chat, f"/{command}", me=me, language=language)
    if not request:
        return "not for us"
    # What can no longer be looked at cannot be edited either.
    refers = str(query.message.message_id) if query.message.is_accessible else ""
    return Envelope(replace(request, addressed=True), f"callback:{query.id}", refers, str(query.from_user.id))


def _chat(message: MaybeInaccessibleMessage) -> Chat:
    # A reply in a supergroup without topics has a thread too, but nothing can be sent there.
    topic = message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None
    return Chat("telegram", str(message.chat.id), str(topic or ""), message.chat.type == ChatType.PRIVATE)
