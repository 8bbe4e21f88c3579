"""Prisoners: status and its age first, who says what, and no more certainty than the sources have."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.core.calendar import PartialDate
from bot.core.content import Snapshot
from bot.core.query import Filter
from bot.core.text import Style
from handlers.prisoners import Prisoner
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack, person

TERM_OVER = person("Sok Vanna", custody="detained", case="convicted", as_of="'2024-08'", term_ends="'2026-05-30'")


def one(folder: Path, **fields: str) -> Snapshot:
    return pack(folder, {"prisoners/sok-vanna.yaml": person("Sok Vanna", **fields)})


# ---------------------------------------------------------------------------- a case everybody asks for


def test_kem_sokha_is_shown_as_far_as_sources_go_and_no_further() -> None:
    reader = Reader()
    answer = reader.asks("/prisoners kem sokha").says(
        "Kem Sokha",
        "Status not certain.",
        "Last confirmed under house arrest",
        "December 2025; may have changed.",
        "Case: on appeal.",
        "Opposition leader",
        "Sources differ: whether he was pardoned; an undated report could not be confirmed (+1 more)",
        "Sentenced 3 March 2023: 27 years",
        "Charge: Conspiracy / collusion with a foreign power (treason)",
        'Official position: Trial court: he organised a foreign-backed "color revolution".',
        "He and the US deny it.",
        "Foreign Ministry, 2019: humanitarian release home.",
        "Sources (",
        "share only where safe",
        "Error or removal:",
    )
    assert answer.commands[:2] == ["full kem-sokha", "sources kem-sokha"]
    assert {"Status not certain.", "Official position:"} <= set(answer.marked(Style.BOLD))
    assert all(mark.target.startswith("http") for mark in answer.reply.text.marks if mark.style is Style.LINK)


def test_kem_sokhas_card_says_as_much_in_khmer() -> None:
    answer = Reader("km").asks("/show kem-sokha").says("could not be confirmed", "2023", "27 years", "(treason)")
    answer.says("Trial court: ", "deny it.", "Foreign Ministry, 2019: ", "Conven 2025")


def test_kem_sokhas_full_record_has_both_sides_of_what_is_disputed() -> None:
    full = Reader().asks("/full kem-sokha")
    full.says("Proceedings", "3 September 2017", "3 March 2023", "Government’s position", "deny it.")
    full.says("UN opinion", "Opinion No. 9/2018", "Sources disagree", "put off a hearing", "could not be confirmed")


@pytest.mark.parametrize("words", ["kem sokha", "KEM SOKHA", "kem sokah", "kem soka", "kemsokha", "កឹម សុខា", "កឹមសុខា"])
@pytest.mark.parametrize("command", ["/prisoners ", ""])
def test_a_case_is_found_by_any_spelling_in_either_script(command: str, words: str) -> None:
    Reader().asks(command + words).says("Kem Sokha", "Status not certain.")


def test_asking_for_a_name_that_several_have_asks_which() -> None:
    for words in ("/prisoners sokha", "sokha"):
        assert {"kem-sokha", "ny-sokha", "sam-sokha"} <= set(Reader().asks(words).shown)


# ---------------------------------------------------------------------------- status


def test_a_term_that_should_be_over_leaves_the_status_not_certain(tmp_path: Path) -> None:
    snapshot = pack(tmp_path, {"prisoners/sok-vanna.yaml": TERM_OVER})
    Reader(pack=snapshot).asks("sok vanna").says(
        "Status not certain. Last confirmed detained, August 2024; may have changed.",
        "The term would have ended",
        "30 May 2026; release not confirmed.",
        "Case: convicted.",
    )
    before = Reader(pack=snapshot, today=date(2026, 5, 30)).asks("sok vanna")
    before.says("Detained. Last confirmed August 2024").hides("term would have ended")


def test_who_should_be_free_by_now_matches_not_certain_and_not_detained(tmp_path: Path) -> None:
    reader = Reader(
        pack=pack(tmp_path, {"prisoners/sok-vanna.yaml": TERM_OVER, "prisoners/b.yaml": person("Chan Dara")})
    )
    detained = reader.asks("/prisoners detained").says(
        "detained — 1 of 2", "Not certain now, but last known detained: Sok Vanna"
    )
    detained.says("Chan Dara", "Detained.")
    reader.asks("/prisoners not certain").says("not certain — 1 of 2", "Sok Vanna").hides("last known detained:")
    reader.asks("/prisoners").says("detained 1 · not certain 1").says("Sok Vanna — not certain, last known: detained")


def test_who_was_last_known_so_is_named_even_where_nobody_is_now(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {"prisoners/sok-vanna.yaml": TERM_OVER}))
    nothing = reader.asks("/prisoners detained").says("Nothing here fits detained.")
    nothing.says("Not certain now, but last known detained: Sok Vanna")
    reader.presses("Sok Vanna").says("Sok Vanna", "Status not certain.")
    reader.asks("/prisoners detained xyzzy").hides("last known")


def test_those_last_known_so_are_counted_all_and_named_four_at_most(tmp_path: Path) -> None:
    files = {f"prisoners/p{n}.yaml": TERM_OVER.replace("Sok Vanna", f"Person {n}") for n in range(6)}
    reader = Reader(pack=pack(tmp_path, files))
    reader.asks("/prisoners detained").says("last known detained: Person 0, Person 1, Person 2, Person 3 (+2 more)\n")
    assert len(reader.answers[-1].shown) == 4
    reader.asks("/prisoners detained union").hides("last known")


def test_a_release_is_not_undone_by_the_term_it_ended(tmp_path: Path) -> None:
    free = one(tmp_path, custody="free", term_ends="'2026-05-30'")
    Reader(pack=free).asks("sok vanna").says("Free.").hides("term would have ended", "not certain")


def test_a_status_that_is_not_certain_says_what_was_last_known(tmp_path: Path) -> None:
    known = one(tmp_path, custody="unknown", last_known="{custody: on-bail, as_of: '2024-02'}")
    reader = Reader(pack=known)
    reader.asks("sok vanna").says("Status not certain. Last confirmed free on bail, February 2024; may have changed.")
    reader.asks("/prisoners").says("Sok Vanna — not certain, last known: on bail (February 2024)")


def test_a_status_that_was_never_certain_says_only_that(tmp_path: Path) -> None:
    reader = Reader(pack=one(tmp_path, custody="unknown", case="unknown"))
    reader.asks("sok vanna").says("Not certain. Last confirmed October 2026.").hides("Case:", "last known")
    reader.asks("/prisoners").says("Sok Vanna — not certain (October 2026)")


def test_every_custody_that_can_be_last_known_can_be_said(tmp_path: Path) -> None:
    for custody in ("detained", "house-arrest", "on-bail", "free", "abroad", "dead", "unknown"):
        snapshot = one(tmp_path, custody="unknown", last_known=f"{{custody: {custody}, as_of: '2024'}}")
        reader = Reader(pack=snapshot)
        reader.asks("sok vanna").says(f"Last confirmed {reader.phrase(f'prisoner.was.{custody}')}, 2024")


# ---------------------------------------------------------------------------- charges, sentence, who says what


def test_a_charge_is_shown_with_the_official_position() -> None:
    reader = Reader()
    for case in reader.content.of(Prisoner):
        official = ["Official position:"] if case.government_position else []
        whole = ["Government’s position", str(case.government_position)] if official else []
        if case.charges:
            reader.asks(f"/show {case.id}").says("Charge:", *official)
            reader.asks(f"/full {case.id}").says("Charges", *whole)


def test_charges_sentence_and_labels_are_somebodys(tmp_path: Path) -> None:
    law = entry(title="Royal insult law", kind="amendment", status="in-force", as_of="'2024'", aliases="[lese-majeste]")
    fields = {
        "charges": "[{text: Insulting the King, law: royal-insult, law_text: art. 437 bis}, {text: Incitement}]",
        "sentence": "Two years; the court gave no reason for the length.",
        "sentenced": "'2024-03-05'",
        "government_position": "The court said he had broken the law. A second sentence.",
        "recognised_by": "[{who: Amnesty, date: '2024-04', label: prisoner of conscience, url: 'https://a.example/'},"
        " {who: LICADHO, label: on its list}]",
        "un_opinion": "Opinion No. 1/2024",
        "un_statements": "[A statement.]",
        "co_defendants": "[A. Person, B. Person]",
        "affiliation": "A newspaper",
        "detention": "A prison",
        "outcome": "An outcome.",
        "proceedings": "[{date: '2024-01', event: Arrested.}, {date: null, event: Moved.}]",
    }
    reader = Reader(
        pack=pack(tmp_path, {"prisoners/sok-vanna.yaml": person("Sok Vanna", **fields), "laws/royal-insult.yaml": law})
    )
    reader.asks("sok vanna").says(
        "Sentenced 5 March 2024: Two years",
        "Charge: Insulting the King (+1 more)",
        "Amnesty, April 2024: prisoner of conscience (+1 more)",
        "Official position: The court said he had broken the law.",
    )
    reader.presses("Full record").says(
        "Affiliation\nA newspaper",
        "Outcome\nAn outcome.",
        "Detention\nA prison",
        "• Insulting the King (art. 437 bis)\n• Incitement",
        "• January 2024: Arrested.\n• Moved.",
        "• Amnesty, April 2024: prisoner of conscience\n• LICADHO: on its list",
        "UN opinion\nOpinion No. 1/2024",
        "UN statements\n• A statement.",
        "Co-defendants\nA. Person and B. Person",
    )
    reader.asks("/prisoners charged under lese-majeste").says("Royal insult law — 1 of 1", "Sok Vanna")
    reader.asks("/timeline sok-vanna").says("January 2024: Arrested.").hides("Moved")


def code(title: str, aliases: str) -> str:
    return entry(title=title, kind="code-article", status="in-force", as_of="'2024'", aliases=aliases)


def test_a_charge_of_two_offences_is_found_under_either_law_and_each_law_finds_it(tmp_path: Path) -> None:
    files = {
        "prisoners/sok-vanna.yaml": person(charges="[{text: Plotting and insult, law: [plotting, royal-insult]}]"),
        "laws/plotting.yaml": code("Plotting law", "[plot]"),
        "laws/royal-insult.yaml": code("Royal insult law", "[lese-majeste]"),
    }
    reader = Reader(pack=pack(tmp_path, files))
    for words, law in (("plot", "plotting"), ("lese-majeste", "royal-insult")):
        reader.asks(f"/prisoners charged under {words}").says("1 of 1", "Sok Vanna")
        reader.asks(f"/show {law}").says("Used in 1 documented case here")


def test_an_offence_is_found_by_what_sources_call_it_and_a_law_by_its_articles(tmp_path: Path) -> None:
    files = {
        "offences.yaml": "- {id: treason, name: 'treason, so called'}\n",
        "prisoners/a.yaml": person("Sok Vanna", charges="[{text: Plot, law: plotting-453, called: [treason]}]"),
        "prisoners/b.yaml": person("Chan Dara", charges="[{text: Treason, law: treason-439, called: [treason]}]"),
        "laws/plotting-453.yaml": code("Article 453", "[plotting]"),
        "laws/treason-439.yaml": code("Article 439", "[treason, high treason]"),
    }
    reader = Reader(pack=pack(tmp_path, files))
    for words in ("treason", "charged under treason", "treason, so called"):
        reader.asks(f"/prisoners {words}").says("treason, so called — 2 of 2", "Sok Vanna", "Chan Dara")
    for words in ("article 439", "high treason", "under treason-439"):
        reader.asks(f"/prisoners {words}").says("Article 439 — 1 of 2", "Chan Dara").hides("Sok Vanna")
    reader.asks("/show treason-439").says("Used in 1 documented case here")


def test_a_sentence_without_a_date_is_shown_without_one(tmp_path: Path) -> None:
    Reader(pack=one(tmp_path, sentence="Two years")).asks("sok vanna").says("Sentence: Two years").hides("Sentenced")


# ---------------------------------------------------------------------------- counts


def test_the_count_of_cases_is_never_called_the_number_of_political_prisoners() -> None:
    reader = Reader()
    total = len(reader.content.of(Prisoner))
    reader.asks("/prisoners").says(f"{total} documented cases here.", "not the number of political prisoners")
    for words in ("detained", "women", "arrested 2020", "journalist"):
        reader.asks(f"/prisoners {words}").says(f" of {total} documented cases here")


def test_the_count_of_cases_stands_beside_what_others_count(tmp_path: Path) -> None:
    series = """
      - {date: '2023', publisher: Old Counter, number: 40, measure: prisoners, url: 'https://a.example/'}
      - {date: '2024', publisher: A Counter, number: 60, measure: prisoners, url: 'https://a.example/', more_than: true}
      - {date: '2025', publisher: New Counter, number: 35, measure: people in custody, url: 'https://b.example/'}"""
    files = {
        "prisoners/sok-vanna.yaml": person("Sok Vanna"),
        "figures/counts.yaml": entry(title="Counts", chart="prisoners", series=series),
        "figures/arrests.yaml": entry(title="Arrests", series=series.replace("Counter", "Arrester")),
    }
    answer = Reader(pack=pack(tmp_path, files)).asks("/prisoners")
    answer.says("1 documented case here.", "What others count:", "2025 · New Counter: 35 — people in custody")
    answer.says("2024 · A Counter: more than 60 — prisoners").hides("Old Counter", "Arrester")


def test_the_overviews_counts_by_custody_add_up() -> None:
    reader = Reader()
    cases = reader.content.of(Prisoner)
    overview = reader.asks("/prisoners").text
    for custody in {case.custody_on(TODAY) for case in cases}:
        n = sum(case.custody_on(TODAY) == custody for case in cases)
        assert f"{reader.content.label('custody', custody)} {n}" in overview


def test_what_is_certain_may_change_from_one_day_to_the_next() -> None:
    later = date(2066, 1, 1)
    cases = Reader().content.of(Prisoner)
    still = [case for case in cases if case.custody_on(later) in ("detained", "house-arrest")]
    assert all(case.term_ends is None for case in still)
    assert all(case.custody_on(TODAY) in (case.custody, "unknown") for case in cases)
    known = next(case for case in cases if case.term_ends and case.custody == "detained").last_known_on(later)
    assert known
    assert known.custody == "detained"
    assert isinstance(known.as_of, PartialDate)


def test_a_filter_may_be_asked_to_be_left_out() -> None:
    reader = Reader()
    every, detained = (
        len(reader.content.of(Prisoner)),
        len(reader.content.select(Prisoner, [Filter("custody", "detained")], reader.context.now.date())),
    )
    reader.asks("/prisoners not detained").says(f"not detained — {every - detained} of {every}", "are not certain")
    reader.asks("/prisoners not detained not certain").hides("are not certain and may")
    reader.asks("/prisoners not not detained").says(f"detained — {detained} of {every}")
    reader.asks("/prisoners mech dara not").says("Mech Dara")
    reader.asks("/prisoners not xyzzy").says("Nothing here fits")


def test_a_person_is_found_among_words_that_are_not_about_them() -> None:
    reader = Reader()
    reader.asks("/prisoners kem sokha xyzzy").says("Nearest to “kem sokha xyzzy”", "Kem Sokha")
    reader.asks("/prisoners xyzzy yzzyx").says("Nothing here fits")
