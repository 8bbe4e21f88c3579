"""Claims: what officials claimed, and beside it what others say and count; no verdict of our own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Event, Model, Name, References, Words
from bot.core.messages import Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, lines, paragraphs
from handlers import card
from handlers.listing import Listing
from handlers.reference import FigureId

router = Router()


class Answer(Model):
    """What somebody else says or counts on the same point."""

    who: Name
    """Who says something else."""
    date: PartialDate | None = None
    """When."""
    gist: Words
    """What they say, in our own words."""
    url: str | None = None
    """Where it can be read."""


class Claim(Entry):
    """One claim by an official."""

    noun: ClassVar[str] = "claim"
    folder: ClassVar[str] = "claims"
    command: ClassVar[str] = "claims"
    facets: ClassVar[tuple[str, ...]] = ("year", "theme")
    year_facet: ClassVar[str] = "year"
    topic: ClassVar[str] = "claims"

    title: Words | None = None
    """The claim in a few words."""
    claim: Words
    """What was claimed."""
    who: Words
    """Who claimed it, and in which office."""
    date: PartialDate
    """When it was claimed."""
    answered_by: tuple[Answer, ...] = ()
    """What others say to it; no verdict of our own."""
    figures: References[FigureId] = ()
    """Published counts on the same point."""

    @property
    def heading(self) -> Text:
        """The claim in a few words."""
        return self.title or self.claim.shortened(80)

    def values(self, today: dt.date) -> Mapping[str, Collection[str]]:
        """The values one can filter by."""
        return {"theme": set(self.themes)}

    def dates(self) -> Sequence[PartialDate]:
        """The day it was said."""
        return (self.date,)

    def line(self, context: Context) -> Text:
        """The claim, who made it and when."""
        return context.content.say("claim.line", claim=self.heading, who=self.who, date=self.date)

    def card(self, context: Context) -> list[Line]:
        """The claim, and beside it what others say and count."""
        answers = (Loose(each.gist, partial(_answer, each, context)) for each in self.answered_by)
        return [
            context.content.say("claim.said", who=self.who, date=self.date),
            Loose(self.claim, weight=2),
            context.content.say("claim.beside") if self.answered_by else None,
            *card.several(answers, 2, context),
        ]

    def events(self, context: Context) -> tuple[Event, ...]:
        """The day it was said."""
        return (Event(self.date, self.who + ": " + self.heading, self.id),)

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        return [
            ("claim", lines(context.content.say("claim.said", who=self.who, date=self.date), self.claim)),
            ("answered_by", card.bullets(_answer(each, context, each.gist) for each in self.answered_by)),
        ]


def _answer(answer: Answer, context: Context, gist: Text) -> Text:
    who = answer.who.styled(Style.LINK, answer.url) if answer.url else answer.who
    day = f" ({context.content.locale.date(answer.date)})" if answer.date else ""
    return who + day + ": " + gist


def overview(context: Context) -> Text:
    """How many claims, and that no verdict is ours."""
    return paragraphs(
        context.content.say("claim.overview", n=len(context.content.of(Claim))),
        context.content.say("claim.how"),
    )


_listing = Listing(Claim, overview, newest_first=True)


@router.command("claims", bare=Bare.ALWAYS)
def claims(request: Request, context: Context) -> Reply:
    """Official claims and the record beside them: overview, filters, search, card."""
    return _listing.answer(request, context)
