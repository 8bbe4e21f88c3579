"""Export: a whole pack in one file, dated, with its licence: JSON to be loaded again, CSV and XLSX to be read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.content.repository import SHIPPED, Shelf
from bot.content.spreadsheet import spreadsheet
from bot.content.table import Table, neutral, tables

_FORM = 1  # of the JSON; another number is another form
_MARK = "pratip"
_BOM = "\ufeff"  # without it Excel takes Khmer for something else


class Unreadable(Exception):
    """A file that is no export; the message says why."""


@dataclass(frozen=True, slots=True)
class Format:
    """How an export is written, and what the file's name ends with."""

    ending: str
    kind: str  # its MIME type
    write: Callable[[Shelf, datetime], bytes]


def exported(shelf: Shelf, form: str, at: datetime) -> bytes:
    """A pack, whole, as it stands at a moment (aware, where the pack is)."""
    return FORMATS[form].write(shelf, at)


def name(form: str, at: datetime) -> str:
    """What the file is called."""
    return f"pratip-{at:%Y-%m-%d}.{FORMATS[form].ending}"


def licence(shelf: Shelf) -> str:
    """The terms that the pack's words are under, as pack.yaml says them."""
    view = shelf.snapshot.views[shelf.snapshot.default]
    return str(view.pack.licence or view.say("export.unlicensed"))


def _head(shelf: Shelf, at: datetime) -> tuple[str, str, str]:
    view = shelf.snapshot.views[shelf.snapshot.default]
    return str(view.pack.title), f"{at:%Y-%m-%d}", licence(shelf)


# ---------------------------------------------------------------------------- JSON


def _json(shelf: Shelf, at: datetime) -> bytes:
    """Entries as their files have them, in every language; and the files that hold something else."""
    title, day, terms = _head(shelf, at)
    entries = [
        {"kind": each.kind.noun, "file": each.document.file, "fields": {"id": each.id, **each.data}}
        for each in shelf.placed
    ]
    held = {
        _MARK: _FORM,
        "title": title,
        "exported": day,
        "licence": terms,
        "version": shelf.snapshot.version,
        "entries": entries,
        "files": dict(_others(shelf)),
    }
    return json.dumps(held, ensure_ascii=False, indent=1).encode() + b"\n"


def _others(shelf: Shelf) -> Iterator[tuple[str, Any]]:
    """What holds no entries; the words that come with every bot are no part of the pack."""
    holding = {each.document.file for each in shelf.placed}
    ships = shelf.files.root.samefile(SHIPPED)
    for file, document in sorted(shelf.files.documents.items()):
        if file not in holding and not (ships and file.startswith("strings/")):
            yield file, document.data


def unpack(text: bytes, folder: Path) -> int:
    """Make a new content folder of a JSON export; returns how many files it has. Raises Unreadable, OSError.

    JSON is YAML: each file holds what it held, comments apart.
    """
    files = _files(text)
    folder.mkdir(parents=True)
    for file, data in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(files)


def _files(text: bytes) -> Mapping[str, Any]:
    try:
        held = json.loads(text)
        if held[_MARK] != _FORM:
            raise Unreadable(f"it is of form {held[_MARK]}, and this program reads {_FORM}")
        files: dict[str, Any] = dict(held["files"])
        for each in held["entries"]:
            file, fields = each["file"], dict(each["fields"])
            single = Path(file).stem == fields["id"] and file not in files
            files[file] = fields if single else [*_listed(files.get(file, [])), fields]
        strange = next((file for file in files if not _is_inside(file)), "")
    except (ValueError, TypeError, LookupError, RecursionError):
        raise Unreadable("it is no export of a pack in JSON") from None
    if strange:
        raise Unreadable(f"{strange} is no name of a content file")
    return files


def _listed(held: Any) -> list[Any]:
    return held if isinstance(held, list) else [held]


def _is_inside(file: str) -> bool:
    """Whether a name stays in the folder, and is one that content has."""
    return bool(re.fullmatch(r"(?:\w[\w. -]*/)?\w[\w. -]*\.yaml", file))


# ---------------------------------------------------------------------------- CSV and XLSX


def _csv(shelf: Shelf, at: datetime) -> bytes:
    """A file for each kind, in a zip."""
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as archive:
        for table in tables(shelf.snapshot, shelf.kinds):
            part = ZipInfo(f"{table.name}.csv", at.timetuple()[:6])
            part.compress_type = ZIP_DEFLATED
            archive.writestr(part, _lines(table, _head(shelf, at)))
    return held.getvalue()


def _lines(table: Table, head: Sequence[str]) -> bytes:
    held = io.StringIO(newline="")
    rows = csv.writer(held)
    for row in (head, table.columns, *table.rows):
        rows.writerow([neutral(cell) for cell in row])
    return (_BOM + held.getvalue()).encode()


def _xlsx(shelf: Shelf, at: datetime) -> bytes:
    """A sheet for each kind."""
    head = _head(shelf, at)
    return spreadsheet(
        [(table.name, [head, table.columns, *table.rows]) for table in tables(shelf.snapshot, shelf.kinds)], at
    )


FORMATS: Mapping[str, Format] = {
    "json": Format("json", "application/json", _json),
    "csv": Format("zip", "application/zip", _csv),
    "xlsx": Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
}
