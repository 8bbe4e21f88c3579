"""Search: one question over all kinds, grouped, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby

from bot.core.entry import Entry
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.search import Hit
from bot.core.spelling import normalize
from bot.core.text import Style, Text, lines, paragraphs
from handlers import about, card
from handlers.listing import fitting, named, opening, spoken

router = Router()

_GROUP = 3  # shown of each kind
_MOST = 8  # shown in all
_LONGEST_NUMBER = 3  # digits; a longer one is a year


@router.command("search", bare=Bare.ALWAYS)
def search(request: Request, context: Context) -> Reply:
    """What fits the words, of every kind; a name alone gives its card."""
    words = request.argument
    if not words:
        return Reply(context.content.say("search.how"))
    if normalize(words) in _turning(context) or (words.isdecimal() and len(words) <= _LONGEST_NUMBER):
        return about.unoffered(words, context)
    if entry := named(words, context):
        return card.reply(entry, context)
    mentioned = context.content.mentioned(words)
    about_one = (
        context.content.entries[mentioned[0]] if len(mentioned) == 1 else named(_telling(words, context), context)
    )
    if about_one:
        return card.reply(about_one, context, context.content.say("search.about", words=words, name=about_one.heading))
    several: Sequence[Hit] = [Hit(name, 0, named=True, fuzzy=False) for name in mentioned]
    hits, left_out = (several, "") if several else _found(words, context)
    lists = _lists(words, context)
    if left_out and lists:
        hits, left_out = [], ""  # the list is what was asked for; texts that hold some of the words are not
    if not hits and not lists:
        return _nothing(words, context)
    best = [hit for hit in hits if hit.named]
    if len(best) == 1 and not lists and not left_out:
        return card.reply(context.content.entries[best[0].id], context, _near(words, best[0], context))
    return _grouped(words, hits, left_out, lists, context)


def _turning(context: Context) -> list[str]:
    """The words that turn a page: without a list in memory they are no question."""
    said = (str(context.content.say(f"turn.{turn}.words")) for turn in ("previous", "next"))
    return [normalize(word) for words in said for word in words.split()]


def _telling(words: str, context: Context) -> str:
    """The words of a question that tell what it is about; all of them where none do."""
    return context.content.read(Entry, words).words or words


def _found(words: str, context: Context) -> tuple[Sequence[Hit], str]:
    """The hits; where all words together fit nothing, those of fewer words, and the telling words left out."""
    search = partial(context.content.search, limit=len(context.content.entries))
    telling = _telling(words, context)
    for whole in (words, telling):
        if hits := search(whole):
            return hits, ""
    parts = telling.split()
    occurring = [part for part in parts if search(part, limit=1)]
    naming = [part for part in occurring if search(part, limit=1)[0].named]
    for kept in (occurring, naming):
        if hits := search(" ".join(kept)):
            return hits, " ".join(part for part in parts if part not in kept)
    return [], ""


def _without(words: str, left_out: str) -> str:
    gone = left_out.split()
    return " ".join(word for word in words.split() if normalize(word) not in gone)


def _near(words: str, hit: Hit, context: Context) -> Text | None:
    return context.content.say("search.near", words=words) if hit.fuzzy else None


def _lists(words: str, context: Context) -> list[Button]:
    """Lists that the words describe whole: "detained journalists" is a list of prisoners."""
    content = context.content
    buttons = []
    for kind in _kinds(context):
        query = content.read(kind, words)
        if query.filters and not query.words:
            n = len(content.select(kind, query.filters, context.now.date()))
            what = " · ".join(spoken(each, context, kind) for each in query.filters)
            label = str(content.say("search.list", kind=content.say(f"{kind.noun}.kind"), what=what, n=n))
            buttons += [Button(label, f"{kind.command} {words}", listed=True)] if n else []
    return sorted(buttons, key=lambda button: button.command)


def _kinds(context: Context) -> list[type[Entry]]:
    """The kinds that have a list with filters, in the pack's order."""
    listed = (entry for entry in context.content.entries.values() if entry.facets and entry.command in context.commands)
    return list(dict.fromkeys(map(type, listed)))


def _rest(words: str, counts: Mapping[str, int], context: Context) -> list[Button]:
    """For each kind of which not all are shown, its own list for the words."""
    buttons = []
    for kind in _kinds(context):
        query = context.content.read(kind, words)
        n = len(fitting(query, kind, context)[0]) if query.words and kind.noun in counts else 0
        if n > counts.get(kind.noun, n):
            label = context.content.say("list.rest", n=n, kind=context.content.say(f"{kind.noun}.kind"))
            buttons.append(Button(str(label), f"{kind.command} {words}", listed=True))
    return buttons


def _grouped(words: str, hits: Sequence[Hit], left_out: str, lists: Sequence[Button], context: Context) -> Reply:
    content = context.content
    entries = [content.entries[hit.id] for hit in hits]
    order = list(dict.fromkeys(entry.noun for entry in entries))
    shown: list[Entry] = []
    groups, counts = [], {}
    for noun, members in groupby(sorted(entries, key=lambda entry: order.index(entry.noun)), lambda entry: entry.noun):
        some = list(members)
        first = some[: min(_GROUP, _MOST - len(shown))]
        counts[noun] = len(first)
        if first:
            head = content.say("list.value", what=content.say(f"{noun}.kind"), n=len(some)).styled(Style.BOLD)
            listed = (Text(f"{n}. ") + entry.line(context) for n, entry in enumerate(first, len(shown) + 1))
            groups.append(lines(head, *listed))
            shown += first
    whole = [*lists, *_rest(_without(words, left_out), counts, context)]
    lead = content.say("search.lead", words=words)
    without = content.say("search.without", words=left_out) if left_out else None
    numbered = (Text(f"{n}. {button.label}") for n, button in enumerate(whole, len(shown) + 1))
    others = lines(content.say("search.lists"), *numbered) if whole else None
    text = paragraphs(lines(lead, without), *groups, others)
    return Reply(text, tuple((button,) for button in (*map(opening, shown), *whole)))


def _nothing(words: str, context: Context) -> Reply:
    near = context.content.index.nearest(words)
    text = paragraphs(
        context.content.say("search.nothing", words=words),
        context.content.say("list.meant", word=near) if near else None,
        context.content.say("search.how"),
    )
    return Reply(text, ((Button(near, f"search {near}"),),) if near else ())
