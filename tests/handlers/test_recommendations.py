"""Recommendations: what was asked and answered at each review, and how much of it is known here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.content import ContentBroken
from bot.core.entry import State
from bot.core.query import Filter
from bot.core.text import Style
from handlers.recommendations import Recommendation, Review
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack

ONE = {"cycle": "2", "states": "[Portugal]", "gist": "Free the press.", "paragraph": "'118.22'"}
REVIEW = {"cycle": "2", "date": "'2014-01-28'", "session": "18"}


def files(review: Mapping[str, str] = {}, /, **fields: str) -> dict[str, str]:
    return {
        "recommendations/khm-1.yaml": entry(**{**ONE, **fields}),
        "reviews/upr-2.yaml": entry(**{**REVIEW, **review}),
    }


def reader(folder: Path, review: Mapping[str, str] = {}, /, **fields: str) -> Reader:
    return Reader(pack=pack(folder, files(review, **fields)))


# ---------------------------------------------------------------------------- one recommendation


def test_a_recommendation_says_who_asked_where_and_what_was_answered(tmp_path: Path) -> None:
    fields = {"response": "noted", "response_note": "The law is enough, it said.", "document": "A/HRC/26/16"}
    one = reader(tmp_path, **fields)
    one.asks("/show khm-1").says(
        "Portugal, 118.22",
        "Portugal recommended (cycle 2, 118.22), in our words:",
        "Free the press.",
        "Answer: Noted.",
        "The law is enough, it said.",
        "What became of it: not known here.",
    )
    one.asks("/recommendations").says("1. Portugal, cycle 2, 118.22: Free the press. — noted")
    one.asks("A/HRC/26/16 118.22").says("Portugal, 118.22", "Answer: Noted.")


def test_what_is_not_known_is_said_to_be_unknown_and_never_inferred(tmp_path: Path) -> None:
    one = reader(tmp_path)
    one.asks("/show khm-1").says("Answer: not known here.\n", "What became of it: not known here.")
    one.asks("/recommendations noted").says("Nothing here fits noted.")
    one.asks("/recommendations unanswered").says("answer not known here — 1 of 1 recommendations here")


def test_what_became_of_it_is_said_as_a_source_says_it(tmp_path: Path) -> None:
    done = "{status: reversed, as_of: '2021-03', note: The bill was withdrawn.}"
    reader(tmp_path, implementation=done).asks("/show khm-1").says(
        "What became of it: reversed. (March 2021) The bill was withdrawn."
    )


def test_a_recommendation_without_a_paragraph_stands_under_its_cycle(tmp_path: Path) -> None:
    one = Reader(
        pack=pack(tmp_path, {"recommendations/khm-1.yaml": entry(cycle="4", states="[France, Chad]", gist="Do.")})
    )
    one.asks("/show khm-1").says("France, Chad", "France and Chad recommended (cycle 4), in our words:")
    one.asks("/recommendations paragraph 118").says("Nothing here fits").hides("France")


def test_a_recommendation_that_nobody_has_put_in_our_words_is_in_the_un_s(tmp_path: Path) -> None:
    fields = {"cycle": "4", "states": "[France]", "paragraph": "'110.5'", "official_text": "Free the press now."}
    both = {f"recommendations/khm-{number}.yaml": entry(**fields) for number in (1, 2)}
    one = Reader(pack=pack(tmp_path, both))
    one.asks("/show khm-1").says("France recommended (cycle 4, 110.5), in the UN’s words:", "Free the press now.")
    one.asks("/recommendations cycle 4").says("Free the press now. — ")
    one.asks("/full khm-1").says("Free the press now.").hides("Official text")


def test_a_recommendation_without_any_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentBroken) as broken:
        pack(tmp_path, {"recommendations/khm-1.yaml": entry(cycle="4", states="[France]")})
    assert [problem.what for problem in broken.value.problems] == ["there is no gist"]


def test_the_full_record_has_every_field_that_is_known(tmp_path: Path) -> None:
    law = entry(title="Press Law", kind="law", status="draft", as_of="'2026'")
    fields = {
        "document": "A/HRC/26/16",
        "official_text": "Free the press now.",
        "response_source": "{title: A, publisher: UN, date: '2014', url: 'https://un.example/'}",
        "upr_info": "{response: Noted, action_category: 4, issues: [Press, Speech]}",
        "laws": "[press]",
        "notes": "[A note.]",
    }
    one = Reader(pack=pack(tmp_path, files(**fields) | {"laws/press.yaml": law}))
    one.asks("/show khm-1").says("A note.")
    full = one.asks("/full khm-1").says(
        "Official text\nFree the press now.",
        "Document\nA/HRC/26/16",
        "Source of the answer\nUN 2014",
        "Coding\nUPR Info codes it Noted, action category 4; issues: Press and Speech",
        "Laws it names\nPress Law",
    )
    assert "UN 2014" in full.marked(Style.LINK)
    one.asks("/recommendations press law").says("naming Press Law — 1 of 1")


@pytest.mark.parametrize("name", ["Viet Nam", "VIET  NAM"])
def test_a_state_has_one_id_however_it_is_written(name: str) -> None:
    assert State(name).target == "viet-nam"


def test_a_state_is_called_as_the_readers_language_does(tmp_path: Path) -> None:
    states = "- {id: portugal, name: {en: Portugal, km: ព័រទុយហ្គាល់}}\n"
    two = Reader("km", pack=pack(tmp_path, files() | {"states.yaml": states}, "en", "km"))
    two.asks("/recommendations").says("ព័រទុយហ្គាល់")
    assert two.asks("/recommendations ព័រទុយហ្គាល់").text == two.asks("/recommendations portugal").text
    unnamed = reader(tmp_path / "unnamed")
    unnamed.asks("/recommendations from portugal").says("from portugal — 1 of 1", "Portugal recommended")


# ---------------------------------------------------------------------------- reviews and their totals


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ("{received: 205, supported: 163, noted: 42}", "Cycle 2 (2014): 205 received, 163 supported, 42 noted"),
        ("{received: 91, supported: 91, noted: 0}", "Cycle 2 (2014): 91 received, 91 supported, 0 noted"),
        ("{received: 205}", "Cycle 2 (2014): 205 received; the answers are not confirmed"),
        ("{received: 205, supported: 163}", "Cycle 2 (2014): 205 received; the answers are not confirmed"),
    ],
)
def test_a_reviews_totals_are_said_as_far_as_they_are_confirmed(tmp_path: Path, totals: str, said: str) -> None:
    one = reader(tmp_path, {"totals": totals, "complete": "true"})
    one.asks("/recommendations").says(f"{said} (A publisher 2024)").hides("known here of")
    one.asks("/show upr-2").says(said)


def test_totals_that_nobody_confirms_are_said_to_be_reported(tmp_path: Path) -> None:
    one = reader(tmp_path, {"reported_received": "One NGO reported 275; not confirmed."})
    said = "Cycle 2 (2014): totals not confirmed. One NGO reported 275; not confirmed."
    one.asks("/recommendations").says(said, "1 known here of a total not confirmed")
    one.asks("/recommendations cycle 2").says("1 of 1", "incomplete here", "1 known here of a total not confirmed")


def test_an_incomplete_review_says_how_much_of_it_is_here(tmp_path: Path) -> None:
    one = reader(tmp_path, {"totals": "{received: 198, supported: 173, noted: 25}"}, themes="[]", response="noted")
    for words in ("", "noted", "cycle 2", "portugal"):
        one.asks(f"/recommendations {words}").says("1 known here of 198")
    complete = reader(tmp_path / "complete", {"totals": "{received: 1}", "complete": "true"}, response="noted")
    for words in ("", "noted", "cycle 2"):
        complete.asks(f"/recommendations {words}").hides("known here of", "incomplete")


def test_a_review_is_called_by_its_year(tmp_path: Path) -> None:
    fields = {
        "adopted": "'2014-06-26'",
        "counting": "Counted as published.",
        "noted_about": "The press.",
        "acceptance_reported": "80%",
        "mid_term": "A mid-term report.",
        "troika": "[Italy, Kenya]",
        "head_of_delegation": "The head",
        "documents": "[{symbol: A/HRC/26/16, what: report, paragraphs: 118-119, url: 'https://un.example/'},"
        " {symbol: A/1, what: addendum}]",
    }
    one = reader(tmp_path, fields)
    for words in ("/search UPR 2014", "/search upr cycle 2", "2014 review", "2014"):
        one.asks(words).says("UPR 2014", "Universal Periodic Review, cycle 2: 28 January 2014, session 18")
    one.asks("/show upr-2").says("Counted as published.", "adopted by the Human Rights Council: 26 June 2014.")
    full = one.asks("/full upr-2").says(
        "Counted as published.\n\n",
        "What the noted ones are about\nThe press.",
        "Acceptance as reported\n80%",
        "Mid-term report\nA mid-term report.",
        "Troika\nItaly and Kenya",
        "Head of delegation\nThe head",
        "• A/HRC/26/16, report, 118-119\n• A/1, addendum",
    )
    assert "A/HRC/26/16, report, 118-119" in full.marked(Style.LINK)
    timeline = one.asks("/timeline upr-2")
    assert len(timeline.items) == 2
    timeline.says("26 June 2014: Outcome of the UN review, cycle 2", "28 January 2014: UN review (UPR), cycle 2")
    one.asks("/recommendations 2014").says("cycle 2 — 1 of 1")


def test_a_review_whose_outcome_is_open_is_one_event(tmp_path: Path) -> None:
    one = reader(tmp_path)
    assert len(one.asks("/timeline upr-2").items) == 1
    one.asks("/show upr-2").hides("adopted by")


# ---------------------------------------------------------------------------- the shipped reviews


@pytest.mark.parametrize("language", ["en", "km"])
def test_the_overview_has_every_reviews_totals_and_what_is_missing(language: str) -> None:
    one = Reader(language)
    overview = one.asks("/recommendations")
    for review in sorted(one.content.of(Review), key=lambda review: review.cycle):
        overview.says(review.line(one.context))
        here = sum(each.cycle == review.cycle for each in one.content.of(Recommendation))
        if not review.complete and review.totals:
            overview.says(one.phrase("review.here.of", n=here, total=review.totals.received))
        elif not review.complete:
            overview.says(one.phrase("review.here.unknown", n=here))


def test_the_third_review_is_known_in_part_and_says_so() -> None:
    one = Reader()
    here = sum(each.cycle == 3 for each in one.content.of(Recommendation))
    for words in ("cycle 3", "third review", "noted", "canada", "cycle 3 noted"):
        one.asks(f"/recommendations {words}").says(f"{here} known here of 198")


def test_filters_of_answer_cycle_and_state_mix() -> None:
    one = Reader()
    wanted = [Filter("response", "noted"), Filter("cycle", "2"), Filter("state", "portugal")]
    fitting = [each.id for each in one.content.select(Recommendation, wanted, TODAY)]
    total = len(one.content.of(Recommendation))
    assert fitting
    for words in ("noted cycle 2 from Portugal", "Portugal rejected second review", "not accepted by portugal 2014"):
        answer = one.asks(f"/recommendations {words}").says(f"{len(fitting)} of {total} recommendations here")
        assert answer.shown == fitting


def test_a_recommendation_is_found_by_its_paragraph() -> None:
    one = Reader()
    numbered = next(each for each in one.content.of(Recommendation) if each.cycle == 2 and each.paragraph)
    same = [each for each in one.content.of(Recommendation) if each.paragraph == numbered.paragraph]
    answer = one.asks(f"/recommendations {numbered.paragraph}").says(numbered.paragraph or "")
    assert len(same) == 1 or answer.shown == [each.id for each in same]


def test_every_answer_shown_is_the_one_that_is_recorded() -> None:
    one = Reader()
    for each in one.content.of(Recommendation):
        known = {"supported": "Supported.", "noted": "Noted.", None: "not known here."}[each.response]
        one.asks(f"/show {each.id}").says("Answer: ", known)
