"""Sheet: one YAML file with entries to which fields and entries are added; not a character of it is taken away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import chain
from textwrap import wrap
from typing import Any

from bot.content.document import Place, parse
from bot.content.schema import directive

_WIDTH = 112
_PLAIN = re.compile(r"[^\W\d_](?:[\w .()/+–’“”…%&=?~-]|(?<=\w)[,;'](?=[ \w])|:(?=[\w/]))*")
_MEANT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}  # as other readers of YAML take them
_LOOSE = re.compile(r"\s*(#.*)?")  # a line that belongs to what follows it


class Unwritable(Exception):
    """A file in which nothing can be added at a place; the message says what to change."""


class Sheet:
    """The characters of a file and what is to be added. order: that of an entry's fields."""

    def __init__(self, file: str, text: str, order: Sequence[str]) -> None:
        self.file, self.order = file, order
        self.end = "\r\n" if "\r\n" in text else "\n"
        self.lines = text.split("\n") if text else [directive(file)]
        if self.lines and not self.lines[-1].strip():
            self.lines.pop()
        elif text:
            self.lines[-1] = self.lines[-1].rstrip("\r") + ("\r" if self.end == "\r\n" else "")
        self.document = parse(text, file) if text else parse("[]", file)
        self.data = deepcopy(self.document.data)
        self.added: dict[int, list[str]] = {}  # before which line, from 0

    def add(self, place: Place, fields: Mapping[str, Any], source: Mapping[str, Any] | None = None) -> None:
        """Give the entry at a place fields that it lacks, and one more source."""
        starts = [mark[0] for _, mark in self._marks(place)]
        if len(set(starts)) < len(starts):
            raise Unwritable(f"{self._name(place)} stands in one line: write each of its fields on a line of its own")
        if source:
            self._add_source(place, source)
        for name in sorted(fields, key=self._rank):
            before, column = self._gap(place, name)
            self._insert(before, _pairs({name: fields[name]}, column))
        held = self._held(place)
        held.update(deepcopy(dict(fields)))
        if source:
            held["sources"].append(dict(source))

    def append(self, entry: Mapping[str, Any]) -> None:
        """One more entry, behind all others."""
        if not isinstance(self.data, list):
            raise Unwritable(f"{self.file} holds one entry: move it to a file of its own name")
        lines = _pairs(entry, 2)
        first = self.document.at((0,)) if self.data else None
        column = max(0, first[1] - 3) if first else 0
        indented = [" " * column + line for line in ("- " + lines[0][2:], *lines[1:])]
        self._insert(len(self.lines), ["", *indented] if self.data else indented)
        self.data.append(dict(entry))

    def text(self) -> str:
        """The file with all that was added. Raises Unwritable where that does not say what it should."""
        lines = (chain(self.added.get(number, ()), (line,)) for number, line in enumerate(self.lines))
        whole = [*chain.from_iterable(lines), *self.added.get(len(self.lines), ())]
        text = "\n".join([*whole, ""])
        found = parse(text, self.file)
        if found.problems or found.data != self.data:
            raise Unwritable(f"{self.file} is written in a way that nothing can be added to: write a field a line")
        return text

    def _insert(self, before: int, lines: Sequence[str]) -> None:
        ending = "\r" if self.end == "\r\n" else ""
        self.added.setdefault(before, []).extend(line + ending for line in lines)

    def _held(self, place: Place) -> Any:
        held = self.data
        for step in place:
            held = held[step]
        return held

    def _name(self, place: Place) -> str:
        return str(self._held(place).get("id", self.file))

    def _rank(self, name: str) -> int:
        return self.order.index(name) if name in self.order else len(self.order)

    def _gap(self, place: Place, name: str) -> tuple[int, int]:
        """Before which line a field of an entry stands in its order, and in which column."""
        starts = {key[-1]: mark for key, mark in self._marks(place)}
        column = min(mark[1] for mark in starts.values()) - 1
        before = [mark[0] for key, mark in starts.items() if self._rank(str(key)) < self._rank(name)]
        last = max(before) if before else min(mark[0] for mark in starts.values())
        following = [mark[0] for mark in starts.values() if mark[0] > last]
        return self._after(min(following) - 1 if following else self._end(place), column), column

    def _marks(self, place: Place) -> Iterator[tuple[Place, tuple[int, int]]]:
        for key in self._held(place):
            if mark := self.document.at((*place, key)):
                yield (*place, key), mark

    def _end(self, place: Place) -> int:
        """The line, from 0, at which the next entry begins."""
        after = (*place[:-1], int(place[-1]) + 1) if place else ()
        mark = self.document.at(after) if place else None
        return mark[0] - 1 if mark else len(self.lines)

    def _after(self, line: int, column: int) -> int:
        """The line behind what stands before one: comments and gaps there belong to what follows."""
        while line > 0 and _LOOSE.fullmatch(self.lines[line - 1].rstrip("\r")):
            words = self.lines[line - 1].rstrip()
            if len(words) - len(words.lstrip()) > column:  # deeper than the key: it may be text
                break
            line -= 1
        return line

    def _add_source(self, place: Place, source: Mapping[str, Any]) -> None:
        listed = (*place, "sources")
        first, key = self.document.at((*listed, 0)), self.document.at(listed)
        if first is None or key is None or first[0] == key[0]:
            raise Unwritable(f"the sources of {self._name(place)} stand in one line: write each on lines of its own")
        starts = [mark[0] for _, mark in self._marks(place) if mark[0] > key[0]]
        before = self._after(min(starts) - 1 if starts else self._end(place), first[1] - 2)
        lines = _pairs(source, first[1] - 1)
        self._insert(before, [lines[0][: first[1] - 3] + "- " + lines[0][first[1] - 1 :], *lines[1:]])


def written(fields: Mapping[str, Any]) -> str:
    """A file that is one entry of these fields."""
    return "\n".join([*_pairs(fields, 0), ""])


def _pairs(fields: Mapping[str, Any], indent: int) -> list[str]:
    """Fields as lines of YAML."""
    lines: list[str] = []
    for name, value in fields.items():
        lines += _pair(f"{' ' * indent}{name}:", value, indent)
    return lines


def _pair(head: str, value: Any, indent: int) -> list[str]:
    if isinstance(value, Mapping):
        return [head, *_pairs(value, indent + 2)]
    if isinstance(value, list):
        return _list(head, value, indent)
    line = f"{head} {scalar(value)}"
    if len(line) <= _WIDTH or not isinstance(value, str) or " " not in value:
        return [line]
    folded = wrap(value, _WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
    return [f"{head} >-", *(f"{' ' * (indent + 2)}{part}" for part in folded)]


def _list(head: str, values: Sequence[Any], indent: int) -> list[str]:
    if values and isinstance(values[0], Mapping):
        lines = [head]
        for value in values:
            inner = _pairs(value, indent + 4)
            lines += [f"{' ' * (indent + 2)}- {inner[0].lstrip()}", *inner[1:]]
        return lines
    flow = f"{head} [{', '.join(_quoted(value) if ',' in str(value) else scalar(value) for value in values)}]"
    if len(flow) <= _WIDTH:
        return [flow]
    return [head, *(f"{' ' * (indent + 2)}- {scalar(value)}" for value in values)]


def scalar(value: str | int) -> str:
    """A value as YAML, in quotes where any reader might take it for something else."""
    if isinstance(value, int) or (_PLAIN.fullmatch(value) and value.casefold() not in _MEANT and value[-1] != " "):
        return str(value)
    return _quoted(value)


def _quoted(value: str | int) -> str:
    if isinstance(value, str) and ('"' in value or "\\" in value):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(str(value), ensure_ascii=False)
