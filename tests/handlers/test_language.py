"""Language: the bot answers in the language that was chosen, in private, by any of its names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.change import SetLanguage
from bot.core.messages import Chat
from tests.conversation import Reader
from tests.packs import pack


@pytest.mark.parametrize("words", ["km", "KM", "km-KH", "ខ្មែរ", "Khmer", "khmer"])
def test_a_choice_is_kept_and_confirmed_in_that_language(words: str) -> None:
    reader = Reader("en")
    answer = reader.asks(f"/language {words}")
    assert answer.reply.changes == (SetLanguage("km"),)
    assert answer.text.startswith(str(reader.pack.views["km"].chosen["km"]))
    assert reader.content.locale.code == "km"
    assert reader.asks("/help").text.startswith(reader.phrase("help.lead"))
    assert reader.asks("/language English").text == str(reader.pack.views["en"].chosen["en"])
    assert reader.content.locale.code == "en"
    assert reader.asks("/language អង់គ្លេស").reply.changes == (SetLanguage("en"),)


@pytest.mark.parametrize("language", ["en", "km"])
def test_without_a_choice_all_languages_are_offered_by_their_own_names(language: str) -> None:
    reader = Reader(language)
    own = reader.content.languages
    answer = reader.asks("/language").says(own[language])
    assert answer.labels == list(own.values())
    assert answer.commands == [f"language {code}" for code in own]
    assert answer.reply.changes == ()


def test_a_language_that_the_pack_has_not_is_refused_and_the_others_offered() -> None:
    reader = Reader()
    answer = reader.asks("/language klingon").says("I do not speak “klingon”.", "I answer in English.")
    assert answer.reply.changes == ()
    assert len(answer.labels) == len(reader.content.languages)


def test_a_group_is_not_changed_by_one_of_its_members() -> None:
    group = Reader(chat=Chat("telegram", "-1", private=False))
    answer = group.asks("/language km").says("The language of a group cannot be changed here")
    assert answer.reply.changes == ()
    assert group.asks("/language").labels == list(group.content.languages.values())


def test_a_pack_in_one_language_offers_that_one(tmp_path: Path) -> None:
    assert Reader(pack=pack(tmp_path, {})).asks("/language").labels == ["English"]
