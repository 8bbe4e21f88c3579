"""Timeline: dated events of all kinds, merged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Event, Words
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.spelling import normalize
from bot.core.text import Line, Loose, Style, Text, whole
from handlers.listing import named, page, turned

router = Router()

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


class Happening(Entry):
    """Dated context that belongs to no single entry."""

    noun: ClassVar[str] = "event"
    folder: ClassVar[str] = "events"

    title: Words
    date: PartialDate
    text: Words

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
) -> Reply:
    """A page of events; whose adds the entry's name to each."""
    entries = context.content.entries
    items, buttons = [], []
    for event in events:
        entry = entries[event.entry]
        name = entry.heading.shortened(40) + " — " if whose and str(event.text) != str(entry.heading) else Text()
        items.append(context.content.say("event.line", date=event.date, event=name + event.text.shortened(200)))
        buttons.append(Button(str(entry.heading.shortened(40)), f"show {entry.id}", listed=True))
    return page(request, context, lead, items, buttons if whose else (), number)


@router.command("timeline", bare=Bare.ALWAYS)
def timeline(request: Request, context: Context) -> Reply:
    """Dated events: all, of a year, or of one entry."""
    content = context.content
    asked, number = turned(request)
    wanted = normalize(asked)
    # A bare year asks for its events, although a review is called by it too.
    if entry := None if _YEAR.fullmatch(wanted) else named(asked, context):
        lead = content.say("timeline.of", name=entry.heading.styled(Style.BOLD))
        return listed(request, context, lead, merged([entry], context), number, whose=False)
    events = merged(content.of(Entry), context)
    if year := _YEAR.search(wanted):
        events = [event for event in events if int(year[0]) in event.date.years]
        lead = content.say("timeline.year", year=year[0], n=len(events))
    elif asked:
        return Reply(content.say("timeline.unknown", words=asked), ((Button(asked[:40], f"search {asked}"),),))
    else:
        lead = content.say("timeline.all", n=len(events))
    return listed(request, context, lead, events, number)
