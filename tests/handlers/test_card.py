"""Card: whatever its kind, an entry is one phone-sized message with its status, its sources and a word of caution."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.entry import Entry
from bot.core.text import Style
from handlers.card import STALE_MONTHS
from tests.conversation import Answer, Reader
from tests.packs import entry, pack, person

LONGEST = {"en": 700, "km": 800}  # characters of a card, with what is said of its translation
LANGUAGES = pytest.mark.parametrize("reader", [Reader("en"), Reader("km")], ids=["en", "km"])


def answers(reader: Reader, command: str) -> Iterator[tuple[Entry, Answer]]:
    for each in reader.content.of(Entry):
        yield each, reader.asks(f"/{command} {each.id}")


def complete(reader: Reader, each: Entry, answer: Answer) -> bool:
    """What every answer about an entry must say: its name, how many sources there are, and caution."""
    answer.says(each.heading, reader.phrase("card.sources", n=len(each.sources), sources=""))
    answer.says(reader.content.caution())
    return answer.marked(Style.BOLD)[0] == str(each.heading)


def counted(reader: Reader, each: Entry) -> set[str]:
    """The buttons that say how much they lead to, where there is something to lead to."""
    near, events = reader.content.linked(each, Entry), each.events(reader.context)
    labels = [reader.phrase("button.sources", n=len(each.sources))]
    labels += [reader.phrase("button.related", n=len(near))] if near else []
    labels += [reader.phrase("button.timeline")] if len(events) > 1 else []
    return set(labels)


@LANGUAGES
def test_every_entry_has_a_card_that_fits_a_phone(reader: Reader) -> None:
    for each, answer in answers(reader, "show"):
        assert complete(reader, each, answer)
        assert len(answer.text) <= LONGEST[reader.content.locale.code], each.id
        assert answer.commands[:2] == [f"full {each.id}", f"sources {each.id}"]
        assert counted(reader, each) <= set(answer.labels)


@LANGUAGES
def test_every_entry_has_a_full_record_with_all_that_is_on_its_card(reader: Reader) -> None:
    for each, answer in answers(reader, "full"):
        assert complete(reader, each, answer)
        assert f"full {each.id}" not in answer.commands
        assert all(str(dispute.point) in answer.text for dispute in each.disputed)
        assert all(str(side.says) in answer.text for dispute in each.disputed for side in dispute.sides)
        assert all(str(note) in answer.text for note in each.notes)
        assert all(doubt in answer.text for doubt in each.unverified)
        assert all(reader.content.label("theme", theme) in answer.text for theme in each.themes)


@LANGUAGES
def test_every_entry_shows_all_its_sources_newest_first(reader: Reader) -> None:
    for each in reader.content.of(Entry):
        shown = [title for answer in reader.pages(f"/sources {each.id}") for title in answer.marked(Style.LINK)]
        assert shown == [source.title for source in each.newest_sources() if source.url], each.id
        dates = [source.date for source in each.newest_sources() if source.date]
        assert [date.last for date in dates] == sorted((date.last for date in dates), reverse=True)


@LANGUAGES
def test_every_entry_has_a_timeline_of_all_its_events(reader: Reader) -> None:
    for each in reader.content.of(Entry):
        answers = list(reader.pages(f"/timeline {each.id}"))
        assert sum(len(answer.items) for answer in answers) == len(each.events(reader.context)), each.id
        answers[0].says(each.heading)


@LANGUAGES
def test_every_entry_shows_all_that_it_is_linked_with(reader: Reader) -> None:
    for each in reader.content.of(Entry):
        answers = list(reader.pages(f"/related {each.id}"))
        near = reader.content.linked(each, Entry)
        assert [shown for answer in answers for shown in answer.shown] == [other.id for other in near]
        answers[0].says(each.heading)


# ---------------------------------------------------------------------------- its parts


def test_a_status_says_how_old_it_is_and_after_six_months_that_it_may_have_changed(tmp_path: Path) -> None:
    ages = {"fresh": "2026-05-24", "stale": "2026-05-23", "older": "2019"}
    files = {f"prisoners/{name}.yaml": person(name.title(), as_of=date) for name, date in ages.items()}
    reader = Reader(pack=pack(tmp_path, files))
    assert STALE_MONTHS == 6
    reader.asks("fresh").says("Detained. Last confirmed 24 May 2026. Case: charged.").hides("may have changed")
    reader.asks("stale").says("Detained. Last confirmed 23 May 2026; may have changed.")
    reader.asks("older").says("Detained. Last confirmed 2019; may have changed.")


def test_a_source_is_a_link_with_publisher_and_year_and_the_newest_come_first(tmp_path: Path) -> None:
    sources = """
      - {title: Old, publisher: Alpha, date: '2017', url: 'https://a.example/1'}
      - {title: Undated, publisher: Beta, url: 'https://b.example/1'}
      - {title: New, publisher: Gamma, date: '2024-05', url: 'https://c.example/1'}
      - {title: Hidden, publisher: Delta, date: '2020', withheld: it names a relative}
      - {title: Span, publisher: Epsilon, date: {from: '2018', to: '2025'}, url: 'https://e.example/1'}"""
    reader = Reader(pack=pack(tmp_path, {"prisoners/sok-vanna.yaml": person(sources=sources)}))
    answer = reader.asks("sok vanna").says("Sources (5): Epsilon 2018 · Gamma 2024").hides("Delta")
    assert answer.marked(Style.LINK) == ["Epsilon 2018", "Gamma 2024"]
    listed = reader.presses("Sources (5)")
    listed.says("5 sources: Sok Vanna", "1. Span", "2. New — Gamma, May 2024", "3. Hidden — Delta, 2020")
    listed.says("Hidden — Delta, 2020 (address withheld", "4. Old", "5. Undated — Beta, undated")
    assert listed.marked(Style.LINK) == ["Span", "New", "Old", "Undated"]


def test_a_card_with_a_word_on_how_it_was_found_fits_a_phone_too() -> None:
    reader = Reader()
    for words in ("why is theary seng held in prison", "what became of kem sokha after his trial"):
        answer = reader.asks(words).says("I read “", "Status not" if "kem" in words else "Detained.", "Official")
        assert len(answer.text) <= LONGEST["en"]


def test_what_a_card_cuts_short_is_whole_in_the_full_record() -> None:
    reader = Reader()
    reader.asks("/show kem-sokha").says("Opposition leader").hides("CCHR", "lawful government")
    reader.presses("Full record").says("head of the rights NGO CCHR", "against the lawful government", "no time limit")


def test_sources_that_differ_are_both_shown(tmp_path: Path) -> None:
    disputed = """
      - point: "the *day* of the arrest"
        sides:
          - says: It was the third.
            source: {title: A, publisher: Alpha, date: '2020', url: 'https://a.example/1'}
          - says: It was the fourth.
      - point: the charge"""
    notes, unverified = "[A first note., A second note.]", "[present status]"
    files = {"prisoners/sok-vanna.yaml": person(disputed=disputed, notes=notes, unverified=unverified)}
    reader = Reader(pack=pack(tmp_path, files))
    reader.asks("sok vanna").says("Sources differ: the day of the arrest (+1 more)").hides("third", "first note")
    full = reader.presses("Full record").says("Sources disagree", "• the day of the arrest")
    full.says("– It was the third. (Alpha 2020)", "– It was the fourth.", "• the charge")
    full.says("Notes", "• A first note.", "• A second note.", "Not verified", "• present status")


def test_a_single_disagreement_is_not_counted_further(tmp_path: Path) -> None:
    files = {"prisoners/sok-vanna.yaml": person(disputed="[{point: the charge}]")}
    Reader(pack=pack(tmp_path, files)).asks("sok vanna").says("Sources differ: the charge\n")


def test_a_pack_says_whom_to_tell_and_why_to_be_careful(tmp_path: Path) -> None:
    own = """
        title: A tiny pack
        languages: [en]
        default_language: en
        time_zone: Asia/Phnom_Penh
        caution: Mind who reads along.
        contacts: {errors: a form on our site}
        """
    plain = Reader(pack=pack(tmp_path / "plain", {"prisoners/sok-vanna.yaml": person()}))
    plain.asks("sok vanna").says(plain.phrase("card.safe"), plain.phrase("card.no_contact"))
    reader = Reader(pack=pack(tmp_path / "own", {"pack.yaml": own, "prisoners/sok-vanna.yaml": person()}))
    reader.asks("sok vanna").says("Mind who reads along. Error or removal: a form on our site.")


def test_what_an_entry_says_in_no_field_is_left_out_of_its_record(tmp_path: Path) -> None:
    files = {"background/a-note.yaml": entry(title="A note", text="Some words.")}
    full = Reader(pack=pack(tmp_path, files)).asks("/full a-note")
    assert full.marked(Style.BOLD) == ["A note", "Text"]
