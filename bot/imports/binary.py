"""Binary: the rows of the old XLS format, in which UPR Info's first database was exported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import xlrd

from bot.imports.row import Row, Titles, Unreadable, tabled
from bot.imports.workbook import Told


def read(path: Path, titles: Titles, needed: Sequence[str], told: Told) -> Iterator[Row]:
    """The rows of the first sheet with the headings. UPR Info's files have faulty directories, which is overlooked."""
    with Path(os.devnull).open("w") as nowhere:
        try:
            sheets = xlrd.open_workbook(str(path), logfile=nowhere, ignore_workbook_corruption=True).sheets()
        except Exception as problem:  # noqa: BLE001 (xlrd meets corrupt bytes with errors of every kind)
            said = " ".join(str(problem).split())[:120]
            raise Unreadable(f"this is no XLS workbook that can be read ({said}): save it as XLSX") from None
    refusal = Unreadable("the workbook has no sheet with rows")
    for sheet in sheets:
        rows = ((number + 1, sheet.row_values(number)) for number in _counted(sheet.nrows, told))
        try:
            yield from tabled(rows, titles, needed)
            return
        except Unreadable as problem:
            refusal = problem
    raise refusal


def _counted(total: int, told: Told) -> Iterator[int]:
    for number in range(total):
        told(number + 1, total)
        yield number
