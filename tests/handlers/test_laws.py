"""Laws: what is in force and what is only a draft, who objects, and who was charged under it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.query import Filter
from bot.core.text import Style
from handlers.laws import Law, reviewed
from handlers.prisoners import Prisoner
from handlers.recommendations import Recommendation
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack, person

LAW = {
    "title": "Law on the Amendment of Article 437 of the Criminal Code",
    "short_title": "Royal insult law",
    "kind": "amendment",
    "status": "in-force",
    "as_of": "'2026-10'",
    "aliases": "[lese-majeste]",
}


def law(**fields: str) -> dict[str, str]:
    return {"laws/royal-insult.yaml": entry(**{**LAW, **fields})}


def test_status_and_its_age_come_first(tmp_path: Path) -> None:
    fields = {
        "status": "not-running",
        "as_of": "'2022'",
        "status_note": f"Put off in 2022. Nothing newer was found{', or written down' * 5}.",
        "summary": "It does this. It does that.",
        "rights": "[expression, privacy]",
        "government_position": "It keeps order.",
        "disputed": "[{point: why it was put off}]",
    }
    Reader(pack=pack(tmp_path, law(**fields))).asks("royal insult law").says(
        "Royal insult law",
        "Law on the Amendment of Article 437 of the Criminal Code",
        "In law but not running. Last confirmed 2022; may have changed.",
        "It does this. It does that.",
        "Touches: expression and privacy",
        "Sources differ: why it was put off",
        "Official position: It keeps order.",
    )


def test_a_law_is_found_by_both_titles_and_its_aliases(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, law()))
    for words in (LAW["title"], LAW["short_title"], "lese-majeste", "Lèse-majesté", "royal-insult"):
        assert reader.asks(f"/laws {words}").text.startswith("Royal insult law\nLaw on the Amendment")


def test_a_law_without_a_short_title_is_called_by_its_title(tmp_path: Path) -> None:
    files = {"laws/press.yaml": entry(title="Press Law", kind="law", status="draft", as_of="'2026'")}
    reader = Reader(pack=pack(tmp_path, files))
    assert reader.asks("press law").text.startswith("Press Law\nDraft. Last confirmed 2026.")
    reader.asks("/laws").says("1 legal text here. draft 1.", "1. Press Law — draft (2026)")


def test_the_full_record_has_every_field_that_is_known(tmp_path: Path) -> None:
    fields = {
        "adopted": "'2018-02-14'",
        "promulgated": "'2018-02'",
        "in_force": "'2018'",
        "status_note": "A note. " + "Words and words. " * 10,
        "articles": "[{article: 437 bis, gist: Insult is a crime., concern: It is vague.}, {gist: A fine.}]",
        "standards": "[ICCPR article 19]",
        "standards_suggested": "[ICCPR article 9]",
        "criticism": "[{body: OHCHR, date: '2018-02', gist: Vague., url: 'https://a.b/'}, {body: HRW, gist: Repeal.}]",
        "ask": "Repeal it.",
        "timeline": "[{date: '2018-02-14', event: Adopted.}, {event: Used.}]",
        "review_note": "Not named.",
    }
    reader = Reader(pack=pack(tmp_path, law(**fields)))
    full = reader.asks("/full royal-insult").says(
        "Title\nLaw on the Amendment",
        "Status\nIn force. Last confirmed October 2026. A note. Words and words.",
        "• Adopted: 14 February 2018\n• Promulgated: February 2018\n• In force: 2018",
        "• Article 437 bis: Insult is a crime. → It is vague.\n• A fine.",
        "Standards named by sources\n• ICCPR article 19",
        "Standards we suggest (for a lawyer to check)\n• ICCPR article 9",
        "• OHCHR (February 2018): Vague.\n• HRW: Repeal.",
        "What critics ask for\nRepeal it.",
        "• 14 February 2018: Adopted.\n• Used.",
        "At the UN’s reviews\nNot named.",
    )
    assert "OHCHR" in full.marked(Style.LINK)
    assert fields["status_note"].strip() in full.text
    reader.asks("/timeline royal-insult").says("14 February 2018: Adopted.").hides("Used.")


@pytest.mark.parametrize(
    ("dates", "year"),
    [
        ({"adopted": "'2018'", "in_force": "'2019'"}, "2018"),
        ({"promulgated": "'2017'"}, "2017"),
        ({"in_force": "'2016'"}, "2016"),
    ],
)
def test_the_year_of_a_law_is_that_of_its_adoption_or_the_next_that_is_known(
    tmp_path: Path, dates: dict[str, str], year: str
) -> None:
    reader = Reader(pack=pack(tmp_path, law(**dates)))
    reader.asks(f"/laws {year}").says(f"{year} — 1 of 1 legal texts here")
    reader.asks("/laws 2019").says("Nothing here fits 2019.")


def test_a_law_without_dates_has_no_year(tmp_path: Path) -> None:
    Reader(pack=pack(tmp_path, law())).asks("/laws 2018").says("Nothing here fits 2018.")


# ---------------------------------------------------------------------------- the shipped texts


def test_the_overviews_counts_by_status_add_up() -> None:
    reader = Reader()
    laws = reader.content.of(Law)
    overview = reader.asks("/laws").says(f"{len(laws)} legal texts here.").text
    for status in {law.status for law in laws}:
        n = len(reader.content.select(Law, [Filter("status", status)], TODAY))
        assert f"{reader.content.label('status', status)} {n}" in overview


def test_a_draft_is_never_listed_as_a_law_in_force() -> None:
    reader = Reader()
    drafts = reader.asks("/laws draft").shown
    assert drafts
    in_force = {name for answer in reader.pages("/laws in force") for name in answer.shown}
    assert not set(drafts) & in_force
    assert all(reader.asks(f"/show {name}").says("Draft. Last confirmed") for name in drafts)


def test_the_cases_under_a_law_are_those_that_its_button_leads_to() -> None:
    reader = Reader()
    counted = 0
    for law in reader.content.of(Law):
        cases = reader.content.select(Prisoner, [Filter("law", law.id)], TODAY)
        card = reader.asks(f"/show {law.id}")
        if not cases:
            card.hides("Used in")
            continue
        card.says(reader.phrase("law.used", n=len(cases)))
        button = reader.phrase("button.cases", n=len(cases))
        counted += 1
        answer = reader.presses(button)
        answer.says(law.heading, f"{len(cases)} of {len(reader.content.of(Prisoner))} documented cases here")
    assert counted > 3


def test_a_law_named_in_a_list_of_cases_stands_for_the_cases_under_it() -> None:
    reader = Reader()
    by_filter = reader.asks("/prisoners charged under lese-majeste").shown
    for words in ("lese-majeste", "under lese-majeste-2018", "charged under the royal insult law"):
        assert reader.asks(f"/prisoners {words}").shown == by_filter


# ---------------------------------------------------------------------------- at the UN's reviews


@pytest.mark.parametrize("language", ["en", "km"])
def test_what_the_reviews_asked_is_told_apart_by_whether_it_names_the_law(language: str) -> None:
    reader = Reader(language)
    for law in reader.content.of(Law):
        found, naming = reviewed(law, reader.context)
        assert [law.id in each.laws for each in found] == [True] * naming + [False] * (len(found) - naming)
        assert all(set(each.themes) & set(law.themes) for each in found[naming:])
        if found:
            first, *others = reader.pages(f"/reviewed {law.id}")
            first.says(law.heading)
            assert {str(n) for n in (naming, len(found) - naming) if n} <= set(re.findall(r"\d+", first.text))
            assert [name for answer in (first, *others) for name in answer.shown] == [each.id for each in found]


def test_a_shared_theme_is_never_said_to_be_a_name() -> None:
    reader = Reader()
    for law in reader.content.of(Law):
        naming = sum(law.id in each.laws for each in reader.content.of(Recommendation))
        sharing = len(reviewed(law, reader.context)[0]) - naming
        labels = reader.asks(f"/show {law.id}").labels
        assert (f"At the UN ({naming})" in labels) is (naming > 0)
        assert (f"UN on its subject ({sharing})" in labels) is (naming == 0 < sharing)
    reader.asks("/show lango-2015")
    reader.presses("At the UN (1)").says("1 recommendation here names it. After that, ", "only share a theme with it")
    reader.asks("/show lese-majeste-2018")
    reader.presses("UN on its subject").says("No recommendation here names it. ", "share a theme with it")


def test_a_law_that_shares_no_theme_with_what_names_it_says_only_who_names_it(tmp_path: Path) -> None:
    asked = entry(cycle="2", states="[France]", gist="Repeal it.", laws="[royal-insult]")
    reader = Reader(pack=pack(tmp_path, law() | {"recommendations/khm-1.yaml": asked}))
    reader.asks("royal insult law")
    reader.presses("At the UN (1)").says("1 recommendation here names it.\n\n1. ").hides("theme")


def test_only_a_law_has_a_review_of_its_subject() -> None:
    reader = Reader()
    assert reader.asks("/reviewed kem-sokha").text == reader.asks("/show kem-sokha").text
    reader.asks("/reviewed").says("Which entry?")


def test_used_in_counts_charges_and_not_mere_links(tmp_path: Path) -> None:
    files = law() | {
        "prisoners/a.yaml": person("Sok Vanna", charges="[{text: Insult, law: royal-insult}]"),
        "prisoners/b.yaml": person("Chan Dara", related="[royal-insult]"),
    }
    reader = Reader(pack=pack(tmp_path, files))
    reader.asks("royal insult law").says("Used in 1 documented case here")
    reader.presses("Cases (1)").says("1 of 2 documented cases here", "Sok Vanna").hides("Chan Dara")
