"""Pace: a chat may ask much at once and then steadily; none waits for another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.pace import AT_ONCE, EACH_SECONDS, Pace


def test_thirty_questions_at_once_are_answered_at_once_and_then_one_every_two_seconds() -> None:
    pace = Pace()
    assert [pace.turn("one", 100.0) for _ in range(AT_ONCE)] == [0.0] * AT_ONCE
    assert [pace.turn("one", 100.0) for _ in range(4)] == [2.0, 4.0, 6.0, 8.0]


def test_it_is_known_before_whether_a_turn_has_to_wait() -> None:
    pace = Pace()
    for _ in range(AT_ONCE + 3):
        slows = pace.slows("one", 100.0)
        assert slows == (pace.turn("one", 100.0) > 0)
    assert pace.slows("one", 100.0)
    assert not pace.slows("one", 200.0)
    assert not pace.slows("two", 100.0)


def test_a_chat_that_asks_much_holds_up_no_other() -> None:
    pace = Pace()
    for _ in range(1000):
        pace.turn("one", 100.0)
    assert pace.turn("two", 100.0) == 0.0


def test_who_was_quiet_for_a_minute_may_ask_thirty_again() -> None:
    pace = Pace()
    for _ in range(AT_ONCE):
        pace.turn("one", 100.0)
    assert [pace.turn("one", 160.0) for _ in range(AT_ONCE)] == [0.0] * AT_ONCE
    assert pace.turn("one", 160.0) > 0


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_no_minute_has_more_turns_than_sixty_and_each_has_its_turn(gaps: list[float]) -> None:
    pace, now, turns = Pace(), 0.0, []
    for gap in gaps:
        now += gap
        turns.append(now + pace.turn("one", now))
    assert turns == sorted(turns)
    window = AT_ONCE + 60 / EACH_SECONDS
    assert all(sum(start <= turn < start + 60 for turn in turns) <= window + 1 for start in turns)


def test_only_so_many_chats_are_remembered_and_none_that_is_quiet() -> None:
    pace = Pace()
    for number in range(20_000):
        pace.turn(number, 100.0)
    assert len(pace._spent) == 10_000
    pace.turn("later", 200.0)
    assert len(pace._spent) == 1
