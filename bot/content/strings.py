"""Strings: one language's file of the bot's own words: phrases, command names, filter words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.content.document import Document, Place
from bot.core.content import Phrase
from bot.core.spelling import closest
from bot.core.text import Style, Text, parse

_FIELDS = {"name", "draft", "commands", "words", "filters", "phrases"}
TIMES = ("before", "after", "since", "until", "between", "to")  # the words that make a period of dates
PLURALS = {"zero", "one", "two", "few", "many", "other"}  # CLDR categories


@dataclass(frozen=True, slots=True)
class FilterWords:
    """How a facet is spoken of: lead words before a value, and the words for each value."""

    lead: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Strings:
    """One language's words."""

    code: str
    name: str = ""
    phrases: dict[str, Phrase] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)  # of each phrase in the file
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)  # other names of each command
    filters: dict[str, FilterWords] = field(default_factory=dict)
    noise: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    page: tuple[str, ...] = ()
    negation: tuple[str, ...] = ()
    times: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the words for each of TIMES

    def under(self, own: Strings) -> Strings:
        """These words, where a pack has none of its own."""
        return Strings(
            self.code,
            own.name if own.name != own.code else self.name,
            {**self.phrases, **own.phrases},
            {**self.places, **own.places},
            {**self.commands, **own.commands},
            {**self.filters, **own.filters},
            own.noise or self.noise,
            own.companions or self.companions,
            own.page or self.page,
            own.negation or self.negation,
            own.times or self.times,
        )


def read(code: str, document: Document) -> Strings:
    """A strings file as values; what does not fit its shape is added to the document's problems."""
    data = _mapping(document)
    _check_fields(document, data)
    strings = Strings(code, str(data.get("name") or code))
    draft = data.get("draft") is True
    for place, words in _leaves(_mapping(document, "phrases"), ("phrases",)):
        _keep(strings, document, place[1:], place, words, draft=draft)
    for command, written in _mapping(document, "commands").items():
        place, about = ("commands", command, "summary"), _whole(written, "summary")
        _keep(strings, document, ("command", command), place, about.get("summary"), draft=draft)
        strings.commands[command] = _several(about, "words")
    for facet in _mapping(document, "filters"):
        values: dict[str, tuple[str, ...]] = {}
        for value, written in _mapping(document, "filters", facet, "values").items():
            place, named = ("filters", facet, "values", value, "name"), _whole(written, "name")
            _keep(strings, document, (facet, value), place, named.get("name"), draft=draft)
            values[value] = (*_several(named, "words"), *_several(named, "name"))
        strings.filters[facet] = FilterWords(_several(_mapping(document, "filters", facet), "lead"), values)
    little = _mapping(document, "words")
    strings.noise, strings.companions = _several(little, "noise"), _several(little, "companions")
    strings.page = _several(little, "page")
    strings.negation = _several(little, "negation")
    strings.times = {name: words for name in TIMES if (words := _several(little, name))}
    return strings


def _mapping(document: Document, *place: str) -> dict[str, Any]:
    """The mapping at a place; empty where there is nothing, with a problem where there is something else."""
    value = document.data
    for step in place:
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict):
        return value or {}
    document.object(place, f"{place[-1] if place else 'this'} is no mapping", "write name: words lines")
    return {}


def _check_fields(document: Document, data: Mapping[str, Any]) -> None:
    for name in data.keys() - _FIELDS:
        near = closest(name, sorted(_FIELDS))
        document.object((name,), f"there is no field {name} here", f"did you mean {near}?" if near else "remove it")
    if data.get("draft") not in (None, True, False):
        document.object(("draft",), f"draft cannot be {data['draft']!r}", "write true or false")


def _whole(value: Any, name: str) -> dict[str, Any]:
    """A mapping; words that stand alone are what it calls by this name."""
    return value if isinstance(value, dict) else {name: value}


def _several(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Words of which there may be one or a list."""
    found = value.get(name)
    return tuple(map(str, found)) if isinstance(found, list) else ((str(found),) if found else ())


def _leaves(value: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, Any]]:
    for key, part in value.items():
        if isinstance(part, dict) and not ("other" in part and part.keys() <= PLURALS):
            yield from _leaves(part, (*place, key))
        else:
            yield (*place, key), part


def _keep(strings: Strings, document: Document, key: Place, place: Place, words: Any, *, draft: bool) -> None:
    forms = words if isinstance(words, dict) else {"": words}
    if not forms or not all(
        isinstance(form, str | int) and not isinstance(form, bool) and str(form).strip() for form in forms.values()
    ):
        document.object(place, f"{place[-1]} has no words", "write them, in quotes")
        return
    if isinstance(words, dict) and not ("other" in words and words.keys() <= PLURALS):
        document.object(place, f"{place[-1]} has no form for every number", "add other, the form for all the rest")
        return
    texts = {category: _marked(str(form), draft=draft) for category, form in forms.items()}
    name = ".".join(map(str, key))
    strings.phrases[name] = texts.get("", texts)
    strings.places[name] = place


def _marked(words: str, *, draft: bool) -> Text:
    text = parse(words.rstrip("\n"))
    return text.styled(Style.DRAFT) if draft else text


def placeholders(phrase: Phrase) -> frozenset[str]:
    """The values a phrase asks for, over all its plural forms; n alone may be left out of one."""
    forms = (phrase,) if isinstance(phrase, Text) else tuple(phrase.values())
    return frozenset(name for form in forms for name in form.placeholders())


def foreign(phrase: Phrase, code: str) -> Phrase:
    """A phrase that fills a gap in another language, marked so."""
    if isinstance(phrase, Text):
        return phrase.styled(Style.FALLBACK, code)
    return {category: form.styled(Style.FALLBACK, code) for category, form in phrase.items()}
