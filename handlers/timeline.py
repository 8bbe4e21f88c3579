"""Timeline: dated events of all kinds, merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bot.core.calendar import PartialDate, Period
from bot.core.entry import Entry, Event, Words
from bot.core.messages import Button, Context, Reply, Request
from bot.core.query import Query
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, join, lines, whole
from handlers.listing import described, named, opening, page, spoken, turned

router = Router()


class Happening(Entry):
    """Dated context that belongs to no single entry."""

    noun: ClassVar[str] = "event"
    folder: ClassVar[str] = "events"

    title: Words
    """What happened, in a few words."""
    date: PartialDate
    """When it happened."""
    text: Words
    """What happened."""

    @property
    def heading(self) -> Text:
        """What happened, in a few words."""
        return self.title

    def line(self, context: Context) -> Text:
        """Its date and title."""
        return context.content.say("event.line", date=self.date, event=self.title)

    def card(self, context: Context) -> list[Line]:
        """Date and words."""
        return [Loose(self.text, lambda words: context.content.say("event.card", date=self.date, text=words))]

    def events(self, context: Context) -> tuple[Event, ...]:
        """Itself."""
        return (Event(self.date, self.title, self.id),)

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        return [("event", whole(self.card(context)))]


def merged(entries: Sequence[Entry], context: Context) -> list[Event]:
    """The events of many entries, newest first."""
    events = (event for entry in entries for event in entry.events(context))
    return sorted(events, key=lambda event: event.date, reverse=True)


def listed(
    request: Request,
    context: Context,
    lead: Text,
    events: Sequence[Event],
    number: int,
    *,
    whose: bool = True,
    before: Sequence[tuple[Text, Button]] = (),
) -> Reply:
    """A page of events, after other lines and their buttons; whose adds the entry's name to each."""
    entries = context.content.entries
    items, buttons = [line for line, _ in before], [button for _, button in before]
    for event in events:
        entry = entries[event.entry]
        name = entry.heading.shortened(40) + " — " if whose and str(event.text) != str(entry.heading) else Text()
        items.append(context.content.say("event.line", date=event.date, event=name + event.text.shortened(200)))
        buttons.append(Button(str(entry.heading.shortened(40)), f"show {entry.id}", listed=True))
    return page(request, context, lead, items, buttons if whose else (), number)


@router.command("timeline", bare=Bare.ALWAYS)
def timeline(request: Request, context: Context) -> Reply:
    """Dated events: all, of a time, of one entry, or of what words describe."""
    content = context.content
    asked, number = turned(request)
    query = content.read(Entry, asked)
    # A bare year asks for its events, although a review is called by it too.
    entry = (named(asked, context) or _mentioned(asked, context)) if query.words or not query.filters else None
    if entry:
        return _of(entry, request, context, number)
    events = merged(content.of(Entry), context)
    if not asked:
        return listed(request, context, content.say("timeline.all", n=len(events)), events, number)
    return _asked(query, events, request, context, number) if query else _unknown(asked, context)


def _mentioned(asked: str, context: Context) -> Entry | None:
    """The one entry whose name is among the words: "what happened to theary seng in prison"."""
    found = context.content.mentioned(asked)
    return context.content.entries[found[0]] if len(found) == 1 else None


def _of(entry: Entry, request: Request, context: Context, number: int) -> Reply:
    """One entry's events, or that none of its are known."""
    say, events = context.content.say, merged([entry], context)
    name = entry.heading.styled(Style.BOLD)
    if not events:
        return Reply(say("timeline.none", name=name), ((opening(entry, listed=False),),))
    return listed(request, context, say("timeline.of", name=name), events, number, whose=False)


def _unknown(asked: str, context: Context) -> Reply:
    entries = [context.content.entries[name] for name in context.content.mentioned(asked)]
    several = [Button(str(entry.heading.shortened(40)), f"timeline {entry.id}") for entry in entries]
    buttons = several or [Button(asked[:40], f"search {asked}")]
    return Reply(context.content.say("timeline.unknown", words=asked), tuple((button,) for button in buttons))


def _asked(query: Query, events: Sequence[Event], request: Request, context: Context, number: int) -> Reply:
    """The events of a time and about some words, and how many more may be of that time."""
    say = context.content.say
    about = described(query.words, context) if query.words else set(context.content.entries)
    if not about or (query.words and not query.filters):
        return _unknown(turned(request)[0], context)
    some = [event for event in events if event.entry in about]
    times = [Period.parse(each.value) for each in query.filters]
    found = [event for event in some if any(time.has(event.date) for time in times)]
    perhaps = [event for event in some if any(time.may_have(event.date) for time in times) and event not in found]
    parts = [Text(spoken(each, context, Entry)) for each in query.filters]
    what = join((*parts, *((say("list.words", words=query.words),) if query.words else ())), " · ")
    more = say("timeline.perhaps", n=len(perhaps)) if perhaps else None
    if not found:
        return _nearest(lines(say("timeline.year", year=what, n=0), more), times[0], some, context)
    return listed(request, context, lines(say("timeline.year", year=what, n=len(found)), more), found, number)


def _nearest(nothing: Text, time: Period, events: Sequence[Event], context: Context) -> Reply:
    """Nothing of a time: which years there are, and the nearest before and after it."""
    years = sorted({year for event in events for year in event.date.years})
    if not years:
        return Reply(nothing)
    first = (time.start or time.end or events[0].date).first.year
    near = dict.fromkeys(
        [*[year for year in years if year <= first][-1:], *[year for year in years if year >= first][:1]]
    )
    say = context.content.say("timeline.years", first=str(years[0]), last=str(years[-1]))
    return Reply(lines(nothing, say), (tuple(Button(str(year), f"timeline {year}") for year in near),))
