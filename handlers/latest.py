"""Latest: the newest updates and changes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar

from pydantic import Field

from bot.core import announcement
from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Event, News, Topic, Words
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.spelling import normalize
from bot.core.text import Line, Loose, Style, Text, lines, paragraphs, whole
from handlers.listing import described, turned
from handlers.timeline import listed, merged

router = Router()


class Update(Entry):
    """A post to subscribers."""

    noun: ClassVar[str] = "update"
    folder: ClassVar[str] = "updates"

    date: PartialDate
    """Its day; it goes out from that day on."""
    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]
    """Who hears of it: ids of topics.yaml."""
    urgent: bool = False
    """Whether it comes with a sound and waits for no digest."""
    title: Words
    """What it is about."""
    text: Words
    """A few sentences that fit one message."""
    languages: tuple[str, ...] = ()
    """Codes of the languages it must be written in before it may go out."""
    expires: PartialDate | None = None
    """The last day on which it may go out."""

    @property
    def heading(self) -> Text:
        """Its title."""
        return self.title

    @property
    def identity(self) -> str:
        """Its day and title: a weekly one may always be called the same."""
        return f"{self.date} {self.title}"

    def card(self, context: Context) -> list[Line]:
        """Date and words."""
        return [Loose(self.text, lambda words: context.content.say("event.card", date=self.date, text=words))]

    def open_on(self, today: dt.date) -> bool:
        """Whether it still stands."""
        return self.expires is None or self.expires.last >= today

    def news(self, today: dt.date) -> News | None:
        """Itself, from its date on and until it expires."""
        due = self.date.first <= today and self.open_on(today)
        return News(self.topics, self.urgent, self.languages, self.expires) if due else None

    def announced(self, context: Context) -> Text:
        """Title and text are the message."""
        return paragraphs(self.title.styled(Style.BOLD), self.text)

    def events(self, context: Context) -> tuple[Event, ...]:
        """The day it is published."""
        return (Event(self.date, self.title, self.id),)

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        return [("update", whole(self.card(context)))]


@router.command("latest", bare=Bare.ALONE, sent=True)
def latest(request: Request, context: Context) -> Reply:
    """What was sent lately, then the pack's updates, then its newest dated events; or those that words describe.

    Nothing is from the future.
    """
    content, today = context.content, context.now.date()
    asked, number = turned(request)
    about = described(asked, context) if asked else set(content.entries)
    updates = [update for update in content.of(Update) if update.open_on(today) and update.id in about]
    others = [entry for entry in content.of(Entry) if not isinstance(entry, Update) and entry.id in about]
    events = [event for event in (*merged(updates, context), *merged(others, context)) if event.date.first <= today]
    newest = max((entry.as_of for entry in others if entry.as_of), default=None)
    sent = [] if asked else _sent(context)
    if asked and not events:
        return Reply(
            content.say("latest.nothing", words=asked), ((Button(str(content.say("button.latest")), "latest"),),)
        )
    lead = lines(
        content.say("latest.about", words=asked) if asked else content.say("latest.lead"),
        content.say("latest.as_of", date=newest) if newest else None,
    )
    return listed(request, context, lead, events[:60], number, before=sent)


def _sent(context: Context) -> list[tuple[Text, Button]]:
    """The updates sent lately, each a line and the button that opens it."""
    return [
        (
            context.content.say("event.line", date=_day(at, context), event=_first_line(text)),
            Button(str(_first_line(text).shortened(40)), f"news {number}", listed=True),
        )
        for number, at, text in context.sent
    ]


def _first_line(text: Text) -> Text:
    """What an update begins with, below the line that names its topics."""
    start = text.plain.find("\n\n") + 2 if "\n\n" in text.plain else 0
    return text[start : start + len(text.plain[start:].partition("\n")[0])].shortened(200)


def _day(at: dt.datetime, context: Context) -> PartialDate:
    """The day of a moment, where the pack is."""
    return PartialDate.parse(at.astimezone(context.now.tzinfo).date().isoformat())


@router.command("news", listed=False, sent=True)
def news(request: Request, context: Context) -> Reply:
    """Updates that were sent, whole: what a discreet message opens. Without a number, the newest ones."""
    say, asked = context.content.say, _numbers(request.argument)
    if not asked:
        return latest(request, context)
    bodies, closings = zip(*(_again(number, context) for number in asked), strict=True)
    onward = ((Button(str(say("button.latest")), "latest"),),)
    return Reply(paragraphs(*bodies, *dict.fromkeys(closings)), onward)


def _numbers(argument: str) -> list[str]:
    """The numbers that were asked for, each once; what are none are one name that no update has."""
    words = normalize(argument).split()
    return list(dict.fromkeys(words)) if all(map(str.isdecimal, words)) else [argument]


def _again(number: str, context: Context) -> tuple[Text, Text]:
    """An update under its day, and the caution that it ends with; or that it is not here."""
    for sent, at, text in context.sent:
        if str(sent) == number:
            body, closing = announcement.parted(text)
            return paragraphs(context.content.say("news.dated", date=_day(at, context)), body), closing
    return context.content.say("news.unknown", number=number), Text()
