"""Rendering: what is frozen comes back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.text import Mark, Style, Text, parse
from bot.delivery.rendering import frozen, thawed


@st.composite
def texts(draw: st.DrawFn) -> Text:
    plain = draw(st.text(st.characters(exclude_categories=["Cs"])))
    places = st.integers(0, len(plain))
    spans = draw(st.lists(st.tuples(places, places, st.sampled_from(Style), st.text(max_size=20)), max_size=5))
    return Text(plain, tuple(Mark(min(a, b), max(a, b), style, target) for a, b, style, target in spans))


@given(texts())
def test_what_is_frozen_comes_back_as_it_was(text: Text) -> None:
    assert thawed(frozen(text)) == text


def test_marks_and_khmer_stay_what_they_are() -> None:
    text = parse("*ច្បាប់* /show law [source](https://example.org)")
    assert thawed(frozen(text)) == text
    assert "ច្បាប់" in frozen(text)
