"""Platforms: two calls, poll and send, and the capabilities a platform declares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from bot.core.messages import Chat, Reply, Request
from bot.core.text import Limit


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a platform takes, edits included; what it refuses teaches the rest."""

    rate: float = math.inf  # messages a second in all
    slowest: float = 1.0  # the rate is never lowered further
    private: tuple[int, float] = (1, 1.0)  # messages to one private chat, in so many seconds
    group: tuple[int, float] = (20, 60.0)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do; what it cannot, the sender works around."""

    buttons: bool = False
    edit: bool = False  # a reply may replace the message it came from
    amend: bool = False  # what was sent can be changed and deleted later
    traces: bool = False  # what a message said before it was changed can still be looked at
    documents: bool = False  # a reply may bring a file
    repeatable: bool = False  # sending with the same key again is harmless, for a day at least
    limit: Limit = Limit(4096)  # of one message
    window: int = 8  # sends in flight at once
    allowance: Allowance = Allowance()
    patient: bool = False  # the next request comes only after the answer, however long it takes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request as it arrived."""

    request: Request
    key: str  # names the incoming message; what is sent in answer derives its idempotency key from it
    refers: str = ""  # the message of ours whose button was pressed, or that was replied or reacted to
    sender: str = field(default="", repr=False)  # who says so, by the platform's id; compared, never kept
    speaks_for_chat: bool = False  # an anonymous administrator
    arrived: float = 0.0  # when, on the clock's monotonic(); the service notes it


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll brought, and the cursor to save once all of it is answered."""

    cursor: str | None
    envelopes: tuple[Envelope, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)  # why something was passed over: how often
    over: bool = False  # nothing will come any more: the terminal was closed


@dataclass(frozen=True, slots=True)
class Push:
    """How an update is to arrive."""

    urgent: bool = False  # with a sound; a routine one comes silently
    paid: bool = False  # beyond the free allowance, where the platform sells one


class Refusal(Exception):
    """A platform did not take what we sent or asked; each subclass says what to do about it.

    The message is for the log: it names the situation and never a person, a text or a token.
    """


class Unavailable(Refusal):
    """Wait and try again: down, busy, limited or misconfigured. It did not arrive."""

    def __init__(self, reason: str, retry_after: float | None = None, *, chat_only: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after  # seconds, where the platform said so
        self.chat_only = chat_only  # it is this chat that must wait, not the whole bot


class Gone(Refusal):
    """This chat refuses us for good."""


class Moved(Refusal):
    """The chat has a new id."""

    def __init__(self, reason: str, to: str) -> None:
        super().__init__(reason)
        self.to = to


class Rejected(Refusal):
    """Our message is malformed: trying again will not help."""


class Past(Refusal):
    """This one message can no longer be changed or taken back; the chat takes new ones as before."""


class Unknown(Refusal):
    """It may have arrived."""


@contextmanager
def ask_again() -> Iterator[None]:
    """Where asking again is right, whatever was refused: every Refusal becomes Unavailable."""
    try:
        yield
    except Unavailable:
        raise
    except Refusal as refusal:
        raise Unavailable(str(refusal)) from None


class Platform(Protocol):
    """A network people write to us on. It has no loop, no retry and no sleep of its own."""

    name: str
    can: Capabilities

    @property
    def me(self) -> str:
        """The bot's own handle, known once connected."""

    async def __aenter__(self) -> Self:
        """Open what it needs; the network may still be down."""

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all of it."""

    async def poll(self, cursor: str | None) -> Batch:
        """Wait a while for what is new since the cursor. Raises Unavailable."""

    async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
        """Send one message that fits the limit and return its reference. Raises Refusal.

        push: it answers nothing, but is an update to a subscriber. Where the reply brings a document, that is sent,
        and its text is the name of it.
        """

    async def edit(self, chat: Chat, message: str, reply: Reply) -> None:
        """Replace the message of ours whose button was pressed, where the capabilities say so. Raises Refusal."""

    async def amend(self, chat: Chat, message: str, reply: Reply, *, key: str) -> None:
        """Change what an update of ours says, by its reference, where the capabilities say so. Raises Refusal.

        Past: say it in a new message.
        """

    async def delete(self, chat: Chat, message: str, *, key: str) -> None:
        """Take an update of ours back, by its reference, where the capabilities say so. Raises Refusal.

        What is gone already is taken back.
        """

    async def administers(self, envelope: Envelope) -> bool:
        """Whether the sender may decide for a group, asked of the platform at this moment. Raises Refusal."""

    async def hindrance(self, chat: Chat) -> str:
        """What keeps us from posting to a channel or room, as words that say how to mend it; empty where nothing does.

        Asked of the platform at this moment. Raises Refusal where it does not say.
        """

    async def check(self) -> datetime | None:
        """Ask the server who we are, and what time it has where it says. Raises Unavailable with what to mend."""

    async def acknowledge(self, envelope: Envelope) -> None:
        """Show that it arrived (a pressed button stops turning), where the platform has such a sign."""

    async def forget(self, chat: Chat) -> None:
        """Erase what this platform itself keeps of the chat; what cannot be done now, it does later."""
