"""Listing: short pages of entries, what was understood of the request, and what to do when nothing fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core.entry import Entry
from bot.core.messages import Button, Context, Reply, Request
from bot.core.query import Filter, Query, spelled
from bot.core.spelling import closest, clusters
from bot.core.text import Text, join, lines, paragraphs
from handlers import card
from handlers.card import ROOM

MOST = 6  # items a page
_LEAST = 250  # characters that even a long lead leaves to the items
_PAGE = re.compile(r"\s*\bpage (\d{1,4})$")  # as the buttons write it, in every language

Remark = Callable[[Query, Sequence[Entry], Context], Text | None]
Near = Callable[[Query, Context], Sequence[Entry]]


def one_line(query: Query, entry: Entry, context: Context) -> Sequence[Text]:
    """An entry is one item."""
    return (context.content.line(entry, context),)


def no_remark(query: Query, entries: Sequence[Entry], context: Context) -> Text | None:
    """Nothing to add."""
    return None


def nobody_near(query: Query, context: Context) -> Sequence[Entry]:
    """Nothing to open."""
    return ()


@dataclass(frozen=True, slots=True)
class Listing:
    """How a kind is listed: its overview, and what must be said beside a selection."""

    kind: type[Entry]
    overview: Callable[[Context], Text]
    remark: Remark = no_remark
    near: Near = nobody_near  # what a remark names: to be opened where nothing fits
    newest_first: bool = False
    items: Callable[[Query, Entry, Context], Sequence[Text]] = one_line

    def answer(self, request: Request, context: Context) -> Reply:
        """The overview, a filtered or searched list, or the card of the one that fits."""
        query = context.content.read(self.kind, request.argument)
        if not query:
            everything = self._ordered(context.content.of(self.kind), context)
            overview = self.overview(context)
            lead = overview if query.page == 1 else context.content.say(f"{self.kind.noun}.all", n=len(everything))
            return self._page(request, query, everything, context, lead, len(overview.plain))
        if entry := named(request.argument, context, self.kind):
            return card.reply(entry, context)
        entries, fuzzy = fitting(query, self.kind, context)
        ordered = entries if query.words else self._ordered(entries, context)
        return self._selection(request, query, ordered, context, fuzzy=fuzzy)

    def _ordered(self, entries: Sequence[Entry], context: Context) -> Sequence[Entry]:
        """In the pack's order, or by each one's newest event."""
        if not self.newest_first:
            return entries
        return sorted(entries, key=lambda entry: max(event.date for event in entry.events(context)), reverse=True)

    def _selection(
        self,
        request: Request,
        query: Query,
        entries: Sequence[Entry],
        context: Context,
        *,
        fuzzy: bool = False,
    ) -> Reply:
        if not entries:
            return self._nothing(request, query, context)
        reading = self._reading(query, len(entries), context, fuzzy=fuzzy)
        lead = lines(reading, self._perhaps(query, context), self.remark(query, entries, context))
        if len(entries) == 1:
            return card.reply(entries[0], context, lead)
        return self._page(request, query, entries, context, lead)

    def _reading(self, query: Query, n: int, context: Context, *, fuzzy: bool = False) -> Text:
        """How the request was read: "journalist · detained — 4 of 65 documented cases here"."""
        content = context.content
        total = len(content.of(self.kind))
        count = content.say(f"{self.kind.noun}.count", n=n, total=total)
        phrase = "list.reading.near" if fuzzy else "list.reading.exact"
        return content.say(phrase, what=self._understood(query, context), count=count)

    def _perhaps(self, query: Query, context: Context) -> Text | None:
        """How many more may be of the time asked for; with words beside it nobody has looked."""
        if query.words:
            return None
        perhaps = context.content.perhaps(self.kind, query.filters, context.now.date())
        return context.content.say("list.perhaps", n=len(perhaps)) if perhaps else None

    def _understood(self, query: Query, context: Context) -> Text:
        parts = [Text(spoken(each, context, self.kind)) for each in query.filters]
        if query.words:
            parts.append(context.content.say("list.words", words=query.words))
        return join(parts, " · ")

    def _page(
        self, request: Request, query: Query, entries: Sequence[Entry], context: Context, lead: Text, taken: int = 0
    ) -> Reply:
        found = [(item, opening(entry)) for entry in entries for item in self.items(query, entry, context)]
        items, buttons = [item for item, _ in found], [button for _, button in found]
        return page(request, context, lead, items, buttons, query.page, taken)

    def _nothing(self, request: Request, query: Query, context: Context) -> Reply:
        """Say that nobody fits, what each filter alone would give, and what may have been meant."""
        content = context.content
        nothing = content.say("list.nothing", what=self._understood(query, context))
        text: list[Text | None] = [lines(nothing, self._perhaps(query, context), self.remark(query, (), context))]
        buttons = [opening(entry, listed=False) for entry in self.near(query, context)]
        for each in query.filters:
            said, n = spoken(each, context, self.kind), len(content.select(self.kind, [each], context.now.date()))
            if len(query.filters) + bool(query.words) > 1:
                text.append(content.say("list.alone", what=said, n=n))
                if n:
                    buttons.append(Button(said, f"{request.command} {_asked(each, self.kind, context)}"))
            if not n:
                text += [self._known(each, context)]
                entry = content.entries.get(each.value)
                buttons += [opening(entry, listed=False)] if entry else []
        if near := self._meant(query, context):
            text.append(content.say("list.meant", word=near))
            buttons.append(Button(near, f"{request.command} {near}"))
        text.append(content.say(f"{self.kind.noun}.how"))
        return Reply(paragraphs(*text), tuple((button,) for button in buttons))

    def _known(self, each: Filter, context: Context) -> Text | None:
        """Of a value that nothing here has: the entry it names, or the values there are of a numbered facet."""
        content = context.content
        if entry := content.entries.get(each.value):
            return content.say("list.known", name=entry.heading)
        if not each.value.isdecimal() or each.facet == self.kind.year_facet:
            return None
        having = (entry.values(context.now.date()).get(each.facet, ()) for entry in content.of(self.kind))
        numbers = sorted({int(value) for some in having for value in some if value.isdecimal()})
        values = [spoken(Filter(each.facet, str(number)), context, self.kind) for number in numbers]
        return content.say("list.values", values=content.locale.listing(values)) if values else None

    def _meant(self, query: Query, context: Context) -> str | None:
        known = map(spelled, context.content.vocabularies[self.kind.noun].phrases)
        length = len(query.words)  # of thousands of phrases, those too long or too short need no closer look
        return closest(query.words, (words for words in known if abs(len(words) - length) <= 2)) if length else None


def fitting(query: Query, kind: type[Entry], context: Context) -> tuple[Sequence[Entry], bool]:
    """The entries that fit filters and words, best first; and whether only nearly, or only by a name in the words."""
    content = context.content
    entries = content.select(kind, query.filters, context.now.date())
    if not query.words:
        return entries, False
    ids = {entry.id for entry in entries}
    hits = content.search(query.words, ids, len(entries))
    called = ([hit for hit in hits if hit.named] if kind.personal else []) or hits
    if called:
        return [content.entries[hit.id] for hit in called], called[0].fuzzy
    mentioned = [content.entries[name] for name in content.mentioned(query.words) if name in ids]
    return mentioned, bool(mentioned)


def described(words: str, context: Context) -> set[str]:
    """The ids of the entries that words are about: whole lists they describe, a kind they name, texts they are in."""
    content = context.content
    kinds = content.nouns(words) or {type(entry): None for entry in content.entries.values() if entry.facets}
    read = ((kind, content.read(kind, words)) for kind in kinds)
    whole = [(kind, query) for kind, query in read if not query.words and (query.filters or content.nouns(words))]
    found = {entry.id for kind, query in whole for entry in fitting(query, kind, context)[0]}
    return found or {hit.id for hit in content.search(words, limit=len(content.entries))}


def named(argument: str, context: Context, kind: type[Entry] = Entry) -> Entry | None:
    """The entry that the argument names exactly, by its id or one of its names."""
    entries = context.content.entries
    entry = entries.get("-".join(clusters(argument)))
    if isinstance(entry, kind):
        return entry
    found = [entry for entry in context.content.called(argument) if isinstance(entry, kind)]
    return found[0] if len(found) == 1 else None


def suggestion(names: Sequence[str], context: Context) -> Text | None:
    """Asks whether it was one of these that was meant; None where there are none."""
    if not names:
        return None
    return context.content.say("list.meant", word=names[0]) if len(names) == 1 else context.content.say("list.which")


def opening(entry: Entry, *, listed: bool = True) -> Button:
    """The button that opens an entry's card; of a list, its number already stands before the item in the text."""
    return Button(str(entry.heading.shortened(40)), f"show {entry.id}", listed=listed)


def spoken(each: Filter, context: Context, kind: type[Entry]) -> str:
    """A filter as a reader of the kind says it: "detained", "arrested before 2018", "cycle 2"."""
    say = context.content.say
    if each.without:
        return str(say("filter.without", value=spoken(replace(each, without=False), context, kind)))
    facet, value = each.facet, each.value
    shapes = (f"filter.{kind.noun}.{facet}", f"filter.{facet}")
    shape = next((shape for shape in shapes if shape in context.content.phrases), None)
    number = value.isdecimal() and facet != kind.year_facet  # its shape says what it is a number of
    label = value if shape and number else context.content.label(facet, value)
    return str(say(shape, value=label)) if shape else label


def _asked(each: Filter, kind: type[Entry], context: Context) -> str:
    """A filter as one would type it so that it is read the same again: "unknown" alone is custody's, not the case's."""
    ways = (each.value, f"{each.facet} {each.value}", spoken(each, context, kind))
    return next((words for words in ways if context.content.read(kind, words) == Query((each,))), each.value)


def turned(request: Request) -> tuple[str, int]:
    """An argument without its page, and the page (from 1)."""
    found = _PAGE.search(request.argument)
    return _PAGE.sub("", request.argument), max(1, int(found[1])) if found else 1


def page(
    request: Request,
    context: Context,
    lead: Text | None,
    items: Sequence[Text],
    buttons: Sequence[Button],
    number: int,
    taken: int = 0,
) -> Reply:
    """One page of numbered items with a button for each, and the way to its neighbours.

    Taken is how many characters the first page's lead takes of the room that a phone has.
    """
    say = context.content.say
    pages = _packed(items, max(_LEAST, ROOM - taken))
    number = min(number, len(pages))
    start, end = pages[number - 1]
    listed = lines(*(Text(f"{n}. ") + item for n, item in enumerate(items[start:end], 1)))
    place = say("list.page", page=number, pages=len(pages)) if len(pages) > 1 else None
    base = _PAGE.sub("", request.line)
    turns = (_turn(base, number + step, word, context) for step, word in ((-1, "previous"), (1, "next")))
    turning = tuple(turn for turn, at in zip(turns, (number - 1, number + 1), strict=True) if 1 <= at <= len(pages))
    rows = (*((button,) for button in buttons[start:end]), *((turning,) if turning else ()))
    return Reply(paragraphs(lead, listed, place), rows, replaces=bool(_PAGE.search(request.line)))


def _turn(base: str, number: int, word: str, context: Context) -> Button:
    say = context.content.say
    return Button(
        str(say(f"turn.{word}.label")), f"{base} page {number}", tuple(str(say(f"turn.{word}.words")).split())
    )


def _packed(items: Sequence[Text], first: int) -> list[tuple[int, int]]:
    """Where pages begin and end, so that each fits a phone; always the same for the same items and lead."""
    pages, start, size, room = [], 0, 0, first
    for index, item in enumerate(items):
        if index > start and (size + len(item.plain) > room or index - start == MOST):
            pages.append((start, index))
            start, size, room = index, 0, ROOM
        size += len(item.plain)
    return [*pages, (start, len(items))]
