"""Staleness: entries that somebody should look at again, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.content.repository import Shelf
from bot.content.rules import STALE_MONTHS
from bot.core.calendar import PartialDate
from bot.core.entry import Entry

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stale:
    """One reason to look at an entry again; the reason is a phrase of the bot, `stale.<reason>`."""

    entry: Entry
    file: str
    reason: str
    since: PartialDate | None = None  # the date that it is about

    @property
    def order(self) -> tuple[date, str, str]:
        """The oldest first; what has no date, after all."""
        return (self.since.last if self.since else date.max, self.entry.id, self.reason)


def stale(shelf: Shelf, today: date) -> list[Stale]:
    """Everything that needs review on a day, the oldest first."""
    entries = shelf.snapshot.views[shelf.snapshot.default].entries
    found = [
        Stale(entries[each.id], each.document.file, reason, since)
        for each in shelf.placed
        for reason, since in _reasons(entries[each.id], today)
    ]
    return sorted(found, key=lambda each: each.order)


def _reasons(entry: Entry, today: date) -> Iterator[tuple[str, PartialDate | None]]:
    expires, term = getattr(entry, "expires", None), getattr(entry, "term_ends", None)
    if entry.review_by and entry.review_by.last < today:
        yield "review", entry.review_by
    if entry.standing() and entry.as_of and entry.as_of.months_before(today) >= STALE_MONTHS:
        yield "old", entry.as_of
    if _is_over(entry, today):
        yield "over", term
    if expires and expires.last < today:
        yield "expired", expires
    if not any(source.date for source in entry.sources):
        yield "undated", None


def _is_over(entry: Entry, today: date) -> bool:
    """Whether a day has made uncertain what the file says for certain: a term that has run out."""
    values = entry.values(today)
    certain = (facet for facet, value in entry.standing().items() if not value.startswith(_UNKNOWN))
    return any(_UNKNOWN in values.get(facet, ()) for facet in certain)
