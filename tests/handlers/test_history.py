"""History: dated changes in words, newest first, and who says so."""

from __future__ import annotations

import pytest

from bot.core.calendar import PartialDate
from bot.core.messages import Chat, Request
from bot.core.past import Past, Turn
from handlers.history import asked
from tests.conversation import Reader

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])
DAY = PartialDate.parse("2025-01-31")
FREED = Turn({"custody": "detained", "case": "charged"}, {"custody": "free", "case": "charged"}, DAY, "CamboJA")


def reader(*turns: Turn, language: str = "", whole: bool = True) -> Reader:
    found = Reader(language)
    found.past = Past(turns, whole)
    return found


def test_a_change_is_said_in_words_with_its_date_and_who_says_so() -> None:
    reader(FREED).asks("/history kem-sokha").says(
        "Kem Sokha", "1 change", "1. custody: detained to free, 2025-01-31, CamboJA"
    )


def test_it_is_said_in_the_readers_language() -> None:
    reader(FREED, language="km").asks("/ប្រវត្តិ kem-sokha").says("ការឃុំខ្លួន៖", "2025-01-31, CamboJA").hides("custody")


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(None, {"custody": "free"}, DAY), "1. new here; custody: free, 2025-01-31"),
        (Turn(None, {}, DAY, "RFA"), "1. new here, 2025-01-31, RFA"),
        (
            Turn({"custody": "free"}, {"custody": "free"}, DAY, "RFA"),
            "1. as before, from a newer source; custody: free, 2025",
        ),
        (Turn({}, {}, DAY, "RFA"), "1. as before, from a newer source, 2025-01-31, RFA"),
        (Turn({}, {"case": "pardoned"}, DAY), "1. case: pardoned, 2025-01-31"),
        (
            Turn({"count": "2019 A 1"}, {"count": "2020-05 A-B 2"}, DAY),
            "1. newest count: 2019 A 1 to 2020-05 A-B 2, 2025",
        ),
        (
            Turn({"custody": "detained", "case": "charged"}, {"custody": "free", "case": "pardoned"}, DAY),
            "1. custody: detained to free; case: charged to pardoned, 2025-01-31",
        ),
    ],
)
def test_each_change_is_told_as_what_it_is(turn: Turn, words: str) -> None:
    reader(turn).asks("/history kem-sokha").says(words)


@LANGUAGES
def test_long_histories_are_paged_and_one_that_was_not_read_whole_says_so(language: str) -> None:
    many = reader(*[FREED] * 20, language=language, whole=False)
    pages = list(many.pages("/history kem-sokha"))
    assert sum(len(page.items) for page in pages) == 20
    assert many.phrase("history.older").strip("_") in pages[0].text


@LANGUAGES
def test_where_nothing_is_written_down_that_is_said(language: str) -> None:
    for nobody in (Reader(language), reader(language=language)):
        name = nobody.content.entries["kem-sokha"].heading
        assert nobody.asks("/history kem-sokha").text.startswith(nobody.phrase("history.none", name=name))


def test_what_names_no_entry_is_asked_again() -> None:
    Reader().asks("/history").says("/history")
    Reader().asks("/history kem-soka").says("kem-sokha")


def test_a_group_may_ask_too() -> None:
    group = reader(FREED)
    group.chat = Chat("telegram", "-1", private=False)
    group.asks("/history kem-sokha").says("custody: detained to free")


@pytest.mark.parametrize(
    ("argument", "name"), [("kem sokha", "kem-sokha"), ("kem-sokha page 2", "kem-sokha"), ("nobody", ""), ("", "")]
)
def test_the_entry_whose_past_is_wanted_is_known_before_it_is_told(argument: str, name: str) -> None:
    assert asked(Request(Chat("console", "1"), "history", argument), Reader().context) == name
