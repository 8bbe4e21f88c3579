"""Export: a pack comes back from JSON as it was, and no spreadsheet finds a formula in it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from bot.content import export, load
from bot.content.repository import SHIPPED, Shelf, opened
from bot.content.spreadsheet import spreadsheet
from bot.content.table import neutral, tables
from tests.conversation import TODAY
from tests.packs import entry, person, write

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DANGEROUS = "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "  =1"


@pytest.fixture(scope="module")
def shipped() -> Shelf:
    return opened(SHIPPED, handlers.kinds, TODAY)


def tiny(folder: Path, files: dict[str, str], *languages: str) -> Shelf:
    return opened(write(folder, files, *languages), handlers.kinds, TODAY)


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    """What a spreadsheet shows, by sheet; no cell is anything but words or nothing."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert {cell.data_type for sheet in book for row in sheet for cell in row if cell.value is not None} <= {"s"}
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def files(data: bytes) -> dict[str, list[list[str]]]:
    """What the tables of a ZIP show, by name."""
    with ZipFile(io.BytesIO(data)) as archive:
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    return {name: list(csv.reader(io.StringIO(text, newline=""))) for name, text in texts.items()}


# --- JSON


def test_the_shipped_pack_comes_back_as_it_was_every_kind_in_every_language(shipped: Shelf, tmp_path: Path) -> None:
    export.unpack(export.exported(shipped, "json", AT), tmp_path / "pack")
    again = load(tmp_path / "pack", handlers.kinds, TODAY)[0]
    assert {entry.noun for entry in shipped.snapshot.views["en"].entries.values()} >= {"prisoner", "law", "claim"}
    for code, view in shipped.snapshot.views.items():
        assert list(again.views[code].entries.items()) == list(view.entries.items())
        assert (again.views[code].pack, again.views[code].terms) == (view.pack, view.terms)


def test_it_says_when_it_was_made_of_what_and_under_which_licence(shipped: Shelf) -> None:
    held = json.loads(export.exported(shipped, "json", AT))
    assert (held["exported"], held["version"]) == ("2026-11-23", shipped.snapshot.version)
    assert "CC BY 4.0" in held["licence"]
    assert all(each["fields"]["sources"] for each in held["entries"])
    assert not any(name.startswith("strings/") for name in held["files"])  # the bot's own words are no part of a pack


def test_a_list_of_entries_stays_one_whatever_they_are_called(tmp_path: Path) -> None:
    listed = "\n".join(
        f"- id: {name}\n  {entry(title='A', date='2019', text='B').strip().replace(chr(10), chr(10) + '  ')}"
        for name in ("many", "second")
    )
    words = "name: English\nphrases: {bad: {unknown: Eh?}}\n"
    shelf = tiny(tmp_path / "a", {"events/many.yaml": listed, "strings/en.yaml": words})
    export.unpack(export.exported(shelf, "json", AT), tmp_path / "b")
    again = load(tmp_path / "b", handlers.kinds, TODAY)[0].views["en"]
    assert list(again.entries) == ["many", "second"]
    assert str(again.say("bad.unknown")) == "Eh?"


def test_a_pack_without_a_licence_says_so(tmp_path: Path) -> None:
    shelf = tiny(tmp_path, {})
    assert json.loads(export.exported(shelf, "json", AT))["licence"] == "Licence: not stated."


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"pratip": 1}',
        b'{"pratip": 2, "files": {}, "entries": []}',
        b'{"pratip": 1, "files": {"../evil.yaml": 1}, "entries": []}',
        b'{"pratip": 1, "files": {"/etc/evil.yaml": 1}, "entries": []}',
        b'{"pratip": 1, "files": {"a/b/c.yaml": 1}, "entries": []}',
        b'{"pratip": 1, "files": {".hidden.yaml": 1}, "entries": []}',
        b'{"pratip": 1, "files": {"evil.py": 1}, "entries": []}',
        b'{"pratip": 1, "files": {}, "entries": [{"file": "a.yaml", "fields": {}}]}',
    ],
)
def test_what_is_no_export_makes_no_folder(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(export.Unreadable):
        export.unpack(text, tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


# --- CSV and XLSX


def test_every_entry_is_a_row_with_its_sources_under_title_day_and_licence(shipped: Shelf) -> None:
    tabled = {table.name: table for table in tables(shipped.snapshot, handlers.kinds)}
    assert sum(len(table.rows) for table in tabled.values()) == len(shipped.snapshot.views["en"].entries)
    for name, rows in files(export.exported(shipped, "csv", AT)).items():
        assert rows[0][1] == "2026-11-23"
        assert "CC BY 4.0" in rows[0][2]
        assert rows[1][0] == "id"
        assert rows[1][-1] == "sources"
        assert all("publisher: " in row[-1] for row in rows[2:])
        assert len(rows) - 2 == len(tabled[name.removesuffix(".csv")].rows)


def test_the_spreadsheet_says_the_same_as_the_tables(shipped: Shelf) -> None:
    tabled = files(export.exported(shipped, "csv", AT))
    shown = sheets(export.exported(shipped, "xlsx", AT))
    assert {f"{name}.csv" for name in shown} == tabled.keys()
    for name, rows in shown.items():
        for row, other in zip(rows[1:], tabled[f"{name}.csv"][1:], strict=True):
            assert [cell or "" for cell in row] == [cell.removeprefix("'") for cell in other]


def test_each_language_has_a_column_and_a_translation_says_that_nobody_checked_it(tmp_path: Path) -> None:
    draft, dated = "{en: A *law*, km: {text: ច្បាប់, draft: true}}", "{from: 2019-05, to: 2020}"
    law = {"title": draft, "kind": "law", "status": "draft", "as_of": dated, "summary": "{en: '*In* words.'}"}
    claim = entry(claim="It is.", who="A minister", date="2019", themes="[]", aliases="[one, two]")
    shelf = tiny(tmp_path, {"laws/a.yaml": entry(**law), "claims/b.yaml": claim}, "en", "km")
    laws, claims = (
        dict(zip(table.columns, table.rows[0], strict=True)) for table in tables(shelf.snapshot, shelf.kinds)
    )
    assert (laws["title (en)"], laws["title (km)"]) == ("A *law*", "[draft] ច្បាប់")
    assert (laws["summary (en)"], laws["summary (km)"], laws["as_of"]) == ("In words.", "", "2019-05/2020")
    assert claims["aliases"] == "one; two"


def test_what_is_true_says_so_and_what_is_not_is_empty(tmp_path: Path) -> None:
    people = {"prisoners/a.yaml": person(minor_at_arrest="true"), "prisoners/b.yaml": person("Other Name")}
    (table,) = tables(tiny(tmp_path, people).snapshot, handlers.kinds)
    assert [row[table.columns.index("minor_at_arrest")] for row in table.rows] == ["true", ""]


@pytest.mark.parametrize("words", DANGEROUS)
def test_a_formula_is_words(words: str) -> None:
    assert neutral(words) == f"'{words}"
    assert sheets(spreadsheet([("one", [[words]])], AT))["one"] == [[words.replace("\r", "")]]


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_no_words_whatever_become_a_formula_or_break_the_file(words: str) -> None:
    assert not neutral(words).lstrip().startswith(("=", "+", "-", "@"))
    (((shown,),),) = sheets(spreadsheet([("one", [[words]])], AT)).values()
    kept = "".join(each for each in words if each in "\t\n" or (each >= " " and each not in "\ufffe\uffff"))
    assert (shown or "") == kept


def test_a_cell_is_cut_where_a_spreadsheet_ends_it_and_markup_is_words() -> None:
    (((long, marked),),) = sheets(spreadsheet([("<&\"'" * 20, [["x" * 40_000, "<b>&amp;"]])], AT)).values()
    assert (len(long), long[-1], marked) == (32_767, "…", "<b>&amp;")


def test_the_same_pack_on_the_same_day_is_the_same_file(shipped: Shelf) -> None:
    for form in export.FORMATS:
        assert export.exported(shipped, form, AT) == export.exported(shipped, form, AT)
        assert export.name(form, AT).startswith("pratip-2026-11-23.")
