"""Publisher: who made a file, and so how it is laid out: UHRI, UPR Info or OHCHR."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.imports import archive, binary, delimited, stream, word, workbook
from bot.imports.row import Cell, Row, Titles, Unreadable, key, places
from bot.imports.workbook import Told

_SYMBOL = r"[A-Z]+/[A-Z0-9./-]+?"
_SOURCE = re.compile(
    rf"Source\s+of\s+Position\s*:?\s*(?P<symbol>{_SYMBOL})?(?=\.?(?:\s|$)).*", re.IGNORECASE | re.DOTALL
)
_HEADING = re.compile(r"(theme|right or area|groups? of persons|affected persons)\s*:", re.IGNORECASE)
_SECTIONS = {"groups of persons": "persons", "affected persons": "persons", "sdgs": "goals", "themes": "themes"}


def rows(publisher: str, path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    """The rows of a file, in its order. Raises Unreadable."""
    kind = archive.kind(path)
    readers: Mapping[str, Mapping[str, Callable[[Path, Titles, Told], Iterable[Row]]]] = {
        "uhri": {"xlsx": _uhri, "json": _uhri_json},
        "upr-info": {"xls": _upr_info_old, "xlsx": _upr_info_new, "csv": _upr_info_csv, "json": _uwazi},
        "ohchr": {"docx": _ohchr},
    }
    known = readers[publisher]
    if kind not in known:
        raise Unreadable(
            f"this is {kind.upper()}; of {publisher} {' or '.join(each.upper() for each in known)} can be read"
        )
    try:
        yield from known[kind](path, titles, told)
    except OSError as problem:
        raise Unreadable(f"the file cannot be read ({problem.strerror or problem})") from None


def _uhri(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    return workbook.read(path, titles, ("text", "countries"), told)


def _uhri_json(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    return _records(path, titles, told, ("text", "countries"), lambda found: found)


def _upr_info_old(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    return map(_parted, binary.read(path, titles, ("text", "countries", "states"), told))


def _upr_info_new(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    return map(_parted, workbook.read(path, titles, ("text", "countries", "states"), told))


def _upr_info_csv(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    return map(_parted, delimited.read(path, titles, ("text", "countries", "states"), told))


def _uwazi(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    return _records(path, titles, told, ("text", "countries"), _flat)


def _parted(row: Row) -> Row:
    """Issues stand in one cell, parted by commas without a space."""
    issues = row.words("themes")
    return Row(
        row.number, {**row.cells, "themes": [each.strip() for each in re.split(r"[,|;]", issues) if each.strip()]}
    )


def _records(
    path: Path, titles: Titles, told: Told, needed: Iterable[str], flat: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[Row]:
    known: dict[str, dict[str, int]] = {}
    seen, number = False, 0
    for number, each in enumerate(stream.objects(path), 1):
        told(number, 0)
        record = flat(each)
        names = list(record)
        columns = known.setdefault("\0".join(names), places(names, titles))
        seen = seen or all(name in columns for name in needed)
        yield Row(number, {name: _cell(record[names[at]]) for name, at in columns.items()})
    if number and not seen:
        raise Unreadable("no record has a text and a country under a name that is known: see columns in imports.yaml")


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return [str(part) for part in value if isinstance(part, str | int | float)]
    return value if isinstance(value, str | int | float) else None


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record of Uwazi: each property is a list of values, the chosen ones with a label."""
    metadata = record.get("metadata")
    found: dict[str, Any] = {name: value for name, value in record.items() if isinstance(value, str)}
    found.pop("title", None)  # the beginning of the text
    for name, values in metadata.items() if isinstance(metadata, dict) else ():
        parts = [part for part in values if isinstance(part, dict)] if isinstance(values, list) else []
        found[name] = [str(part.get("label") or part.get("value") or "") for part in parts]
    return found


# ---------------------------------------------------------------------------- OHCHR's matrix of recommendations


def _ohchr(path: Path, titles: Titles, told: Told) -> Iterator[Row]:
    columns: dict[str, int] = {}
    theme = ""
    for number, cells in enumerate(word.rows(path), 1):
        told(number, 0)
        found = places(cells, titles, loosely=True)
        if {"text", "position"} <= found.keys() and found["text"] == 0:
            columns = found
        elif columns and (heading := _heading(cells)):
            theme = heading.partition(":")[2].strip() or heading
        elif columns and any(cells):
            yield _of_matrix(number, {name: cells[at] for name, at in columns.items() if at < len(cells)}, theme)
    if not columns:
        raise Unreadable(
            "no table begins with the headings Recommendation and Position: is this the matrix of a review?"
        )


def _heading(cells: list[str]) -> str:
    """What stands over the rows below, often in one cell that spans all columns."""
    filled = [cell for cell in cells if cell]
    alone = len(set(filled)) == 1 and not re.match(r"\d", filled[0])
    return filled[0] if filled and (alone or _HEADING.match(filled[0])) else ""


def _of_matrix(number: int, cells: dict[str, str], theme: str) -> Row:
    text = cells.pop("text")
    source = _SOURCE.search(text)
    said = {
        **_sections(cells.get("themes", ""), "themes"),
        "text": _SOURCE.sub("", text).strip(),
        "symbol": (source["symbol"] or "") if source else "",
        "position": cells.get("position", ""),
        "states": cells.get("states", ""),
    }
    themes = said.get("themes", [])
    said["themes"] = [*([theme] if theme and key(theme) not in map(key, themes) else []), *themes]
    goals = _sections(cells.get("goals", ""), "goals").get("goals", [])
    return Row(number, {**said, "goals": [*said.get("goals", []), *goals]})


def _sections(cell: str, first: str) -> dict[str, Any]:
    """The lists in a cell, each under a line such as `Groups of Persons:`."""
    found: dict[str, Any] = {}
    section = first
    for line in (line.strip() for line in cell.splitlines()):
        if line.endswith(":"):
            section = _SECTIONS.get(key(line), section)
        elif line.strip("- "):
            found.setdefault(section, []).append(line.removeprefix("-").strip())
    return found
