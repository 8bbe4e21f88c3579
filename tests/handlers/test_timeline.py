"""Timeline: dated events of every kind, newest first, of a year or of one entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.entry import Entry
from bot.core.text import Style
from handlers.timeline import merged
from tests.conversation import Reader
from tests.packs import entry, pack, person

FILES = {
    "events/election-2018.yaml": entry(title="An election", date="'2018-07-29'", text="People *voted*."),
    "events/trials.yaml": entry(title="Trials", date="{from: '2020-11', to: '2022'}", text="Many were tried."),
    "prisoners/sok-vanna.yaml": person(
        "Sok Vanna",
        proceedings="[{date: '2018', event: Arrested.}, {date: '2021-05', event: Tried.}, {date: null, event: Moved.}]",
    ),
}


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(pack=pack(tmp_path, FILES))


def test_all_events_are_merged_newest_first_and_each_opens_its_entry(reader: Reader) -> None:
    answer = reader.asks("/timeline").says("4 dated events, newest first.")
    assert answer.items == [
        "1. May 2021: Sok Vanna — Tried.",
        "2. November 2020 – 2022: Trials",
        "3. 29 July 2018: An election",
        "4. 2018: Sok Vanna — Arrested.",
    ]
    assert answer.shown == ["sok-vanna", "trials", "election-2018", "sok-vanna"]
    reader.presses("An election").says("An election", "29 July 2018. People voted.")


def test_a_year_has_its_own_events_and_those_that_reach_into_it(reader: Reader) -> None:
    assert reader.asks("/timeline 2018").says("2018 — 2 dated events here").shown == ["election-2018", "sok-vanna"]
    assert reader.asks("/timeline in 2021").says("2021 — 2 dated events here").shown == ["sok-vanna", "trials"]
    assert reader.asks("/timeline ២០២២").says("2022 — 1 dated event here").shown == ["trials"]
    nothing = reader.asks("/timeline 1999").says("1999 — 0 dated events here", "from 2018 to 2022. Nearest:")
    assert nothing.commands == ["timeline 2018"]


def test_a_month_has_its_own_events_and_says_how_many_more_may_be_of_it(reader: Reader) -> None:
    for words in ("2018-07", "july 2018", "in July 2018", "2018 july"):
        answer = reader.asks(f"/timeline {words}").says(
            "July 2018 — 1 dated event here", "1 more is dated less exactly"
        )
        assert answer.shown == ["election-2018"]
    assert reader.asks("/timeline before 2019").says("before 2019 — 2 dated events").shown[0] == "election-2018"
    nothing = reader.asks("/timeline may 2018").says("May 2018 — 0 dated events here", "1 more is dated less exactly")
    assert nothing.commands == ["timeline 2018"]
    assert reader.asks("/timeline 2019").commands == ["timeline 2018", "timeline 2020"]


def test_words_beside_a_time_choose_whose_events(reader: Reader) -> None:
    answer = reader.asks("/timeline 2018 vanna").says("2018 · “vanna” — 1 dated event here")
    assert answer.shown == ["sok-vanna"]
    assert reader.asks("/timeline 2018 xyzzy").commands == ["search 2018 xyzzy"]
    assert reader.asks("what happened in 2018").shown == ["election-2018", "sok-vanna"]


def test_an_entry_without_dated_events_says_so_and_opens_its_card(tmp_path: Path) -> None:
    files = {"background/note.yaml": entry(title="A note", text="Words.")}
    reader = Reader(pack=pack(tmp_path, files))
    assert reader.asks("/timeline a note").says("No dated events are known here for A note.").commands == ["show note"]
    assert reader.asks("/timeline 2018").says("2018 — 0 dated events here").commands == []


def test_an_entry_has_its_own_timeline_without_its_name_in_every_line(reader: Reader) -> None:
    answer = reader.asks("/timeline sok vanna").says("Timeline: Sok Vanna", "1. May 2021: Tried.", "2. 2018: Arrested.")
    assert answer.commands == []
    assert "Sok Vanna" in answer.marked(Style.BOLD)


def test_what_is_neither_a_year_nor_an_entry_is_searched_for_on_demand(reader: Reader) -> None:
    answer = reader.asks("/timeline elections and votes").says("“elections and votes” is neither a year nor an entry")
    assert answer.commands == ["search elections and votes"]
    reader.pushes(answer.reply.buttons[0]).says("An election")


def test_an_event_has_a_card_and_a_record(reader: Reader) -> None:
    reader.asks("/show election-2018").says("An election", "29 July 2018. People voted.")
    reader.presses("Full record").says("Event\n29 July 2018. People voted.")
    reader.asks("/related election-2018").says("0 entries are linked with An election")


def test_a_year_that_is_also_a_reviews_name_is_a_year_here() -> None:
    reader = Reader()
    for year in (2014, 2019):
        events = [each for each in merged(reader.content.of(Entry), reader.context) if year in each.date.years]
        reader.asks(f"/timeline {year}").says(f"{year} — {len(events)} dated events here")


def test_the_shipped_events_are_all_there_in_their_order() -> None:
    reader = Reader()
    events = merged(reader.content.of(Entry), reader.context)
    assert [event.date for event in events] == sorted((event.date for event in events), reverse=True)
    reader.asks("/timeline").says(reader.phrase("timeline.all", n=len(events)))
    *_, last = reader.pages("/timeline 2017")
    first = next(event for event in reversed(events) if 2017 in event.date.years)
    assert last.shown[-1] == first.entry


def test_a_question_what_happened_to_somebody_is_answered_with_what_did() -> None:
    reader = Reader()
    reader.asks("what happened to theary seng in prison").says("Timeline: Theary Seng", "1. ")
    both = reader.asks("what happened to kem sokha and theary seng")
    assert both.commands == ["timeline kem-sokha", "timeline theary-seng"]
