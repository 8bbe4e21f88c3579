"""Standing: what of each kind of entry is news, to whom, and from when until when."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.core.content import Content
from bot.core.entry import Entry, News
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack, person

TOPICS = "topics.yaml"
COUNT = "{date: '2024-04', publisher: A counter, measure: held, url: 'https://a.example/', number: "


def content(folder: Path, **files: str) -> Content:
    """A pack of files, each called "name" in the folder of its keyword."""
    found = {f"{kind}/name.yaml": text for kind, text in files.items()}
    topics = "[{id: prisoners, name: Prisoners}, {id: laws, name: Laws}]"
    return Reader(pack=pack(folder, {TOPICS: topics, **found})).content


def only(folder: Path, **files: str) -> Entry:
    return content(folder, **files).entries["name"]


def update(**fields: str) -> str:
    return entry(title="A title", date="'2026-11-23'", topics="[prisoners, laws]", text="Some words.", **fields)


def action(**fields: str) -> str:
    return entry(title="A title", ask="Ask for it.", **fields)


def test_custody_and_case_are_news_as_they_are_written_whatever_the_day(tmp_path: Path) -> None:
    each = only(tmp_path, prisoners=person(custody="detained", term_ends="2020"))
    assert each.standing() == {"custody": "detained", "case": "charged"}
    assert each.news(TODAY) == News(("prisoners",))


def test_the_status_of_a_law_is_news(tmp_path: Path) -> None:
    each = only(tmp_path, laws=entry(title="A law", kind="law", status="draft", as_of="2026"))
    assert each.standing() == {"status": "draft"}
    assert each.news(TODAY) == News(("laws",))


@pytest.mark.parametrize(("fields", "response"), [({}, "unknown-response"), ({"response": "noted"}, "noted")])
def test_the_answer_to_a_recommendation_is_news_and_what_became_of_it(
    tmp_path: Path, fields: dict[str, str], response: str
) -> None:
    each = only(tmp_path, recommendations=entry(cycle="2", states="[Portugal]", gist="Do it.", **fields))
    assert each.standing() == {"response": response, "implementation": "unknown"}
    assert each.news(TODAY) == News(("recommendations",))


@pytest.mark.parametrize(("number", "said"), [("12", "12"), ("{low: 30, high: 40}", "30-40")])
def test_the_newest_count_of_a_figure_is_news(tmp_path: Path, number: str, said: str) -> None:
    older = COUNT.replace("2024", "2023") + "99}"
    each = only(tmp_path, figures=entry(title="Held", series=f"[{COUNT}{number}}}, {older}]"))
    assert each.standing() == {"count": f"2024-04 A counter {said}"}
    assert each.news(TODAY) == News(("claims",))


def test_a_new_claim_is_news_and_does_not_change(tmp_path: Path) -> None:
    each = only(tmp_path, claims=entry(claim="There are none.", who="An official", date="'2024'"))
    assert each.standing() == {}
    assert each.news(TODAY) == News(("claims",))


def test_a_new_action_is_news_while_it_can_be_done(tmp_path: Path) -> None:
    each = only(tmp_path, actions=action(expires="'2026-11-23'"))
    made = each.news(TODAY)
    assert made is not None
    assert (made.topics, str(made.expires)) == (("actions",), "2026-11-23")
    assert each.news(date(2026, 11, 24)) is None


def test_an_update_is_news_to_its_own_topics_once_it_is_due_and_until_it_expires(tmp_path: Path) -> None:
    each = only(tmp_path, updates=update(urgent="true", languages="[en]", expires="'2026-11-24'"))
    made = each.news(TODAY)
    assert made is not None
    assert (made.topics, made.urgent, made.languages) == (("prisoners", "laws"), True, ("en",))
    assert each.news(date(2026, 11, 22)) is None
    assert each.news(date(2026, 11, 25)) is None


def test_context_is_no_news(tmp_path: Path) -> None:
    event = entry(title="It happened", date="2017", text="Words.")
    note = entry(title="A note", text="Words.")
    assert only(tmp_path / "events", events=event).news(TODAY) is None
    assert only(tmp_path / "background", background=note).news(TODAY) is None
