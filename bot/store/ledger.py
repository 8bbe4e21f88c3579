"""Ledger: a row for each broadcast and subscriber, written before the wire, settled after, folded into totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.broadcast import Outcome, Tally
from bot.privacy import Place
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Claim:
    """One message to one subscriber, on the wire from now on."""

    numbers: tuple[int, ...]  # the broadcasts in it; a digest has several
    name: int  # with the subscriber, names this message however often it is tried: make its key of these two
    subscriber: int
    place: Place
    address: bytes = field(repr=False)  # sealed
    language: str
    boot: str
    attempts: int  # with this one
    urgent: bool
    digest: bool
    doubtful: bool  # an earlier attempt may have arrived
    reference: bytes | None = field(repr=False)  # the message to correct or withdraw, sealed; None: there is none
    discreet: bool
    channel: bool
    failed_on: str  # the last day on which the subscriber refused us: "2026-11-23"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim."""

    claim: Claim
    outcome: Outcome  # QUEUED: to be tried again when due; SENDING is none
    reference: bytes | None = None  # of the message that arrived, sealed; kept where it holds one broadcast only
    due: datetime | None = None  # when to try again; None: at once
    doubtful: bool = False  # it may have arrived


@dataclass(frozen=True, slots=True)
class Lane:
    """The pace of a platform."""

    rate: float  # messages a second
    paused_until: datetime


class Ledger:
    """Every delivery ends in one final outcome, and none is lost. Moments are aware."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the audience

    async def unexpanded(self) -> tuple[int, ...]:
        """Approved broadcasts that not yet everybody has a row of, urgent ones first."""
        raise NotImplementedError

    async def expand(self, number: int, *, now: datetime, zone: str, chunk: int = 5000) -> bool:
        """Write rows for the next part of the audience; whether more are to come. zone: the pack's time zone.

        A correction or withdrawal waits (True) for what of its original is on the wire or not yet written.
        """
        raise NotImplementedError

    # -- the wire

    async def claim(self, platform: str, now: datetime, boot: str, limit: int) -> list[Claim]:
        """Take at most so many messages that are due: urgent ones first, then those of older broadcasts.

        boot: names this start of the program.
        """
        raise NotImplementedError

    async def settle(self, results: Sequence[Result]) -> int:
        """Note what became of claims; the number of deliveries changed. One that is settled or cancelled stays so."""
        raise NotImplementedError

    async def recover(self, boot: str, platform: str, *, repeatable: bool, now: datetime) -> Mapping[Outcome, int]:
        """Take up what another start left on the wire, and count what became of it.

        repeatable: the platform takes the same message twice as one, for 23 hours at least.
        """
        raise NotImplementedError

    async def next_due(self, platform: str) -> datetime | None:
        """When the next delivery can be claimed; None where nothing waits."""
        raise NotImplementedError

    # -- the end

    async def expire(self, now: datetime) -> tuple[int, ...]:
        """End what still waits of broadcasts whose time is over; their numbers."""
        raise NotImplementedError

    async def end(self, now: datetime) -> tuple[int, ...]:
        """End the broadcasts of which nothing waits or is on the wire; their numbers."""
        raise NotImplementedError

    async def tally(self, number: int) -> Tally:
        """Deliveries by platform and outcome. Once folded, what was under ten in a language is not counted."""
        raise NotImplementedError

    async def late(self, number: int, now: datetime) -> int:
        """How many deliveries wait for a later hour: quiet hours, a digest, another try."""
        raise NotImplementedError

    # -- forgetting

    async def fold(self, now: datetime) -> tuple[int, ...]:
        """Turn the deliveries of what ended seven days ago into totals, and erase them; the broadcasts' numbers."""
        raise NotImplementedError

    async def drop_references(self, now: datetime) -> int:
        """Erase what names messages that can no longer be changed; how many."""
        raise NotImplementedError

    async def prune_audit(self, now: datetime) -> int:
        """Erase what moderators did more than twelve months ago; how many rows."""
        raise NotImplementedError

    # -- lanes

    async def lane(self, platform: str) -> Lane | None:
        """The pace that was saved last."""
        raise NotImplementedError

    async def save_lane(self, platform: str, lane: Lane) -> None:
        """Note the pace of a platform."""
        raise NotImplementedError
