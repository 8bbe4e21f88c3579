"""Vocabulary: what each kind's filters are called, in every language of the pack, as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from bot.content.strings import Strings
from bot.core.content import Term
from bot.core.entry import Entry
from bot.core.query import Filter, Tokens, Vocabulary
from bot.core.spelling import clusters, normalize

Terms = Mapping[str, Mapping[str, Term]]
Views = Sequence[tuple[Strings, Mapping[str, Entry], Terms]]  # a language's strings, entries and terms, each


def vocabularies(kinds: Iterable[type[Entry]], views: Views, today: date) -> dict[str, Vocabulary]:
    """What can be said to each kind's command: words of the strings files, names of terms and entries, years."""
    meant = _meant(views)
    return {kind.noun: _vocabulary(kind, views, meant, today) for kind in kinds}


def _meant(views: Views) -> dict[Filter, list[str]]:
    """The names of entries that stand for a filter elsewhere: a law's for the cases under it."""
    meant: dict[Filter, list[str]] = {}
    for _, entries, _ in views:
        for entry in entries.values():
            if (each := entry.means()) is not None:
                meant.setdefault(each, []).extend(entry.names())
    return meant


def _vocabulary(kind: type[Entry], views: Views, meant: Mapping[Filter, Sequence[str]], today: date) -> Vocabulary:
    phrases: dict[Tokens, Filter] = {}
    leads: dict[Tokens, str] = {}
    noise = {tokens(word) for strings, _, _ in views for word in strings.noise}
    for facet in kind.facets:
        spoken = dict.fromkeys(tokens(lead) for strings, _, _ in views for lead in _lead(strings, facet))
        values = _values(kind, facet, views, today)
        if any(value.isdecimal() for value in values):
            leads.update(dict.fromkeys(spoken, facet))
        noise |= spoken.keys()
        for value in values:
            each = Filter(facet, value)
            names = map(tokens, (*_names(facet, value, views), *meant.get(each, ())))
            for name in filter(None, dict.fromkeys(names)):  # in the order of the files: of two near words, the first
                for lead in ((), *spoken):
                    phrases.setdefault((*lead, *name), each)
    pages = {tokens(word) for strings, _, _ in views for word in strings.page}
    negations = {tokens(word) for strings, _, _ in views for word in strings.negation}
    return Vocabulary(phrases, leads, noise, pages, negations, kind.year_facet)


def command_words(languages: Iterable[Strings]) -> Mapping[str, str]:
    """Every name of every command, normalised, and the command it means."""
    return {
        normalize(word): command
        for strings in languages
        for command, words in strings.commands.items()
        for word in words
    }


def tokens(words: str) -> Tokens:
    """Words as the tokens a query is read in."""
    return tuple(clusters(words))


def _lead(strings: Strings, facet: str) -> Sequence[str]:
    return strings.filters[facet].lead if facet in strings.filters else ()


def _values(kind: type[Entry], facet: str, views: Views, today: date) -> list[str]:
    """The values a strings file names, then those that occur: an empty result must be readable as such."""
    named = (value for strings, _, _ in views if facet in strings.filters for value in strings.filters[facet].values)
    entries = (entry for entry in views[0][1].values() if isinstance(entry, kind))
    occurring = (value for entry in entries for value in sorted(entry.values(today).get(facet, ())))
    return list(dict.fromkeys((*named, *occurring)))


def _names(facet: str, value: str, views: Views) -> Iterator[str]:
    """How a value is called; a bare number is not, as it needs its lead word."""
    if not value.isdecimal():
        yield value
    for strings, _, terms in views:
        if facet in strings.filters:
            yield from strings.filters[facet].values.get(value, ())
        if term := terms.get(f"{facet}s", {}).get(value):
            yield str(term.name)
            yield from term.aliases
