"""Claims: what was claimed, by whom and when, and beside it what others say; no verdict of our own."""

from __future__ import annotations

from pathlib import Path

from bot.core.text import Style
from handlers.claims import Claim
from tests.conversation import Reader
from tests.packs import entry, pack

ANSWERS = """
  - {who: A rights group, date: '2017-01', gist: It counts 26., url: 'https://a.example/'}
  - {who: A newspaper, gist: It counts 30.}
  - {who: A court, gist: It says nothing.}"""


def claim(**fields: str) -> str:
    least = {"claim": "There are *none*.", "who": "A minister", "date": "'2017-01-03'"}
    return entry(**{**least, **fields})


def test_a_claim_says_who_made_it_and_when_and_what_others_say_beside_it(tmp_path: Path) -> None:
    files = {"claims/none-2017.yaml": claim(title="There are none", answered_by=ANSWERS)}
    reader = Reader(pack=pack(tmp_path, files))
    card = reader.asks("/show none-2017").says(
        "There are none",
        "A minister, 3 January 2017:",
        "There are none.",
        "Beside it:",
        "• A rights group (January 2017): It counts 26.",
        "• A newspaper: It counts 30. (+1 more)",
    )
    assert "A rights group" in card.marked(Style.LINK)
    card.hides("A court")
    full = reader.presses("Full record").says("Claim\nA minister, 3 January 2017:\nThere are none.")
    full.says("Beside it\n• A rights group", "• A newspaper", "• A court: It says nothing.")
    assert reader.asks("/timeline none-2017").items == ["1. 3 January 2017: A minister: There are none"]


def test_two_answers_are_both_on_the_card(tmp_path: Path) -> None:
    both = "\n".join(ANSWERS.splitlines()[:3])
    reader = Reader(pack=pack(tmp_path, {"claims/none-2017.yaml": claim(answered_by=both)}))
    reader.asks("/show none-2017").says("There are none.", "A newspaper: It counts 30.").hides("more)")


def test_a_claim_that_nobody_answered_stands_alone(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {"claims/none-2017.yaml": claim()}))
    reader.asks("/show none-2017").says("A minister, 3 January 2017:\nThere are none.").hides("Beside it")


def test_claims_are_listed_newest_first_and_the_verdict_is_the_readers() -> None:
    reader = Reader()
    claims = reader.content.of(Claim)
    first, *others = reader.pages("/claims")
    first.says(f"{len(claims)} official claims", "The verdict is yours.")
    shown = [reader.content.entries[name] for answer in (first, *others) for name in answer.shown]
    dates = [each.date for each in shown if isinstance(each, Claim)]
    assert dates == sorted((each.date for each in claims), reverse=True)


def test_claims_are_found_by_year_and_by_speaker() -> None:
    reader = Reader()
    of_2019 = {each.id for each in reader.content.of(Claim) if 2019 in each.date.years}
    assert set(reader.asks("/claims 2019").says("2019 — ").shown) == of_2019
    reader.asks("/claims hun sen").says("Hun Sen")


def test_who_claims_and_who_answers_are_named_in_the_readers_language() -> None:
    reader = Reader("km")
    for each in reader.content.of(Claim):
        assert not each.who.has(Style.FALLBACK), each.id
    assert "ហ៊ុន សែន" in reader.asks("/show no-political-prisoners-2017").text


def test_every_claim_has_somebodys_answer_and_no_verdict() -> None:
    reader = Reader()
    for each in reader.content.of(Claim):
        reader.asks(f"/show {each.id}").says(each.who, str(each.claim)[:60]).hides("False", "Untrue:", "Verdict")
