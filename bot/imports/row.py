"""Row: what one row of an official file says, before anything is made of it; and cells that hold several values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

from bot.core.spelling import clusters

Cell = str | int | float | date | datetime | Sequence[str] | None
Titles = Mapping[str, Sequence[str]]  # what a file's columns are called, by what we call them
_HEAD = 30  # rows among which the headings are looked for


class Unreadable(Exception):
    """A file that cannot be read; the message says why, and what to do."""


@dataclass(slots=True)
class Row:
    """A row as the file has it. number counts from 1, as the program that shows the file counts."""

    number: int
    cells: Mapping[str, Cell] = field(default_factory=dict)

    def words(self, column: str) -> str:
        """A cell that holds one value, without the hyphen that may stand before it."""
        return " ".join(self.list(column))

    def whole(self, column: str) -> str:
        """A cell's characters as they are."""
        held = self.cells.get(column)
        return " ".join(map(str, held)) if isinstance(held, list | tuple) else written(held)

    def list(self, column: str) -> list[str]:
        """A cell that holds several values, one a line."""
        held = self.cells.get(column)
        if isinstance(held, list | tuple):
            return [words for words in (str(part).strip().removeprefix("- ").strip() for part in held) if words]
        return listed(written(held))


def written(cell: Cell) -> str:
    """A cell's characters; a whole number without the `.0` of spreadsheets."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def listed(words: str) -> list[str]:
    """The values of a cell, each on a line that begins with a hyphen; a line that does not goes on with the last."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    if not any(line.startswith("-") for line in lines):
        return lines
    values: list[str] = []
    for line in lines:
        if line.startswith("-") or not values:
            values.append(line.removeprefix("-").strip())
        else:
            values[-1] += " " + line
    return [value for value in values if value]


@cache
def key(words: str) -> str:
    """What two ways to write the same have in common: no case, accents, signs or doubled spaces."""
    return " ".join(clusters(words.replace("_", " ")))


def letters(words: str) -> str:
    """The same without any space, for words that a line's end or a scan has cut."""
    return re.sub(r"[^\w]|_", "", key(words))


def places(headings: Sequence[Cell], titles: Titles, *, loosely: bool = False) -> dict[str, int]:
    """Which column holds what: the first of each name, as some files use one twice, and of several names the first.

    loosely: a heading may go on after the name.
    """
    known = [key(written(cell)) for cell in headings]
    found: dict[str, int] = {}
    for column, names in titles.items():
        for name in map(key, names):
            fits = (at for at, heading in enumerate(known) if _fits(heading, name, loosely=loosely))
            if (at := next(fits, None)) is not None and at not in found.values():
                found[column] = at
                break
    return found


def _fits(heading: str, name: str, *, loosely: bool) -> bool:
    return heading == name or (loosely and heading.startswith(f"{name} "))


def tabled(rows: Iterable[tuple[int, Sequence[Cell]]], titles: Titles, needed: Sequence[str]) -> Iterable[Row]:
    """Rows under the headings, which may stand a few rows down. Raises Unreadable where there are none."""
    columns: dict[str, int] = {}
    best: Sequence[Cell] = ()
    for count, (number, cells) in enumerate(rows):
        if columns:
            if any(cell not in (None, "") for cell in cells):
                yield Row(number, {name: cells[at] for name, at in columns.items() if at < len(cells)})
            continue
        found = places(cells, titles)
        best = max(best, cells, key=lambda row: sum(cell not in (None, "") for cell in row))
        if all(name in found for name in needed):
            columns = found
        elif count >= _HEAD:
            break
    if not columns:
        raise Unreadable(_without(best, titles, needed))


def _without(best: Sequence[Cell], titles: Titles, needed: Sequence[str]) -> str:
    missing = " and ".join(f"{name} ({', '.join(titles.get(name, ()))})" for name in needed)
    seen = ", ".join(written(cell)[:40] for cell in best if cell not in (None, "")) or "nothing"
    return (
        f"no row has the headings for {missing}; found: {seen}. If the file is the right one,"
        " add its headings under columns in imports.yaml"
    )
