"""Change: what a reply asks to be done. Handlers list changes; the service makes them, before the reply goes out.

Each says what shall hold afterwards, so that making it twice is making it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bot.core.broadcast import Policy
from bot.core.subscription import Pace, Settings


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Remember the language chosen for this chat."""

    code: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Erase whatever is kept of this chat."""


@dataclass(frozen=True, slots=True)
class Panic:
    """Erase whatever is kept of this chat, delete what the bot wrote there lately, and say nothing."""


# ---------------------------------------------------------------------------- subscribers


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Tell this place of these topics, at this pace; the language is the one it is answered in."""

    topics: tuple[str, ...]
    pace: Pace = Pace.NOW


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Tell this place no more of these topics."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Follow:
    """Tell this place when this entry changes."""

    entry: str


@dataclass(frozen=True, slots=True)
class Unfollow:
    """Tell this place no more of this entry."""

    entry: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End every subscription of this chat, in all its threads, and erase its address."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Hold to these settings at this place."""

    settings: Settings


# ---------------------------------------------------------------------------- moderators


@dataclass(frozen=True, slots=True)
class Show:
    """Note that this moderator was shown exactly these texts of a draft."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Approve:
    """This moderator's word for exactly these texts; with the last word needed it is sent."""

    number: int
    digest: str
    last: bool | None = None  # whether its moderator is told that it is the last one needed; None: nothing is said


@dataclass(frozen=True, slots=True)
class Reject:
    """A draft that shall not be sent."""

    number: int
    why: str


_NO_WORDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Compose:
    """A new draft in a moderator's own words, or a correction of a broadcast."""

    topics: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=lambda: _NO_WORDS)  # language: markup
    urgent: bool = False
    policy: Policy = Policy.RESEND
    original: int = 0  # what it corrects
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A broadcast that shall wait."""

    number: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """A paused broadcast that shall go on."""

    number: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """A broadcast of which nothing more shall be sent."""

    number: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A broadcast whose messages shall be deleted where the platform can."""

    number: int


OfReader = SetLanguage | Forget | Panic | Subscribe | Unsubscribe | Follow | Unfollow | Stop | Configure
OfModerator = Show | Approve | Reject | Compose | Pause | Resume | Cancel | Withdraw
Change = OfReader | OfModerator
