"""Query: what someone asked a list for, read as filters in any order, words to search for, and times."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

from bot.core.calendar import PartialDate, Period
from bot.core.search import FUNCTION_WORDS
from bot.core.spelling import clusters, normalize


@dataclass(frozen=True, slots=True)
class Filter:
    """A facet and the value asked for, or asked to be left out; the value of a facet of dates is a written period."""

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
_Timed = tuple[int, Period | None]  # how many tokens, and what they mean; 0 and None where they are no time
_Dated = tuple[int, PartialDate | None]
_NO_TIME = (0, None)
_YEAR = "(?:19|20)[0-9][0-9]"
_DATE = f"{_YEAR}(?:-[0-9][0-9](?:-[0-9][0-9])?)?"
_WRITTEN = re.compile(rf"(?<![\w.-])(?:({_YEAR})[-–]({_YEAR})|{_DATE}(?:\.\.(?:{_DATE})?)?|\.\.{_DATE})(?![\w-]|\.\w)")
_ONE = re.compile(_DATE)
_DAY = re.compile(r"([1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?")


@dataclass(frozen=True)
class Vocabulary:
    """The phrases a kind understands, in every language, as tokens (Khmer has no spaces to split at)."""

    phrases: Mapping[Tokens, Filter] = field(default_factory=dict)
    leads: Mapping[Tokens, str] = field(default_factory=dict)  # "arrested", "cycle": the facet a number after it means
    noise: Collection[Tokens] = ()  # "from", "who were": understood and without meaning here
    companions: Collection[str] = ()  # "rights": noise alone, but a part of the word beside it (human rights)
    pages: Collection[Tokens] = ()  # "page"
    negations: Collection[Tokens] = ()  # "not"
    months: Mapping[Tokens, int] = field(default_factory=dict)
    times: Mapping[str, Collection[Tokens]] = field(default_factory=dict)  # "before", "since", ...: how they are said
    year_facet: str = ""  # the facet of dates that a time means

    def read(self, argument: str) -> Query:
        """The longest known phrase at each place wins; what no phrase knows is searched for."""
        tokens = _tokens(argument)
        filters: list[Filter] = []
        rest: list[tuple[str, bool]] = []  # the other tokens, and whether they are words; "" where something stood
        page, position = 1, 0
        while position < len(tokens):
            length, meaning = self._at(tokens, position)
            match meaning:
                case Filter():
                    filters = self._with(filters, meaning)
                    rest.append(("", False))
                case int():
                    page = meaning
                    rest.append(("", False))
                case _:
                    rest += ((token, not length) for token in tokens[position : position + (length or 1)])
            position += length or 1
        return Query(tuple(filters), " ".join(map(spelled, self._runs(rest))), page)

    def _with(self, filters: Sequence[Filter], another: Filter) -> list[Filter]:
        """The filters and one more; "after 2018" and "before 2021" are one time and not two."""
        for each in filters if another.facet == self.year_facet else ():
            if (each.facet, each.without, another.without) == (self.year_facet, False, False):
                both = Period.parse(each.value).meets(Period.parse(another.value))
                if both:
                    return [replace(each, value=str(both)) if some == each else some for some in filters]
        return [*filters, another] if another not in filters else list(filters)

    def _runs(self, rest: Sequence[tuple[str, bool]]) -> list[list[str]]:
        """The words that are left, with the little words between them: "freedom of movement", "human rights"."""
        words = {index for index, (_, word) in enumerate(rest) if word}
        for near in (range(len(rest)), range(len(rest) - 1, -1, -1)):
            words |= {at for at in near if rest[at][0] in self.companions and words & {at - 1, at + 1}}
        runs: list[list[str]] = []
        last = -2
        for at in sorted(words):
            between = [token for token, _ in rest[last + 1 : at]]
            if runs and all(token in FUNCTION_WORDS for token in between):
                runs[-1] += [*between, rest[at][0]]
            else:
                runs.append([rest[at][0]])
            last = at
        return runs

    def _at(self, tokens: Tokens, start: int) -> tuple[int, Filter | int | None]:
        """How many tokens from here mean something, and what; 0 where they are words to search for."""
        timed, period = self._time(tokens, start) if self.year_facet else _NO_TIME
        for length in range(min(max(self._longest, timed), len(tokens) - start), 0, -1):
            some = tokens[start : start + length]
            if some in self.phrases:
                return length, self.phrases[some]
            if period and length == timed:
                return length, Filter(self.year_facet, str(period))
            if found := self._leading(some, tokens, start + length):
                return found
            if some in self.noise or some in self.leads:
                return length, None
        return 0, None

    def _leading(self, some: Tokens, tokens: Tokens, after: int) -> tuple[int, Filter | int] | None:
        """What a word means that needs what comes after it: "not", "page", "arrested", "cycle"."""
        length, following = len(some), tokens[after] if after < len(tokens) else ""
        if some in self.negations and following:
            further, meant = self._at(tokens, after)
            if isinstance(meant, Filter):
                return length + further, replace(meant, without=not meant.without)
        if some in self.leads and self.leads[some] == self.year_facet:
            return self._since_when(length, tokens, after)
        if some in self.pages and following.isdecimal():
            return length + 1, max(1, min(int(following[:4]), 9999))
        if some in self.leads and following.isdecimal():
            return length + 1, Filter(self.leads[some], following)
        return None

    def _since_when(self, length: int, tokens: Tokens, after: int) -> tuple[int, Filter] | None:
        passed = self._passed(tokens, after)
        further, period = self._time(tokens, after + passed)
        return (length + passed + further, Filter(self.year_facet, str(period))) if period else None

    # -- times

    def _time(self, tokens: Tokens, start: int) -> _Timed:
        """A period from here: "before 2018", "september 2024", "from 2019 to 2021"."""
        if start < len(tokens) and ".." in tokens[start]:
            return 1, Period.parse(tokens[start])
        how, bound = self._bound(tokens, start)
        between = how in ("between", "since", "")
        passed = bound + self._passed(tokens, start + bound) if bound else 0
        length, date = self._date(tokens, start + passed)
        if not date:
            return _NO_TIME
        length += passed
        if between and (joined := self._joined(tokens, start + length, how)):
            further, end = self._date(tokens, start + length + joined)
            if end and date.first <= end.last:
                return length + joined + further, Period(date, end)
        return (length, _bounded(how, date)) if how != "between" else _NO_TIME

    def _bound(self, tokens: Tokens, start: int) -> tuple[str, int]:
        """Which word of time stands here, and how many tokens it has."""
        lengths = range(self._longest_bound, 0, -1)
        said = ((self._bounds.get(tokens[start : start + n]), n) for n in lengths)
        return next(((name, n) for name, n in said if name), ("", 0))

    def _joined(self, tokens: Tokens, start: int, how: str) -> int:
        """How many tokens join two dates to one time: "to"; after "between" also "and"."""
        joins = {*self.times.get("to", ()), *(self.noise if how == "between" else ())}
        return next((n for n in (3, 2, 1) if tokens[start : start + n] in joins), 0)

    def _passed(self, tokens: Tokens, start: int) -> int:
        """How many tokens from here mean nothing."""
        passed = 0
        while tokens[start + passed : start + passed + 1] in self.noise:
            passed += 1
        return passed

    def _date(self, tokens: Tokens, start: int) -> _Dated:
        """A date from here: "2019", "2019-07", "July 2019", "5 July 2019", "2019 July"."""
        if start >= len(tokens):
            return _NO_TIME
        if _ONE.fullmatch(tokens[start]):
            n, month = self._month(tokens, start + 1)
            before_its_year = tokens[start + 1 + n : start + 2 + n]
            if month and len(tokens[start]) == 4 and not any(map(_ONE.fullmatch, before_its_year)):
                return 1 + n, _dated(tokens[start], month)
            return 1, PartialDate.parse(tokens[start])
        return self._day(tokens, start)

    def _day(self, tokens: Tokens, start: int) -> _Dated:
        """A month's name with its year, and a day before or after the name."""
        day = _DAY.fullmatch(tokens[start])
        n, month = self._month(tokens, start + bool(day))
        if not month:
            return _NO_TIME
        at = start + bool(day) + n
        if not day and at < len(tokens) and (day := _DAY.fullmatch(tokens[at])):
            at += 1
        at += self._passed(tokens, at)
        year = tokens[at] if at < len(tokens) else ""
        date = _dated(year, month, int(day[1]) if day else 0) if re.fullmatch(_YEAR, year) else None
        return (at + 1 - start, date) if date else _NO_TIME

    def _month(self, tokens: Tokens, start: int) -> tuple[int, int]:
        """How many tokens name a month here, and its number."""
        lengths = range(min(self._longest_month, len(tokens) - start), 0, -1)
        named = (
            (n, self.months[tokens[start : start + n]]) for n in lengths if tokens[start : start + n] in self.months
        )
        return next(named, (0, 0))

    @cached_property
    def _bounds(self) -> Mapping[Tokens, str]:
        return {words: name for name, some in self.times.items() if name != "to" for words in some}

    @cached_property
    def _longest_bound(self) -> int:
        return max(map(len, self._bounds), default=0)

    @cached_property
    def _longest_month(self) -> int:
        return max(map(len, self.months), default=0)

    @cached_property
    def _longest(self) -> int:
        known: Iterable[Tokens] = (*self.phrases, *self.leads, *self.noise, *self.pages, *self.negations)
        return max(map(len, known), default=0)


def _tokens(argument: str) -> Tokens:
    """Words, syllables and numbers; a period that is written as such, or as 2019-2021, is one token."""
    text, tokens, at = normalize(argument), [], 0
    for found in _WRITTEN.finditer(text):
        tokens += clusters(text[at : found.start()])
        written = f"{found[1]}..{found[2]}" if found[1] else found[0]
        tokens += [written] if _is_period(written) else clusters(found[0])
        at = found.end()
    return (*tokens, *clusters(text[at:]))


def _is_period(written: str) -> bool:
    try:
        return bool(Period.parse(written))
    except ValueError:
        return False


def _dated(year: str, month: int, day: int = 0) -> PartialDate | None:
    try:
        return PartialDate.parse(f"{year}-{month:02}" + (f"-{day:02}" if day else ""))
    except ValueError:
        return None


def _bounded(how: str, date: PartialDate) -> Period:
    """The period that a word of time makes of a date, as exact as the date is."""
    match how:
        case "before":
            return Period(None, PartialDate.parse(str(date.first - timedelta(1))[: len(str(date))]))
        case "after":
            return Period(PartialDate.parse(str(date.last + timedelta(1))[: len(str(date))]), None)
        case "since":
            return Period(date, None)
        case "until":
            return Period(None, date)
    return Period(date, date)


def spelled(tokens: Iterable[str]) -> str:
    """Tokens as words again: Latin ones apart, Khmer syllables side by side."""
    spelled = ""
    for token in tokens:
        apart = spelled and (token.isascii() or spelled[-1].isascii())
        spelled += (" " if apart else "") + token
    return spelled
