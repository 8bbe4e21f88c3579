"""History: how an entry stood before, and who said so."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.content import Content
from bot.core.entry import Entry
from bot.core.messages import Context, Reply, Request
from bot.core.past import Past, Turn
from bot.core.router import Bare, Router
from bot.core.text import Style, Text, join, lines
from handlers import show
from handlers.listing import named, page, turned

router = Router()


def asked(request: Request, context: Context) -> str:
    """The id of the entry that is meant; "" where none is."""
    entry = named(turned(request)[0], context)
    return entry.id if entry else ""


@router.command("history", bare=Bare.ALONE, past=asked)
def history(request: Request, context: Context) -> Reply:
    """The dated changes of how one entry stands."""
    return show.of(request, context, lambda entry: _of(entry, request, context))


def _of(entry: Entry, request: Request, context: Context) -> Reply:
    say, past = context.content.say, context.past or Past()
    name = entry.heading.styled(Style.BOLD)
    if not past.turns:
        return Reply(say("history.none", name=name))
    number = turned(request)[1]
    lead = lines(say("history.lead", name=name, n=len(past.turns)), None if past.whole else say("history.older"))
    return page(request, context, lead, [_turn(each, context.content) for each in past.turns], (), number)


def _turn(turn: Turn, content: Content) -> Text:
    """ "custody: detained to free, 2025-01-31, CamboJA"."""
    phrase = "by" if turn.publisher else "undocumented"
    return content.say(f"history.{phrase}", what=_what(turn, content), date=str(turn.date), publisher=turn.publisher)


def _what(turn: Turn, content: Content) -> Text:
    """What changed: how it stands; or only who says so."""
    before, say = turn.before, content.say
    if before is None:
        return join((say("history.new"), *_standing(turn.after, content)), "; ")
    changed = [
        say(
            "history.changed", facet=say(f"news.facet.{facet}"), before=_label(facet, before[facet], content), after=now
        )
        if facet in before
        else say("history.first", facet=say(f"news.facet.{facet}"), now=now)
        for facet, value in turn.after.items()
        if before.get(facet) != value
        for now in (_label(facet, value, content),)
    ]
    return join(changed, "; ") if changed else join((say("history.same"), *_standing(turn.after, content)), "; ")


def _standing(standing: Mapping[str, str], content: Content) -> list[Text]:
    return [
        content.say("history.first", facet=content.say(f"news.facet.{facet}"), now=_label(facet, value, content))
        for facet, value in standing.items()
    ]


def _label(facet: str, value: str, content: Content) -> str:
    """A value as it is said; a count as it was written."""
    return content.label(facet, value) if f"{facet}.{value}" in content.phrases else value
