"""Broadcasts: what was published, what is drafted, who said yes to it, and how it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bot.core.broadcast import Broadcast, Item, Kind, Policy, Standing, State
from bot.store.database import Database

_NO_WORDS: Mapping[str, str] = MappingProxyType({})


class Conflict(Exception):
    """A broadcast stands so that this cannot be done with it; the message says how it stands, in a few words."""


@dataclass(frozen=True, slots=True)
class Published:
    """How an entry stood when news of it was last drafted."""

    kind: str
    standing: Standing
    print: str  # a digest of what it says, its id left out


@dataclass(frozen=True, slots=True)
class Draft:
    """A broadcast to be; dedupe is a digest of the change, and the same one is never made twice."""

    dedupe: str
    kind: Kind
    topics: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    words: Mapping[str, str] = field(default_factory=lambda: _NO_WORDS)  # language: markup
    urgent: bool = False
    policy: Policy = Policy.HOLD
    author: str = ""
    original: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What a pending draft says now."""

    items: tuple[Item, ...]
    expires_at: datetime | None = None


class Broadcasts:
    """Updates from draft to end. Moments are aware; a rendering's body is JSON, which nobody here reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- content

    async def published(self) -> Mapping[str, Published]:
        """How each entry stood, by its id."""
        raise NotImplementedError

    async def record(
        self,
        published: Mapping[str, Published],
        drafts: Sequence[Draft],
        *,
        revised: Mapping[int, Revision],
        cursor: str,
        at: datetime,
    ) -> tuple[int, ...]:
        """Note all at once what the content says now: every published entry, new drafts, what pending drafts say, and
        the cursor "content". Entries that are not named are published no more. Returns the numbers of the drafts that
        were made; one that was made before, whatever became of it, is left alone, as is a draft no longer pending."""
        raise NotImplementedError

    # -- moderators

    async def compose(self, draft: Draft, at: datetime) -> int:
        """Make a draft and return its number; of the same one that was made before. Raises Conflict where what it
        corrects was never sent."""
        raise NotImplementedError

    async def shown(self, number: int, moderator: str, digest: str, at: datetime) -> None:
        """Note which texts of a draft a moderator was shown; of what is a draft no more, nothing."""
        raise NotImplementedError

    async def seen(self, number: int, moderator: str) -> str:
        """The digest of the texts that a moderator was shown last; empty where none were."""
        raise NotImplementedError

    async def approve(
        self,
        number: int,
        moderator: str,
        digest: str,
        *,
        needed: int,
        allowed: Collection[str],
        renderings: Mapping[str, str],
        at: datetime,
    ) -> bool:
        """Note a moderator's word for these texts; True where it was the last one needed and sending begins.

        Words count from those who are allowed now, for these texts; the author's alone never suffices.
        renderings: language to JSON, frozen when it begins. Raises Conflict where it is no draft any more.
        A correction that begins ends its original: who has not had that yet gets the correction instead.
        """
        raise NotImplementedError

    async def reject(self, number: int, moderator: str, why: str, at: datetime) -> bool:
        """A draft that shall not be sent. False where it was rejected before; raises Conflict where it was sent."""
        raise NotImplementedError

    async def pause(self, number: int, moderator: str, why: str, at: datetime) -> bool:
        """Let it wait. moderator: empty for the bot's own doing. False where it waits already. Raises Conflict."""
        raise NotImplementedError

    async def resume(self, number: int, moderator: str, at: datetime) -> bool:
        """Let it go on. False where it goes already. Raises Conflict."""
        raise NotImplementedError

    async def cancel(self, number: int, moderator: str, at: datetime) -> bool:
        """Send no more of it; what is on the wire is still settled. False where it was cancelled. Raises Conflict."""
        raise NotImplementedError

    async def withdraw(self, number: int, moderator: str, renderings: Mapping[str, str], at: datetime) -> int:
        """Send no more of it, and begin to delete what was sent. Returns the number of the withdrawal, made once.

        renderings: what is said where nothing can be deleted. Raises Conflict where it was never sent.
        """
        raise NotImplementedError

    async def expire_drafts(self, now: datetime) -> tuple[int, ...]:
        """Reject the drafts whose time is over; their numbers."""
        raise NotImplementedError

    # -- reading

    async def one(self, number: int) -> Broadcast | None:
        """A broadcast, with its approvals and tally."""
        raise NotImplementedError

    async def newest(self, limit: int, states: Collection[State] | None = None) -> tuple[Broadcast, ...]:
        """The newest first, with approvals and tallies; all states where none is named."""
        raise NotImplementedError

    async def recent(self, limit: int, now: datetime) -> tuple[tuple[int, datetime, Mapping[str, str]], ...]:
        """What readers may read again: number, when it was sent, bodies by language; the newest first.

        News and notes of the last 30 days, as corrected since; nothing cancelled or withdrawn.
        """
        raise NotImplementedError

    async def renderings(self, number: int) -> Mapping[str, str]:
        """The frozen bodies, by language."""
        raise NotImplementedError
