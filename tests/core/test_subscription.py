"""Subscription: when the next word is due, in every zone and over every change of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.subscription import Pace, Quiet, Settings, Subscriptions, due, is_zone, zone

HOME = "Asia/Phnom_Penh"  # UTC+7, the whole year
BERLIN = "Europe/Berlin"  # on 29 March 2026 there is no 2:30, on 25 October there are two
NIGHT = Settings(quiet=Quiet(22 * 60, 7 * 60))


def at(words: str, name: str = HOME) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(name)).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "settings", "pace", "then"),
    [
        ("2026-11-23 12:00", Settings(), Pace.NOW, "2026-11-23 12:00"),
        ("2026-11-23 23:30", NIGHT, Pace.NOW, "2026-11-24 07:00"),
        ("2026-11-24 03:00", NIGHT, Pace.NOW, "2026-11-24 07:00"),
        ("2026-11-24 07:00", NIGHT, Pace.NOW, "2026-11-24 07:00"),
        ("2026-11-23 13:10", Settings(quiet=Quiet(13 * 60, 14 * 60)), Pace.NOW, "2026-11-23 14:00"),
        ("2026-11-23 12:00", Settings(quiet=Quiet(60, 60)), Pace.NOW, "2026-11-23 12:00"),
        ("2026-11-23 07:59", Settings(digest_hour=8), Pace.DAILY, "2026-11-23 08:00"),
        ("2026-11-23 08:00", Settings(digest_hour=8), Pace.DAILY, "2026-11-24 08:00"),
        ("2026-11-23 09:00", Settings(digest_hour=8, digest_day=0), Pace.WEEKLY, "2026-11-30 08:00"),
        ("2026-11-23 07:00", Settings(digest_hour=8, digest_day=0), Pace.WEEKLY, "2026-11-23 08:00"),
        ("2026-11-23 09:00", Settings(digest_hour=6, quiet=NIGHT.quiet), Pace.DAILY, "2026-11-24 07:00"),
    ],
)
def test_a_word_waits_for_the_digest_and_for_the_end_of_the_quiet_hours(
    now: str, settings: Settings, pace: Pace, then: str
) -> None:
    assert due(at(now), settings, pace, HOME) == at(then)


def test_an_urgent_word_waits_for_no_digest_and_breaks_quiet_hours_only_where_that_was_chosen() -> None:
    assert due(at("2026-11-23 12:00"), Settings(), Pace.WEEKLY, HOME, urgent=True) == at("2026-11-23 12:00")
    assert due(at("2026-11-23 23:30"), NIGHT, Pace.NOW, HOME, urgent=True) == at("2026-11-24 07:00")
    breaking = Settings(quiet=NIGHT.quiet, urgent_breaks_quiet=True)
    assert due(at("2026-11-23 23:30"), breaking, Pace.DAILY, HOME, urgent=True) == at("2026-11-23 23:30")
    assert due(at("2026-11-23 23:30"), breaking, Pace.NOW, HOME) == at("2026-11-24 07:00")


def test_hours_are_those_of_the_subscriber_and_else_of_the_pack() -> None:
    here = Settings(zone=BERLIN, digest_hour=8)
    assert due(at("2026-11-23 12:00", BERLIN), here, Pace.DAILY, HOME) == at("2026-11-24 08:00", BERLIN)
    lost = Settings(zone="Asia/Atlantis", digest_hour=8)  # a zone that the machine knows no more
    assert due(at("2026-11-23 12:00"), lost, Pace.DAILY, HOME) == at("2026-11-24 08:00")


def test_an_hour_that_a_clock_change_skips_comes_later_and_one_that_comes_twice_comes_once() -> None:
    half_past_two = Settings(zone=BERLIN, digest_hour=2)
    spring = due(at("2026-03-28 12:00", BERLIN), half_past_two, Pace.DAILY, HOME)
    assert spring == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 3:00 in summer time
    autumn = due(at("2026-10-24 12:00", BERLIN), half_past_two, Pace.DAILY, HOME)
    assert autumn == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert due(autumn, half_past_two, Pace.DAILY, HOME) == datetime(2026, 10, 26, 1, tzinfo=UTC)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds it)
    st.sampled_from(sorted(available_timezones())),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
    st.sampled_from(Pace),
)
def test_it_is_never_in_the_past_nor_in_quiet_hours_nor_more_than_nine_days_off(
    now: datetime, name: str, quiet: tuple[int, int], pace: Pace
) -> None:
    settings = Settings(zone=name, quiet=Quiet(*quiet))
    then = due(now, settings, pace, HOME)
    assert now <= then <= now + timedelta(days=9)
    local = then.astimezone(ZoneInfo(name))
    # Where the clock skips the end of quiet hours, they end with the skipped hour.
    skipped = datetime.combine(local.date(), time(*divmod(quiet[1], 60)), local.tzinfo)
    real = skipped.astimezone(UTC).astimezone(local.tzinfo)
    assert not Quiet(*quiet).covers(local.hour * 60 + local.minute) or real != skipped or local.fold


def test_a_zone_has_a_name_that_the_machine_knows() -> None:
    assert is_zone(HOME)
    assert not any(map(is_zone, ("Asia/Atlantis", "", "../etc/passwd", "x" * 5000)))
    assert zone("Asia/Atlantis") is UTC


def test_who_hears_of_nothing_has_no_subscription() -> None:
    assert not Subscriptions()
    assert Subscriptions({"laws": Pace.NOW})
    assert Subscriptions(follows=("kem-sokha",))
