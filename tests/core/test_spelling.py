"""Spelling: what looks alike is spelt alike, in both scripts, and the nearest of two words is told."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.spelling import closest, clusters, normalize

KHMER = "".join(map(chr, range(0x1780, 0x17DE)))
ANYTHING = st.text(
    st.characters() | st.sampled_from(KHMER + "\u200b\u200d\u17d2 -'’") | st.just("\ud800") | st.just("\0")
)


@pytest.mark.parametrize(
    ("typed", "spelling"),
    [
        ("Lèse-MAJESTÉ", "lese-majeste"),
        ("២០១៨", "2018"),
        ("ស្ដី", "ស្តី"),  # subscript da and ta are drawn alike
        ("ស៊ី", "សុី"),  # a shifter under an upper vowel
        ("ស៉ី", "សុី"),
        ("កេី", "កើ"),  # a vowel typed as its halves
        ("កេា", "កោ"),
        ("ក\u200bឹ\u17b4ម", "កឹម"),
        ("កាា", "កា"),
        ("ឣ", "អ"),
        ("ក្", "ក"),  # a subscript of nothing
        ("ក្រ្ត", "ក្ត្រ"),  # ro comes last
    ],
)
def test_text_that_looks_alike_has_one_spelling(typed: str, spelling: str) -> None:
    assert normalize(typed) == normalize(spelling)


@pytest.mark.parametrize(("one", "other"), [("ដី", "ដូ"), ("ក", "កា"), ("ស៊", "ស៉"), ("ត", "ដ"), ("1", "2")])
def test_text_that_looks_different_does_not(one: str, other: str) -> None:
    assert normalize(one) != normalize(other)


@given(ANYTHING)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@pytest.mark.parametrize("signs", [("្ត", "្រ", "ី"), ("៉", "ា", "ំ"), ("្ម", "ុ", "ះ"), ("៌", "្យ", "េ", "ា")])
def test_the_order_in_which_signs_were_typed_does_not_matter(signs: tuple[str, ...]) -> None:
    assert len({normalize("ក" + "".join(order)) for order in permutations(signs)}) == 1


def test_clusters_are_syllables_words_and_numbers_in_order() -> None:
    assert clusters("ច្បាប់ Kem's 82.7, ០៤") == ["ច្បា", "ប់", "kem", "82.7", "04"]


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("prisners", "prisoners"),
        ("pris", "prisoners"),
        ("LAWS", "laws"),
        ("kemsoka", "kem-sokha"),
        ("ច្បាស់", None),
        ("កឹមសុផា", "កឹម សុខា"),
        ("lango-2016", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_closest_choice_is_suggested_if_one_is_near(typed: str, suggestion: str | None) -> None:
    assert closest(typed, ["laws", "prisoners", "kem-sokha", "lango-2015", "កឹម សុខា", "?"]) == suggestion


def test_nothing_is_closest_to_no_choices() -> None:
    assert closest("laws", []) is None


@given(ANYTHING)
def test_nothing_that_is_typed_is_an_error(word: str) -> None:
    assert closest(word, ["laws", "", word]) in {"laws", word, None}
