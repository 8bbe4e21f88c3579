"""Rules: what must hold of a pack beyond the shape of its entries, and what deserves a second look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

import handlers
from bot.content import ContentBroken, load
from tests.packs import SOURCES, entry, person, write

TODAY = date(2026, 11, 23)


def said(folder: Path, files: Mapping[str, str], *languages: str) -> list[str]:
    """Everything that is said of a pack, errors and warnings."""
    try:
        problems = load(write(folder, files, *languages), handlers.kinds, TODAY)[1]
    except ContentBroken as broken:
        problems = list(broken.problems)
    return [str(problem) for problem in problems]


def law(**fields: str) -> str:
    return entry(**{"title": "T", "kind": "law", "status": "in-force", "as_of": "2024", **fields})


def event(**fields: str) -> dict[str, str]:
    return {"events/e.yaml": entry(**{"title": "Election day", "date": "2018", "text": "People voted.", **fields})}


HYPHENS = "begin each part with a hyphen, on a line of its own"
CUSTODY = "detained, house-arrest, on-bail, free, abroad, dead, unknown"
TWO = "\n  - {title: T, publisher: P, url: 'https://example.org/a'}\n  - {title: T, publisher: Q, url: 'https://example.org/b'}"


# --- warnings


def test_a_status_of_half_a_year_ago_is_old_and_a_younger_one_is_not(tmp_path: Path) -> None:
    files = {
        f"prisoners/{name}.yaml": person(as_of=as_of, sources=TWO)
        for name, as_of in {"a": "2026-05-23", "b": "2026-05-24", "c": "2026-05", "d": "2025"}.items()
    }
    assert said(tmp_path, files) == [
        "prisoners/a.yaml:6:1: warning: the status is of 2026-05-23: look for a newer source",
        "prisoners/d.yaml:6:1: warning: the status is of 2025: look for a newer source",
    ]


def test_only_a_status_of_custody_grows_old(tmp_path: Path) -> None:
    assert said(tmp_path, event(as_of="2019")) == []


def test_one_source_is_few_for_a_persons_case_only(tmp_path: Path) -> None:
    assert said(tmp_path, {"prisoners/a.yaml": person(sources="[{title: T, publisher: P, withheld: W}]")}) == [
        "prisoners/a.yaml:7:1: warning: there is one source only: add a second one"
    ]
    assert said(tmp_path / "other", event()) == []


def test_a_review_is_due_on_the_day_after_the_last_it_was_put_off_to(tmp_path: Path) -> None:
    due = "events/e.yaml:4:1: warning: the review was due by 2026-11-22: review the entry and set a new date"
    assert said(tmp_path, event(review_by="2026-11-22")) == [due]
    assert said(tmp_path, event(review_by="2026-11-23")) == said(tmp_path, event(review_by="2026-11")) == []


def test_what_has_expired_is_named(tmp_path: Path) -> None:
    action = {"title": "Write", "ask": "Write to them."}
    files = {
        f"actions/{name}.yaml": entry(**action, expires=day)
        for name, day in {"old": "2026-10", "now": "2026-11"}.items()
    }
    files["actions/always.yaml"] = entry(**action)
    assert said(tmp_path, files) == [
        "actions/old.yaml:3:1: warning: this expired on 2026-10: renew it or delete the file"
    ]


def test_an_address_without_encryption_is_named(tmp_path: Path) -> None:
    source = "\n  - title: T\n    publisher: P\n    url: http://example.org/a"
    assert said(tmp_path, event(sources=source)) == [
        "events/e.yaml:7:5: warning: the address is http: use https if the site offers it"
    ]


# --- the day of a status


@pytest.mark.parametrize("as_of", ["2026-11-24", "2026-12", "2027", "{from: 2027, to: 2028}"])
def test_a_status_of_a_day_to_come_is_refused(tmp_path: Path, as_of: str) -> None:
    written = "2027/2028" if "{" in as_of else as_of
    assert said(tmp_path, event(as_of=as_of)) == [
        f"events/e.yaml:4:1: as_of {written} is in the future: write the date of the newest source behind it"
    ]


def test_every_status_in_an_entry_has_its_day(tmp_path: Path) -> None:
    files = {
        "prisoners/a.yaml": person(sources=TWO, last_known="{custody: free, as_of: 2027}"),
        "recommendations/r.yaml": "- id: r\n  cycle: 4\n  states: [Chad]\n  gist: G\n"
        f"  implementation:\n    status: done\n    as_of: 2026-12\n  {SOURCES}\n",
    }
    mend = "write the date of the newest source behind it"
    assert said(tmp_path, files) == [
        f"prisoners/a.yaml:10:29: as_of 2027 is in the future: {mend}",
        f"recommendations/r.yaml:7:5: as_of 2026-12 is in the future: {mend}",
    ]


@pytest.mark.parametrize(
    ("as_of", "dates", "newest"),
    [
        ("2024-06", ["2024-05"], "2024-05"),
        ("2024-06-01", ["2024-05", "2023"], "2024-05"),
        ("2025", ["2024", "2019-01-01"], "2024"),
        ("2024-05-31", ["2024-05"], ""),
        ("2024-05-31", ["2024"], ""),
        ("2024", ["2024-05"], ""),
        ("2024-05", ["2024-05-01", "2020"], ""),
        ("2024-04", ["2024-05"], ""),
        ("2026-11-23", ["2024-05", ""], ""),
    ],
)
def test_a_status_that_is_newer_than_every_source_deserves_a_look(
    tmp_path: Path, as_of: str, dates: list[str], newest: str
) -> None:
    sources = "".join(f"\n  - {{title: T, publisher: P, date: {date or 'null'}, withheld: W}}" for date in dates)
    what = f"as_of {as_of} is newer than the newest source, of {newest}"
    assert said(tmp_path, event(as_of=as_of, sources=sources)) == (
        [f"events/e.yaml:4:1: warning: {what}: write that date, or add the newer source"] if newest else []
    )


# --- too long


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"text": "x" * 3501}, "3:1"),
        ({"notes": f"\n  - short\n  - {'x' * 3501}"}, "6:5"),
        ({"disputed": f"\n  - point: P\n    sides:\n      - says: {'x' * 3501}"}, "7:9"),
    ],
)
def test_words_that_fill_more_than_a_message_are_refused_wherever_they_stand(
    tmp_path: Path, fields: dict[str, str], place: str
) -> None:
    assert said(tmp_path, event(**fields)) == [
        f"events/e.yaml:{place}: this is too long for a message: keep it under 3,500 characters"
    ]


def test_words_that_just_fit_are_taken(tmp_path: Path) -> None:
    assert said(tmp_path, event(text="x" * 3500)) == []


# --- nobody's contact data

EMAIL, PHONE = "an e-mail address: leave it out", "a phone number: leave it out"
PLACE, IDENTITY = "coordinates: leave them out", "an identity number: leave it out, or write 123,456,789"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("Write to sok.vanna+news@mail.example.org today.", EMAIL),
        ("a@b.kh", EMAIL),
        ("Call +855 12 345 678.", PHONE),
        ("Call 012-345-6789.", PHONE),
        ("Call 012345678 or come.", PHONE),
        ("It stands at 11.5564, 104.9282.", PLACE),
        ("It stands at -11.55640 ; 104.92820.", PLACE),
        ("Call 012 345 678, 097-1234567 or", PHONE),
        ("Call 097.123.4567.", PHONE),
        ("Call (+855) 12 345 678.", PHONE),
        ("Call +855 (0)12-345-678.", PHONE),
        ("Call 00855 12 345 678.", PHONE),
        ("Call 85512345678.", PHONE),
        ("Call +66 81 234 5678.", PHONE),
        ("Call +1 (202) 555-0143.", PHONE),
        ("ទូរស័ព្ទ ០១២ ៣៤៥ ៦៧៨", PHONE),
        ("At 11.5564 104.9282 it stands.", PLACE),
        ("It stands at 11.5564 N 104.9282 E.", PLACE),
        ("It stands at 11.5564° N, 104.9282° E.", PLACE),
        ("It stands at N 11.55, E 104.92.", PLACE),
        ("It stands at 11°33''N 104°55''E.", PLACE),
        ("It stands at 11° 33′ 12″ N.", PLACE),
        ("It stands at 104.92° E.", PLACE),
        ("Latitude: 11.55, longitude: 104.92", PLACE),
        ("(11.5564,104.9282)", PLACE),
        ("Card 123456789 (01).", IDENTITY),
        ("Passport No. N0123456", IDENTITY),
        ("ID card number: 1234567", IDENTITY),
        ("Card 123456789.", IDENTITY),
        ("Card 123456789, of the province.", IDENTITY),
        ("Card 123456789(01).", IDENTITY),
    ],
)
def test_what_looks_like_somebodys_contact_is_refused_at_its_place(tmp_path: Path, words: str, complaint: str) -> None:
    assert f"events/e.yaml:3:8: this looks like {complaint}" in said(tmp_path, event(text=f"{{en: '{words}'}}"))


@pytest.mark.parametrize(
    "words",
    [
        "Opinion No. 9/2018 (A/HRC/WGAD/2018/9), articles 494-495",
        "500,000,000 riel and 123,456,789 votes",
        "From 2017-11-16 to 2018-07-29",
        "@Handle said 11.5 and 104.9",
        "Paragraphs 118.22, 118.120 and 118.121 of A/HRC/41/17 and A/HRC/57/17/Add.1",
        "In 2018 2019 2020 2021; on 01-02-2019 and 02.03.2019; 016/07-07-2018",
        "11.55 million, 104.92 million; 30 °C; article 12 E; No. 5 N",
        "+5.2 % and +10 000 riel; 0855; CCPR/C/KHM/CO/3 of 2022; IDs of 12345 voters",
        "NS/RKM/0718/007 and Case 1902 of 10.10.2019; 200 000 000 to 300 000 000 riel",
        "Version 1.2.3; 0.5 % of 012",
        "10 000 000 riel",
    ],
)
def test_dates_symbols_sums_and_handles_are_nobodys_contact(tmp_path: Path, words: str) -> None:
    assert said(tmp_path, event(text=f"'{words}'")) == []


def test_the_address_of_a_source_may_hold_any_number(tmp_path: Path) -> None:
    source = "\n  - {title: T, publisher: P, url: 'https://example.org/012345678/a@b.org'}"
    assert said(tmp_path, event(sources=source)) == []


def test_contacts_are_looked_for_in_every_file_and_at_every_depth(tmp_path: Path) -> None:
    files = {
        "themes.yaml": "- {id: a, name: A, aliases: ['012345678', 123456789]}\n",
        "strings/en.yaml": "phrases:\n  bad:\n    failed: Write to a@b.org\n",
        **event(sources="[{title: a@b.org, publisher: P, url: 'https://example.org'}]"),
    }
    assert said(tmp_path, files) == [
        "events/e.yaml:4:12: this looks like an e-mail address: leave it out",
        "strings/en.yaml:3:5: this looks like an e-mail address: leave it out",
        "themes.yaml:1:30: this looks like a phone number: leave it out",
        "themes.yaml:1:30: this looks like an identity number: leave it out, or write 123,456,789",
        "themes.yaml:1:43: this looks like an identity number: leave it out, or write 123,456,789",
    ]


def test_a_very_long_word_is_looked_through_at_once(tmp_path: Path) -> None:
    assert (
        len(said(tmp_path, event(sources=f"[{{title: {'a' * 500_000}, publisher: P, url: 'https://example.org'}}]")))
        == 0
    )


# --- the same phrases in every language


def mistakes(folder: Path, files: Mapping[str, str]) -> list[str]:
    """What is said of a pack in two languages, whatever the shipped ones may lack."""
    return [each for each in said(folder, files, "en", "km") if ": warning: " not in each]


def test_a_phrase_must_ask_for_the_values_that_the_bot_has_for_it(tmp_path: Path) -> None:
    files = {
        "strings/en.yaml": 'phrases:\n  bad:\n    failed: "Sorry, {name}"\n    long: {one: Long, other: "{n}"}\n',
        "strings/km.yaml": 'phrases:\n  bad:\n    suggest: "មែនទេ"\n    which: "{command} {word}"\n',
    }
    assert mistakes(tmp_path, files) == [
        "strings/en.yaml:3:5: bad.failed has other placeholders: use none",
        "strings/km.yaml:3:5: bad.suggest has other placeholders: use {command}",
        "strings/km.yaml:4:5: bad.which has other placeholders: use {command}",
    ]


def test_a_phrase_that_the_bot_does_not_have_is_a_mistake_in_any_language(tmp_path: Path) -> None:
    files = {
        "strings/en.yaml": "phrases:\n  ours: New\n",
        "strings/km.yaml": "phrases:\n  bad: {faild: អភ័យទោស}\n",
    }
    assert mistakes(tmp_path, files) == [
        "strings/en.yaml:2:3: ours is no phrase of the bot: remove it",
        "strings/km.yaml:2:9: bad.faild is no phrase of the bot: did you mean bad.failed?",
    ]


def test_a_phrase_without_a_translation_is_a_warning_each(tmp_path: Path) -> None:
    files = {"strings/de.yaml": "name: Deutsch\nphrases:\n  bad: {unknown: Diesen Befehl kenne ich nicht.}\n"}
    missing = said(tmp_path, files, "en", "de")
    assert "strings/de.yaml:2:1: warning: bad.failed is not translated: add it" in missing
    assert [each for each in missing if "bad.unknown" in each or not each.endswith(" is not translated: add it")] == []


@pytest.mark.parametrize(
    ("zone", "mend"),
    [("Asia/Phnom_Phen", "did you mean Asia/Phnom_Penh?"), ("Mars/Base", "write it like Asia/Phnom_Penh")],
)
def test_a_time_zone_must_be_one(tmp_path: Path, zone: str, mend: str) -> None:
    text = f"title: T\nlanguages: [en]\ndefault_language: en\ntime_zone: {zone}\n"
    assert said(tmp_path, {"pack.yaml": text}) == [f"pack.yaml:4:1: there is no time zone {zone}: {mend}"]


def test_what_an_entry_names_is_looked_for_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    charges = "\n  - {text: C, law: penal-cod}\n  - {text: D, law: [penal-code, nothing]}"
    files = {
        "prisoners/a.yaml": person(custody="jailed", charges=charges),
        "events/e.yaml": entry(title="T", date="2018", text="T", related="kem"),
        "laws/penal-code.yaml": law(),
    }
    assert said(tmp_path, files) == [
        f"events/e.yaml:4:1: related holds 'kem', not a list: {HYPHENS}",
        "events/e.yaml:4:1: there is no entry kem: remove it, or add what it names",
        f"prisoners/a.yaml:4:1: custody cannot be 'jailed': use one of {CUSTODY}",
        "prisoners/a.yaml:8:15: there is no law penal-cod: did you mean penal-code?",
        "prisoners/a.yaml:9:33: there is no law nothing: remove it, or add what it names",
    ]


def test_an_offence_that_a_charge_is_called_is_one_of_the_packs(tmp_path: Path) -> None:
    files = {
        "offences.yaml": "- {id: treason, name: Treason}\n",
        "prisoners/a.yaml": person(charges="\n  - {text: C, called: [treason, treasno]}"),
    }
    assert "prisoners/a.yaml:8:33: there is no offence treasno: did you mean treason?" in said(tmp_path, files)
    files["prisoners/a.yaml"] = person(charges="\n  - {text: C, called: [treason]}")
    assert not any("offence" in each for each in said(tmp_path, files))


def test_an_entry_is_checked_where_it_stands_in_a_list(tmp_path: Path) -> None:
    first = f"- id: one\n  title: T\n  date: 2019\n  text: T\n  {SOURCES}\n"
    listed = f"{first}- id: two\n  title: T\n  date: 2019\n  text: {'x' * 3501}\n  related: [won]\n  {SOURCES}\n"
    assert said(tmp_path, {"events/all.yaml": listed}) == [
        "events/all.yaml:9:3: this is too long for a message: keep it under 3,500 characters",
        "events/all.yaml:10:13: there is no entry won: remove it, or add what it names",
    ]


# --- what an entry may name


def test_a_name_must_be_of_the_kind_that_is_meant(tmp_path: Path) -> None:
    count = "{date: 2019, publisher: P, number: 3, measure: M, url: 'https://example.org'}"
    files = {
        "prisoners/kem-sokha.yaml": person(charges="[{text: C, law: kem-sokha}, {text: D, law: penal-cde}]"),
        "recommendations/r.yaml": entry(cycle="4", states="[Chad]", gist="G", laws="[e, penal-code]"),
        "claims/c.yaml": entry(claim="C", who="W", date="2019", figures="[penal-code, held]"),
        "figures/held.yaml": entry(title="H", series=f"[{count}]"),
        "laws/penal-code.yaml": law(themes="[held]"),
        "themes.yaml": "- {id: torture, name: Torture}\n",
        **event(related="[torture, kem-sokha, held]"),
    }
    assert mistakes(tmp_path, files) == [
        "claims/c.yaml:4:11: penal-code is a law, not a figure: remove it",
        "events/e.yaml:4:11: torture is a theme, not an entry: remove it",
        "laws/penal-code.yaml:5:10: held is a figure, not a theme: remove it",
        "prisoners/kem-sokha.yaml:7:21: kem-sokha is a prisoner, not a law: remove it",
        "prisoners/kem-sokha.yaml:7:48: there is no law penal-cde: did you mean penal-code?",
        "recommendations/r.yaml:4:8: e is an event, not a law: remove it",
    ]


def test_an_entry_cannot_be_related_to_itself(tmp_path: Path) -> None:
    assert said(tmp_path, event(related="[e]")) == ["events/e.yaml:4:11: e is this event itself: remove it"]


def test_a_number_may_be_an_id_and_must_be_known_like_any_other(tmp_path: Path) -> None:
    files = {"events/2018.yaml": "id: 2018\n" + event()["events/e.yaml"], **event(related="[2018, 2019]")}
    assert said(tmp_path, files) == ["events/e.yaml:4:17: there is no entry 2019: remove it, or add what it names"]


def test_a_state_is_one_of_the_list_where_the_pack_has_one(tmp_path: Path) -> None:
    files = {"recommendations/r.yaml": entry(cycle="4", states="[viet nam, Viet Nom, Narnia]", gist="G")}
    assert said(tmp_path / "without", files) == []
    files["states.yaml"] = "- {id: viet-nam, name: Viet Nam}\n- {id: great-britain, name: United Kingdom}\n"
    assert said(tmp_path / "with", files) == [
        "recommendations/r.yaml:2:20: there is no state Viet Nom: did you mean Viet Nam?",
        "recommendations/r.yaml:2:30: there is no state Narnia: remove it, or add what it names",
    ]
    files["recommendations/r.yaml"] = entry(cycle="4", states="[Great Britan]", gist="G")
    assert said(tmp_path / "short", files) == [
        "recommendations/r.yaml:2:10: there is no state Great Britan: did you mean great-britain?"
    ]


# --- what is sent


TOPICS = {"topics.yaml": "- {id: laws, name: Laws}\n"}


def update(**fields: str) -> dict[str, str]:
    """A pack with one update, on a topic that there is."""
    least = {"date": "2026-11-20", "topics": "[laws]", "title": "T", "text": "T"}
    return {**TOPICS, "updates/u.yaml": entry(**{**least, **fields})}


def in_both(english: str, khmer: str) -> str:
    return f"{{en: {english}, km: {khmer}}}"


@pytest.mark.parametrize("day", ["2026-11-20", "2026-11-23", "2027-02"])
def test_an_update_that_no_platform_takes_whole_is_refused_before_it_is_due(tmp_path: Path, day: str) -> None:
    refused = "updates/u.yaml:1:1: what is sent of it in en is more than one message takes: shorten its text"
    assert said(tmp_path / "long", update(text="x" * 3_400, title="T" * 90, date=day)) == [refused]
    assert said(tmp_path / "short", update(text="x" * 3_000, title="T" * 90, date=day)) == []


def test_it_is_measured_in_every_language(tmp_path: Path) -> None:
    files = update(text=in_both("short", "ក" * 3_499), title=in_both("short", "ក" * 30))
    assert [each for each in said(tmp_path, files, "en", "km") if "updates/" in each] == [
        "updates/u.yaml:1:1: what is sent of it in km is more than one message takes: shorten its text"
    ]


def test_what_is_over_is_never_sent_and_may_be_long(tmp_path: Path) -> None:
    files = update(text="x" * 3_400, title="T" * 90, expires="2026-11-22")
    assert said(tmp_path, files) == [
        "updates/u.yaml:5:1: warning: this expired on 2026-11-22: renew it or delete the file"
    ]


def test_an_update_that_waits_for_a_language_is_named(tmp_path: Path) -> None:
    waits = "updates/u.yaml:5:1: warning: it waits for km, which is missing: write all of it in km"
    for number, text in enumerate(("T", "{en: T, km: T}")):
        files = update(languages="[en, km]", text=text)
        assert [each for each in said(tmp_path / str(number), files, "en", "km") if "updates/" in each] == [waits]
    files = update(languages="[km]", text="{en: T, km: T}", title="{en: T, km: T}")
    assert [each for each in said(tmp_path / "there", files, "en", "km") if "updates/" in each] == []


def test_an_update_cannot_wait_for_a_language_that_the_pack_has_not(tmp_path: Path) -> None:
    assert said(tmp_path, update(languages="[fr]")) == [
        "updates/u.yaml:5:1: fr is no language of the pack: use some of en"
    ]


def channels(*lines: str) -> dict[str, str]:
    """A pack with announcement channels."""
    pack = "title: T\nlanguages: [en]\ndefault_language: en\ntime_zone: Asia/Phnom_Penh\nchannels:\n"
    return {**TOPICS, "pack.yaml": pack + "".join(f"  - {{{line}}}\n" for line in lines)}


def test_a_channel_carries_a_topic_that_there_is_in_a_language_of_the_pack(tmp_path: Path) -> None:
    assert said(tmp_path / "right", channels("topic: laws, language: en, telegram: '@laws'")) == []
    files = channels("topic: laws, language: en, telegram: '@a'", "topic: lows, language: en, matrix: '#b:example.org'")
    assert said(tmp_path / "topic", files) == ["pack.yaml:7:6: there is no topic lows: did you mean laws?"]
    assert said(tmp_path / "language", channels("topic: laws, language: fr, telegram: '@laws'")) == [
        "pack.yaml:6:19: fr is not among the languages: add it to languages"
    ]
