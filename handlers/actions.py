"""Actions: what a supporter can do now, with a word of caution."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, News, Words
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, join, lines, paragraphs, whole
from handlers import card
from handlers.listing import named, opening, page, turned

router = Router()


class Action(Entry):
    """Something to ask for, of whom, and until when."""

    noun: ClassVar[str] = "action"
    folder: ClassVar[str] = "actions"
    command: ClassVar[str] = "act"
    topic: ClassVar[str] = "actions"

    title: Words
    """The action in a few words."""
    ask: Words
    """What is asked for, in a sentence or two."""
    demands: tuple[Words, ...] = ()
    """The single demands."""
    addressed_to: tuple[Words, ...] = ()
    """Whom it is addressed to."""
    sample: Words | None = None
    """A text that a supporter can use."""
    expires: PartialDate | None = None
    """Its last day; a standing demand has none."""

    @property
    def heading(self) -> Text:
        """What is asked for, in a few words."""
        return self.title

    def open_on(self, today: date) -> bool:
        """Whether it can still be done."""
        return self.expires is None or self.expires.last >= today

    def news(self, today: date) -> News | None:
        """A new one, while it can be done."""
        return News((self.topic,), expires=self.expires) if self.open_on(today) else None

    def line(self, context: Context) -> Text:
        """What is asked, and until when."""
        until = context.content.say("action.until", date=self.expires) if self.expires else None
        return lines(self.title.styled(Style.BOLD), self.ask.shortened(160), until)

    def card(self, context: Context) -> list[Line]:
        """The demand, to whom, and words that can be sent."""
        say = context.content.say
        return [
            None
            if self.open_on(context.now.date())
            else say("action.over", date=self.expires or self.sources[0].date or ""),
            Loose(self.ask, weight=2),
            *card.several(map(Loose, self.demands), len(self.demands), context),
            say("action.to", whom=join(self.addressed_to, "; ")) if self.addressed_to else None,
            Loose(self.sample, lambda words: say("action.sample", sample=words), weight=3) if self.sample else None,
        ]

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        return [("action", whole(self.card(context)))]


@router.command("act", bare=Bare.ALONE)
def act(request: Request, context: Context) -> Reply:
    """What a supporter can do now; expired actions are left out."""
    asked, number = turned(request)
    if entry := named(asked, context, Action):
        return card.reply(entry, context)
    actions, say = _fitting(asked, context), context.content.say
    if asked and not actions:
        return _nothing(asked, context)
    lead = say("search.lead", words=asked) if asked else say("action.overview", n=len(actions))
    lead = paragraphs(lead, context.content.caution())
    items = [action.line(context) for action in actions]
    return page(request, context, lead, items, [opening(action) for action in actions], number)


def _fitting(asked: str, context: Context) -> list[Action]:
    """The actions that are still open; where words were given, those that hold them."""
    actions = [action for action in context.content.of(Action) if action.open_on(context.now.date())]
    if not asked:
        return actions
    hits = context.content.search(asked, {action.id for action in actions}, len(actions))
    return [action for action in actions if action.id in {hit.id for hit in hits}]


def _nothing(asked: str, context: Context) -> Reply:
    say = context.content.say
    text = say("list.nothing", what=say("list.words", words=asked))
    return Reply(text, ((Button(str(say("button.act")), "act"),),))
