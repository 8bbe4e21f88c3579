"""Calendar: a date is no more exact than its source, and is compared, sorted and printed as what it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.calendar import PartialDate, Period
from bot.core.entry import Source

parse = PartialDate.parse
days = st.dates().map(str)
singles = days | days.map(lambda day: day[:7]) | days.map(lambda day: day[:4])
spans = st.tuples(singles.map(parse), singles.map(parse)).map(sorted).map(lambda ends: {"from": ends[0], "to": ends[1]})
partials = (singles | spans).map(parse)


@given(singles)
def test_a_date_is_printed_as_it_was_written(written: str) -> None:
    read = parse(written)
    assert str(read) == written
    assert parse(str(read)) == read
    assert read.ends == (read,)


@given(spans)
def test_a_span_is_printed_with_both_its_ends(written: dict[str, PartialDate]) -> None:
    span = parse(written)
    start, end = span.ends
    assert str(span) == f"{written['from']}/{written['to']}"
    assert (start, end) == (written["from"], written["to"])
    assert parse({"from": str(start), "to": str(end)}) == span


@given(partials)
def test_a_date_covers_its_own_days(partial: PartialDate) -> None:
    assert partial.first <= partial.last
    assert list(partial.years) == list(range(partial.first.year, partial.last.year + 1))
    assert parse(partial) is partial


@given(st.dates(), st.dates())
def test_a_month_and_a_year_end_with_their_last_day(day: date, other: date) -> None:
    assert parse(str(day)).last == day
    assert parse(str(day)[:4]).last == date(day.year, 12, 31)
    month = parse(str(other)[:7])
    assert month.first.day == 1
    assert month.last == date.max or (month.last + timedelta(days=1)).day == 1
    assert month.last.month == other.month


@given(st.lists(partials, max_size=6))
def test_dates_sort_by_their_first_day_then_by_their_last(some: list[PartialDate]) -> None:
    days = [(one.first, one.last) for one in sorted(some)]
    assert days == sorted(days)


@given(partials, partials, partials)
def test_the_order_of_dates_is_an_order(one: PartialDate, two: PartialDate, three: PartialDate) -> None:
    assert (one < two) + (one == two) + (one > two) == 1
    assert not (one < two < three) or one < three
    assert one != two or hash(one) == hash(two)


def test_a_year_stands_before_its_days() -> None:
    order = ["2018-12-31", "2019-01", "2019-01-01", "2019"]
    assert [str(each) for each in sorted(map(parse, order))] == ["2018-12-31", "2019-01-01", "2019-01", "2019"]


@pytest.mark.parametrize(
    ("written", "today", "months"),
    [
        ("2026-05-23", date(2026, 11, 23), 6),
        ("2026-05-24", date(2026, 11, 23), 5),
        ("2026-05", date(2026, 11, 30), 5),
        ("2026-05", date(2026, 12, 1), 6),
        ("2025", date(2026, 11, 23), 10),
        ("2027", date(2026, 11, 23), 0),
        ("2026-11-23", date(2026, 11, 23), 0),
    ],
)
def test_age_is_counted_in_full_months_since_the_last_day(written: str, today: date, months: int) -> None:
    assert parse(written).months_before(today) == months


@given(partials, st.dates())
def test_no_age_is_negative(partial: PartialDate, today: date) -> None:
    assert partial.months_before(today) >= 0


@pytest.mark.parametrize(
    "written", ["", "19", "2019-5", "2019-05-30T00:00", "30 May 2019", "2019-05-30\n", True, None, 2.5, ["2019"]]
)
def test_what_is_no_date_is_refused_with_a_way_to_mend_it(written: object) -> None:
    with pytest.raises(ValueError, match="not a date: write 2019"):
        parse(written)


@pytest.mark.parametrize("written", ["2019-13", "2019-02-29", "2019-00-01", "0000", 0])
def test_a_day_that_never_was_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"there is no such day .*: write 2019|not a date"):
        parse(written)


def test_a_span_needs_both_ends_in_their_order() -> None:
    with pytest.raises(ValueError, match="exchange from and to"):
        parse({"from": "2020", "to": "2019-12"})
    with pytest.raises(ValueError, match="not a date"):
        parse({"from": "2020"})
    assert str(parse({"from": 2019, "to": "2019-05"})) == "2019/2019-05"


def test_a_model_holds_dates_and_writes_them_as_they_were() -> None:
    source = Source(title="A", publisher="B", url="https://a.b", date=parse({"from": "2019-05", "to": 2020}))
    assert '"date":"2019-05/2020"' in source.model_dump_json()


# ---------------------------------------------------------------------------- periods

WRITTEN = st.sampled_from(["2017", "2019", "2019-05", "2019-05-30", "2024-12", "2024"])


@given(WRITTEN, WRITTEN)
def test_a_period_is_written_as_it_is_read(one: str, other: str) -> None:
    for written in (one, f"{one}..", f"..{one}"):
        assert str(Period.parse(written)) == written
    first, last = sorted((one, other), key=lambda each: parse(each).first)
    assert Period.parse(f"{first}..{last}") == Period(parse(first), parse(last))


@pytest.mark.parametrize("written", ["", "..", "soon", "2019-13", "2020..2019", "2019...2020"])
def test_what_is_no_period_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"a period|the period|not a date|no such day"):
        Period.parse(written)


@pytest.mark.parametrize(
    ("period", "when", "has", "may_have"),
    [
        ("2024-09", "2024-09-30", True, True),
        ("2024-09", "2024", False, True),  # of that year, but of which month?
        ("2024-09", "2024-10", False, False),
        ("2024", "2024-09", True, True),
        ("..2017", "2017-12-31", True, True),
        ("..2017", "2018", False, False),
        ("2021..", "2030", True, True),
        ("2019..2021", "2020", True, True),
        ("2021", {"from": "2020-11", "to": 2022}, True, True),  # it lasted over that year
        ("2020-11-05", {"from": "2020-11", "to": 2022}, False, True),
    ],
)
def test_a_period_has_what_is_certainly_of_it(period: str, when: object, has: bool, may_have: bool) -> None:
    assert (Period.parse(period).has(parse(when)), Period.parse(period).may_have(parse(when))) == (has, may_have)


def test_a_period_without_a_start_is_before_the_next_year_month_or_day() -> None:
    before = [
        str(Period.parse(written).before) for written in ("..2017", "..2024-12", "..2024-02-29", "2017", "2017..")
    ]
    assert before == ["2018", "2025-01", "2024-03-01", "None", "None"]


def test_two_open_periods_that_face_one_another_are_one() -> None:
    after, before = Period.parse("2019.."), Period.parse("..2020")
    assert after.meets(before) == before.meets(after) == Period.parse("2019..2020")
    assert after.meets(Period.parse("..2018")) is None
    assert after.meets(after) is None
