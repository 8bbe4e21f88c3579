"""Rules: what must hold of a pack beyond the shape of its entries, and what deserves a warning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel

from bot.content.document import Document, Place
from bot.content.files import Files
from bot.content.strings import Strings, placeholders
from bot.core import announcement
from bot.core.calendar import PartialDate
from bot.core.content import Pack, Phrase
from bot.core.entry import Entry, News, Reference, holding, inside
from bot.core.messages import Context
from bot.core.spelling import closest
from bot.core.text import Style, Text

if TYPE_CHECKING:
    from bot.content.repository import Placed

# What can be named: by a kind's noun, by "entry" and by what one term of a list is called, each id with its name.
Names = Mapping[str, Mapping[str, str]]
Naming = tuple["Placed", Place, Reference]  # an entry, where in it, and what it names
STALE_MONTHS = 6
_BRIEF = 500  # characters; an entry of no more makes no long message, whatever labels stand beside them
_SHORT = 1_500  # characters that are no whole message, whatever stands around them
_LONGEST = 3_500  # characters of one field; a Telegram message has 4,096 UTF-16 units and needs room for the rest


def check_ids(placed: Sequence[Placed]) -> None:
    """An id names one entry in the whole pack."""
    first: dict[str | int, Placed] = {}
    for each in placed:
        name = each.data.get("id") if isinstance(each.data, dict) else None
        if not isinstance(name, str | int):
            continue
        if name in first:
            where = first[name].document.file
            each.document.object((*each.place, "id"), f"the id {name} is taken by {where}", "choose another id")
        first.setdefault(name, each)


def check_references(named: Iterable[Naming], known: Names) -> None:
    """What entries name exists, is of the kind that is meant and is not itself, whatever else may be wrong with them.

    A pack that has no list of some terms may name any.
    """
    for each, place, name in named:
        if name.names not in known:
            continue
        if name.target not in known[name.names]:
            each.document.object((*each.place, *place), *_unknown(name, known))
        elif name.target == each.id and name.names in ("entry", each.kind.noun):
            each.document.object((*each.place, *place), f"{name} is this {each.kind.noun} itself", "remove it")


def check_channels(pack: Pack, document: Document, known: Names) -> None:
    """An announcement channel carries a topic that there is, in a language of the pack."""
    for index, channel in enumerate(pack.channels):
        place: Place = ("channels", index)
        if channel.topic not in known["topic"]:
            document.object((*place, "topic"), *_unknown(channel.topic, known))
        if channel.language not in pack.languages:
            what = f"{channel.language} is not among the languages"
            document.object((*place, "language"), what, "add it to languages")


def _unknown(name: Reference, known: Names) -> tuple[str, str]:
    """What is wrong with a name that is not known as what it should be, and how to mend it."""
    near = _near(name, known[name.names])
    others = (noun for noun in known if noun != "entry" and name.target in known[noun])
    if other := next(others, ""):
        return f"{name} is {_one(other)}, not {_one(name.names)}", f"did you mean {near}?" if near else "remove it"
    mend = f"did you mean {near}?" if near else "remove it, or add what it names"
    return f"there is no {name.names} {name}", mend


def _near(name: Reference, choices: Mapping[str, str]) -> str:
    """What is nearest to a name, written as the name would be."""
    near = closest(name.target, choices) or ""
    written = choices.get(near, "")
    return written if type(name)(written).target == near else near


def _one(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def named(annotation: Any, data: Any, place: Place) -> Iterator[tuple[Place, Reference]]:
    """The references in plain data, found by what the model says of each place."""
    if isinstance(annotation, type) and issubclass(annotation, Reference):
        if isinstance(data, str | int) and not isinstance(data, bool) and data != "":
            yield place, annotation(data)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name in holding(annotation, Reference):
            if isinstance(data, dict) and name in data:
                yield from named(annotation.model_fields[name].annotation, data[name], (*place, name))
    else:
        parts = [((*place, n), part) for n, part in enumerate(data)] if isinstance(data, list) else [(place, data)]
        for argument in get_args(annotation):
            for inner, part in parts:
                yield from named(argument, part, inner)


def check_dates(each: Placed, entry: Entry, today: date) -> None:
    """No status is of a day to come, an entry's is no newer than its sources; partial dates count from their start."""
    for place, as_of in inside(entry, PartialDate):
        if place[-1] == "as_of" and as_of.first > today:
            mend = "write the date of the newest source behind it"
            each.document.object((*each.place, *place), f"as_of {as_of} is in the future", mend)
    dates = [source.date for source in entry.sources if source.date]
    if len(dates) < len(entry.sources) or not entry.as_of:  # one without a date may be the newest
        return
    newest = max(dates, key=attrgetter("last"))
    if newest.last < entry.as_of.first <= today:
        what = f"as_of {entry.as_of} is newer than the newest source, of {newest}"
        each.document.object((*each.place, "as_of"), what, "write that date, or add the newer source", warning=True)


def check_entry(each: Placed, entry: Entry, today: date) -> None:
    """Warnings: what is legal and deserves a look."""

    def warn(place: Place, what: str, mend: str) -> None:
        each.document.object((*each.place, *place), what, mend, warning=True)

    if hasattr(entry, "custody") and entry.as_of and entry.as_of.months_before(today) >= STALE_MONTHS:
        warn(("as_of",), f"the status is of {entry.as_of}", "look for a newer source")
    if entry.review_by and entry.review_by.last < today:
        warn(("review_by",), f"the review was due by {entry.review_by}", "review the entry and set a new date")
    if len(entry.sources) == 1 and hasattr(entry, "custody"):
        warn(("sources",), "there is one source only", "add a second one")
    expires = getattr(entry, "expires", None)
    if expires and expires.last < today:
        warn(("expires",), f"this expired on {expires}", "renew it or delete the file")
    for index, source in enumerate(entry.sources):
        if source.url and source.url.startswith("http:"):
            warn(("sources", index, "url"), "the address is http", "use https if the site offers it")
    for place, text in inside(entry, Text):
        if len(text.plain) > _LONGEST:
            each.document.object(
                (*each.place, *place),
                "this is too long for a message",
                f"keep it under {_LONGEST:,} characters",
            )


def check_news(each: Placed, contexts: Sequence[Context]) -> None:
    """What is sent of it fits one message on every platform, and is written in the languages that it needs.

    contexts: noon of the day, in every language, the pack's own first.
    """
    entry = contexts[0].content.entries[each.id]
    news = _due(entry, contexts[0])
    if news is None:
        return
    views = {context.content.locale.code: context for context in contexts}
    for code in news.languages:
        if code not in views:
            mend = f"use some of {', '.join(views)}"
            each.document.object((*each.place, "languages"), f"{code} is no language of the pack", mend)
    for context in contexts:
        entry = context.content.entries[each.id]
        if news.languages or sum(len(text.plain) for _, text in inside(entry, Text)) > _BRIEF:
            _check_message(each, entry, news, context)


def _due(entry: Entry, context: Context) -> News | None:
    """How an entry's news goes out today, or on one of its days to come."""
    today = context.now.date()
    days = (event.date.first for event in entry.events(context) if event.date.first > today)
    return next(filter(None, map(entry.news, (today, *days))), None)


def _check_message(each: Placed, entry: Entry, news: News, context: Context) -> None:
    code = context.content.locale.code
    said = entry.announced(context)
    if len(said.plain) > _SHORT and not announcement.fits(announcement.uncut(news, entry, context)):
        what = f"what is sent of it in {code} is more than one message takes"
        each.document.object(each.place, what, "shorten its text")
    if code in news.languages and said.has(Style.FALLBACK):
        place, mend = (*each.place, "languages"), f"write all of it in {code}"
        each.document.object(place, f"it waits for {code}, which is missing", mend, warning=True)


def check_time_zone(name: str, document: Document) -> None:
    """The zone is one of the IANA database; a machine without that database cannot tell."""
    if available_timezones() and name not in available_timezones():
        near = closest(name, available_timezones())
        mend = f"did you mean {near}?" if near else "write it like Asia/Phnom_Penh"
        document.object(("time_zone",), f"there is no time zone {name}", mend)


def check_strings(spoken: Mapping[str, Strings], expected: Mapping[str, Phrase], files: Files) -> None:
    """Every language's file has phrases of the bot with their placeholders; a missing one is a warning."""
    for code, strings in spoken.items():
        name = f"strings/{code}.yaml"
        if not files.has(name):
            continue
        document = files.read(name)
        for phrase, form in strings.phrases.items():
            if phrase not in expected:
                near = closest(phrase, expected)
                mend = f"did you mean {near}?" if near else "remove it"
                document.object(strings.places[phrase], f"{phrase} is no phrase of the bot", mend)
            elif placeholders(form) - {"n"} != placeholders(expected[phrase]) - {"n"}:
                wanted = ", ".join(sorted(f"{{{each}}}" for each in placeholders(expected[phrase]))) or "none"
                document.object(strings.places[phrase], f"{phrase} has other placeholders", f"use {wanted}")
        for phrase in expected.keys() - strings.phrases.keys():
            document.object(("phrases",), f"{phrase} is not translated", "add it", warning=True)
