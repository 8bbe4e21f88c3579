"""Document: what YAML means here, where everything stands, and what is wrong with a file that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.content.document import Document, read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


def of(file: Path, text: str | bytes) -> Document:
    """A file with this text, read."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(file, "some.yaml")


def complaints(document: Document) -> list[str]:
    return [str(problem) for problem in document.problems]


# --- what is written is what is meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2019", 2019),
        ("-5", -5),
        ("0", 0),
        ("2019-05", "2019-05"),
        ("2019-05-30", "2019-05-30"),
        ("1e3", "1e3"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("007", "007"),
        ("1.5", "1.5"),
        (".inf", ".inf"),
        ("២០១៩", "២០១៩"),
        ("9" * 18, 999_999_999_999_999_999),
        ("9" * 5000, "9" * 5000),
        ("'2019'", "2019"),
        ('"true"', "true"),
        ("''", ""),
        ("'null'", "null"),
        ("|\n  2019\n", "2019\n"),
        (">-\n  one\n  two", "one two"),
        ("!!str 5", 5),
        ("=", "="),
    ],
)
def test_a_scalar_means_what_it_looks_like(file: Path, written: str, meant: Any) -> None:
    document = of(file, f"key: {written}\n")
    assert (document.data, complaints(document)) == ({"key": meant}, [])
    assert type(document.data["key"]) is type(meant)


def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_the_words(file: Path) -> None:
    assert of(file, "\ufefftitle: ប្រទីប\r\nkinds:\r\n  - one\r\n").data == {"title": "ប្រទីប", "kinds": ["one"]}


def test_an_alias_to_words_is_those_words(file: Path) -> None:
    assert of(file, "one: &same Phnom Penh\ntwo: *same\n*same : 3\n").data == {
        "one": "Phnom Penh",
        "two": "Phnom Penh",
        "Phnom Penh": 3,
    }


def test_the_digest_changes_with_the_text_alone(file: Path) -> None:
    first = of(file, "a: 1\n").digest
    assert first == of(file, "\ufeffa: 1\n").digest
    assert first != of(file, "a:  1\n").digest


# --- where everything stands


def test_every_key_and_every_part_of_a_list_has_its_place(file: Path) -> None:
    text = "title: T\nsources:\n  - title: S\n    url: u\n  - {title: ប្រទីប, url: v}\n"
    places = {
        (): (1, 1),
        ("title",): (1, 1),
        ("sources",): (2, 1),
        ("sources", 0): (3, 5),
        ("sources", 0, "title"): (3, 5),
        ("sources", 0, "url"): (4, 5),
        ("sources", 1): (5, 5),
        ("sources", 1, "title"): (5, 6),
        ("sources", 1, "url"): (5, 21),
        ("sources", 2): None,
        ("title", 0): None,
    }
    assert {place: of(file, text).at(place) for place in places} == places


def test_what_is_missing_is_objected_to_at_the_nearest_place_above(file: Path) -> None:
    document = of(file, "a: 1\nb:\n  - c: 2\n")
    document.object(("b", 0, "c", "d", 5), "here", "mend")
    document.object(("z", "y"), "there", "mend", warning=True)
    assert complaints(document) == ["some.yaml:3:5: here: mend", "some.yaml:1:1: warning: there: mend"]


# --- what cannot be read

LOOK = "look for a missing quote, bracket or indentation just before this place"
STAR = "put quotes around words that begin with * or &"
EMPTY = "1:1: the file is empty: write an entry or delete the file"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", EMPTY),
        ("# only a note\n", EMPTY),
        ("---\n", EMPTY),
        ("~\n", EMPTY),
        ("\ufeff", EMPTY),
        (
            "title: a\n\tdate: 2019\n",
            "2:1: found a tab character that violates indentation: use spaces instead of tabs",
        ),
        ("a:\n-\tb\n", "2:2: found character that cannot start any token: use spaces instead of tabs"),
        (
            "title: `code`\n",
            "1:8: found character that cannot start any token: put quotes around words that begin with such a sign",
        ),
        (
            "a:\n  - b\n\t- c\n",
            "3:1: found a tab character that violates indentation: use spaces instead of tabs",
        ),
        (
            "title: Cambodia: a report\n",
            "1:16: mapping values are not allowed in this context: put quotes around words that contain a colon",
        ),
        ('title: "open\n', "2:1: found unexpected end of stream: " + LOOK),
        ("states: [Norway, Canada\ntitle: a\n", "2:6: did not find expected ',' or ']': " + LOOK),
        (
            "a: b\n c: d\n",
            "2:3: mapping values are not allowed in this context: put quotes around words that contain a colon",
        ),
        (
            "title: *bold* words\n",
            f"1:13: did not find expected alphabetic or numeric character: {STAR}",
        ),
        ("title: *bold\n", "1:8: *bold stands for nothing: write it out, or put quotes around it"),
        ("a: &list [x]\nb: *list\n", "2:4: *list stands for nothing: write it out, or put quotes around it"),
        ("a: &me [*me]\n", "1:9: *me stands for nothing: write it out, or put quotes around it"),
        ("? [a, b]\n: c\n", "1:3: a key must be one word: write key: value"),
        ("{a: b}: c\n", "1:1: a key must be one word: write key: value"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here: make it a file of its own"),
        ("a: 1\nប្រទីប: \x07\n", "2:9: a hidden control character stands here: remove it"),
        (b"a: 1\ntitle: caf\xe9\n", "2:11: this is not UTF-8: save the file as UTF-8"),
        ("\ufeffប្រទីប: ".encode() + b"\xff", "1:9: this is not UTF-8: save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), "1:1: this is not UTF-8: save the file as UTF-8"),
    ],
)
def test_a_file_that_is_no_yaml_says_where_and_how_to_mend_it(file: Path, text: str | bytes, complaint: str) -> None:
    document = of(file, text)
    assert (document.data, complaints(document)) == (None, [f"some.yaml:{complaint}"])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[" * 100_000, "1:42"),
        ("- " * 100_000, "1:83"),
        ("{a: " * 100_000, "1:165"),
        ("[1, " * 100_000, "1:165"),
        ("[&a " * 100_000, "1:162"),
        ("[# note\n" * 100_000, "42:1"),
        ("".join(" " * depth + "-\n" for depth in range(399)), "42:42"),
        ("".join(" " * depth + "a:\n" for depth in range(399)), "42:42"),
    ],
    ids=["brackets", "dashes", "braces", "parts", "anchors", "notes", "lists", "mappings"],
)
def test_what_is_nested_without_end_is_refused_and_not_followed(file: Path, text: str, place: str) -> None:
    assert complaints(of(file, text)) == [f"some.yaml:{place}: this is nested too deeply: flatten it"]


def test_forty_levels_are_read(file: Path) -> None:
    document = of(file, "[" * 41 + "]" * 41)
    assert (document.problems, document.data is not None) == ([], True)


def test_a_key_that_stands_twice_is_refused_each_time(file: Path) -> None:
    document = of(file, "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert complaints(document) == [
        "some.yaml:4:3: c stands here twice: keep one of them",
        "some.yaml:5:1: a stands here twice: keep one of them",
    ]


def test_a_file_that_is_too_large_is_not_read(file: Path) -> None:
    assert complaints(of(file, b"a: b\n" * 800_001)) == ["some.yaml:1:1: the file is too large: split it: at most 4 MB"]


def test_a_file_that_is_not_there_or_no_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    assert complaints(read(tmp_path / "none.yaml", "none.yaml")) == ["none.yaml:1:1: there is no such file: write it"]
    assert complaints(read(tmp_path, "folder.yaml")) == [
        "folder.yaml:1:1: the file cannot be read (Is a directory): check its permissions"
    ]
