"""Privacy: what is kept is said, and forgotten at once when somebody asks."""

from __future__ import annotations

import pytest

from bot.core.change import Forget
from bot.core.messages import Chat, Prefs
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


def test_forgetting_is_not_done_by_a_sentence_that_begins_so() -> None:
    assert Reader().asks("forget about politics").reply.changes == ()


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
