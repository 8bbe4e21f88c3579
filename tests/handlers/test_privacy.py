"""Privacy: what is kept is said, and forgotten at once when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.core.change import Forget, Panic
from bot.core.messages import Chat, Prefs, Role
from tests.conversation import Answer, Reader


@pytest.mark.parametrize("platform", ["telegram", "matrix", "console"])
@pytest.mark.parametrize("language", ["en", "km"])
def test_it_is_said_what_is_kept_and_what_the_platform_sees(language: str, platform: str) -> None:
    reader = Reader(language, chat=Chat(platform, "1"))
    seen, held = reader.phrase(f"privacy.platform.{platform}"), "privacy.held.matrix"
    answer = reader.asks("/privacy").says(seen, reader.phrase("privacy.kept"), reader.phrase("privacy.remaining"))
    assert (reader.phrase(held) in answer.text) == (platform == "matrix")
    assert [days for days in ("7", "12", "30", "31", "48") if days not in answer.text] == []


def test_of_an_unknown_platform_nothing_is_claimed() -> None:
    reader = Reader(chat=Chat("carrier-pigeon", "1"))
    kept = [reader.phrase(f"privacy.{part}") for part in ("kept", "remaining")]
    assert reader.asks("/privacy").text == "\n\n".join(kept)


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


def test_updates_go_on_where_there_are_any() -> None:
    reader = Reader()
    assert reader.asks("keep").says(reader.phrase("privacy.keeps_nothing")).reply.changes == ()
    reader.asks("/follow kem-sokha")
    assert reader.asks("/keep").text == reader.phrase("privacy.keeps")


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
    reader = Reader(language, chat=Chat(platform, "1"))
    around = (reader.phrase("start.welcome", title=reader.content.pack.title), reader.phrase("start.how"))
    first = said(reader.asks("/start"), around, reader)
    assert "/stop" in first
    assert "/forget" in first
    assert reader.phrase(f"privacy.platform.{platform}") in first
    assert len(first) < 400


@pytest.mark.parametrize("platform", ["telegram", "matrix", "console"])
@pytest.mark.parametrize("language", ["en", "km"])
@pytest.mark.parametrize("command", ["follow kem-sokha", "subscribe laws"])
def test_with_the_first_subscription_the_words_about_privacy_are_short(
    command: str, language: str, platform: str
) -> None:
    reader = Reader(language, chat=Chat(platform, "1"))
    seen = reader.phrase(f"privacy.platform.{platform}")
    first = said(reader.asks(f"/{command}"), (), reader)
    assert seen in first
    hours = reader.phrase("subscribe.hours", zone=reader.content.pack.time_zone)
    words = first[first.index(seen) :].partition(hours)[0]
    assert words.startswith(f"{seen}\n\n{reader.phrase('subscribe.kept')}")
    assert len(words) < 400
    reader.asks(f"/{command}").hides(seen)


def said(answer: Answer, around: Sequence[str], reader: Reader) -> str:
    """An answer without some of its paragraphs, and without the note that it is a draft."""
    notes = [reader.phrase(f"note.{name}") for name in ("draft", "fallback", "both")]
    return "\n\n".join(part for part in answer.text.split("\n\n") if part not in (*around, *notes))
