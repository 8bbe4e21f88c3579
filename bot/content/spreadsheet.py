"""Spreadsheet: tables as an XLSX file. Every cell is a string: nothing here could write a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_LONGEST = 32_767  # characters that a cell takes
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
_HEADS = 2  # rows that stay while one scrolls

_RELATIONS = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
    '<xf quotePrefix="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>'  # words even when edited
    '<xf fontId="1" applyFont="1" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def spreadsheet(sheets: Sequence[tuple[str, Sequence[Sequence[str]]]], at: datetime) -> bytes:
    """A workbook of named sheets, the first rows of each in bold; the same input is the same bytes."""
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as archive:
        for name, text in _parts(sheets):
            part = ZipInfo(name, at.timetuple()[:6])
            part.compress_type = ZIP_DEFLATED
            archive.writestr(part, text)
    return held.getvalue()


def _parts(sheets: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> Iterator[tuple[str, str]]:
    """The files that a workbook is made of."""
    files = [f"worksheets/sheet{number}.xml" for number in range(1, len(sheets) + 1)]
    links = [_link(number, "worksheet", file) for number, file in enumerate(files, 1)]
    styles = _link(len(sheets) + 1, "styles", "styles.xml")
    yield "[Content_Types].xml", _types(files)
    yield "_rels/.rels", _links([_link(1, "officeDocument", "xl/workbook.xml")])
    yield "xl/workbook.xml", _workbook([name for name, _ in sheets])
    yield "xl/_rels/workbook.xml.rels", _links([*links, styles])
    yield "xl/styles.xml", _STYLES
    for file, (_, rows) in zip(files, sheets, strict=True):
        yield f"xl/{file}", "".join(_sheet(rows))


def _types(files: Sequence[str]) -> str:
    kinds = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    kinds |= {f"/xl/{file}": "worksheet" for file in files}
    parts = (f'<Override PartName="{part}" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in kinds.items())
    return f'{_XML}<Types xmlns="{_PACKAGE}/content-types">{_RELATIONS}{"".join(parts)}</Types>'


def _workbook(names: Sequence[str]) -> str:
    sheets = (
        f'<sheet name={quoteattr(name[:31])} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, 1)
    )
    return f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{"".join(sheets)}</sheets></workbook>'


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _links(links: Sequence[str]) -> str:
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{"".join(links)}</Relationships>'


def _sheet(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    pane = f'<pane ySplit="{_HEADS}" topLeftCell="A{_HEADS + 1}" activePane="bottomLeft" state="frozen"/>'
    yield f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    yield '<cols><col min="1" max="200" width="32" customWidth="1"/></cols><sheetData>'
    for number, row in enumerate(rows):
        yield f"<row>{''.join(_cell(words, bold=number < _HEADS) for words in row)}</row>"
    yield "</sheetData></worksheet>"


def _cell(words: str, *, bold: bool) -> str:
    shown = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    said = escape(_UNWRITABLE.sub("", shown).replace("\r", ""))
    return f'<c t="inlineStr" s="{int(bold)}"><is><t xml:space="preserve">{said}</t></is></c>'
