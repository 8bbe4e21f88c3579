"""Vocabulary: what each kind's filters are called, in every language of the pack, as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bot.content.locale import months
from bot.content.strings import TIMES, Strings
from bot.core.content import Pack, Term
from bot.core.entry import Entry
from bot.core.query import Filter, Tokens, Vocabulary
from bot.core.spelling import clusters, normalize

Terms = Mapping[str, Mapping[str, Term]]
Views = Sequence[tuple[Strings, Mapping[str, Entry], Terms]]  # a language's strings, entries and terms, each

# What is asked for beside lists of entries, and the facets it is asked for by.
_CHOICES = {
    "subscription": ("topic", "pace"),
    "setting": ("setting", "switch", "pace", "weekday", "half", "topic"),
}


def vocabularies(
    kinds: Iterable[type[Entry]], views: Views, today: date, packs: Iterable[Pack] = ()
) -> dict[str, Vocabulary]:
    """What can be said to each kind's command, to /subscribe and to /settings.

    Words of the strings files, names of terms and entries, times. Entry itself, of which there are all kinds,
    understands the little words and times.
    """
    little, meant = _little(views, packs), _meant(views)
    lists = {kind.noun: _list(kind, views, little, meant, today) for kind in kinds}
    timeless = replace(little, months={}, times={}, year_facet="")
    choices = {
        name: _vocabulary({facet: _offered(facet, views) for facet in facets}, views, timeless, {})
        for name, facets in _CHOICES.items()
    }
    return {Entry.noun: little, **lists, **choices}


def _little(views: Views, packs: Iterable[Pack]) -> Vocabulary:
    """The words that mean the same to every kind; that the pack's own country is named says nothing."""
    spoken = [strings for strings, _, _ in views]
    country = {tokens(name) for pack in packs for name in (str(pack.country or ""), *pack.country_aliases)} - {()}
    named = {tokens(name): number for strings in spoken for name, number in months(strings.code).items()}
    times = {name: {tokens(words) for strings in spoken for words in strings.times.get(name, ())} for name in TIMES}
    return Vocabulary(
        noise=country | {tokens(word) for strings in spoken for word in strings.noise},
        companions={word for strings in spoken for word in strings.companions},
        pages={tokens(word) for strings in spoken for word in strings.page},
        negations={tokens(word) for strings in spoken for word in strings.negation},
        months=named,
        times=times,
        year_facet="date",
    )


def _meant(views: Views) -> dict[Filter, list[str]]:
    """The names of entries that stand for a filter elsewhere: a law's for the cases under it."""
    meant: dict[Filter, list[str]] = {}
    for _, entries, _ in views:
        for entry in entries.values():
            if (each := entry.means()) is not None:
                meant.setdefault(each, []).extend(entry.names())
    return meant


def _list(
    kind: type[Entry], views: Views, little: Vocabulary, meant: Mapping[Filter, Sequence[str]], today: date
) -> Vocabulary:
    """The phrases that filter a kind; the facet of dates has no names, only times."""
    facets = {
        facet: () if facet == kind.year_facet else _values(kind, facet, views, meant, today) for facet in kind.facets
    }
    return _vocabulary(facets, views, little, meant, kind.year_facet)


def _vocabulary(
    facets: Mapping[str, Sequence[str]],
    views: Views,
    little: Vocabulary,
    meant: Mapping[Filter, Sequence[str]],
    year_facet: str = "",
) -> Vocabulary:
    """The phrases that mean one of these values of these facets."""
    phrases: dict[Tokens, Filter] = {}
    leads: dict[Tokens, str] = {}
    noise = set(little.noise)
    for facet, values in facets.items():
        spoken = dict.fromkeys(tokens(lead) for strings, _, _ in views for lead in _lead(strings, facet))
        noise |= spoken.keys()
        if (facet and facet == year_facet) or any(value.isdecimal() for value in values):
            leads.update(dict.fromkeys(spoken, facet))
        for value in values:
            each = Filter(facet, value)
            names = map(tokens, (*_names(facet, value, views), *meant.get(each, ())))
            for name in filter(None, dict.fromkeys(names)):  # in the order of the files: of two near words, the first
                for lead in ((), *spoken):
                    phrases.setdefault((*lead, *name), each)
    return replace(little, phrases=phrases, leads=leads, noise=noise, year_facet=year_facet)


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


def _values(kind: type[Entry], facet: str, views: Views, meant: Iterable[Filter], today: date) -> list[str]:
    """The values a strings file names, those that occur, and the entries that have a name for it.

    An empty result must be readable as such: a law under which there is no case is known all the same.
    """
    named = (value for strings, _, _ in views if facet in strings.filters for value in strings.filters[facet].values)
    entries = (entry for entry in views[0][1].values() if isinstance(entry, kind))
    occurring = (value for entry in entries for value in sorted(entry.values(today).get(facet, ())))
    entries_of_it = (each.value for each in meant if each.facet == facet)
    return list(dict.fromkeys((*named, *occurring, *entries_of_it)))


def _offered(facet: str, views: Views) -> list[str]:
    """The values that are terms of the pack, then those that a strings file names."""
    terms = (term for _, _, terms in views for term in terms.get(f"{facet}s", {}))
    named = (value for strings, _, _ in views if facet in strings.filters for value in strings.filters[facet].values)
    return list(dict.fromkeys((*terms, *named)))


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
