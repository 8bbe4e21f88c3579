"""Messages: what comes in, what goes out, and everything a handler may know in between."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from bot.core.change import Change
from bot.core.subscription import NOTHING, Subscriptions
from bot.core.text import Text, clean

if TYPE_CHECKING:
    from bot.core.broadcast import Desk
    from bot.core.content import Content
    from bot.core.kept import Kept
    from bot.core.past import Past


@dataclass(frozen=True, slots=True)
class Chat:
    """Where a conversation happens; thread is a forum topic or a thread's root, empty outside one."""

    platform: str
    id: str
    thread: str = ""
    private: bool = True

    @property
    def whole(self) -> tuple[str, str]:
        """The chat with all its threads."""
        return self.platform, self.id


class Role(IntEnum):
    """What the one who asks may do; decided by the app, never by a handler."""

    READER = 0
    ADMIN = 1  # may change what this chat receives: anybody in a private one, in a group its administrators
    MODERATOR = 2


class Mishap(Enum):
    """What came in place of a question; a platform or a list says so, and nobody can type it."""

    EXPIRED = "expired"  # a button or a number whose list is no longer in memory
    CHOICE = "choice"  # a number that the last list does not have; it is the argument
    UNREADABLE = "unreadable"  # a photo, a sticker, a voice message
    UNDECRYPTABLE = "undecryptable"  # a message whose keys were not shared with us
    VERIFICATION = "verification"  # somebody wants to compare emoji with us; the argument is our session and its key


@dataclass(frozen=True, slots=True)
class Request:
    """A question: a command with its argument, or free text (command "")."""

    chat: Chat
    command: str
    argument: str = ""
    language: str = ""  # the platform's hint, an IETF tag, often empty
    role: Role = Role.READER
    addressed: bool = True  # in a group: whether the command named this bot
    mishap: Mishap | None = None  # there is no question; command is ""
    typed: str = field(default="", compare=False)  # the argument with its lines, for what is composed in chat

    @property
    def line(self) -> str:
        """The request as one would type it, without a prefix."""
        return f"{self.command} {self.argument}".strip()


_COMMAND = re.compile(r"[/!](?P<word>[^\s@/!]+)(?:@(?P<name>\S+))?(?:\s+(?P<argument>.*))?", re.DOTALL)


def read(chat: Chat, words: str, *, me: str = "", language: str = "") -> Request | None:
    """What was typed, as a request: `/word`, `!word`, `/word@me`, or free text in a private chat.

    None where it is not for us: free text in a group, or another bot's command.
    """
    words = clean(words).strip()
    found = _COMMAND.fullmatch(words)
    if not found:
        return Request(chat, "", words, language, typed=words) if chat.private else None
    name = found["name"]
    if name and me and name.casefold() != me.casefold():
        return None
    typed = (found["argument"] or "").strip()
    argument = " ".join(typed.split())
    addressed = bool(name) or chat.private
    return Request(chat, found["word"].casefold(), argument, language, addressed=addressed, typed=typed)


@dataclass(frozen=True, slots=True)
class Button:
    """A label and the whole command that pressing it sends, without a prefix: nothing nobody could type."""

    label: str
    command: str
    words: tuple[str, ...] = ()  # what one may type for it where there are no buttons, beside its number
    listed: bool = False  # its number and label already stand in the text


@dataclass(frozen=True, slots=True)
class Document:
    """The whole pack as a file, sent after the words. A handler names its form; the bytes are made elsewhere."""

    form: str  # json, csv or xlsx
    name: str = ""
    kind: str = "application/octet-stream"  # its MIME type
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the changes to make before it is sent."""

    text: Text
    rows: tuple[tuple[Button, ...], ...] = ()
    replaces: bool = False  # takes the place of the message whose button was pressed, where the platform can
    changes: tuple[Change, ...] = ()
    live: bool = False  # shows what is still going on: it is kept true where the platform can
    document: Document | None = None

    @property
    def buttons(self) -> tuple[Button, ...]:
        """All buttons, row by row."""
        return tuple(button for row in self.rows for button in row)


@dataclass(frozen=True, slots=True)
class Prefs:
    """What a person chose; the defaults are those of somebody who only asks."""

    language: str = ""
    subscriptions: Subscriptions = NOTHING


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a handler may know."""

    content: Content  # already in the reader's language
    now: datetime  # aware, in the pack's time zone
    prefs: Prefs = Prefs()
    me: str = ""  # the bot's own handle on the platform it was asked on
    commands: tuple[str, ...] = ()  # those the reader may use, for help; filled by the router
    desk: Desk | None = None  # for moderators' commands alone
    sent: tuple[tuple[int, datetime, Text], ...] = ()  # the updates sent lately, newest first; for /latest and /news
    kept: Kept | None = None  # for /mydata alone
    past: Past | None = None  # of the entry that was asked about; for /history alone
