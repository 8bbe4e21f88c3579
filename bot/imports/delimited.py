"""Delimited: the rows of a CSV file in any of the spellings in which exports of recommendations are met."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.imports.row import Cell, Row, Titles, Unreadable, tabled
from bot.imports.workbook import Told

_SIGNS = ",;\t"
_STEP = 1 << 16  # bytes


def read(path: Path, titles: Titles, needed: Sequence[str], told: Told) -> Iterator[Row]:
    """The rows under the headings; lines may end as on an old Mac, characters be UTF-8 or Windows-1252."""
    encoding = "utf-8-sig" if _is_utf8(path) else "cp1252"
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        head = file.readline(_STEP)
        file.seek(0)
        sign = max(_SIGNS, key=head.count)
        yield from tabled(_rows(csv.reader(file, delimiter=sign), told), titles, needed)


def _rows(lines: Iterator[list[str]], told: Told) -> Iterator[tuple[int, Sequence[Cell]]]:
    number = 0
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as problem:
            raise Unreadable(f"the table breaks off after row {number} ({problem})") from None
        number += 1
        told(number, 0)
        yield number, cells


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while part := file.read(_STEP):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
