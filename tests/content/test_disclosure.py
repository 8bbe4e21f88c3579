"""Disclosure: the quick look at a whole file passes over nothing that a look at each of its words would find."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.content import disclosure
from bot.content.document import Document

SIGNS = st.text("0123456789០១៩ .,;:/()+-–\u00a0°'′@NSEWIDablngto", max_size=40)
TELLING = st.sampled_from([pattern for pattern, _, _ in disclosure.PRIVATE]).flatmap(st.from_regex)


def found(*words: str) -> list[str]:
    document = Document("some.yaml", dict(zip("abc", words, strict=False)))
    disclosure.check(document)
    return sorted({problem.what.removeprefix("this looks like ") for problem in document.problems})


@given(st.one_of(SIGNS, TELLING), SIGNS)
def test_whatever_fits_a_pattern_is_found_among_other_words(words: str, others: str) -> None:
    fitting = {what for pattern, what, _ in disclosure.PRIVATE for each in (words, others) if pattern.search(each)}
    assert fitting <= set(found("before", words, others))


def test_a_hidden_character_at_the_end_of_some_words_is_found_before_others() -> None:
    assert found("one\r", "two") == ["a hidden control character stands here"]


def test_an_address_is_no_words_but_nothing_may_be_hidden_in_it() -> None:
    document = Document("some.yaml", {"url": "https://example.org/012 345 678"})
    disclosure.check(document)
    assert document.problems == []
    document.data = {"url": "https://example.org/\u202e"}
    disclosure.check(document)
    assert [problem.what for problem in document.problems] == ["a hidden control character stands here"]
