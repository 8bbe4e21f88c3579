"""Messages: what was typed, in a private chat or a group, becomes a request or is none of our business."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages import Button, Chat, Reply, Request, read
from bot.core.text import Text

PRIVATE = Chat("telegram", "1")
GROUP = Chat("telegram", "2", private=False)


@pytest.mark.parametrize(
    ("words", "command", "argument"),
    [
        ("/prisoners", "prisoners", ""),
        ("!Prisoners  Kem \n Sokha ", "prisoners", "Kem Sokha"),
        ("/prisoners@PratipBot kem", "prisoners", "kem"),
        ("/PRISONERS@pratipbot", "prisoners", ""),
        ("/អ្នកទោស កឹម សុខា", "អ្នកទោស", "កឹម សុខា"),
        ("\u200e/help\u202e", "help", ""),
        ("kem sokha", "", "kem sokha"),
        ("  laws\nof 2018 ", "", "laws\nof 2018"),
        ("a/b", "", "a/b"),
        ("/", "", "/"),
        ("//help", "", "//help"),
        ("", "", ""),
    ],
)
def test_what_is_typed_in_private_is_a_command_or_free_text(words: str, command: str, argument: str) -> None:
    request = read(PRIVATE, words, me="PratipBot", language="km")
    assert request == Request(PRIVATE, command, argument, "km")
    assert request.addressed


def test_free_text_in_a_group_is_not_for_us() -> None:
    assert read(GROUP, "what do you think?") is None


def test_another_bots_command_is_not_for_us_anywhere() -> None:
    assert read(GROUP, "/help@OtherBot", me="PratipBot") is None
    assert read(PRIVATE, "/help@OtherBot", me="PratipBot") is None


def test_a_command_in_a_group_is_addressed_where_it_names_the_bot() -> None:
    plain, named = read(GROUP, "/help"), read(GROUP, "/help@PratipBot", me="PratipBot")
    assert plain
    assert named
    assert (plain.addressed, named.addressed) == (False, True)


@given(st.text(st.characters()), st.booleans())
def test_reading_never_fails_and_leaves_nothing_that_cannot_be_sent(words: str, private: bool) -> None:
    request = read(PRIVATE if private else GROUP, words)
    assert request or not private
    if request:
        assert request.line.encode("utf-8", "strict").decode() == request.line
        assert "\0" not in request.line


def test_a_request_is_written_as_one_would_type_it() -> None:
    assert Request(PRIVATE, "prisoners", "kem sokha").line == "prisoners kem sokha"
    assert Request(PRIVATE, "help").line == "help"


def test_the_buttons_of_a_reply_are_those_of_its_rows() -> None:
    one, two, three = (Button(label, label) for label in "abc")
    assert Reply(Text("?"), ((one, two), (three,))).buttons == (one, two, three)
