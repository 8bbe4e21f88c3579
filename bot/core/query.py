"""Query: what someone asked a list for, read as filters in any order and words to search for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from bot.core.spelling import clusters


@dataclass(frozen=True, slots=True)
class Filter:
    """A facet and the value asked for, or asked to be left out."""

    facet: str
    value: str
    without: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Filters, the words that are no filter, and the page (from 1)."""

    filters: tuple[Filter, ...] = ()
    words: str = ""
    page: int = 1

    def __bool__(self) -> bool:
        return bool(self.filters or self.words)


Tokens = tuple[str, ...]
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Vocabulary:
    """The phrases a kind understands, in every language, as tokens (Khmer has no spaces to split at)."""

    phrases: Mapping[Tokens, Filter] = field(default_factory=dict)
    leads: Mapping[Tokens, str] = field(default_factory=dict)  # "arrested", "cycle": the facet a number after it means
    noise: Collection[Tokens] = ()  # "from", "who were": understood and without meaning here
    pages: Collection[Tokens] = ()  # "page"
    negations: Collection[Tokens] = ()  # "not"
    year_facet: str = ""

    def read(self, argument: str) -> Query:
        """The longest known phrase at each place wins; what no phrase knows is searched for."""
        tokens = tuple(clusters(argument))
        filters: dict[Filter, None] = {}
        words: list[str] = []
        page, position = 1, 0
        while position < len(tokens):
            length, meaning = self._at(tokens, position)
            match meaning:
                case Filter():
                    filters[meaning] = None
                case int():
                    page = meaning
                case None if not length:
                    words.append(tokens[position])
            position += length or 1
        return Query(tuple(filters), spelled(words), page)

    def _at(self, tokens: Tokens, start: int) -> tuple[int, Filter | int | None]:
        """How many tokens from here mean something, and what; 0 where they are words to search for."""
        for length in range(min(self._longest, len(tokens) - start), 0, -1):
            some, following = tokens[start : start + length], tokens[start + length : start + length + 1]
            if some in self.negations and following:
                further, meant = self._at(tokens, start + length)
                if isinstance(meant, Filter):
                    return length + further, replace(meant, without=not meant.without)
            if some in self.phrases:
                return length, self.phrases[some]
            number = following[0] if following and following[0].isdecimal() else ""
            if some in self.pages and number:
                return length + 1, max(1, min(int(number[:4]), 9999))
            if some in self.leads and number:
                return length + 1, Filter(self.leads[some], number)
            if some in self.noise or some in self.leads:
                return length, None
        if self.year_facet and _YEAR.fullmatch(tokens[start]):
            return 1, Filter(self.year_facet, tokens[start])
        return 0, None

    @cached_property
    def _longest(self) -> int:
        known: Iterable[Tokens] = (*self.phrases, *self.leads, *self.noise, *self.pages, *self.negations)
        return max(map(len, known), default=0)


def spelled(tokens: Iterable[str]) -> str:
    """Tokens as words again: Latin ones apart, Khmer syllables side by side."""
    spelled = ""
    for token in tokens:
        apart = spelled and (token.isascii() or spelled[-1].isascii())
        spelled += (" " if apart else "") + token
    return spelled
