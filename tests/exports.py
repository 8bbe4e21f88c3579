"""Exports: files laid out as UHRI, UPR Info and OHCHR lay them out. Their words are synthetic and say so."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

UHRI = (
    "Text|Countries Concerned|Reccomending Body|Document Symbol|Themes|Affected Persons|Sdgs|Document Publication Date"
    "|UPR Reccomending States|UPR Position|Type|OHCHR Annotation Id|UPR Session|Regions Concerned|Recommending Regions"
    "|Date of publication on UHRI"
).split("|")
_USUAL: dict[str, str | float | None] = {
    "Countries Concerned": "- Cambodia",
    "Reccomending Body": "- UPR",
    "Document Symbol": "A/HRC/26/16",
    "Themes": "- Right to education",
    "Affected Persons": "- Children",
    "Sdgs": "- 4 - QUALITY EDUCATION",
    "Document Publication Date": 41725,
    "UPR Reccomending States": "- France",
    "UPR Position": "- Supported",
    "Type": "- Recommendations",
    "UPR Session": "- 18th Session",
    "Date of publication on UHRI": 46125.4996282407,
}
Cells = Sequence[str | float | None]


def many(path: Path, rows: Iterable[Mapping[str, str | float | None]]) -> Path:
    """UHRI's XLSX with any number of rows."""
    return workbook(path, _table(rows, UHRI))


def uhri(path: Path, *rows: Mapping[str, str | float | None], heads: Sequence[str] = UHRI, shared: bool = True) -> Path:
    """UHRI's XLSX; a row is what differs from a usual one."""
    return workbook(path, _table(rows, heads), shared=shared)


def _table(rows: Iterable[Mapping[str, str | float | None]], heads: Sequence[str]) -> Iterator[Cells]:
    yield list(heads)
    for number, row in enumerate(rows, 2):
        held: dict[str, str | float | None] = {**_USUAL, "OHCHR Annotation Id": f"synthetic-{number}", **row}
        yield [held.get(head, held.get(head.replace("Recommending", "Reccomending"))) for head in heads]


_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, rows: Iterable[Cells], *, shared: bool = True, late: bool = False, cut: str = "") -> Path:
    """An XLSX file with one sheet, written as a stream. cut: what stands in place of the sheet's end."""
    links = '<Relationship Id="r1" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Target="sharedStrings.xml"/>'
    parts = {
        "[Content_Types].xml": _TYPES,
        "xl/_rels/workbook.xml.rels": f"<Relationships>{links}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_LINK}"><workbookPr date1904="{int(late)}"/>'
        '<sheets><sheet name="Export" sheetId="1" r:id="r1"/></sheets></workbook>',
    }
    strings: dict[str, int] = {}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{_SHEET}"><dimension ref="A1"/><sheetData>'.encode())
            for number, row in enumerate(rows, 1):
                cells = (
                    _cell(cell, f"{_letter(at)}{number}", strings if shared else None) for at, cell in enumerate(row)
                )
                sheet.write(f'<row r="{number}">{"".join(cells)}</row>'.encode())
            sheet.write((cut or "</sheetData></worksheet>").encode())
        with archive.open("xl/sharedStrings.xml", "w") as table:
            table.write(f'<sst xmlns="{_SHEET}">'.encode())
            for words in strings:
                aside = "<rPh><t>aside</t></rPh>"
                table.write(f'<si><t xml:space="preserve">{escape(words)}</t>{aside}</si>'.encode())
            table.write(b"</sst>")
    return path


def _letter(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


def _cell(cell: str | float | None, name: str, strings: dict[str, int] | None) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return f'<c r="{name}"><v>{cell}</v></c>'
    if strings is None:
        return (
            f'<c r="{name}" t="inlineStr"><is><r><t>{escape(cell[:3])}</t></r><r><t>{escape(cell[3:])}</t></r></is></c>'
        )
    return f'<c r="{name}" t="s"><v>{strings.setdefault(cell, len(strings))}</v></c>'


UPR_INFO = "SuR|Rgrp|Org|Recommendation|RS|Rgrp|Org|Response|Action|Issue|Session".split("|")


def upr_info(*rows: Mapping[str, str | float]) -> list[Cells]:
    """The table of UPR Info's old database; a row is what differs from a usual one."""
    usual: dict[str, str | float] = {
        "SuR": "Cambodia",
        "RS": "France",
        "Response": "Accepted",
        "Action": 5.0,
        "Issue": "Justice,Right to land",
        "Session": 18.0,
    }
    table: list[Cells] = [UPR_INFO]
    for row in rows:
        held = {**usual, **row}
        table.append(
            [held["SuR"], "Asia", "ASEAN", held["Recommendation"], held["RS"], "WEOG", "EU, OIF"]
            + [held[name] for name in UPR_INFO[7:]]
        )
    return table


def xls(path: Path, rows: Sequence[Cells]) -> Path:
    """A workbook of Excel 97 (BIFF8 in an OLE file), with one sheet."""

    def record(kind: int, held: bytes) -> bytes:
        return struct.pack("<HH", kind, len(held)) + held

    def cell(row: int, column: int, value: str | float | None) -> bytes:
        at = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            return record(0x0204, at + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
        return record(0x0203, at + struct.pack("<d", value or 0))

    cells = b"".join(cell(row, column, value) for row, held in enumerate(rows) for column, value in enumerate(held))
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + record(0x000A, b"")
    begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = b"\x06\x00Export"
    place = len(begin) + 4 + 6 + len(name) + 4
    book = begin + record(0x0085, struct.pack("<IH", place, 0) + name) + record(0x000A, b"") + sheet
    return _ole(path, "Workbook", book)


def _ole(path: Path, name: str, held: bytes) -> Path:
    """An OLE file with one stream."""
    count = max(8, -(-len(held) // 512))
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    head = head.ljust(512, b"\xff")

    def entry(called: str, kind: int, child: int, start: int, size: int) -> bytes:
        words = called.encode("utf-16-le")
        none = 0xFFFFFFFF
        links = struct.pack("<HBBIII", len(words) + 2, kind, 1, none, none, child)
        return words.ljust(64, b"\0") + links + bytes(36) + struct.pack("<III", start, size, 0)

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, count * 512)
    path.write_bytes(head + table + folder.ljust(512, b"\0") + held.ljust(count * 512, b"\0"))
    return path


def word_file(path: Path, name: str = "WordDocument") -> Path:
    """An old Word file, or what else OLE holds."""
    return _ole(path, name, b"synthetic")


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NEWER = (
    "Recommendation and recommending State",
    "Position of the State under review",
    "Human rights themes & groups of persons",
    "Relevant SDGs",
)


def docx(path: Path, *rows: Sequence[str], declared: str = "") -> Path:
    """A Word file with a table; a row of one cell spans all columns, a line of a cell is a paragraph."""
    width = max(map(len, rows), default=1)
    lines = []
    for row in rows:
        span = f'<w:tcPr><w:gridSpan w:val="{width}"/></w:tcPr>' if len(row) == 1 else ""
        cells = (
            f"<w:tc>{span}"
            + "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in cell.split("\n"))
            + "</w:tc>"
            for cell in row
        )
        lines.append(f"<w:tr>{''.join(cells)}</w:tr>")
    body = f'{declared}<w:document xmlns:w="{_W}"><w:body><w:tbl>{"".join(lines)}</w:tbl></w:body></w:document>'
    with ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", body)
    return path


def uwazi(path: Path, *records: Mapping[str, str]) -> Path:
    """An answer of UPR Info's new database; a record is its properties' labels, text its title."""
    rows: list[dict[str, Any]] = []
    for number, record in enumerate(records):
        metadata = {
            name: [{"value": value}] if name == "recommendation" else [{"value": f"uuid-{number}", "label": value}]
            for name, value in record.items()
        }
        rows.append({"_id": str(number), "sharedId": f"s{number}", "title": "Synthetic", "metadata": metadata})
    path.write_text(json.dumps({"totalRows": len(rows), "rows": rows}), "utf-8")
    return path
