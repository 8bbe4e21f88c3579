"""Latest: updates first, then what changed last; nothing from the future, nothing that is over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.calendar import PartialDate
from bot.core.entry import Entry
from bot.core.text import Style, paragraphs, parse
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack, person

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])


def update(title: str, date: str, **fields: str) -> str:
    return entry(title=title, date=f"'{date}'", topics="[prisoners]", text="Some *words*.", **fields)


FILES = {
    "topics.yaml": "- {id: prisoners, name: Prisoners}\n",
    "updates/older.yaml": update("An older update", "2026-01-05"),
    "updates/newer.yaml": update("A newer update", "2026-02-05", expires="'2026-11-23'"),
    "updates/over.yaml": update("An update that is over", "2026-03-05", expires="'2026-11-22'"),
    "updates/future.yaml": update("A future update", "2026-11-24"),
    "prisoners/sok-vanna.yaml": person(
        "Sok Vanna",
        as_of="'2026-10-20'",
        proceedings="[{date: '2026-10', event: Tried.}, {date: '2026-12', event: An appeal.}]",
    ),
}


def test_updates_come_first_then_the_newest_events(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, FILES))
    answer = reader.asks("/latest").says("The newest source behind a status here is of 20 October 2026.")
    assert answer.shown == ["newer", "older", "sok-vanna"]
    answer.says(
        "1. 5 February 2026: A newer update", "2. 5 January 2026: An older", "3. October 2026: Sok Vanna — Tried."
    )
    answer.hides("over", "future", "appeal")


def test_an_update_is_an_entry_like_others(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, FILES))
    reader.asks("/latest")
    reader.presses("A newer update").says("A newer update", "5 February 2026. Some words.")
    reader.presses("Full record").says("Update\n5 February 2026. Some words.")


def test_without_any_status_no_age_is_said(tmp_path: Path) -> None:
    files = {"events/march.yaml": entry(title="A march", date="'2018'", text="People marched.")}
    Reader(pack=pack(tmp_path, files)).asks("/latest").hides("newest source").says("1. 2018: A march")


def test_nothing_shipped_is_from_the_future_or_out_of_order() -> None:
    reader = Reader()
    events = [event for each in reader.content.of(Entry) for event in each.events(reader.context)]
    past = sorted((event.date for event in events if event.date.first <= TODAY), reverse=True)
    first = reader.asks("/latest")
    said = [
        reader.phrase("event.line", date=PartialDate.parse(str(date)), event="") for date in past[: len(first.items)]
    ]
    first.says(*said)


def test_words_choose_what_the_latest_is_about(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, FILES))
    answer = reader.asks("/latest vanna").says("Newest updates and dated changes about “vanna”:")
    assert answer.shown == ["sok-vanna"]
    assert reader.asks("/latest cases").shown == ["sok-vanna"]
    nothing = reader.asks("/latest xyzzy").says("No updates or dated changes here are about “xyzzy”.")
    assert nothing.commands == ["latest"]
    assert Reader().asks("/latest journalists").shown != Reader().asks("/latest").shown


LATELY = (
    (12, datetime(2026, 11, 22, 20, tzinfo=UTC), parse("*Kem Sokha:* moved\nMore about it.")),
    (9, datetime(2026, 11, 20, tzinfo=UTC), parse("A correction")),
)


def reached(language: str = "") -> Reader:
    """Somebody whose bot has sent updates lately."""
    reader = Reader(language)
    reader.sent = LATELY
    return reader


@LANGUAGES
def test_what_was_sent_lately_comes_first_and_is_opened_whole(language: str) -> None:
    reader = reached(language)
    day = PartialDate.parse("2026-11-22")
    answer = reader.asks("/latest").says(f"1. {reader.phrase('event.line', date=day, event='Kem Sokha: moved')}", "2. ")
    answer.hides("More about it.")
    assert answer.commands[:2] == ["news 12", "news 9"]
    opened = reader.presses("Kem Sokha: moved").says(reader.phrase("news.dated", date=day), "More about it.")
    assert opened.marked(Style.BOLD) == ["Kem Sokha:"]
    assert opened.commands == ["latest"]


@LANGUAGES
@pytest.mark.parametrize("number", ["11", "0", "-9", "seven", "99999999999999999999"])
def test_an_update_that_is_gone_or_never_was_is_answered_kindly(language: str, number: str) -> None:
    reader = reached(language)
    answer = reader.asks(f"/news {number}").says(reader.phrase("news.unknown", number=number))
    assert answer.commands == ["latest"]


@LANGUAGES
def test_several_updates_are_opened_at_once_in_the_order_asked_for_and_what_is_gone_is_said(language: str) -> None:
    reader = reached(language)
    days = [reader.phrase("news.dated", date=PartialDate.parse(f"2026-11-{day}")) for day in (20, 22)]
    gone = reader.phrase("news.unknown", number="11")
    answer = reader.asks("/news 9 11 12 9")
    answer.says(f"{days[0]}\n\nA correction\n\n{gone}\n\n{days[1]}\n\nKem Sokha: moved\nMore about it.")
    assert answer.text.count("A correction") == 1
    assert answer.commands == ["latest"]


def test_what_several_updates_end_with_is_said_once() -> None:
    reader = Reader()
    caution = parse("Take care.").styled(Style.CLOSING)
    reader.sent = tuple((number, at, paragraphs(text, caution)) for number, at, text in LATELY)
    assert reader.asks("/news 9 12").says("A correction", "More about it.\n\nTake care.").text.count("Take care.") == 1


def test_an_update_is_found_by_its_number_in_any_digits_and_without_one_the_newest_are_shown() -> None:
    reader = reached()
    assert reader.asks("/news ១២").text == reader.asks("/news 12").text
    assert reader.asks("/news").text == reader.asks("news").text == reader.asks("/latest").text
    assert Reader().asks("/news").text == Reader().asks("/latest").text
