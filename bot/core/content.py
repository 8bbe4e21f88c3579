"""Content: a pack, one language's view of it, and the snapshot of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.core.calendar import PartialDate
from bot.core.entry import E, Entry, Id, Model, Name, Words
from bot.core.query import Filter, Query, Vocabulary
from bot.core.search import Hit, Index
from bot.core.spelling import clusters
from bot.core.text import Text

# ---------------------------------------------------------------------------- the pack


class Contacts(Model):
    """How to reach the people behind a pack."""

    errors: Words | None = None  # where to report an error or ask for removal
    danger: Words | None = None  # whom to turn to in danger


class Pack(Model):
    """pack.yaml: what the pack is and how it speaks."""

    title: Words
    about: Words | None = None
    country: Name | None = None
    first_contact: Words | None = None  # said at /start, before anything else
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    default_language: str
    reference_language: str = "en"
    time_zone: str
    caution: Words | None = None  # why sharing may be dangerous there; stands under every card
    contacts: Contacts = Contacts()
    licence: Words | None = None
    site: str | None = None

    @model_validator(mode="after")
    def _speaks(self) -> Self:
        for code in (self.default_language, self.reference_language):
            if code not in self.languages:
                raise ValueError(f"{code} is not among the languages: add it to languages")
        return self


class Term(Model):
    """A word of the pack's vocabulary (a State, a theme, a topic, an offence) with its names."""

    id: Id
    name: Name
    aliases: tuple[str, ...] = ()


# ---------------------------------------------------------------------------- a language's view


@dataclass(frozen=True, slots=True)
class Locale:
    """How a language writes numbers, dates and lists, and which plural form a number takes (CLDR categories)."""

    code: str
    plural: Callable[[int], str]
    number: Callable[[int], str]
    date: Callable[[PartialDate], str]
    listing: Callable[[Sequence[str]], str]


Phrase = Text | Mapping[str, Text]  # plural forms by CLDR category


@dataclass(frozen=True)
class Content:
    """A pack as one language's readers see it, gaps filled from the reference language and marked so."""

    locale: Locale
    pack: Pack
    entries: Mapping[str, Entry]
    phrases: Mapping[str, Phrase]
    terms: Mapping[str, Mapping[str, Term]]  # "states", "themes", "topics", "laws": by id
    links: Mapping[str, frozenset[str]]  # both directions
    index: Index
    vocabularies: Mapping[str, Vocabulary]  # by kind; they understand every language of the pack
    commands: Mapping[str, str]  # a command's name in any language, normalised: the command
    languages: Mapping[str, str]  # code: the language's own name
    chosen: Mapping[str, Text]  # code: what is said, in that language, to one who chooses it

    def say(self, phrase: str, **values: Text | str | int | PartialDate) -> Text:
        """One of the bot's own sentences with its values; n decides the plural form. KeyError if there is none."""
        form = self.phrases[phrase]
        if not isinstance(form, Text):
            n = values.get("n", 0)
            form = form.get(self.locale.plural(n if isinstance(n, int) else 0)) or form["other"]
        return form.format(**{name: self.written(value) for name, value in values.items()})

    def written(self, value: Text | str | int | PartialDate) -> Text | str:
        """A value as this language writes it."""
        if isinstance(value, int):
            return self.locale.number(value)
        return self.locale.date(value) if isinstance(value, PartialDate) else value

    def label(self, facet: str, value: str) -> str:
        """What a facet's value is called: a phrase, a term, an entry, else the value itself."""
        phrase = self.phrases.get(f"{facet}.{value}")
        if isinstance(phrase, Text):
            return str(phrase)
        if term := self.terms.get(f"{facet}s", {}).get(value):
            return str(term.name)
        entry = self.entries.get(value)
        return str(entry.heading) if entry else value.replace("-", " ")

    def mentioned(self, words: str) -> tuple[str, ...]:
        """The ids of the entries whose name, of two tokens or more, is written in the words; the longest names."""
        tokens = tuple(clusters(words[:300]))
        for length in range(min(len(tokens), 12), 1, -1):
            spans = (tokens[start : start + length] for start in range(len(tokens) - length + 1))
            if found := [name for span in spans for name in self._by_name.get(span, ())]:
                return tuple(dict.fromkeys(found))
        return ()

    def called(self, name: str) -> list[Entry]:
        """The entries of exactly this name, whatever its spaces, hyphens and accents."""
        return [self.entries[each] for each in self._by_name.get(tuple(clusters(name[:300])), ())]

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, ...], Sequence[str]]:
        names: dict[tuple[str, ...], list[str]] = {}
        for entry in self.entries.values():
            for name in dict.fromkeys(tuple(clusters(name)) for name in entry.names()):
                names.setdefault(name, []).append(entry.id)
        return names

    def of(self, kind: type[E]) -> tuple[E, ...]:
        """All entries of a kind, in the pack's order; of every kind for Entry itself."""
        some = self._by_kind.get(kind.noun, ()) if kind.noun else self.entries.values()
        return tuple(entry for entry in some if isinstance(entry, kind))

    def linked(self, entry: Entry, kind: type[E]) -> tuple[E, ...]:
        """The entries of a kind that name this one or are named by it, in the pack's order."""
        near = self.links.get(entry.id, frozenset())
        return tuple(other for other in self.of(kind) if other.id in near)

    def search(self, words: str, within: Collection[str] | None = None, limit: int = 50) -> list[Hit]:
        """The entries the words fit, best first."""
        return self.index.search(words, within=within, limit=limit)

    def read(self, kind: type[Entry], argument: str) -> Query:
        """An argument as filters of the kind and words to search for."""
        return self.vocabularies[kind.noun].read(argument)

    def select(self, kind: type[E], filters: Collection[Filter], today: date) -> list[E]:
        """The entries of a kind that fit: any of the values of a facet, all of the facets, none left out."""
        wanted: dict[str, set[str]] = {}
        unwanted: dict[str, set[str]] = {}
        for each in filters:
            (unwanted if each.without else wanted).setdefault(each.facet, set()).add(each.value)
        values = ((entry, entry.values(today)) for entry in self.of(kind))
        return [entry for entry, has in values if _fits(has, wanted) and not _touches(has, unwanted)]

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[Entry, ...]]:
        kinds: dict[str, list[Entry]] = {}
        for entry in self.entries.values():
            kinds.setdefault(entry.noun, []).append(entry)
        return {kind: tuple(entries) for kind, entries in kinds.items()}


def _touches(values: Mapping[str, Collection[str]], some: Mapping[str, set[str]]) -> bool:
    return any(not unwanted.isdisjoint(values.get(facet, ())) for facet, unwanted in some.items())


def _fits(values: Mapping[str, Collection[str]], wanted: Mapping[str, set[str]]) -> bool:
    return all(not some.isdisjoint(values.get(facet, ())) for facet, some in wanted.items())


@dataclass(frozen=True)
class Snapshot:
    """All languages of a pack at one moment; replaced whole or not at all."""

    views: Mapping[str, Content]
    default: str
    version: str  # digest of the files it was read from

    def view(self, *wishes: str) -> Content:
        """The view for the first wish the pack can grant ("km-KH" is granted by km), else its default."""
        for wish in wishes:
            code = re.split("[-_]", wish.casefold())[0]
            if code in self.views:
                return self.views[code]
        return self.views[self.default]
