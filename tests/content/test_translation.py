"""Translation: every sentence about a problem is said in Khmer too, with the same values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import handlers
from bot.content import ContentBroken, Problem, load
from bot.content.document import parse
from bot.content.translation import catalogue, languages
from tests.content.test_problem import known, validated
from tests.content.test_repository import BROKEN, TODAY
from tests.packs import write

FILE = Path(__file__).parents[2] / "bot/content/problems/km.yaml"
KHMER = re.compile("[\u1780-\u17ff]")
PLACE = re.compile(r"{(\w+)}")
# pydantic's own words, which come up for no field that the pack has
FOREIGN = "Input should be less than or equal to 10"


def test_a_catalogue_is_marked_as_a_draft_and_fills_in_what_the_english_does() -> None:
    data = parse(FILE.read_text("utf-8"), FILE.name)
    assert (data.problems, data.data["draft"]) == ([], True)
    differing = {
        english: khmer
        for english, khmer in data.data["sentences"].items()
        if set(PLACE.findall(english)) != set(PLACE.findall(khmer)) or not KHMER.search(khmer)
    }
    assert differing == {}


def found(tmp_path: Path) -> Iterator[Problem]:
    """All problems that are known to be found in entries and folders."""
    for text, _ in known():
        yield from validated(tmp_path / "a.yaml", text).problems
    for number, (files, _) in enumerate(BROKEN):
        try:
            yield from load(write(tmp_path / str(number), files), handlers.kinds, TODAY)[1]
        except ContentBroken as broken:
            yield from broken.problems


def test_every_problem_is_said_in_khmer_with_what_it_names(tmp_path: Path) -> None:
    khmer = catalogue("km")
    english = {words for problem in found(tmp_path) for words in (problem.what, problem.mend)} - {FOREIGN}
    assert len(english) > 100
    assert [words for words in english if not KHMER.search(khmer.said(words))] == []


@pytest.mark.parametrize(
    ("english", "khmer"),
    [
        ("there is no theme tortur", "គ្មានប្រធានបទ tortur ទេ"),
        ("Viet Nam is a state, not an entry", "Viet Nam ជារដ្ឋ មិនមែនជាធាតុទេ"),
        ("steps holds a mapping, not a list", "steps មាន គូវាលនិងតម្លៃ មិនមែនបញ្ជីទេ"),
        ("title: the reference language is missing", "title៖ ខ្វះភាសាគោល"),
        ("custody cannot be 'a list'", "custody មិនអាចជា 'a list' បានទេ"),
        ("something that nobody has foreseen", "something that nobody has foreseen"),
    ],
)
def test_words_of_the_program_are_translated_and_those_of_the_file_are_not(english: str, khmer: str) -> None:
    assert catalogue("km").said(english) == khmer


def test_a_line_and_the_total_are_said_in_the_language() -> None:
    some = [Problem("a.yaml", 1, 2, "title is missing", "add title"), Problem("a.yaml", 3, 4, "x", "y", warning=True)]
    khmer, english = catalogue("km"), catalogue("en")
    assert [khmer.line(each) for each in some] == ["a.yaml:1:2: ខ្វះ title: សូមបន្ថែម title", "a.yaml:3:4: ព្រមាន: x: y"]
    assert [english.line(each) for each in some] == list(map(str, some))
    assert (khmer.summary(some), english.summary(some)) == ("កំហុស 1 ការព្រមាន 1", "1 error, 1 warning")


def test_a_language_without_a_catalogue_is_served_in_english() -> None:
    assert (catalogue("fr"), languages()) == (catalogue("en"), ["en", "km"])
