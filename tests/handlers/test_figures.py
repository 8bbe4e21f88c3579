"""Figures: a count is never bare; it stands behind its publisher, its date and its measure."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content import ContentBroken
from bot.core.text import Style
from handlers.figures import Figure, published
from tests.conversation import Reader
from tests.packs import entry, pack

COUNT = "date: '2024-04', publisher: A counter, measure: people held, url: 'https://a.example/'"


def figure(*series: str, **fields: str) -> str:
    counts = "".join(f"\n  - {{{COUNT}, {count}}}" for count in series)
    return entry(title="People held", series=counts, **fields)


def reader(folder: Path, *series: str, **fields: str) -> Reader:
    return Reader(pack=pack(folder, {"figures/people-held.yaml": figure(*series, **fields)}))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        ("number: 1234", "1,234"),
        ("number: 35, more_than: true", "more than 35"),
        ("number: 35, at_least: true", "at least 35"),
        ("number: 35, about: true", "about 35"),
        ("number: {low: 30, high: 40}", "30–40"),
        ("number: 60, more_than: true, written: 26 released; more than 60 remain", "26 released; more than 60 remain"),
        ("note: no number", "?"),
    ],
)
def test_a_number_is_hedged_as_its_publisher_hedges_it(tmp_path: Path, count: str, said: str) -> None:
    card = reader(tmp_path, count).asks("people held").says(f"April 2024 · A counter: {said} — people held")
    assert "A counter" in card.marked(Style.LINK)
    assert said in card.marked(Style.BOLD)


def test_the_newest_counts_stand_on_the_card_and_all_in_the_record(tmp_path: Path) -> None:
    years = [f"number: {n}" for n in range(5)]
    series = figure(*years, caution="They do not compare.")
    for n in range(5):
        series = series.replace("2024-04", f"202{n}", 1)
    one = Reader(pack=pack(tmp_path, {"figures/people-held.yaml": series}))
    card = one.asks("people held").says("• 2024 · ", "• 2023 · ", "• 2022 · ", "(+2 more)\nThey do not compare.")
    card.hides("2021 ·", "2020 ·")
    one.presses("Full record").says("• 2020 · ", "• 2024 · ", "Caution\nThey do not compare.")
    one.asks("/figures").says("5 published counts.", "1. People held\n2024 · A counter: 4 — people held")
    one.asks("/figures 2020").says("2020 — 1 of 1 series here")
    assert len(one.asks("/timeline people-held").items) == 5


def test_the_record_says_where_a_count_was_seen_and_what_is_doubtful(tmp_path: Path) -> None:
    doubtful = "number: 35, seen_at: A copy, note: A note., unverified: [the date, the address]"
    one = reader(tmp_path, doubtful, "number: 36")
    said = "35 — people held A note. (read at A copy) (not verified: the date, the address)"
    one.asks("/full people-held").says(said, "36 — people held")


def test_a_figure_without_a_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentBroken) as refused:
        pack(tmp_path, {"figures/people-held.yaml": entry(title="People held", series="[]")})
    assert "series is empty" in str(refused.value.problems[0])


def test_every_count_is_listed_under_its_series_and_said_not_to_compare() -> None:
    one = Reader()
    first, *others = one.pages("/figures")
    figures = one.content.of(Figure)
    counts = sum(len(each.series) for each in figures)
    first.says(f"{counts} published counts.", "They do not compare.")
    assert sum(len(answer.items) for answer in (first, *others)) == counts
    shown = dict.fromkeys(name for answer in (first, *others) for name in answer.shown)
    newest = [max(count.date for count in each.series) for each in figures]
    order = [one.content.entries[name] for name in shown]
    assert [max(count.date for count in each.series) for each in order if isinstance(each, Figure)] == sorted(
        newest, reverse=True
    )


def test_the_counts_of_a_year_are_those_of_that_year() -> None:
    one = Reader()
    counts = [count for each in one.content.of(Figure) for count in each.series if 2019 in count.date.years]
    pages = list(one.pages("/figures 2019"))
    listed = "\n".join(answer.text for answer in pages)
    assert sum(len(answer.items) for answer in pages) == len(counts)
    assert all(str(count.said(one.context)) in listed for count in counts)


def test_no_shipped_count_is_shown_without_publisher_and_measure() -> None:
    one = Reader()
    for each in one.content.of(Figure):
        full = one.asks(f"/full {each.id}")
        for count in each.series:
            assert str(count.said(one.context)) in full.text
            full.says(f"{count.publisher}: ", count.counted(one.context), " — ", count.measure)


def test_where_nobody_counts_nothing_is_said_of_others(tmp_path: Path) -> None:
    assert published(reader(tmp_path, "number: 35").context) is None
    said = published(reader(tmp_path / "chart", "number: 35", chart="prisoners").context)
    assert said
    assert str(said) == "What others count:\n• April 2024 · A counter: 35 — people held"
