"""Privacy: what is kept is said, and forgotten at once when somebody asks."""

from __future__ import annotations

import pytest

from bot.core.change import Forget, Panic
from bot.core.messages import Chat, Prefs, Role
from tests.conversation import Reader


@pytest.mark.parametrize("platform", ["telegram", "matrix", "console"])
@pytest.mark.parametrize("language", ["en", "km"])
def test_it_is_said_what_is_kept_and_what_the_platform_sees(language: str, platform: str) -> None:
    reader = Reader(language, chat=Chat(platform, "1"))
    reader.asks("/privacy").says(reader.phrase("privacy.kept"), reader.phrase(f"privacy.platform.{platform}"))


def test_of_an_unknown_platform_nothing_is_claimed() -> None:
    reader = Reader(chat=Chat("carrier-pigeon", "1"))
    assert reader.asks("/privacy").text == reader.phrase("privacy.kept")


def test_forgetting_is_one_word_and_takes_effect_before_the_answer() -> None:
    reader = Reader()
    reader.asks("/language km")
    answer = reader.asks("forget")
    assert answer.reply.changes == (Forget(),)
    assert answer.text.startswith(str(reader.pack.views["km"].say("privacy.forgotten")))
    assert reader.content.locale.code == "en"


@pytest.mark.parametrize("language", ["en", "km"])
@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("platform", ["telegram", "matrix", "console", "carrier-pigeon"])
def test_who_is_forgotten_hears_what_stays_on_this_platform_and_of_no_other(
    language: str, platform: str, private: bool
) -> None:
    reader = Reader(language, chat=Chat(platform, "1", private=private), role=Role.ADMIN)
    said = {name: str(text) for name, text in reader.content.phrases.items() if name.startswith("privacy.stays.")}
    leaves = {name: reader.phrase(f"privacy.leaves.matrix.{name}") for name in ("private", "group")}
    forgotten = reader.phrase("privacy.forgotten")
    answer = reader.asks("/forget").says(forgotten)
    assert [name for name, text in said.items() if text in answer.text] == [
        name for name in said if name.endswith(platform)
    ]
    here = "private" if private else "group"
    assert [name for name, text in leaves.items() if text in answer.text] == ([here] if platform == "matrix" else [])
    others = {"telegram": "Telegram", "matrix": "Matrix"}
    answer.hides(*(name for other, name in others.items() if other != platform))


def test_forgetting_is_not_done_by_a_sentence_that_begins_so() -> None:
    assert Reader().asks("forget about politics").reply.changes == ()


@pytest.mark.parametrize("words", ["/panic", "!panic", "panic", "/panic now please"])
def test_panic_is_one_word_without_a_question_and_without_an_answer(words: str) -> None:
    reader = Reader()
    reader.asks("/language km")
    answer = reader.asks(words)
    assert (answer.text, answer.labels, answer.reply.changes) == ("", [], (Panic(),))
    assert reader.prefs == Prefs()


def test_a_sentence_that_begins_with_panic_is_a_question() -> None:
    assert Reader().asks("panic over arrests").reply.changes == ()


def test_in_a_group_one_member_alone_erases_nothing() -> None:
    reader = Reader(chat=Chat("telegram", "-1", private=False))
    assert reader.asks("/panic").says(reader.phrase("bad.admins")).reply.changes == ()


@pytest.mark.parametrize("language", ["en", "km"])
def test_it_is_said_what_subscribing_keeps_and_forgetting_erases_that_too(language: str) -> None:
    reader = Reader(language)
    reader.asks("/privacy").says("/stop", "7", "/forget")
    reader.asks("/subscribe laws")
    reader.asks("/follow kem-sokha")
    forgotten = reader.phrase("privacy.forgotten")
    reader.asks("/forget").says(forgotten)
    assert reader.prefs == Prefs()


@pytest.mark.parametrize("platform", ["telegram", "matrix", "console"])
@pytest.mark.parametrize("language", ["en", "km"])
def test_the_first_words_about_privacy_are_short(language: str, platform: str) -> None:
    reader = Reader(language)
    first = f"{reader.content.pack.first_contact} {reader.phrase(f'privacy.platform.{platform}')}"
    assert "/stop" in first
    assert len(first) < 400
