"""Locale: how each language writes numbers, dates and lists, and names months and languages, by Babel (CLDR)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from babel import Locale as Babel
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from bot.core.calendar import PartialDate
from bot.core.content import Locale

_PATTERNS = {4: "y", 7: "MMMM y", 10: "d MMMM y"}  # by the length of what was written: year, month, day


@cache
def locale(code: str) -> Locale:
    """The locale of a language code. Raises ValueError for a code that CLDR does not know."""
    try:
        babel = Babel.parse(code)
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"{code} is no language code: use an ISO 639 code like en or km") from None

    def number(value: int) -> str:
        return str(format_decimal(value, locale=babel))

    def date(value: PartialDate) -> str:
        ends = (format_date(end.first, _PATTERNS[len(end.written)], locale=babel) for end in value.ends)
        return " – ".join(dict.fromkeys(ends))

    def listing(values: Sequence[str]) -> str:
        return str(format_list(list(values), locale=babel)) if values else ""

    def language(other: str, told_in: str) -> str:
        return str(Babel.parse(other).get_display_name(told_in) or other)

    return Locale(code, lambda n: str(babel.plural_form(n)), number, date, listing, language)


@cache
def months(code: str) -> Mapping[str, int]:
    """Every name and short name of a month in a language, and its number from 1."""
    named: dict[str, int] = {}
    for forms in Babel.parse(code).months.values():
        for width in ("wide", "abbreviated"):
            named |= {name: number for number, name in forms[width].items()}
    return named
