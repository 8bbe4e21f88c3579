"""Sheet: what is added is there, and every character that was there is there still."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.document import parse
from bot.content.schema import directive
from bot.content.sheet import Sheet, Unwritable

ORDER = "id gist official_text response themes sources".split()
TEXT = """# The head.
- id: one # the first
  gist: >-
    Words in two
    lines, with # no comment.

  # of the sources
  sources:
    - title: A

# Before the second.
- id: two
  sources:
    - title: B
  gist: "after"
"""
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), min_size=1).map(
    lambda words: " ".join(words.split()) or "x"
)


def test_fields_stand_in_their_order_before_the_comments_of_what_follows() -> None:
    sheet = Sheet("x.yaml", TEXT, ORDER)
    sheet.add((0,), {"response": "noted", "official_text": "Theirs"}, {"title": "C"})
    sheet.add((1,), {"themes": ["a", "b"]})
    assert sheet.text() == TEXT.replace("comment.\n", "comment.\n  official_text: Theirs\n  response: noted\n").replace(
        "title: A\n", "title: A\n    - title: C\n"
    ).replace('"after"\n', '"after"\n  themes: [a, b]\n').replace("title: B\n  gist", "title: B\n  gist")


def test_a_file_keeps_its_line_ends_its_mark_and_a_missing_last_line_end() -> None:
    sheet = Sheet("x.yaml", "\ufeff- id: one\r\n  gist: x", ORDER)
    sheet.append({"id": "two"})
    assert sheet.text() == "\ufeff- id: one\r\n  gist: x\r\n\r\n- id: two\r\n"


def test_a_list_that_is_indented_or_empty_goes_on_as_it_is() -> None:
    sheet = Sheet("x.yaml", "  - id: one\n", ORDER)
    sheet.append({"id": "two", "themes": ["a"]})
    assert sheet.text() == "  - id: one\n\n  - id: two\n    themes: [a]\n"
    sheet = Sheet("x.yaml", "", ORDER)
    sheet.append({"id": "two"})
    assert sheet.text() == f"{directive('x.yaml')}\n- id: two\n"


def test_a_file_of_one_entry_takes_fields_and_no_second_entry() -> None:
    sheet = Sheet("x.yaml", "gist: x\nsources:\n  - title: A\n", ORDER)
    sheet.add((), {"response": "noted"}, {"title": "B", "url": "https://example.org"})
    assert sheet.text() == (
        "gist: x\nresponse: noted\nsources:\n  - title: A\n  - title: B\n    url: https://example.org\n"
    )
    with pytest.raises(Unwritable, match="holds one entry"):
        sheet.append({"id": "two"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- {id: one, sources: [{title: A}]}\n", "one stands in one line"),
        ("- id: one\n  sources: [{title: A}]\n", "the sources of one stand in one line"),
    ],
)
def test_what_stands_in_one_line_is_answered_before_anything_is_added(text: str, why: str) -> None:
    sheet = Sheet("x.yaml", text, ORDER)
    with pytest.raises(Unwritable, match=why):
        sheet.add((0,), {"response": "noted"}, {"title": "B"})
    assert sheet.text() == text


def test_what_would_not_say_what_it_should_is_not_written() -> None:
    sheet = Sheet("x.yaml", "-\n  id: one\n  gist: x\n-\n  id: two\n  gist: y\n", ORDER)
    sheet.add((0,), {"response": "noted"})
    with pytest.raises(Unwritable, match="nothing can be added"):
        sheet.text()


@given(
    st.dictionaries(st.sampled_from(ORDER[2:5]), WORDS | st.lists(WORDS, min_size=1) | st.integers(0, 999), min_size=1)
)
def test_any_words_are_read_back_as_they_are(fields: dict[str, Any]) -> None:
    sheet = Sheet("x.yaml", TEXT, ORDER)
    sheet.add((0,), fields)
    sheet.append({"id": "three", "nested": {"deep": [dict(fields)]}})
    text = sheet.text()
    left = iter(text.split("\n"))
    assert all(line in left for line in TEXT.rstrip("\n").split("\n"))
    assert parse(text, "x.yaml").data[0].items() >= fields.items()
