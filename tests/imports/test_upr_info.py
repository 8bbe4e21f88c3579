"""UPR Info: files of two databases, without paragraphs: rows are placed by their words, or by coding and order."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from bot.imports import Unreadable
from tests import exports
from tests.imports.pack import Imports

ROWS = exports.upr_info(
    {"Recommendation": "First synthetic words\u2019 text"},
    {"Recommendation": "Second synthetic words", "RS": "Norway"},
    {"Recommendation": "Synthetic", "SuR": "Norway"},
    {"Recommendation": "Synthetic", "RS": "Cambodia", "Response": "Voluntary Pledge"},
)


def csv_of(rows: list[exports.Cells], end: str) -> str:
    held = StringIO()
    csv.writer(held, lineterminator=end).writerows(rows)
    return held.getvalue()


def test_the_old_export_is_read_with_its_doubled_columns_and_numbers(imports: Imports, tmp_path: Path) -> None:
    imports.bring("upr-info", exports.xls(tmp_path / "17-20.xls", ROWS))
    first, second = imports.entries(2).values()
    assert first["official_text"] == "First synthetic words’ text"
    assert second["official_text"] == "Second synthetic words"
    assert (second["response"], second["action_category"]) == ("supported", 5)
    assert second["upr_info"] == {"response": "Accepted", "action_category": 5, "issues": ["Justice", "Right to land"]}
    assert "17-20.xls: row 5: not placed: a pledge of the State's own, and no recommendation" in imports.told
    assert not imports.bring("upr-info", tmp_path / "17-20.xls")


def test_the_researchers_csv_has_other_names_old_mac_lines_and_windows_characters(
    imports: Imports, tmp_path: Path
) -> None:
    heads = "To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session".split(",")
    file = tmp_path / "17-20.csv"
    file.write_bytes(csv_of([heads, *ROWS[1:]], "\r").encode("cp1252"))
    imports.bring("upr-info", file)
    assert imports.entries(2)["khm-c2-118-1"]["official_text"] == "First synthetic words’ text"


def test_a_csv_may_be_utf_8_with_semicolons_and_headings_further_down(imports: Imports, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("\ufeffAn export; synthetic\n" + csv_of(ROWS, "\n").replace(",", ";"), "utf-8")
    imports.bring("upr-info", file)
    assert imports.entries(2)["khm-c2-118-2"]["official_text"] == "Second synthetic words"


def test_an_unknown_heading_is_answered_with_what_was_found_and_may_be_added(imports: Imports, tmp_path: Path) -> None:
    rows = [["Synthetic heading", *exports.UPR_INFO[1:]], *ROWS[1:]]
    file = tmp_path / "x.csv"
    file.write_text(csv_of(rows, "\n"), "utf-8")
    with pytest.raises(Unreadable, match=r"no row has the headings for .*found: Synthetic heading, Rgrp"):
        imports.bring("upr-info", file)
    imports.edit("imports.yaml", "countries: [", "countries: [Synthetic heading, ")
    assert imports.bring("upr-info", file)


def test_the_new_database_has_labels_three_answers_and_a_month_in_the_session(imports: Imports, tmp_path: Path) -> None:
    record = {
        "recommendation": "Second synthetic words",
        "state_under_review": "Cambodia",
        "recommending_state": "Norway",
        "response": "Not Supported",
        "action_category": "5 - Specific action",
        "issues": "Justice",
        "session": "18 - January 2014",
    }
    imports.edit(
        "recommendations/cycle-2.yaml",
        "  gist: Our other words.",
        "  gist: Other.\n  official_text: Second synthetic words",
    )
    imports.bring("upr-info", exports.uwazi(tmp_path / "x.json", record))
    entry = imports.entries(2)["khm-c2-118-2"]
    assert (entry["response"], entry["action_category"]) == ("noted", 5)
    assert any("coded otherwise" in line for line in imports.told)


def test_words_are_compared_without_spaces_that_a_scan_has_made(imports: Imports, tmp_path: Path) -> None:
    imports.edit(
        "recommendations/cycle-2.yaml",
        "  gist: Our other words.",
        "  gist: Other.\n  official_text: Second syn thetic words",
    )
    rows = exports.upr_info(
        {"Recommendation": "Second synthetic words", "RS": "Norway", "Issue": "Poverty", "Action": 2.0}
    )
    imports.bring("upr-info", exports.xls(tmp_path / "x.xls", rows))
    assert imports.entries(2)["khm-c2-118-2"]["action_category"] == 2


def test_words_may_differ_by_what_a_misprint_does_and_no_more(imports: Imports, tmp_path: Path) -> None:
    words = "Second synthetic words about nothing at all"
    imports.edit("recommendations/cycle-2.yaml", "gist: Our other words.", f"gist: Other.\n  official_text: {words}")
    for said, placed in ((words.replace("nothing", "nothnig"), True), ("Something else that is synthetic", False)):
        rows = exports.upr_info({"Recommendation": said, "RS": "Norway", "Issue": "Poverty", "Action": 2.0})
        imports.bring("upr-info", exports.xls(tmp_path / "x.xls", rows), written=False)
        assert any(": not placed: " in line for line in imports.told) is not placed
        assert not any("another official text" in line for line in imports.told)


def test_another_official_text_is_told(imports: Imports, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    imports.bring("uhri", exports.uhri(file, {"Text": "118.1 Synthetic words"}))
    imports.bring("uhri", exports.uhri(file, {"Text": "118.1 Something else altogether"}))
    assert "x.xlsx: left as it is: khm-c2-118-1 has another official text than row 2" in imports.told


def test_several_rows_coded_alike_follow_the_order_of_the_report(imports: Imports, tmp_path: Path) -> None:
    imports.edit("recommendations/cycle-2.yaml", "states: [Norway]", "states: [France]")
    rows = exports.upr_info({"Recommendation": "Synthetic one"}, {"Recommendation": "Synthetic two"})
    imports.bring("upr-info", exports.xls(tmp_path / "x.xls", rows))
    assert [each["official_text"] for each in imports.entries(2).values()] == ["Synthetic one", "Synthetic two"]


def test_a_row_that_is_none_for_certain_has_no_place(imports: Imports, tmp_path: Path) -> None:
    rows = exports.upr_info(
        {"Recommendation": "Synthetic one"},
        {"Recommendation": "Synthetic two"},
        {"Recommendation": "Synthetic three", "RS": "Canada", "Session": 32.0},
    )
    assert not imports.bring("upr-info", exports.xls(tmp_path / "x.xls", rows))
    assert sum("no recommendation of france here is it for certain" in line for line in imports.told) == 2
    assert sum("no recommendation of canada here" in line for line in imports.told) == 1
