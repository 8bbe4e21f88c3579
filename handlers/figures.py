"""Figures: published counts, each with its publisher, its date and what it measures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from bot.core.calendar import PartialDate, Period
from bot.core.entry import Entry, Event, Model, Words
from bot.core.messages import Context, Reply, Request
from bot.core.query import Query
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, join, lines
from handlers import card
from handlers.listing import Listing

router = Router()


class Range(Model):
    """A count given as a range."""

    low: int
    """The lowest it can be."""
    high: int
    """The highest it can be."""


class Count(Model):
    """One published count."""

    asked: ClassVar[tuple[str, ...]] = ("number",)

    date: PartialDate
    """The date of the count."""
    publisher: str
    """Who counted."""
    number: int | Range | None = None
    """The number, or {low, high}; none where the publisher gives several (see written)."""
    at_least: bool = False
    """Whether the publisher says "at least"."""
    more_than: bool = False
    """Whether the publisher says "more than"."""
    about: bool = False
    """Whether the publisher says "about"."""
    written: Words | None = None
    """The number in words, as the publisher hedges it."""
    measure: Words
    """What exactly was counted."""
    url: str
    """Where it can be read."""
    seen_at: str | None = None
    """Who republished the page that was read."""
    note: Words | None = None
    """What else is to be known of this count."""
    unverified: tuple[str, ...] = ()
    """What could not be confirmed, for whoever edits it."""

    def counted(self, context: Context) -> Text:
        """The number as hedged: "more than 35"."""
        if self.written:
            return self.written
        written = context.content.locale.number
        if isinstance(self.number, Range):
            return Text(f"{written(self.number.low)}–{written(self.number.high)}")
        number = written(self.number) if self.number is not None else "?"
        hedges = [hedge for hedge in ("at_least", "more_than", "about") if getattr(self, hedge)]
        return context.content.say(f"figure.{hedges[0]}", number=number) if hedges else Text(number)

    def said(self, context: Context, measure: Text | None = None) -> Text:
        """Publisher before number, then what is measured, perhaps cut short: never a bare count."""
        return context.content.say(
            "figure.said",
            date=self.date,
            publisher=Text(self.publisher).styled(Style.LINK, self.url),
            number=self.counted(context).styled(Style.BOLD),
            measure=measure or self.measure,
        )


class Figure(Entry):
    """Counts that measure alike, oldest first."""

    noun: ClassVar[str] = "figure"
    folder: ClassVar[str] = "figures"
    command: ClassVar[str] = "figures"
    facets: ClassVar[tuple[str, ...]] = ("year", "theme")
    year_facet: ClassVar[str] = "year"
    topic: ClassVar[str] = "claims"

    title: Words
    """What is counted."""
    caution: Words | None = None
    """What must not be read into it."""
    chart: str | None = None
    """The chart it feeds."""
    series: Annotated[tuple[Count, ...], Field(min_length=1)]
    """The counts, each with publisher, date and measure."""

    @property
    def heading(self) -> Text:
        """What is counted."""
        return self.title

    @property
    def newest(self) -> Count:
        """The newest count of the series."""
        return max(self.series, key=lambda count: count.date)

    def values(self, today: dt.date) -> Mapping[str, Collection[str]]:
        """The values one can filter by."""
        return {"theme": set(self.themes)}

    def dates(self) -> Sequence[PartialDate]:
        """The date of each count."""
        return tuple(count.date for count in self.series)

    def standing(self) -> Mapping[str, str]:
        """The newest count: when, by whom and how many."""
        newest = self.newest
        number = f"{newest.number.low}-{newest.number.high}" if isinstance(newest.number, Range) else newest.number
        return {"count": f"{newest.date} {newest.publisher} {number}"}

    def line(self, context: Context) -> Text:
        """What is counted, and the newest count with its publisher."""
        return lines(self.heading.styled(Style.BOLD), self.newest.said(context))

    def card(self, context: Context) -> list[Line]:
        """The newest counts first, each with publisher and measure."""
        newest = sorted(self.series, key=lambda count: count.date, reverse=True)
        counts = (Loose(count.measure, partial(count.said, context)) for count in newest)
        return [*card.several(counts, 3, context), Loose(self.caution) if self.caution else None]

    def events(self, context: Context) -> tuple[Event, ...]:
        """Each count on its date."""
        return tuple(
            Event(c.date, Text(f"{c.publisher}: ") + c.counted(context) + " — " + c.measure, self.id)
            for c in self.series
        )

    def search_text(self) -> str:
        """Without the caution: it speaks of publishers whose counts stand elsewhere."""
        spoken = super().search_text()
        return spoken.replace(str(self.caution), "") if self.caution else spoken

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole series."""
        return [
            ("series", card.bullets(_counted(count, context) for count in self.series)),
            ("caution", self.caution),
        ]


def _counted(count: Count, context: Context) -> Text:
    seen = context.content.say("figure.seen_at", where=count.seen_at) if count.seen_at else Text()
    doubt = context.content.say("figure.unverified", what=", ".join(count.unverified)) if count.unverified else None
    said = join((part for part in (count.said(context), count.note) if part), " ") + seen
    return join((part for part in (said, doubt) if part), " ")


def published(context: Context) -> Text | None:
    """What others count of political prisoners, newest first: shown wherever our own cases are counted."""
    figures = [figure for figure in context.content.of(Figure) if figure.chart == "prisoners"]
    counts = sorted((count for figure in figures for count in figure.series), key=lambda c: c.date, reverse=True)
    if not counts:
        return None
    return lines(context.content.say("figure.published"), card.bullets(count.said(context) for count in counts[:2]))


def overview(context: Context) -> Text:
    """That counts of different publishers do not compare."""
    return context.content.say("figure.overview", n=sum(len(figure.series) for figure in context.content.of(Figure)))


def counts(query: Query, entry: Entry, context: Context) -> Sequence[Text]:
    """A series' counts, newest first, of the time asked for; the first under the series' title."""
    times = [Period.parse(each.value) for each in query.filters if each.facet == "year" and not each.without]
    series = sorted(entry.series if isinstance(entry, Figure) else (), key=lambda count: count.date, reverse=True)
    said = [count.said(context) for count in series if not times or any(time.has(count.date) for time in times)]
    return [lines(entry.heading.styled(Style.BOLD), said[0]), *said[1:]]


_listing = Listing(Figure, overview, newest_first=True, items=counts)


@router.command("figures", bare=Bare.ALONE)
def figures(request: Request, context: Context) -> Reply:
    """Published counts, each with publisher and measure."""
    return _listing.answer(request, context)
