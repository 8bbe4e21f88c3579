"""Table: all entries of one kind as rows of plain words, for spreadsheets; a column for each language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from bot.core.content import Snapshot
from bot.core.entry import Entry
from bot.core.text import Style, Text

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # how a cell begins that a spreadsheet may compute
_LAST = ("as_of", "sources")  # columns, right of all others


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as wide as the columns; name is the kind's folder."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(snapshot: Snapshot, kinds: Sequence[type[Entry]]) -> Iterator[Table]:
    """A table for each kind that the pack has entries of."""
    for kind in kinds:
        if any(view.of(kind) for view in snapshot.views.values()):
            yield _table(snapshot, kind)


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def fields(kind: type[Entry]) -> tuple[str, ...]:
    """The fields of a kind as a file has them: its own first, how old it is and its sources last."""
    shared = [name for name in Entry.model_fields if name not in ("id", *_LAST)]
    own = [name for name in kind.model_fields if name not in Entry.model_fields]
    return ("id", *own, *shared, *_LAST)


def _table(snapshot: Snapshot, kind: type[Entry]) -> Table:
    codes = tuple(snapshot.views)
    columns = [(name, code) for name in fields(kind) for code in (codes if _has_words(kind, name) else codes[:1])]
    heads = tuple(f"{name} ({code})" if _has_words(kind, name) else name for name, code in columns)
    entries = {code: {entry.id: entry for entry in view.of(kind)} for code, view in snapshot.views.items()}
    rows = (tuple(_cell(getattr(entries[code][each], name)) for name, code in columns) for each in entries[codes[0]])
    return Table(kind.folder, heads, tuple(rows))


def _has_words(kind: type[Entry], field: str) -> bool:
    """Whether a field may say something else in another language."""
    return _is_worded(kind.model_fields[field].annotation)


def _is_worded(shape: Any) -> bool:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return any(_is_worded(each.annotation) for each in shape.model_fields.values())
    return shape is Text or any(map(_is_worded, get_args(shape)))


def _cell(value: Any) -> str:
    """A value in words; a translation that is missing is empty, one that nobody has checked says so."""
    if isinstance(value, Text):
        draft = "[draft] " if value.has(Style.DRAFT) else ""
        return "" if value.has(Style.FALLBACK) else draft + value.plain
    if isinstance(value, BaseModel):
        said = ((name, _cell(part)) for name, part in value)
        return " · ".join(f"{name}: {words}" for name, words in said if words)
    if isinstance(value, tuple):
        apart = "\n" if any(isinstance(part, BaseModel | Text) for part in value) else "; "
        return apart.join(filter(None, map(_cell, value)))
    if value is None or value is False:
        return ""
    return "true" if value is True else str(value)
