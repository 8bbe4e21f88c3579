"""Locale: numbers, dates, lists and plurals as each language writes them."""

from __future__ import annotations

import pytest

from bot.content.locale import locale
from bot.core.calendar import PartialDate


def date(written: object) -> PartialDate:
    return PartialDate.parse(written)


def test_numbers_are_grouped_as_the_language_groups_them() -> None:
    assert (locale("en").number(1234567), locale("de").number(1234567)) == ("1,234,567", "1.234.567")


@pytest.mark.parametrize(
    ("written", "english", "khmer"),
    [
        (2019, "2019", "2019"),
        ("2019-05", "May 2019", "ឧសភា 2019"),
        ("2019-05-03", "3 May 2019", "3 ឧសភា 2019"),
        ({"from": "2020-11", "to": 2022}, "November 2020 – 2022", "វិច្ឆិកា 2020 – 2022"),
        ({"from": 2022, "to": 2022}, "2022", "2022"),
    ],
)
def test_a_date_is_written_as_exactly_as_it_is_known(written: object, english: str, khmer: str) -> None:
    assert locale("en").date(date(written)) == english
    assert locale("km").date(date(written)) == khmer


def test_a_list_ends_in_the_word_of_the_language() -> None:
    assert locale("en").listing(["a", "b", "c"]) == "a, b, and c"
    assert locale("en").listing(["a"]) == "a"
    assert locale("en").listing([]) == ""
    assert locale("km").listing(["ក", "ខ"]) == "ក និង\u200bខ"


def test_a_number_chooses_its_plural_form() -> None:
    assert [locale("en").plural(n) for n in (0, 1, 2)] == ["other", "one", "other"]
    assert [locale("km").plural(n) for n in (0, 1, 2)] == ["other", "other", "other"]
    assert [locale("ar").plural(n) for n in (0, 1, 2, 3)] == ["zero", "one", "two", "few"]


@pytest.mark.parametrize("code", ["klingon", "xx", "", "en-US", "e" * 300, "\0", "../en"])
def test_a_code_that_is_no_language_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is no language code: use an ISO 639 code like en or km"):
        locale(code)


def test_a_locale_knows_its_code_and_is_made_once() -> None:
    assert locale("km").code == "km"
    assert locale("km") is locale("km")
