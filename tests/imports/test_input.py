"""Input: whatever lies there, the answer is one clear sentence, and the pack is as it was."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.imports import Unreadable
from tests import exports
from tests.imports.pack import Imports, prepared


def refusal(imports: Imports, path: Path, publisher: str = "uhri") -> str:
    before = {file: file.read_bytes() for file in imports.folder.rglob("*.yaml")}
    with pytest.raises(Unreadable) as refused:
        imports.bring(publisher, path)
    assert {file: file.read_bytes() for file in imports.folder.rglob("*") if file.is_file()} == before
    return str(refused.value)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04 cut", "cut short or damaged"),
        (b"%PDF-1.7", "this is a PDF"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"a,b\n1,2\n", "this is CSV; of uhri XLSX or JSON can be read"),
        (b'[{"Text": "\xff"}]', "not UTF-8"),
    ],
)
def test_a_file_of_another_kind(imports: Imports, tmp_path: Path, held: bytes, why: str) -> None:
    (tmp_path / "x").write_bytes(held)
    assert why in refusal(imports, tmp_path / "x")


def test_no_file_a_folder_and_a_pipe(imports: Imports, tmp_path: Path) -> None:
    assert refusal(imports, tmp_path / "none") == "there is no such file"
    assert refusal(imports, tmp_path) == "this is no file"
    os.mkfifo(tmp_path / "pipe")
    assert refusal(imports, tmp_path / "pipe") == "this is no file"


def test_old_office_files(imports: Imports, tmp_path: Path) -> None:
    file = tmp_path / "x"
    assert "an old Word file (DOC)" in refusal(imports, exports.word_file(file), "ohchr")
    assert "asks for a password" in refusal(imports, exports.word_file(file, "EncryptedPackage"))
    assert "no XLS workbook" in refusal(imports, exports.word_file(file, "Synthetic"), "upr-info")


def test_a_zip_that_is_neither_workbook_nor_word_file(imports: Imports, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "synthetic")
    assert "neither a workbook" in refusal(imports, tmp_path / "x.zip")


def test_a_sheet_that_breaks_off_says_after_which_row_and_nothing_is_taken(imports: Imports, tmp_path: Path) -> None:
    rows: list[exports.Cells] = [["Text", "Countries Concerned"], ["118.1 Synthetic", "- Cambodia"]]
    file = exports.workbook(tmp_path / "x.xlsx", rows, cut="<row><c></row>")
    assert "breaks off after row" in refusal(imports, file)
    file = exports.workbook(tmp_path / "x.xlsx", [["a", "b"], ["1", "2"]])
    assert "found: a, b" in refusal(imports, file)


def test_a_workbook_that_another_program_writes_is_read_the_same(imports: Imports, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Before", 0).append(["nothing", "here"])
    sheet = book.worksheets[1]
    sheet.append(["Text", "Countries Concerned", "Document Symbol", "UPR Reccomending States", "UPR Session"])
    sheet.append(["118.2 Synthetic <words> & “signs”", "- Cambodia", "A/HRC/26/16", "- Norway", 18])
    book.save(tmp_path / "x.xlsx")
    imports.bring("uhri", tmp_path / "x.xlsx")
    assert imports.entries(2)["khm-c2-118-2"]["official_text"] == "Synthetic <words> & “signs”"


def test_days_counted_from_1904_are_understood(imports: Imports, tmp_path: Path) -> None:
    rows: list[exports.Cells] = [
        ["Text", "Countries Concerned", "Document Symbol", "UPR Reccomending States", "Date of publication on UHRI"],
        ["118.2 Synthetic_x000D_", "- Cambodia", "A/HRC/26/16", "- Norway", 46125 - 1462],
    ]
    imports.bring("uhri", exports.workbook(tmp_path / "x.xlsx", rows, late=True))
    assert imports.entries(2)["khm-c2-118-2"]["sources"][-1]["date"] == "2026-04-13"


def test_a_file_that_somebody_changes_meanwhile_is_not_written_over(imports: Imports, tmp_path: Path) -> None:
    file = exports.uhri(tmp_path / "x.xlsx", {"Text": "118.1 Synthetic"})
    changed = imports.text(2).replace("two lines", "three lines")
    imports.diff = _Meddling(lambda: (imports.folder / "recommendations/cycle-2.yaml").write_text(changed, "utf-8"))
    with pytest.raises(
        Unreadable, match=r"recommendations/cycle-2\.yaml has been changed meanwhile: nothing is written"
    ):
        imports.bring("uhri", file)
    assert imports.text(2) == changed
    assert [path.name for path in (imports.folder / "recommendations").iterdir() if path.name.startswith(".")] == []


class _Meddling(list[str]):
    """Does something when the diff is shown."""

    def __init__(self, meddle: object) -> None:
        super().__init__()
        self.meddle = meddle

    def append(self, words: str) -> None:
        super().append(words)
        assert callable(self.meddle)
        self.meddle()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Imports, bytes]:
    home = tmp_path_factory.mktemp("mutated")
    file = exports.uhri(home / "x.xlsx", *({"Text": f"118.{n} Synthetic words"} for n in range(1, 9)))
    return prepared(home), file.read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=3)), min_size=1, max_size=4))
def test_a_damaged_workbook_is_read_or_answered(
    whole: tuple[Imports, bytes], places: list[tuple[float, bytes]]
) -> None:
    imports, held = whole
    damaged = bytearray(held)
    for place, part in places:
        at = int(place * (len(damaged) - len(part)))
        damaged[at : at + len(part)] = part
    file = imports.folder.parent / "damaged.xlsx"
    file.write_bytes(damaged)
    try:
        imports.bring("uhri", file, written=False)
    except Unreadable as refused:
        assert str(refused)  # noqa: PT017 (either is right)
