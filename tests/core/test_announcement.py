"""Announcement: a message says what changed, who says so and where to look; moderators hear what waits for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core import announcement
from bot.core.announcement import LIMITS, digest, ended, fits, gist, stopped, text, waiting
from bot.core.broadcast import Broadcast, Item, Kind, Outcome, State
from bot.core.calendar import PartialDate
from bot.core.content import Snapshot
from bot.core.text import Mark, Style, Text
from tests.conversation import Reader
from tests.packs import entry, pack, person

AT = datetime(2026, 11, 20, 20, tzinfo=UTC)
TOPICS = "- {id: prisoners, name: Prisoners}\n- {id: laws, name: Laws}\n"
COUNT = "{date: '2026-04', publisher: A counter, measure: held, url: 'https://a.example/', number: 12}"
FILES = {
    "topics.yaml": TOPICS,
    "prisoners/kem-sokha.yaml": person("Kem Sokha", custody="free", case="pardoned", as_of="'2026-11'"),
    "prisoners/lost.yaml": person("Sok Lost", custody="unknown", case="unknown"),
    "prisoners/over.yaml": person("Sok Over", custody="detained", term_ends="'2026-01'"),
    "laws/a-law.yaml": entry(title="A law", kind="law", status="in-force", as_of="'2026-10'"),
    "recommendations/one.yaml": entry(cycle="2", states="[Portugal]", gist="Free them."),
    "figures/held.yaml": entry(title="People held", series=f"[{COUNT}]"),
    "updates/today.yaml": entry(title="A title", date="'2026-11-20'", topics="[prisoners]", text="Some *words*."),
}


def news(*items: Item, topics: tuple[str, ...] = ("prisoners",), number: int = 12) -> Broadcast:
    return Broadcast(number, State.DRAFT, Kind.NEWS, AT, topics, items)


def note(words: dict[str, str], kind: Kind = Kind.NOTE, original: int = 0) -> Broadcast:
    return Broadcast(13, State.DRAFT, kind, AT, ("prisoners",), words=words, author="telegram:1", original=original)


def changed(name: str, **before: str) -> Item:
    return Item(name, before, {})


def new(name: str) -> Item:
    return Item(name, None, {})


@pytest.fixture
def small(tmp_path: Path) -> Snapshot:
    return pack(tmp_path, FILES, "en", "km")


@pytest.fixture
def reader(small: Snapshot) -> Reader:
    return Reader(pack=small)


def said(broadcast: Broadcast, reader: Reader) -> str:
    return text(broadcast, reader.context).plain


def test_a_change_is_told_with_its_date_its_newest_source_and_caution(reader: Reader) -> None:
    told = text(news(changed("kem-sokha", custody="house-arrest", case="pardoned")), reader.context)
    assert told.plain == (
        "News: Prisoners\n\n"
        "Kem Sokha — custody: house arrest → free (November 2026)\n"
        "A publisher 2024\n\n" + reader.content.caution().plain
    )
    marks = {(told.plain[mark.start : mark.end], mark.style, mark.target) for mark in told.marks}
    assert ("A publisher 2024", Style.LINK, "https://example.org/report") in marks


def test_several_changes_of_one_entry_stand_in_one_line(reader: Reader) -> None:
    told = said(news(changed("kem-sokha", custody="detained", case="on-trial")), reader)
    assert "Kem Sokha — custody: detained → free; case: on trial → pardoned (November 2026)" in told


def test_several_entries_stand_one_under_the_other(reader: Reader) -> None:
    told = said(news(changed("a-law", status="draft"), new("kem-sokha"), topics=("prisoners", "laws")), reader)
    assert told.startswith("News: Prisoners and Laws")
    assert told.index("A law — status: draft → in force") < told.index("New: Kem Sokha — free (November 2026)")


def test_a_status_that_nobody_knows_now_is_not_certain_any_more(reader: Reader) -> None:
    told = said(news(changed("lost", custody="detained", case="unknown")), reader)
    assert "Sok Lost — custody: detained → not certain any more (October 2026)" in told


def test_an_answer_that_is_not_known_now_is_not_certain_any_more(reader: Reader) -> None:
    told = said(news(changed("one", response="noted", implementation="unknown")), reader)
    assert "Portugal — answer: noted → not certain any more\n" in told


def test_custody_is_not_certain_where_the_term_should_be_over(reader: Reader) -> None:
    told = said(news(changed("over", custody="free", case="charged")), reader)
    assert "Sok Over — custody: free → not certain any more" in told
    assert reader.phrase("news.nothing") in said(news(changed("over", custody="unknown", case="charged")), reader)


def test_what_was_not_said_before_is_no_change_from_anything(reader: Reader) -> None:
    assert "A law — status: in force (" in said(news(changed("a-law")), reader)


def test_a_new_count_stands_behind_its_publisher(reader: Reader) -> None:
    told = said(news(changed("held", count="2025-04 A counter 9")), reader)
    assert "New: People held\nApril 2026 · A counter: 12 — held" in told
    assert "9" not in told


def test_an_update_is_its_title_text_and_source(reader: Reader) -> None:
    told = text(news(new("today")), reader.context)
    assert "A title\n\nSome words.\nA publisher 2024" in told.plain
    bold = [told.plain[mark.start : mark.end] for mark in told.marks if mark.style is Style.BOLD]
    assert bold == ["News:", "A title", "words"]


def test_an_entry_that_is_gone_or_as_it_was_is_not_told(reader: Reader) -> None:
    gone, same = new("gone"), changed("a-law", status="in-force")
    assert reader.phrase("news.nothing") in said(news(gone, same), reader)
    told = said(news(gone, same, new("kem-sokha")), reader)
    assert told.count("A publisher") == 1


def test_without_topics_there_is_no_heading(reader: Reader) -> None:
    assert said(news(new("kem-sokha"), topics=()), reader).startswith("New: Kem Sokha")


@pytest.mark.parametrize("language", ["en", "km"])
def test_what_one_message_does_not_take_is_counted_and_is_in_latest(tmp_path: Path, language: str) -> None:
    many = {f"prisoners/p{n}.yaml": person(f"Sok Vanna {n}") for n in range(120)}
    reader = Reader(language, pack=pack(tmp_path, {**FILES, **many}, "en", "km"))
    told = text(news(*(new(f"p{n}") for n in range(120))), reader.context)
    shown = told.plain.count("A publisher")
    assert 10 < shown < 100
    assert reader.phrase("news.more", n=120 - shown) in told.plain
    assert reader.content.caution().plain in told.plain
    assert fits(told)
    assert LIMITS[0].measure(told.plain) > 3_300


def test_one_more_is_one_piece(tmp_path: Path) -> None:
    long = {f"updates/{name}.yaml": entry(title=name, date="2026", topics="[laws]", text="x" * 3_000) for name in "ab"}
    reader = Reader(pack=pack(tmp_path, {**FILES, **long}))
    assert "1 more piece of news: /latest" in said(news(new("a"), new("b")), reader)


@pytest.mark.parametrize("character", ["x", "😀", "ក", "word. "])
def test_a_text_that_is_too_long_is_cut_and_still_fits(reader: Reader, character: str) -> None:
    told = text(note({"en": character * 4_000}), reader.context)
    assert fits(told)
    assert told.plain.endswith(reader.content.caution().plain)
    assert told.plain.count(character) > 1_000 // len(character)


def test_where_even_the_frame_is_too_long_the_heading_is_left(tmp_path: Path) -> None:
    topics = f"- {{id: prisoners, name: {'x' * 3_400}}}\n"
    reader = Reader(pack=pack(tmp_path, {**FILES, "topics.yaml": topics}))
    assert said(news(new("kem-sokha"), topics=("prisoners",)), reader) == "News: " + "x" * 3_400


def test_composed_words_are_markup_in_the_readers_language(small: Snapshot) -> None:
    told = text(note({"en": "Some *words*.", "km": "_ពាក្យ_"}), Reader("km", pack=small).context)
    assert "ពាក្យ" in told.plain
    assert "words" not in told.plain
    assert not told.has(Style.FALLBACK)


def test_composed_words_fall_back_to_the_reference_language_and_say_so(small: Snapshot) -> None:
    reader = Reader("km", pack=small)
    told = text(note({"en": "Some words."}), reader.context)
    assert Mark(*(told.plain.find("Some"), told.plain.find("words.") + 6), Style.FALLBACK, "en") in told.marks
    assert told.plain.count(reader.phrase("note.both")) == 1


def test_composed_words_of_another_language_alone_are_better_than_none(reader: Reader) -> None:
    assert "ពាក្យ" in said(note({"km": "ពាក្យ"}), reader)


def test_a_correction_begins_with_the_readers_day_of_what_it_corrects(reader: Reader) -> None:
    correction = note({"en": "He is free."}, Kind.CORRECTION, 12)
    dated = text(correction, reader.context, AT).plain
    assert dated.startswith("Correction of our update of 20 November 2026:\nNews: Prisoners\n\nHe is free.")
    assert said(correction, reader).startswith("Correction of an earlier update:")


def test_a_withdrawal_says_which_update_it_ends_and_of_when_and_nothing_of_its_words(reader: Reader) -> None:
    of_news = replace(news(new("kem-sokha"), new("gone")), kind=Kind.WITHDRAWAL, original=12)
    told = text(of_news, reader.context, AT).plain
    assert told.startswith("Withdrawn: our update of 20 November 2026 · Kem Sokha\n\nWe have taken it back.")
    of_note = note({"en": "He is free."}, Kind.WITHDRAWAL, 12)
    assert said(of_note, reader).startswith("Withdrawn: an earlier update · Prisoners\n\n")
    assert "free" not in said(of_note, reader)
    assert said(replace(of_note, topics=()), reader).startswith("Withdrawn: an earlier update\n\n")


def test_what_every_update_ends_with_is_said_once_where_several_are_together(small: Snapshot) -> None:
    for language in ("en", "km"):
        reader = Reader(language, pack=small)
        some = [text(note({"en": f"Number {n}."}), reader.context) for n in range(3)]
        told = announcement.together(some, AT.date(), reader.content)
        assert told.plain.startswith(reader.phrase("push.digest", n=3, date=PartialDate.parse("2026-11-20")))
        assert [f"Number {n}." in told.plain for n in range(3)] == [True] * 3
        assert told.plain.count(reader.content.caution().plain) == 1
        assert told.plain.count("note" if language == "en" else reader.phrase("note.both")) == (language == "km")


def test_an_update_without_a_caution_is_whole_among_others(reader: Reader) -> None:
    told = announcement.together([Text("Some words."), Text("Others.")], AT.date(), reader.content)
    assert told.plain == "2 updates, 20 November 2026\n\nSome words.\n\nOthers."


@pytest.mark.parametrize("language", ["en", "km"])
def test_updates_that_one_message_does_not_take_are_counted_and_are_in_latest(small: Snapshot, language: str) -> None:
    reader = Reader(language, pack=small)
    words = ("A word. " if language == "en" else "ពាក្យមួយ។ ") * 60
    told = announcement.together([text(note({language: words}), reader.context)] * 30, AT.date(), reader.content)
    shown = told.plain.count(words.strip())
    assert 2 < shown < 30
    assert reader.phrase("news.updates", n=30 - shown) in told.plain
    assert fits(told)


def test_of_one_that_nearly_fills_a_message_nothing_is_lost(reader: Reader) -> None:
    some = [text(note({"en": "word " * 676}), reader.context), text(note({"en": "Another."}), reader.context)]
    told = announcement.together(some, AT.date(), reader.content)
    assert told.plain.count("word") == 676
    assert "1 more update: /latest" in told.plain


def test_a_digest_names_exactly_these_texts() -> None:
    plain, bold = Text("a"), Text("a").styled(Style.BOLD)
    assert digest({"en": plain, "km": bold}) == digest({"km": bold, "en": plain})
    some = [{"en": plain}, {"en": bold}, {"km": plain}, {"en": Text("b")}, {"en": plain.styled(Style.LINK, "x")}, {}]
    digests = {digest(each) for each in some}
    assert len(digests) == len(some)
    assert all(len(each) == 12 and int(each, 16) >= 0 for each in digests)


def test_moderators_are_told_of_a_draft_that_waits(reader: Reader) -> None:
    reply = waiting(news(*map(new, ("kem-sokha", "lost", "gone", "a-law"))), 2, reader.content)
    assert reply.text.plain == "Draft 12 waits for 2 approvals: Kem Sokha, Sok Lost, gone (+1 more)"
    assert [button.command for button in reply.buttons] == ["draft 12"]
    assert waiting(news(new("lost")), 1, reader.content).text.plain == "Draft 12 waits for 1 approval: Sok Lost"


def test_a_gist_quotes_what_was_composed_and_names_what_it_is_about(reader: Reader) -> None:
    assert gist(note({"en": "*A  b*\nc"}), reader.content).plain == "A b c"
    assert len(gist(note({"en": "word " * 100}), reader.content).plain) <= 90
    assert gist(note({"en": "He is free."}, Kind.CORRECTION, 12), reader.content).plain == "corrects 12: He is free."
    assert gist(note({}, Kind.WITHDRAWAL, 12), reader.content).plain == "withdraws 12"


TALLY = {
    "telegram": {Outcome.SENT: 1_200, Outcome.UNKNOWN: 3, Outcome.FAILED: 0},
    "matrix": {Outcome.SENT: 4, Outcome.QUEUED: 2},
}


def told_of(why: str = "") -> Broadcast:
    return Broadcast(12, State.PAUSED, Kind.NEWS, AT, items=(new("lost"),), why=why, tally=TALLY)


def test_moderators_are_told_why_a_broadcast_was_stopped_and_what_they_can_do(reader: Reader) -> None:
    reply = stopped(told_of(why="Telegram cannot read it"), reader.content)
    assert reply.text.plain.startswith("Broadcast 12 is stopped: Telegram cannot read it\n\n")
    assert [button.command for button in reply.buttons] == ["broadcast 12", "resume 12", "cancel 12"]


def test_moderators_are_told_that_a_draft_was_rejected_why_and_what_it_was(reader: Reader) -> None:
    reply = announcement.rejected(replace(told_of(why="It is not true."), state=State.REJECTED), reader.content)
    assert reply.text.plain == "Draft 12 was rejected: It is not true.\nSok Lost"


def test_moderators_are_told_the_totals_at_the_end(reader: Reader) -> None:
    reply = ended(told_of(), reader.content)
    assert reply.text.plain == (
        "Broadcast 12 has ended: Sok Lost\n\nqueued 2 · sent 1,204 · unknown whether it arrived 3"
    )
    assert [button.command for button in reply.buttons] == ["broadcast 12"]


def test_platforms_are_told_apart_where_on_none_of_them_there_are_a_few_of_anything(reader: Reader) -> None:
    tally = {"telegram": {Outcome.SENT: 1_200, Outcome.GONE: 30}, "matrix": {Outcome.SENT: 40}}
    apart = announcement.totals(replace(told_of(), tally=tally), reader.content).plain.splitlines()
    refused = "refused by the chat"
    assert apart == [f"sent 1,240 · {refused} 30", "Matrix: sent 40", f"Telegram: sent 1,200 · {refused} 30"]
    tally["matrix"][Outcome.GONE] = 9
    together = announcement.totals(replace(told_of(), tally=tally), reader.content).plain
    assert together == f"sent 1,240 · {refused} 39"


def test_one_platform_or_none_is_not_told_apart(reader: Reader) -> None:
    one = announcement.totals(replace(told_of(), tally={"matrix": {Outcome.SENT: 4}}), reader.content)
    assert one.plain == "sent 4"
    assert announcement.totals(replace(told_of(), tally={}), reader.content).plain == "no deliveries so far"


def test_the_totals_of_a_withdrawal_say_what_is_deleted_and_who_was_told_of_it(reader: Reader) -> None:
    tally = {"telegram": {Outcome.SENT: 4, Outcome.DELETED: 1_200}}
    about = replace(told_of(), kind=Kind.WITHDRAWAL, tally=tally)
    assert announcement.totals(about, reader.content).plain == "told of it 4 · deleted 1,200"


def test_a_notice_in_a_draft_translation_says_so(small: Snapshot) -> None:
    reader = Reader("km", pack=small)
    assert waiting(news(new("lost")), 2, reader.content).text.plain.endswith(reader.phrase("note.draft"))


def test_a_channel_that_refuses_stops_nobody_else_and_a_draft_may_wait_anew(reader: Reader) -> None:
    broadcast = note({"en": "A word"})
    assert "An announcement channel does not take" in announcement.unposted(broadcast, reader.content).text.plain
    assert "says something else now" in announcement.waiting(broadcast, 2, reader.content, anew=True).text.plain


def test_of_a_broken_edit_the_first_problems_are_named_and_the_others_counted(small: Snapshot) -> None:
    content = small.view()
    some = [f"laws/a-law.yaml:{line}:1: title is missing: add title" for line in range(1, 8)]
    parts = announcement.broken(some, content).text.plain.split("\n\n")
    assert parts[0].startswith("The content was edited and has 7 errors.")
    assert (parts[1].split("\n"), parts[2]) == (some[:5], "2 more: pratip check lists them.")
    assert announcement.broken(some[:1], content).text.plain.endswith("add title")
    assert announcement.mended(content).text.plain == "The content is whole again, and I answer from it."
