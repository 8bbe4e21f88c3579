"""Card: an entry as one phone-sized message: its status and age first, its sources, and a word of caution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Source
from bot.core.messages import Button, Context, Reply
from bot.core.text import Line, Loose, Style, Text, fitted, join, lines, paragraphs

STALE_MONTHS = 6  # a status older than this says that it may have changed
ROOM = 700  # characters that a phone shows without scrolling, without a note on the translation
_SOURCES = 2  # named on the card; the rest stand behind a button


def confirmed(date: PartialDate, context: Context) -> Text:
    """How old a status is: "Last confirmed August 2024; may have changed."."""
    old = date.months_before(context.now.date()) >= STALE_MONTHS
    return context.content.say("card.confirmed.old" if old else "card.confirmed.recent", date=date)


def heading(entry: Entry) -> Text:
    """The entry's name, in bold."""
    return entry.heading.styled(Style.BOLD)


def disputes(entry: Entry, context: Context) -> Line:
    """What sources disagree on: the first point, and how many more the full record has."""
    if not entry.disputed:
        return None
    first, *others = entry.disputed

    def line(point: Text) -> Text:
        return counted(context.content.say("card.disputed", point=point), len(others), context)

    return Loose(first.point, line, weight=4)


def counted(first: Text, others: int, context: Context) -> Text:
    """A first of several, and how many more there are."""
    return first + " " + context.content.say("card.more", n=others) if others else first


def government(position: Text | None, context: Context) -> Line:
    """What the government and the courts say."""
    if position is None:
        return None
    return Loose(position, lambda words: context.content.say("card.government", position=words), weight=8)


def sources(entry: Entry, context: Context) -> Text:
    """The newest sources in one line."""
    named = join((source.link() for source in entry.newest_sources()[:_SOURCES]), " · ")
    return context.content.say("card.sources", n=len(entry.sources), sources=named)


def reply(entry: Entry, context: Context, lead: Text | None = None) -> Reply:
    """The entry's card with what leads on from it."""
    first, around = heading(entry), (sources(entry, context), context.content.caution())
    taken = len(paragraphs(lead, first, *around).plain) + 1
    body = lines(first, fitted(entry.card(context), ROOM - taken))
    return Reply(paragraphs(lead, body, *around), _onward(entry, context))


def full(entry: Entry, context: Context) -> Reply:
    """Everything the pack says of an entry."""
    facts = (_fact(name, text, context) for name, text in entry.facts(context))
    shared = (_fact(name, text, context) for name, text in _shared(entry, context))
    text = paragraphs(heading(entry), *facts, *shared, sources(entry, context), context.content.caution())
    return Reply(text, _onward(entry, context, full=True))


def _fact(name: str, text: Text | None, context: Context) -> Text | None:
    return lines(context.content.say(f"field.{name}").styled(Style.BOLD), text) if text else None


def several(parts: Iterable[Loose], most: int, context: Context) -> list[Line]:
    """The first loose lines of many behind dots; the last one says how many more the full record has."""
    given = tuple(parts)
    shown = given[:most]

    def dotted(part: Loose, others: int) -> Loose:
        return replace(part, line=lambda words: counted(Text("• ") + part.line(words), others, context))

    return [dotted(part, len(given) - len(shown) if part is shown[-1] else 0) for part in shown]


def bullets(parts: Iterable[Text | None]) -> Text:
    """Texts, one a line behind a dot."""
    return lines(*(Text("• ") + part for part in parts if part))


def _shared(entry: Entry, context: Context) -> list[tuple[str, Text | None]]:
    """What every kind may have: disputes with their sides, notes, what is not verified."""
    content = context.content
    sides = [
        lines(dispute.point, *(Text("– ") + side.says + _behind(side.source) for side in dispute.sides))
        for dispute in entry.disputed
    ]
    themes = content.locale.listing([content.label("theme", theme) for theme in entry.themes])
    return [
        ("disputed", bullets(sides)),
        ("notes", bullets(entry.notes)),
        ("unverified", bullets(map(Text, entry.unverified))),
        ("themes", Text(themes)),
    ]


def _behind(source: Source | None) -> Text:
    return Text(" (") + source.link() + ")" if source else Text()


def follow(name: str, context: Context) -> Button:
    """The button to be told when an entry changes, or to be told no more where one is."""
    command = "unfollow" if name in context.prefs.subscriptions.follows else "follow"
    return Button(str(context.content.say(f"button.{command}")), f"{command} {name}")


def _onward(entry: Entry, context: Context, *, full: bool = False) -> tuple[tuple[Button, ...], ...]:
    say = context.content.say
    row = [
        Button(str(say("button.sources", n=len(entry.sources))), f"sources {entry.id}"),
        *entry.onward(context),
    ]
    if not full:
        row.insert(0, Button(str(say("button.full")), f"full {entry.id}"))
    if len(entry.events(context)) > 1:
        row.append(Button(str(say("button.timeline")), f"timeline {entry.id}"))
    near = context.content.links.get(entry.id, ())
    if near:
        row.append(Button(str(say("button.related", n=len(near))), f"related {entry.id}"))
    row.append(follow(entry.id, context))
    return tuple(tuple(row[start : start + 2]) for start in range(0, len(row), 2))
