"""Subscription: what somebody hears of, how often, and at what hours; and when the next word is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MINUTES = 24 * 60


class Pace(StrEnum):
    """How often the updates of a topic arrive."""

    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours without a word: minutes after local midnight, from start up to end; over midnight where end is smaller."""

    start: int
    end: int

    def covers(self, minute: int) -> bool:
        """Whether a minute of the day lies in it; equal ends cover nothing."""
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class Settings:
    """When and how updates arrive; the defaults are those of a new subscriber."""

    zone: str = ""  # an IANA time zone; empty is the pack's
    quiet: Quiet | None = None
    urgent_breaks_quiet: bool = False
    discreet: bool = False  # the message says only that there is news
    digest_hour: int = 8  # local, 0 to 23
    digest_day: int = 0  # of the weekly digest: 0 is Monday


DEFAULTS = Settings()
_NO_TOPICS: Mapping[str, Pace] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """All that a place (a chat, or a thread of one) hears of."""

    topics: Mapping[str, Pace] = field(default_factory=lambda: _NO_TOPICS)
    follows: tuple[str, ...] = ()  # ids of entries, whose changes are told at once
    settings: Settings = DEFAULTS

    def __bool__(self) -> bool:
        return bool(self.topics or self.follows)


NOTHING = Subscriptions()


def zone(name: str) -> tzinfo:
    """A time zone by its IANA name; universal time where the machine does not know it."""
    return ZoneInfo(name) if is_zone(name) else UTC


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this IANA name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def due(now: datetime, settings: Settings, pace: Pace, pack_zone: str, *, urgent: bool = False) -> datetime:
    """When an update that is ready now (aware) reaches somebody with these settings: now, or later; aware, in UTC.

    An urgent update waits for no digest; for the end of quiet hours it does, unless urgent_breaks_quiet.
    """
    at = now.astimezone(zone(settings.zone if settings.zone and is_zone(settings.zone) else pack_zone))
    if pace is not Pace.NOW and not urgent:
        at = _slot(at, settings, pace)
    if urgent and settings.urgent_breaks_quiet:
        return at.astimezone(UTC)
    return _awake(at, settings.quiet).astimezone(UTC)


def _slot(at: datetime, settings: Settings, pace: Pace) -> datetime:
    """The next digest hour after a moment."""
    days = (at.date() + timedelta(days=ahead) for ahead in range(9))
    wanted = (day for day in days if pace is Pace.DAILY or day.weekday() == settings.digest_day)
    slots = (_real(datetime.combine(day, time(settings.digest_hour), at.tzinfo)) for day in wanted)
    return next(slot for slot in slots if slot > at)


def _real(at: datetime) -> datetime:
    """A local time as the clock will show it: one that a clock change skips comes later."""
    return at.astimezone(UTC).astimezone(at.tzinfo)


def _awake(at: datetime, quiet: Quiet | None) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if quiet is None or not quiet.covers(at.hour * 60 + at.minute):
        return at
    end = datetime.combine(at.date(), time(*divmod(quiet.end % DAY_MINUTES, 60)), at.tzinfo)
    while end <= at:
        end = datetime.combine(end.date() + timedelta(days=1), end.time(), at.tzinfo)
    return _real(end)
