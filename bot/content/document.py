"""Document: one YAML file as plain data, with the place of every key and value."""

from __future__ import annotations

import codecs
import hashlib
import re
import stat
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from bot.content.problem import Problem

T = TypeVar("T")
Place = tuple[str | int, ...]
Position = tuple[int, int]  # line and column, from 1
Mark = Any  # the parser's, of a line and a column from 0: a Position for each would take half as long as parsing
Parts = dict[str | int, tuple[Mark, "Parts"]] | None  # where each part stands, and its own parts
_LARGEST = 4_000_000  # bytes; the whole shipped pack has a tenth of that
_DEEPEST = 40  # levels; the pack's own models need eight
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_MEANT = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(slots=True)
class Document:
    """A file's data, where each part of it stands, and its problems."""

    file: str
    data: Any = None
    start: Mark = None
    parts: Parts = None
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""
    own: int = 0  # how many of the problems, the first ones, no other file has a part in
    made: dict[Hashable, Any] = field(default_factory=dict)  # of this file alone

    def at(self, place: Place) -> Position | None:
        """Where a part stands; None where there is none."""
        mark, depth = self._mark(place)
        return _position(mark) if depth == len(place) and mark else None

    def object(self, place: Place, what: str, mend: str, *, warning: bool = False) -> None:
        """Add a finding at a place, or at the nearest one above it that exists."""
        self.problems.append(Problem(self.file, *_position(self._mark(place)[0]), what, mend, warning))

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """What is made of this file alone: made once, as are the findings on the way, however often it is needed."""
        if name not in self.made:
            before = len(self.problems)
            self.made[name] = make()
            found, others = self.problems[before:], self.problems[self.own : before]
            self.problems[self.own :] = found + others
            self.own += len(found)
        return cast("T", self.made[name])

    def renew(self) -> None:
        """Forget what was found of it beside other files."""
        del self.problems[self.own :]

    def _mark(self, place: Place) -> tuple[Mark, int]:
        """The mark of a place or of the nearest above it, and how deep that one is."""
        mark, parts = self.start, self.parts
        for depth, step in enumerate(place):
            if parts is None or step not in parts:
                return mark, depth
            mark, parts = parts[step]
        return mark, len(place)


def read(path: Path, file: str) -> Document:
    """Read one file; what is wrong with it is in its problems and never raised."""
    return _document(file, lambda: _characters(path))


def parse(text: str, file: str) -> Document:
    """Read characters as a file of that name would be."""
    return _document(file, lambda: text.removeprefix("\ufeff"))


def _document(file: str, characters: Callable[[], str]) -> Document:
    document = Document(file)
    try:
        text = characters()
        document.digest = hashlib.sha256(text.encode()).hexdigest()
        _fill(document, text)
    except _Unreadable as trouble:
        document.problems.append(Problem(file, trouble.line, trouble.column, trouble.what, trouble.mend))
    document.own = len(document.problems)
    return document


class _Unreadable(Exception):
    def __init__(self, line: int, column: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.line, self.column, self.what, self.mend = line, column, what, mend


def _characters(path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):  # a pipe would be waited for
            raise _Unreadable(1, 1, "this is no file but a pipe or a device", "make it a file")
        if found.st_size > _LARGEST:
            raise _Unreadable(1, 1, "the file is too large", f"split it: at most {_LARGEST // 1_000_000} MB")
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except FileNotFoundError:
        raise _Unreadable(1, 1, "there is no such file", "write it") from None
    except OSError as problem:
        raise _Unreadable(1, 1, f"the file cannot be read ({problem.strerror})", "check its permissions") from None
    try:
        return raw.decode()
    except UnicodeDecodeError as problem:
        line, column = _end(raw[: problem.start].decode())
        raise _Unreadable(line, column, "this is not UTF-8", "save the file as UTF-8") from None


def _fill(document: Document, text: str) -> None:
    try:
        _Builder(document, text).root()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        what = (problem.problem or "this is not YAML").strip()
        advice = _advice(text, f"{problem.context} {what}", line)
        raise _Unreadable(line + 1, column + 1, what, advice) from None
    except yaml.reader.ReaderError as problem:
        before = text.encode()[: problem.position].decode("utf-8", "replace")
        line, column = _end(before)
        raise _Unreadable(line, column, "a hidden control character stands here", "remove it") from None
    if document.data is None:
        raise _Unreadable(1, 1, "the file is empty", "write an entry or delete the file")


def _end(text: str) -> tuple[int, int]:
    """The line and the column after the last character."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _advice(text: str, what: str, number: int) -> str:
    """How to mend it, from the parser's words and the line they are about."""
    lines = text.splitlines()
    line = lines[number] if number < len(lines) else ""
    if "\t" in line or "\\t" in what:
        return "use spaces instead of tabs"
    if "mapping values" in what:
        return "put quotes around words that contain a colon"
    if "alias" in what or "anchor" in what:
        return "put quotes around words that begin with * or &"
    if "cannot start" in what:
        return "put quotes around words that begin with such a sign"
    return "look for a missing quote, bracket or indentation just before this place"


class _Builder:
    """Turns the parser's events into data and remembers where each stood.

    Events and no nodes: composing nodes recurses in C, and a hundred thousand brackets end the process. What a
    scalar means is decided here too, and not by YAML 1.1 (no, 1e3, 2019-05-30).
    """

    def __init__(self, document: Document, text: str) -> None:
        self.document = document
        self.next: Callable[[], Any] = yaml.CSafeLoader(text).get_event
        self.anchored: dict[str, yaml.ScalarEvent] = {}

    def root(self) -> None:
        """Fill in the only document of the file; there may be none."""
        self.next()  # the stream begins
        if isinstance(self.next(), yaml.StreamEndEvent):
            return
        event = self.next()
        self.document.start = event.start_mark
        data, parts = self.value(event, 0)
        self.next()  # the document ends
        after = self.next()
        if not isinstance(after, yaml.StreamEndEvent):
            raise self.refusal(after, "a second document begins here", "make it a file of its own")
        self.document.data, self.document.parts = data, parts

    def value(self, event: yaml.Event, depth: int) -> tuple[Any, Parts]:
        """What begins with this event, and where its parts stand."""
        kind = type(event)
        if kind is yaml.ScalarEvent or kind is yaml.AliasEvent:
            return _scalar(self.written(event)), None
        if depth > _DEEPEST:
            raise self.refusal(event, "this is nested too deeply", "flatten it")
        return self.sequence(depth + 1) if kind is yaml.SequenceStartEvent else self.mapping(depth + 1)

    def sequence(self, depth: int) -> tuple[list[Any], Parts]:
        """A list that has begun."""
        data: list[Any] = []
        parts: dict[str | int, tuple[Mark, Parts]] = {}
        while type(event := self.next()) is not yaml.SequenceEndEvent:
            part, below = self.value(event, depth)
            parts[len(data)] = event.start_mark, below
            data.append(part)
        return data, parts

    def mapping(self, depth: int) -> tuple[dict[str, Any], Parts]:
        """A mapping that has begun; of two values of one key the last counts."""
        data: dict[str, Any] = {}
        parts: dict[str | int, tuple[Mark, Parts]] = {}
        while type(event := self.next()) is not yaml.MappingEndEvent:
            key = str(self.written(event).value)
            if key in data:
                where = self.document.file, *_position(event.start_mark)
                self.document.problems.append(Problem(*where, f"{key} stands here twice", "keep one of them"))
            value = self.next()
            plain = type(value) is yaml.ScalarEvent and not value.anchor  # as nearly all are
            data[key], below = (_scalar(value), None) if plain else self.value(value, depth)
            parts[key] = event.start_mark, below
        return data, parts

    def written(self, event: yaml.Event) -> yaml.ScalarEvent:
        """A scalar; an alias to one cannot explode and is taken as its words."""
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                self.anchored[event.anchor] = event
            return event
        if not isinstance(event, yaml.AliasEvent):
            raise self.refusal(event, "a key must be one word", "write key: value")
        if event.anchor not in self.anchored:
            raise self.refusal(event, f"*{event.anchor} stands for nothing", "write it out, or put quotes around it")
        return self.anchored[event.anchor]

    def refusal(self, event: yaml.Event, what: str, mend: str) -> _Unreadable:
        """Why the file cannot be read, at the event that makes it so."""
        return _Unreadable(*_position(event.start_mark), what, mend)


def _position(mark: Mark) -> Position:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _scalar(event: yaml.ScalarEvent) -> str | int | bool | None:
    written: str = event.value
    if event.style:  # quoted, or a block
        return written
    if written in _MEANT:
        return _MEANT[written]
    return int(written) if _INTEGER.fullmatch(written) else written
