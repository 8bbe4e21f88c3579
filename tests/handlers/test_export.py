"""Export: a file for one person, in the form that was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.messages import Chat, Document
from tests.conversation import Reader
from tests.packs import pack

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])


@LANGUAGES
def test_without_a_form_each_has_a_button(language: str) -> None:
    reader = Reader(language)
    for words in ("/export", "/export horse"):
        assert reader.asks(words).commands == ["export xlsx", "export csv", "export json"]
    assert reader.presses(reader.phrase("export.form.json")).reply.document == Document("json")


@LANGUAGES
@pytest.mark.parametrize("form", ["xlsx", "CSV", "json"])
def test_the_words_before_a_file_say_its_licence(language: str, form: str) -> None:
    answer = Reader(language).asks(f"/export {form}").says("CC BY 4.0")
    assert answer.reply.document == Document(form.lower())


def test_a_pack_without_a_licence_says_that_it_has_none(tmp_path: Path) -> None:
    Reader(pack=pack(tmp_path, {})).asks("/export json").says("Licence: not stated.")


@LANGUAGES
def test_in_a_group_there_is_none(language: str) -> None:
    group = Reader(language, chat=Chat("telegram", "-1", private=False))
    answer = group.asks("/export json")
    assert answer.text.startswith(group.phrase("export.private"))
    assert answer.reply.document is None
