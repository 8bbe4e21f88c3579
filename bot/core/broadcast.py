"""Broadcast: an update on its way from a draft to every subscriber; and the desk from which moderators see to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.text import Text


class State(StrEnum):
    """How far a broadcast is."""

    DRAFT = "draft"
    REJECTED = "rejected"
    SENDING = "sending"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """Where a broadcast comes from."""

    NEWS = "news"  # a change of the content
    NOTE = "note"  # composed in chat
    CORRECTION = "correction"  # of an earlier one: edits what was sent, or follows it up
    WITHDRAWAL = "withdrawal"  # of an earlier one: deletes what was sent, where the platform can


class Policy(StrEnum):
    """What to do where nobody can say whether a message arrived."""

    RESEND = "resend"  # better twice than never: who waits for news of a release must not miss it
    HOLD = "hold"  # better never than twice; /latest has it


class Outcome(StrEnum):
    """How far one delivery is; all but the first two are final."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELETED = "deleted"  # of a withdrawal: what was sent is gone; where it could not be, the notice is SENT
    UNKNOWN = "unknown"
    FAILED = "failed"
    GONE = "gone"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


FINAL = frozenset(Outcome) - {Outcome.QUEUED, Outcome.SENDING}

Standing = Mapping[str, str]  # what of an entry is news when it changes: facet, value
Tally = Mapping[str, Mapping[Outcome, int]]  # deliveries by platform and outcome


@dataclass(frozen=True, slots=True)
class Item:
    """One entry's news: how it stood before (None: it is new here) and how it stands now."""

    entry: str
    before: Standing | None
    after: Standing
    evidence: str = field(default="", compare=False)  # a digest of what bore out how it stood before; "" is unknown


@dataclass(frozen=True, slots=True)
class Approval:
    """A moderator's word for exactly these texts."""

    moderator: str
    digest: str  # of the texts that were approved


_NO_WORDS: Mapping[str, str] = MappingProxyType({})
_NO_TALLY: Tally = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Broadcast:
    """An update to subscribers, from draft to totals."""

    number: int
    state: State
    kind: Kind
    created_at: datetime  # aware, UTC
    topics: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()  # news; who follows one of these entries hears of it too
    words: Mapping[str, str] = field(default_factory=lambda: _NO_WORDS)  # language: markup; composed ones
    urgent: bool = False
    policy: Policy = Policy.HOLD
    author: str = ""  # the moderator who composed it; empty for news
    original: int = 0  # the broadcast that this one corrects or withdraws
    expires_at: datetime | None = None
    approvals: tuple[Approval, ...] = ()
    sent_at: datetime | None = None  # aware, UTC; when it was approved
    why: str = ""  # why it was paused or rejected, in a few plain words
    tally: Tally = field(default_factory=lambda: _NO_TALLY)  # once it is being sent


@dataclass(frozen=True, slots=True)
class Outlook:
    """When and how people would get a broadcast that began at this moment; channels left out."""

    at_once: int = 0
    quiet: int = 0  # after their quiet hours
    daily: int = 0  # in a digest
    weekly: int = 0
    discreet: int = 0  # of all these: who read only that there is news


@dataclass(frozen=True, slots=True)
class Sheet:
    """A broadcast as a moderator looks at it: what it will say, to how many, and for how long."""

    broadcast: Broadcast
    texts: Mapping[str, Text]  # by language, as every platform shows them
    digest: str  # names exactly these texts; an approval counts for no others
    seen: bool  # whether this moderator was shown exactly these texts
    audience: Mapping[str, int]  # subscribers by platform, channels left out
    channels: int = 0  # announcement channels and rooms
    seconds: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # to send it, by platform
    stars: int = 0  # what paid broadcasting costs, in Telegram Stars; 0 where it is off
    outlook: Outlook = Outlook()  # of a draft


@dataclass(frozen=True, slots=True)
class Desk:
    """What a moderator may know, loaded because the command asked for it."""

    me: str  # the moderator: "telegram:42"
    needed: int  # approvals a draft needs
    broadcasts: tuple[Broadcast, ...] = ()  # newest first; drafts and sent ones
    sheet: Sheet | None = None  # the one that the argument names by its number
    unreachable: tuple[str, ...] = ()  # moderators who have not written to the bot yet
