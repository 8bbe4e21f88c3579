"""Word: the rows of the tables in a Word file, cell by cell, as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import iterparse
from zipfile import BadZipFile, ZipFile

from bot.imports.archive import refuse_entities
from bot.imports.row import Unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PART = "word/document.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SIGNS = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def rows(path: Path) -> Iterator[list[str]]:
    """The rows of all tables in order; a cell that spans several columns fills the first. Raises Unreadable."""
    try:
        with ZipFile(path) as archive, archive.open(PART) as file:
            refuse_entities(archive, PART)
            depth = 0
            for event, node in iterparse(file, events=("start", "end")):  # noqa: S314 (it declares no entities)
                depth += (event == "start") - (event == "end") if node.tag == f"{_W}tbl" else 0
                if (
                    event == "end" and node.tag == f"{_W}tr" and depth == 1
                ):  # what is in a table in a cell is text of it
                    yield _cells(node)
                    node.clear()
    except (BadZipFile, KeyError, OSError, EOFError, SyntaxError, ValueError) as problem:
        raise Unreadable(f"the Word file is damaged ({' '.join(str(problem).split())[:120]}): save it anew") from None


def _cells(row: Element) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_W}tc"):
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        width = span.get(f"{_W}val", "1") if span is not None else "1"
        cells += [_text(cell), *[""] * (min(int(width), 63) - 1 if width.isdecimal() else 0)]
    return cells


def _text(cell: Element) -> str:
    paragraphs = ("".join(_characters(paragraph)) for paragraph in cell.iter(f"{_W}p"))
    return "\n".join(paragraph.strip() for paragraph in paragraphs).strip()


def _characters(paragraph: Element) -> Iterator[str]:
    for node in paragraph.iter():
        if node.tag == f"{_W}t":
            yield node.text or ""
        else:
            yield _SIGNS.get(str(node.tag), "")
