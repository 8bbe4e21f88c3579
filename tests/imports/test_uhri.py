"""UHRI: every quirk of its export is read, official words go into their own field, and a second run changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.imports import Unreadable
from tests import exports
from tests.imports.pack import Imports

NEW = {"Document Symbol": "A/HRC/41/17", "UPR Session": "- 32nd Session", "UPR Reccomending States": "- Fiji"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.xlsx"


def only(imports: Imports, file: Path, text: str, **cells: str | float | None) -> dict[str, object]:
    """The entry that one row becomes, one of a review that the pack has nothing of it yet."""
    row = {**NEW, "Text": text, **{name.replace("_", " "): value for name, value in cells.items()}}
    before = imports.entries(3).keys()
    imports.bring("uhri", exports.uhri(file, row))
    after = imports.entries(3)
    assert len(after) == len(before) + 1, imports.told
    entry: dict[str, object] = after[next(iter(after.keys() - before))]
    return entry


def refused(imports: Imports, file: Path, **cells: str | float | None) -> str:
    """Why a row has no place; nothing changes."""
    row = {**NEW, "Text": "110.5 Synthetic words", **{name.replace("_", " "): value for name, value in cells.items()}}
    assert not imports.bring("uhri", exports.uhri(file, row))
    return next(line for line in imports.told if "not placed" in line)


def test_a_row_completes_the_entry_of_its_document_paragraph_and_state(imports: Imports, file: Path) -> None:
    before = imports.text(2)
    imports.bring(
        "uhri", exports.uhri(file, {"Text": "118.2 Synthetic words (Norway);", "UPR Reccomending States": "- Norway"})
    )
    entry = imports.entries(2)["khm-c2-118-2"]
    assert entry["official_text"] == "Synthetic words"
    assert entry["gist"] == "Our other words."
    assert entry["response"] == "supported"
    assert entry["response_source"] == entry["sources"][-1]
    assert entry["sources"][-1]["date"] == "2026-04-13"
    assert entry["uhri"] == {
        "id": "synthetic-2",
        "position": "Supported",
        "themes": ["Right to education"],
        "persons": ["Children"],
        "goals": ["4 - QUALITY EDUCATION"],
    }
    left = iter(imports.text(2).splitlines())
    assert all(line in left for line in before.splitlines())  # every line that there was, in its order


def test_what_moderators_wrote_stays_and_a_difference_is_told(imports: Imports, file: Path) -> None:
    imports.bring("uhri", exports.uhri(file, {"Text": "118.1 Synthetic words"}))
    assert imports.entries(2)["khm-c2-118-1"]["response"] == "noted"
    assert imports.entries(2)["khm-c2-118-1"]["themes"] == ["education"]
    assert "# What moderators wrote stays as it is." in imports.text(2)
    assert "export.xlsx: left as it is: khm-c2-118-1 says noted, row 2 Supported" in imports.told


def test_a_second_run_changes_nothing(imports: Imports, file: Path) -> None:
    rows = [
        {"Text": "118.1 Synthetic *words*"},
        {**NEW, "Text": "110.5 Synthetic words", "UPR Position": "- Supported/Noted"},
    ]
    assert imports.bring("uhri", exports.uhri(file, *rows))
    before = imports.text(2), imports.text(3)
    assert not imports.bring("uhri", file)
    assert (imports.text(2), imports.text(3)) == before


def test_without_write_the_diff_is_shown_and_nothing_is_written(imports: Imports, file: Path) -> None:
    before = imports.text(2)
    assert imports.bring("uhri", exports.uhri(file, {"Text": "118.1 Synthetic words"}), written=False)
    assert imports.text(2) == before
    assert "+  official_text: Synthetic words" in imports.diff[0].splitlines()
    assert [line for line in imports.diff[0].splitlines() if line.startswith("-") and not line.startswith("---")] == []


@pytest.mark.parametrize(
    ("text", "paragraph", "words"),
    [
        ("110.5 Synthetic words", "110.5", "Synthetic words"),
        ("Recommendation No. 41, para. 81: 41. Synthetic words", "81.41", "Synthetic words"),
        ("Recommendation contained in para. 79(a): Synthetic words", "79(a)", "Synthetic words"),
        ("Recommendation contained in 25(a): Synthetic words", "25(a)", "Synthetic words"),
        ("paragraph 28: Synthetic words", "28", "Synthetic words"),
        ("67. To continue synthetic words", "67", "To continue synthetic words"),
        ("110.5 Implement the 2030 Agenda", "110.5", "Implement the 2030 Agenda"),
    ],
)
def test_the_paragraph_is_read_from_the_head_of_the_text(
    imports: Imports, file: Path, text: str, paragraph: str, words: str
) -> None:
    entry = only(imports, file, text)
    assert (entry["paragraph"], entry["official_text"]) == (paragraph, words)


def test_a_year_is_no_paragraph(imports: Imports, file: Path) -> None:
    assert "it has no paragraph" in refused(imports, file, Text="2030 Agenda: synthetic words")


def test_entities_tags_quotes_brackets_and_cut_words_come_through_as_they_are(imports: Imports, file: Path) -> None:
    entry = only(imports, file, "110.5 <p>Synthetic &amp;\u00a0\u201cheal thcare\u201d [\u2026] a_b_ *c* [x](y)</p>")
    assert entry["official_text"] == r"Synthetic & “heal thcare” […] a_b_ \*c* \[x](y)"


def test_values_stand_on_lines_with_hyphens_and_labels_are_stripped(imports: Imports, file: Path) -> None:
    entry = only(
        imports,
        file,
        "110.5 Synthetic words",
        Themes="- Right to education \n-  Right to health",
        UPR_Reccomending_States="- Fiji\n- Viet Nam\n- Iran (Islamic Republic of)",
    )
    assert entry["states"] == ["Fiji", "Viet Nam", "Iran"]
    assert entry["themes"] == ["education", "health"]


def test_headings_may_be_spelt_right(imports: Imports, file: Path) -> None:
    heads = [head.replace("Reccomending", "Recommending") for head in exports.UHRI]
    imports.bring("uhri", exports.uhri(file, {**NEW, "Text": "110.5 Synthetic words"}, heads=heads))
    assert imports.entries(3)["khm-c3-110-5"]["states"] == ["Fiji"]


def test_strings_may_stand_in_the_cells_themselves(imports: Imports, file: Path) -> None:
    imports.bring("uhri", exports.uhri(file, {**NEW, "Text": "110.5 Synthetic words"}, shared=False))
    assert imports.entries(3)["khm-c3-110-5"]["official_text"] == "Synthetic words"


@pytest.mark.parametrize(
    ("written", "day"),
    [(46125.4996282407, "2026-04-13"), ("2026-04-13", "2026-04-13"), ("13 April 2026", "2026-04-13"), ("soon", None)],
)
def test_a_date_is_a_number_of_days_or_words(
    imports: Imports, file: Path, written: str | float, day: str | None
) -> None:
    entry = only(imports, file, "110.5 Synthetic words", Date_of_publication_on_UHRI=written)
    assert entry["sources"][0].get("date") == day  # type: ignore[index] # a list


def test_the_session_is_its_first_number(imports: Imports, file: Path) -> None:
    entry = only(imports, file, "110.5 Synthetic words", UPR_Session="- 32nd Session - 2nd part")
    assert entry["cycle"] == 3


@pytest.mark.parametrize(
    ("position", "field", "said"),
    [
        ("- Noted", "response", "noted"),
        ("- Supported", "response", "supported"),
        ("- Supported/Noted", "response_note", "UHRI gives the answer as Supported/Noted."),
        ("", "response", None),
        ("- Pending", "response", None),
    ],
)
def test_positions_are_read_by_the_table(
    imports: Imports, file: Path, position: str, field: str, said: str | None
) -> None:
    assert only(imports, file, "110.5 Synthetic words", UPR_Position=position).get(field) == said


def test_a_country_may_be_two_letters(imports: Imports, file: Path) -> None:
    entry = only(
        imports, file, "110.5 Synthetic words", Countries_Concerned="- KH", UPR_Reccomending_States="- PK\n- MY"
    )
    assert entry["states"] == ["Pakistan", "Malaysia"]


def test_rows_about_others_and_by_other_bodies_are_passed_over_and_counted(imports: Imports, file: Path) -> None:
    rows = [
        {"Text": "1.1 Synthetic", "Countries Concerned": "- Norway"},
        {"Text": "12. Synthetic", "Reccomending Body": "- CEDAW"},
        {"Text": "118.1 Synthetic"},
    ]
    imports.bring("uhri", exports.uhri(file, *rows))
    assert imports.told[-2].startswith("Of 3 rows 1 are for this pack: 1 completed")


def test_a_row_that_names_two_countries_is_placed_by_its_document_alone(imports: Imports, file: Path) -> None:
    both = "- Uzbekistan\n- Cambodia"
    assert "several countries (Uzbekistan, Cambodia)" in refused(imports, file, Countries_Concerned=both)
    imports.bring("uhri", exports.uhri(file, {"Text": "118.1 Synthetic", "Countries Concerned": both}))
    assert "official_text" in imports.entries(2)["khm-c2-118-1"]


def test_a_misprinted_number_is_read_as_what_it_means(imports: Imports, file: Path) -> None:
    imports.bring("uhri", exports.uhri(file, {"Text": "118.09 Synthetic words"}))
    assert imports.entries(2)["khm-c2-118-109"]["paragraph"] == "118.109"


def test_what_cannot_be_placed_is_told_with_its_row(imports: Imports, file: Path) -> None:
    assert refused(imports, file, UPR_Reccomending_States="- Atlantis") == (
        "export.xlsx: row 2: not placed: there is no State Atlantis: add the name under states in imports.yaml"
    )
    assert "nobody knows the position Perhaps" in refused(imports, file, UPR_Position="- Perhaps")
    assert "it has no text" in refused(imports, file, Text="")
    assert "no review here has A/HRC/9/9, session 9" in refused(
        imports, file, Document_Symbol="A/HRC/9/9", UPR_Session="- 9th Session"
    )
    assert "it names no State" in refused(imports, file, UPR_Reccomending_States="")
    assert "a pledge" in refused(imports, file, Type="- Voluntary pledges")
    assert "118.1 is of france here, and of fiji there" in refused(
        imports, file, Text="118.1 Synthetic", Document_Symbol="A/HRC/26/16"
    )


def test_a_row_that_may_be_an_entry_without_paragraph_waits_for_a_moderator(imports: Imports, file: Path) -> None:
    why = refused(imports, file, UPR_Reccomending_States="- Canada")
    assert "it may be khm-c3-canada-1: write the paragraph into the one that it is" in why
    imports.edit("recommendations/cycle-3.yaml", "  states: [Canada]", '  paragraph: "110.5"\n  states: [Canada]')
    imports.bring("uhri", file)
    assert imports.entries(3)["khm-c3-canada-1"]["official_text"] == "Synthetic words"


def test_a_row_is_new_where_a_moderator_says_that_it_is_none_of_those(imports: Imports, file: Path) -> None:
    refused(imports, file, UPR_Reccomending_States="- Canada")
    imports.edit("imports.yaml", "apart: []", "apart: [khm-c3-canada-1]")
    imports.bring("uhri", file)
    assert imports.entries(3)["khm-c3-110-5"]["states"] == ["Canada"]


def test_one_paragraph_may_be_several_entries_of_a_state_each(imports: Imports, file: Path) -> None:
    imports.edit("recommendations/cycle-2.yaml", "paragraph: '118.2'", "paragraph: '118.1'")
    row = {"Text": "118.1 Synthetic words", "UPR Reccomending States": "- Norway\n- France"}
    imports.bring("uhri", exports.uhri(file, row))
    assert {each["official_text"] for each in imports.entries(2).values()} == {"Synthetic words"}


def test_the_same_paragraph_in_other_words_has_no_second_place(imports: Imports, file: Path) -> None:
    imports.bring(
        "uhri", exports.uhri(file, {"Text": "118.1 Synthetic words"}, {"Text": "118.1 Others, synthetic too"})
    )
    assert any("row 3: not placed: row 2 is khm-c2-118-1 already" in line for line in imports.told)


def test_unknown_theme_labels_are_told_once_and_kept_as_they_are(imports: Imports, file: Path) -> None:
    rows = [{**NEW, "Text": f"110.{n} Synthetic words {n}", "Themes": "- A synthetic theme"} for n in (5, 6)]
    imports.bring("uhri", exports.uhri(file, *rows))
    assert (
        "export.xlsx: no theme is called A synthetic theme (row 2, 3): add it under themes in imports.yaml"
        in imports.told
    )
    assert imports.entries(3)["khm-c3-110-6"]["uhri"]["themes"] == ["A synthetic theme"]


def test_what_the_pack_refuses_is_left_out_and_the_rest_is_written(imports: Imports, file: Path) -> None:
    rows = [{**NEW, "Text": "110.5 Write to someone@example.org"}, {**NEW, "Text": "110.6 Synthetic words"}]
    imports.bring("uhri", exports.uhri(file, *rows))
    assert "khm-c3-110-5" not in imports.entries(3)
    assert "khm-c3-110-6" in imports.entries(3)
    assert any(
        "row 2: not placed: the pack refuses it: this looks like an e-mail address" in line for line in imports.told
    )


def test_a_pack_without_tables_uses_those_that_come_with_the_program(imports: Imports, file: Path) -> None:
    (imports.folder / "imports.yaml").unlink()
    imports.bring("uhri", exports.uhri(file, {"Text": "118.1 Synthetic words"}))
    assert "official_text" in imports.entries(2)["khm-c2-118-1"]


# --- JSON


def test_json_without_states_completes_what_is_known_by_document_and_paragraph(
    imports: Imports, tmp_path: Path
) -> None:
    record = {
        "AnnotationId": "synthetic",
        "Symbol": "A/HRC/26/16",
        "DocumentId": None,
        "PublicationDate": "2014-03-27T00:00:00",
        "AnnotationType": "- Recommendations",
        "Body": "- UPR",
        "Countries": ["Cambodia"],
        "Themes": [" Right to health "],
        "AffectedPersons": [],
        "Sdgs": [],
        "Text": "<p>118.2 Synthetic words.</p>",
    }
    file = tmp_path / "export.json"
    file.write_text(json.dumps([record, {**record, "Text": "118.77 Synthetic"}]), "utf-8")
    imports.bring("uhri", file)
    entry = imports.entries(2)["khm-c2-118-2"]
    assert (entry["official_text"], entry["themes"]) == ("Synthetic words.", ["health"])
    assert any("row 2: not placed: it names no State" in line for line in imports.told)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"Text": "x", "Countries": []}', "breaks off after record 1"),
        ('[{"Text": "x" "y"}]', "record 1 is no JSON"),
        ("[1]", "record 1 is no object"),
        ('[{"a": 1}]', "no record has a text and a country"),
        ("[" + "[" * 50_000, "record 1"),
    ],
)
def test_broken_json_gets_one_answer(imports: Imports, tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "x.json").write_text(text, "utf-8")
    with pytest.raises(Unreadable, match=why):
        imports.bring("uhri", tmp_path / "x.json")
