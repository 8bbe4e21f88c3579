"""About: what this bot is, how to use it, and the answers to what is no question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import handlers
from bot.core.messages import Chat, Mishap, Request
from bot.core.text import Style
from tests.conversation import ME, Reader
from tests.packs import pack, person

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])


@LANGUAGES
def test_help_lists_exactly_the_commands_that_are_listed(language: str) -> None:
    reader = Reader(language)
    answer = reader.asks("/help").says(reader.phrase("help.lead"))
    listed = [line for line in answer.text.splitlines() if " — " in line and line.startswith("/")]
    expected = [f"/{name} — {reader.phrase(f'command.{name}')}" for name in handlers.router.listed(reader.role)]
    assert listed == expected
    assert answer.marked(Style.COMMAND)[: len(expected)] == [f"/{name}" for name in handlers.router.listed(reader.role)]


@LANGUAGES
def test_every_example_of_help_and_start_is_answered(language: str) -> None:
    reader = Reader(language)
    for command in ("/help", "/start"):
        examples = reader.asks(command).marked(Style.CODE)
        assert examples
        for example in examples:
            answer = reader.asks(example)
            assert not answer.text.startswith(reader.phrase("list.nothing", what="\0").partition("\0")[0]), example
            assert not answer.text.startswith(reader.phrase("bad.unknown")), example


@LANGUAGES
@pytest.mark.parametrize("platform", ["telegram", "matrix", "console"])
def test_the_first_words_say_who_sees_this_chat_before_anything_else(language: str, platform: str) -> None:
    reader = Reader(language, chat=Chat(platform, "1"))
    first = reader.content.pack.first_contact
    assert first
    answer = reader.asks("/start").says(
        reader.content.pack.title, reader.phrase(f"privacy.platform.{platform}"), first, reader.phrase("start.how")
    )
    assert answer.commands == ["prisoners", "laws", "recommendations", "claims", "act", "help"]
    assert all(reader.pushes(button).items or button.command == "help" for button in answer.reply.buttons)


def test_a_deep_link_opens_its_entry_and_a_dead_one_says_hello() -> None:
    reader = Reader()
    assert reader.asks("/start kem-sokha").text == reader.asks("/show kem-sokha").text
    assert reader.asks("/start no-such-entry").text == reader.asks("/start").text


def test_a_pack_without_a_first_word_of_its_own_still_says_hello(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {}), chat=Chat("carrier-pigeon", "1"))
    reader.asks("/start").says("A tiny pack", reader.phrase("start.how"))


@LANGUAGES
def test_about_says_what_it_is_how_old_and_how_to_tell_it_from_others(language: str) -> None:
    reader = Reader(language)
    pack = reader.content.pack
    answer = reader.asks("/about").says(pack.title, pack.about or "", f"@{ME}", reader.phrase("about.limits"))
    answer.says(pack.licence or "", reader.content.caution())
    newest = max(entry.as_of for entry in reader.content.entries.values() if entry.as_of)
    answer.says(reader.phrase("about.newest", date=newest))


def test_about_says_no_age_and_no_handle_where_there_is_none(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {}))
    reply = handlers.router.dispatch(Request(reader.chat, "about"), replace(reader.context, me=""))
    assert reply
    assert "newest source" not in str(reply.text)
    assert "@" not in str(reply.text)
    dated = Reader(pack=pack(tmp_path / "dated", {"prisoners/a.yaml": person(as_of="'2024-08'")}))
    dated.asks("/about").says("The newest source behind a status here is of August 2024.")


@LANGUAGES
@pytest.mark.parametrize(
    ("mishap", "phrase"),
    [
        (Mishap.UNREADABLE, "bad.unreadable"),
        (Mishap.UNDECRYPTABLE, "bad.undecryptable"),
        (Mishap.EXPIRED, "bad.expired"),
    ],
)
def test_what_is_no_question_gets_an_honest_answer(language: str, mishap: Mishap, phrase: str) -> None:
    reader = Reader(language)
    answer = reader.gets(Request(reader.chat, "", mishap=mishap))
    assert answer
    answer.says(reader.phrase(phrase))


def test_a_number_that_the_last_list_has_not_is_named() -> None:
    reader = Reader()
    answer = reader.gets(Request(reader.chat, "", "9", mishap=Mishap.CHOICE))
    assert answer
    answer.says("There is no 9 in my last list.")


@LANGUAGES
def test_who_wants_to_compare_emoji_is_given_the_key_to_compare_elsewhere(language: str) -> None:
    reader = Reader(language)
    answer = reader.gets(Request(reader.chat, "", "LANTERN abcd efgh", mishap=Mishap.VERIFICATION))
    assert answer
    answer.says(reader.phrase("bad.verification", session="LANTERN", key="abcd efgh"))


@pytest.mark.parametrize("mishap", Mishap)
def test_what_only_a_platform_can_say_is_unknown_when_somebody_types_it(mishap: Mishap) -> None:
    assert mishap in handlers.router.mishaps
    reader = Reader()
    for words in (f"/{mishap.value}", f"!{mishap.value} 9"):
        assert reader.asks(words).text == reader.phrase("bad.unknown")
    said = [reader.phrase(f"bad.{each.value}", number="9", session="9", key="9") for each in Mishap]
    reader.asks(mishap.value).hides(*said)


def test_commands_that_are_not_listed_are_not_told_of() -> None:
    reader = Reader()
    helped = reader.asks("/help").text
    for name, command in handlers.router.commands.items():
        if not command.listed:
            assert f"/{name} " not in helped


def test_a_number_without_any_list_is_told_what_a_number_needs() -> None:
    reader = Reader()
    lost = reader.gets(Request(reader.chat, "", "2", mishap=Mishap.EXPIRED))
    assert lost
    lost.says("I remember no list here that “2” could be about", "30 minutes", "/prisoners")


@LANGUAGES
def test_a_greeting_is_greeted_and_thanks_are_answered(language: str) -> None:
    reader = Reader(language)
    for words in ("hello", "Hi!", "សួស្តី", "ជម្រាបសួរ"):
        assert reader.asks(words).text == reader.asks("/start").text
    for words in ("thanks", "Thank you!", "អរគុណ"):
        reader.asks(words).says(reader.phrase("thanks.said"))
    for words in ("who are you?", "អ្នកជានរណា"):
        assert reader.asks(words).text == reader.asks("/about").text
    for words in ("what can I do?", "what can i do to help", "តើខ្ញុំអាចធ្វើអ្វីបាន?"):
        assert reader.asks(words).text == reader.asks("/act").text
