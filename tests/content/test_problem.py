"""Problem: one line that says where, what and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, model_validator

from bot.content.document import Document, read
from bot.content.problem import Problem, summary
from bot.content.validation import valid
from bot.core.calendar import PartialDate
from bot.core.entry import Id, Languages, Model, Name, Source, Words

ENGLISH = Languages("en", "en", ("en", "km"))


class Step(Model):
    date: PartialDate
    status: Literal["detained", "free", "unknown"] = "unknown"


class Range(Model):
    low: int
    high: int

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise ValueError("the range ends before it starts: exchange them")
        return self


class Count(Model):
    count: int | Range | None = None
    said: str | bool | None = None


class Thing(Model):
    id: Id = "thing"
    title: Words = Field(default="T", validate_default=True)
    number: int = 0
    small: Annotated[int, Field(le=10)] = 0
    open: bool = False
    several: tuple[Count, ...] = ()
    steps: tuple[Step, ...] = ()
    one: Step | None = None
    source: Source | None = None
    tags: Annotated[tuple[Name, ...], Field(min_length=1)] = Field(default=("a",), validate_default=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


def complaints(file: Path, text: str) -> list[str]:
    """What is said of a Thing in a file."""
    return [str(problem) for problem in validated(file, text).problems]


def validated(file: Path, text: str) -> Document:
    file.write_text(text, "utf-8")
    document = read(file, "a.yaml")
    valid(Thing, document, (), document.data, ENGLISH)
    return document


def test_a_problem_is_written_as_editors_and_compilers_write_it() -> None:
    assert str(Problem("laws/a.yaml", 3, 5, "no", "yes")) == "laws/a.yaml:3:5: no: yes"
    assert str(Problem("a.yaml", 1, 1, "no", "yes", warning=True)) == "a.yaml:1:1: warning: no: yes"


def test_problems_stand_in_the_order_of_files_lines_and_columns() -> None:
    some = [
        Problem("b", 1, 1, "", ""),
        Problem("a", 10, 1, "", ""),
        Problem("a", 2, 9, "", ""),
        Problem("a", 2, 10, "", ""),
    ]
    assert [(each.file, each.line, each.column) for each in sorted(some)] == [
        ("a", 2, 9),
        ("a", 2, 10),
        ("a", 10, 1),
        ("b", 1, 1),
    ]


def known() -> Iterator[tuple[str, str]]:
    yield "stepss: []\n", "1:1: there is no field stepss here: did you mean steps?"
    yield "colour: red\n", "1:1: there is no field colour here: remove it"
    yield "steps:\n  - status: free\n", "2:5: date is missing: add date"
    yield "one: {date: 2019, stats: free}\n", "1:19: there is no field stats here: did you mean status?"
    yield "steps: [{date: 2019, status: detaind}]\n", "1:22: status cannot be 'detaind': did you mean detained?"
    yield "one: {date: 2019, status: gone}\n", "1:19: status cannot be 'gone': use one of detained, free, unknown"
    yield (
        "source:\n  title: T\n  publisher: P\n  url: example.org\n",
        "4:3: 'example.org' is no address: write it whole, beginning with https://",
    )
    yield (
        "source: {title: T, publisher: P}\n",
        "1:1: source: there is no address: add url, or say in withheld why there is none",
    )
    yield "id: Kem Sokha\n", "1:1: 'Kem Sokha' cannot be an id: use lower-case letters, digits and single hyphens"
    yield f"id: {'a' * 49}\n", "1:1: id is too long: use at most 48 characters"
    yield "tags: []\n", "1:1: tags is empty: add at least one"
    yield "tags:\n  - a\n  - []\n", "3:5: tags: expected words, or a mapping from language to words: correct it"
    yield "title:\n  fr: T\n", "1:1: title: no such language: fr (the pack has en, km)"
    yield "title: {km: T}\n", "1:1: title: the reference language is missing: add en"
    yield (
        "title: {en: {text: T, draft: no}}\n",
        "1:1: title: draft says neither true nor false: write true or leave it out",
    )
    yield "number: many\n", "1:1: number holds 'many', not a whole number: write it in digits"
    yield "number: 12.5\n", "1:1: number holds '12.5', not a whole number: write it in digits"
    yield "number:\n", "1:1: number holds nothing, not a whole number: write it in digits"
    yield "number: [1]\n", "1:1: number holds a list, not a whole number: write it in digits"
    yield "open: maybe\n", "1:1: open holds 'maybe', not true or false: write true or false"
    yield "one: 2019\n", "1:1: one holds 2019, not a mapping: write field: value lines"
    yield "source: {title: [T], publisher: P, withheld: W}\n", "1:10: title holds a list, not words: write words"
    a_list = "begin each part with a hyphen, on a line of its own"
    yield "steps: {date: 2019}\n", f"1:1: steps holds a mapping, not a list: {a_list}"
    yield "steps: 5\n", f"1:1: steps holds 5, not a list: {a_list}"
    yield "steps: true\n", f"1:1: steps holds true, not a list: {a_list}"
    yield f"steps: {'x' * 61}\n", f"1:1: steps holds '{'x' * 60}'…, not a list: {a_list}"
    yield "small: 12\n", "1:1: small holds 12, not what it should: Input should be less than or equal to 10"
    either = "not a whole number or a mapping of low and high: write one of these"
    yield "several:\n  - count: many\n", f"2:5: count holds 'many', {either}"
    yield "several: [{count: [1]}]\n", f"1:12: count holds a list, {either}"
    yield "several: [{count: {low: 1}}]\n", "1:12: high is missing: add high"
    yield "several: [{count: {low: 1, hig: 2, high: 2}}]\n", "1:28: there is no field hig here: did you mean high?"
    yield "several: [{count: {low: 3, high: 2}}]\n", "1:12: count: the range ends before it starts: exchange them"
    yield "several: [{count: {low: 1, high: x}}]\n", "1:28: high holds 'x', not a whole number: write it in digits"
    yield "several: [{said: [x]}]\n", "1:12: said holds a list, not words or true or false: write one of these"
    yield "- a\n", "1:1: this is not an entry: write field: value lines"
    shapes = "write 2019, 2019-05, 2019-05-30 or {from: 2019-05, to: 2020}"
    yield "one:\n  date: 2019-13\n", f"2:3: date: there is no such day (month must be in 1..12): {shapes}"


@pytest.mark.parametrize(("text", "complaint"), [*known()])
def test_what_is_wrong_is_said_in_words_with_its_place_and_the_way_to_mend_it(
    file: Path, text: str, complaint: str
) -> None:
    assert complaints(file, text) == [f"a.yaml:{complaint}"]


def test_every_mistake_of_an_entry_is_said_at_once(file: Path) -> None:
    text = "titel: T\nnumber: many\nsteps: [{date: 20x}, {status: free}]\n"
    assert [complaint.split(": ")[0] for complaint in complaints(file, text)] == [
        "a.yaml:2:1",
        "a.yaml:3:10",
        "a.yaml:3:22",
        "a.yaml:1:1",
    ]


@pytest.mark.parametrize(
    ("warnings", "total"),
    [
        ([], "0 errors, 0 warnings"),
        ([False], "1 error, 0 warnings"),
        ([True], "0 errors, 1 warning"),
        ([True, False, True, False], "2 errors, 2 warnings"),
    ],
)
def test_one_is_counted_as_one(warnings: list[bool], total: str) -> None:
    assert summary([Problem("a", 1, 1, "", "", warning=warning) for warning in warnings]) == total


def test_something_that_yaml_cannot_hold_is_called_something_else() -> None:
    document = Document("a.yaml")
    nothing: dict[str, Any] = {"number": object()}
    assert valid(Thing, document, (), nothing, ENGLISH) is None
    assert [problem.what for problem in document.problems] == ["number holds something else, not a whole number"]
