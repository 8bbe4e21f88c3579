"""OHCHR's matrix: tables of a Word file, headings over rows, repeats under every theme, States in brackets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.imports import Unreadable
from tests import exports
from tests.imports.pack import Imports

SOURCE = "\nSource of Position: A/HRC/41/17/Add.1 - Para.7"
THEMES = "- Right to education\n- Right to health\nGroups of Persons:\n- Children"
OLDER = ("Recommendation", "Position", "Full list of themes", "Assessment/comments on level of implementation")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "matrix.docx"


def row(
    text: str, position: str = "Supported", themes: str = THEMES, goals: str = "- 4 - QUALITY EDUCATION"
) -> list[str]:
    return [text + SOURCE, position, themes, goals]


def brought(imports: Imports, file: Path, *rows: list[str]) -> dict[str, dict[str, object]]:
    imports.bring("ohchr", exports.docx(file, exports.NEWER, *rows), cycle=3)
    return imports.entries(3)


def test_a_row_has_paragraph_states_addendum_answer_themes_groups_and_goals(imports: Imports, file: Path) -> None:
    entry = brought(imports, file, ["Theme: Right to education"], row("166.6. Synthetic words (Fiji);"))["khm-c3-166-6"]
    assert entry["official_text"] == "Synthetic words"
    assert (entry["states"], entry["response"], entry["document"]) == (["Fiji"], "supported", "A/HRC/41/17")
    assert entry["themes"] == ["education", "health"]
    assert entry["ohchr"] == {
        "position": "Supported",
        "symbol": "A/HRC/41/17/Add.1",
        "themes": ["Right to education", "Right to health"],
        "persons": ["Children"],
        "goals": ["4 - QUALITY EDUCATION"],
    }
    assert not imports.bring("ohchr", file, cycle=3)


def test_a_recommendation_under_several_themes_is_one_with_all_of_them(imports: Imports, file: Path) -> None:
    entries = brought(
        imports,
        file,
        ["Theme: Right to education"],
        row("166.6 Synthetic words (Fiji);", themes=""),
        ["Right or area: Death penalty"],
        row("166.6 Synthetic words (Fiji);", themes=""),
    )
    assert entries["khm-c3-166-6"]["themes"] == ["education", "death-penalty"]


@pytest.mark.parametrize(
    ("text", "words", "states"),
    [
        ("166.6 Synthetic (France) (Norway);", "Synthetic", ["France", "Norway"]),
        ("166.6 Synthetic (Iran (Islamic Republic of); Viet Nam);", "Synthetic", ["Iran", "Viet Nam"]),
        ("166.6 Synthetic (including all) (Fiji).", "Synthetic (including all)", ["Fiji"]),
        ("166.6 Synthetic (Fiji, Norway and France)", "Synthetic", ["Fiji", "Norway", "France"]),
        ("166.6 Synthetic (Antigua and Barbuda)", "Synthetic", ["Antigua and Barbuda"]),
        (
            "166.6 One synthetic (Fiji); Another synthetic (Norway);",
            "One synthetic (Fiji); Another synthetic",
            ["Fiji", "Norway"],
        ),
    ],
)
def test_states_stand_in_brackets_at_the_end(
    imports: Imports, file: Path, text: str, words: str, states: list[str]
) -> None:
    entry = brought(imports, file, row(text))["khm-c3-166-6"]
    assert (entry["official_text"], entry["states"]) == (words, states)


def test_a_position_may_break_across_lines(imports: Imports, file: Path) -> None:
    entry = brought(imports, file, row("166.6 Synthetic (Fiji)", "Supported/Not\ned"))["khm-c3-166-6"]
    assert entry["response_note"] == "OHCHR’s matrix gives the answer as Supported/Not ed."


def test_the_older_headings_may_have_a_column_for_the_states(imports: Imports, file: Path) -> None:
    themes = "- Right to education\nSDGs:\n- 4 - QUALITY EDUCATION\nAffected persons:\n- Children"
    heads = ("Recommendation", "Recommending state/s", *OLDER[1:])
    held = ("166.6 Synthetic" + SOURCE, "Fiji; Norway", "Under consideration", themes, "")
    imports.bring("ohchr", exports.docx(file, heads, held), cycle=3)
    entry = imports.entries(3)["khm-c3-166-6"]
    assert entry["states"] == ["Fiji", "Norway"]
    assert "response" not in entry
    assert entry["ohchr"]["goals"] == ["4 - QUALITY EDUCATION"]
    assert entry["ohchr"]["persons"] == ["Children"]


def test_a_matrix_is_placed_by_the_document_of_its_addendum(imports: Imports, file: Path) -> None:
    text = "118.2 Synthetic (Norway)\nSource of Position: A/HRC/26/16/Add.1 - Para.7"
    imports.bring("ohchr", exports.docx(file, OLDER, [text, "Noted", "", ""]))
    assert imports.entries(2)["khm-c2-118-2"]["response"] == "noted"


def test_a_matrix_of_an_unknown_document_asks_which_review_it_is(imports: Imports, file: Path) -> None:
    imports.bring("ohchr", exports.docx(file, OLDER, row("1.1 Synthetic (Fiji)")))
    assert any("no review here has A/HRC/41/17/Add.1: add the document" in line for line in imports.told)
    with pytest.raises(Unreadable, match="no review of cycle 9"):
        imports.bring("ohchr", file, cycle=9)


def test_a_word_file_without_the_matrix_gets_one_answer(imports: Imports, file: Path) -> None:
    with pytest.raises(Unreadable, match="no table begins with the headings"):
        imports.bring("ohchr", exports.docx(file, ("A", "B"), ("1", "2")))
    with pytest.raises(Unreadable, match="declares a document type"):
        imports.bring("ohchr", exports.docx(file, OLDER, declared='<!DOCTYPE a [<!ENTITY b "c">]>'))
