"""Workbook: the rows of an XLSX file as a stream: no sheet and no list of strings is ever whole in memory."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile
from zlib import error as Damaged  # noqa: N812 (it is a class)

from bot.imports.row import Cell, Row, Titles, Unreadable, tabled

Told = Callable[[int, int], None]  # so many rows of about so many; 0 where nobody knows
_STEP = 1 << 16  # bytes
_WIDEST = 1000  # columns
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how XLSX writes what XML cannot
_BROKEN = (BadZipFile, Damaged, EOFError, KeyError, OSError, ValueError, NotImplementedError, expat.ExpatError)
_SINCE_1904 = 1462  # days that lie between the two days from which spreadsheets count


def read(path: Path, titles: Titles, needed: Sequence[str], told: Told) -> Iterator[Row]:
    """The rows of the first sheet that has the headings; dates are numbers of days. Raises Unreadable."""
    try:
        with ZipFile(path) as archive, closing(_Words()) as words:
            plan = _plan(archive, words)
            refusal = Unreadable("the workbook has no sheet with rows")
            for sheet in plan.sheets:
                try:
                    yield from tabled(_rows(archive, sheet, plan, told), titles, needed)
                    return
                except Unreadable as problem:
                    refusal = problem
            raise refusal
    except _BROKEN as problem:
        raise Unreadable(f"the workbook is damaged ({_said(problem)}): save it as XLSX anew") from None


def _said(problem: Exception) -> str:
    return " ".join(str(problem).split())[:120] or type(problem).__name__


class _Plan:
    """Which sheets there are, in their order, what the shared strings are, and from when days are counted."""

    def __init__(self, words: _Words) -> None:
        self.sheets: list[str] = []
        self.words = words
        self.late = False

    def date(self, days: str) -> str:
        """A number of days as most files count them; any other number as it is."""
        return str(float(days) + _SINCE_1904) if self.late and re.fullmatch(r"\d{5}(\.\d+)?", days) else days


def _plan(archive: ZipFile, words: _Words) -> _Plan:
    plan, targets, ids = _Plan(words), dict[str, str](), list[str]()

    def related(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    def listed(name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            ids.append(next(value for key, value in attributes.items() if key.endswith(":id")))
        elif name == "workbookPr":
            plan.late = attributes.get("date1904", "0") in ("1", "true")

    for part, seen in (("xl/_rels/workbook.xml.rels", related), ("xl/workbook.xml", listed)):
        with archive.open(part) as file:
            for _ in _fed(file, _parser(seen)):
                pass
    held = set(archive.namelist())
    plan.sheets = [name for name in (_named(targets[each]) for each in ids if each in targets) if name in held]
    strings = next((_named(target) for target in targets.values() if target.endswith("haredStrings.xml")), "")
    if strings in held:
        with archive.open(strings) as file:
            _share(file, plan.words)
    return plan


def _named(target: str) -> str:
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _parser(started: Callable[[str, Mapping[str, str]], None]) -> expat.XMLParserType:
    """A parser that tells elements by their names, without prefixes, and refuses declarations of entities."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refused
    parser.StartElementHandler = lambda name, attributes: started(name.rpartition(":")[2], attributes)
    return parser


def _refused(*_: object) -> None:
    raise ValueError("it declares a document type")


def _fed(file: IO[bytes], parser: expat.XMLParserType) -> Iterator[int]:
    """Give a parser all bytes; how many it has, after each step."""
    count = 0
    while part := file.read(_STEP):
        parser.Parse(part)
        count += len(part)
        yield count
    parser.Parse(b"", True)


class _Words:
    """Very many strings in a file of their own: in memory they would take more than all the rest."""

    def __init__(self) -> None:
        self.file, self.ends = TemporaryFile(), array("Q", [0])  # noqa: SIM115 (it lives as long as the words)
        self.get = lru_cache(4096)(self._get)

    def add(self, words: str) -> None:
        """One more."""
        self.ends.append(self.ends[-1] + self.file.write(words.encode("utf-8", "surrogatepass")))

    def close(self) -> None:
        """Let the file go."""
        self.file.close()

    def _get(self, place: int) -> str:
        start, end = self.ends[place], self.ends[place + 1]
        return os.pread(self.file.fileno(), end - start, start).decode("utf-8", "surrogatepass")


def _share(file: IO[bytes], words: _Words) -> None:
    reading = _Characters()
    parser = _parser(reading.start)

    def end(tag: str) -> None:
        if reading.end(tag.rpartition(":")[2]) == "si":
            words.add(reading.taken())

    parser.EndElementHandler, parser.CharacterDataHandler = end, reading.characters
    for _ in _fed(file, parser):
        pass
    words.file.flush()


class _Characters:
    """The characters of what is being read, without readings of its signs (rPh)."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.open = self.aside = False

    def start(self, name: str, _: Mapping[str, str]) -> None:
        if name in ("t", "v"):
            self.open = not self.aside
        elif name == "rPh":
            self.aside = True

    def characters(self, words: str) -> None:
        if self.open:
            self.held.append(words)

    def end(self, name: str) -> str:
        """The element that ends."""
        if name in ("t", "v"):
            self.open = False
        elif name == "rPh":
            self.aside = False
        return name

    def taken(self) -> str:
        """What was read since it was last asked for."""
        words = "".join(self.held)
        self.held.clear()
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), words) if "_x" in words else words


def _rows(archive: ZipFile, sheet: str, plan: _Plan, told: Told) -> Iterator[tuple[int, Sequence[Cell]]]:
    size, number = archive.getinfo(sheet).file_size, 0
    reading = _Rows(plan)
    with archive.open(sheet) as file:
        steps = _fed(file, reading.parser)
        while True:
            try:
                count = next(steps, 0)
            except _BROKEN as problem:
                raise Unreadable(f"the sheet breaks off after row {number} ({_said(problem)})") from None
            about = reading.rows[-1][0] * size // (count or size) if reading.rows else 0
            for number, cells in reading.rows:
                told(number, about)
                yield number, cells
            reading.rows.clear()
            if not count:
                return


class _Rows:
    """The rows of a sheet as they come."""

    def __init__(self, plan: _Plan) -> None:
        self.plan, self.reading = plan, _Characters()
        self.rows: list[tuple[int, list[Cell]]] = []
        self.number = self.column = 0
        self.kind = ""
        self.cells: list[Cell] = []
        self.parser = _parser(self._start)
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.reading.characters

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self.kind = attributes.get("t", "n")
            self.column = _column(attributes["r"]) if "r" in attributes else len(self.cells)
        elif name == "row":
            self.number, self.cells = int(attributes.get("r", self.number + 1)), []
        else:
            self.reading.start(name, attributes)

    def _end(self, tag: str) -> None:
        name = self.reading.end(tag.rpartition(":")[2])
        if name == "c" and self.column < _WIDEST:
            self.cells += [None] * (self.column + 1 - len(self.cells))
            self.cells[self.column] = self._value(self.reading.taken())
        elif name == "row":
            self.rows.append((self.number, self.cells))

    def _value(self, words: str) -> str | None:
        if self.kind == "s":
            return self.plan.words.get(int(words)) if words else None
        if self.kind == "n":
            return self.plan.date(words)
        return None if self.kind == "e" else words


@lru_cache(_WIDEST)
def _letters(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _column(reference: str) -> int:
    """The column, from 0, of a cell's name such as AB12."""
    return _letters(reference.rstrip("0123456789").upper()[:3])
