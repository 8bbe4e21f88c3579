"""Wording: a moderator's mistake in imports.yaml is answered at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

import handlers
from bot.content import ContentBroken, load
from bot.content.files import Files
from bot.content.repository import SHIPPED
from bot.content.wording import Wording, read
from bot.core.entry import Languages
from tests.packs import write

STATES = "- {id: fiji, name: Fiji}\n"
THEMES = "- {id: education, name: Education}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("states: {fijji: [F]}", "imports.yaml:1:10: there is no state fijji"),
        ("codes: {FJ: fijji}", "imports.yaml:1:9: there is no state fijji"),
        ("themes: {schools: [S]}", "imports.yaml:1:10: there is no theme schools"),
        ("apart: [x]", "imports.yaml:1:9: there is no recommendation x"),
        ("positions: {noted: [Noted], supported: [noted]}", "imports.yaml:1:41: noted stands under noted too"),
        ("dates: ['%d %B']", "imports.yaml:1:9: %d %B is no form of a date"),
        ("dates: ['%Q']", "imports.yaml:1:9: %Q is no form of a date"),
        ("positions: {agreed: [x]}", "imports.yaml:1:13: "),
        ("sources: {uhri: {title: A, publisher: B}}", "there is no address"),
        ("colums: {}", "there is no field colums here: did you mean columns?"),
        ("a\n b: c", "imports.yaml:2:3: "),
    ],
)
def test_a_mistake_is_answered_at_its_place(tmp_path: Path, text: str, said: str) -> None:
    folder = write(tmp_path, {"imports.yaml": text, "states.yaml": STATES, "themes.yaml": THEMES})
    with pytest.raises(ContentBroken) as broken:
        load(folder, handlers.kinds)
    assert any(said in str(problem) for problem in broken.value.problems), broken.value.problems


def test_a_pack_need_not_have_one(tmp_path: Path) -> None:
    load(write(tmp_path, {}), handlers.kinds)
    assert read(Files(tmp_path), Languages("en", "en", ("en",))) == Wording()


def test_the_shipped_one_has_a_source_for_every_publisher_and_a_code_for_every_state() -> None:
    wording = read(Files(SHIPPED), Languages("en", "en", ("en", "km")))
    assert wording.sources.keys() == {"uhri", "upr-info", "ohchr"}
    states = Files(SHIPPED).read("states.yaml").data
    assert {state.target for state in wording.codes.values()} == {each["id"] for each in states}
