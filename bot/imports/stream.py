"""Stream: the objects of a JSON file, one after another, however long the file is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from bot.imports.row import Unreadable

_STEP = 1 << 16  # characters
_LARGEST = 16_000_000  # characters of one object
_BETWEEN = re.compile(r"[\s,]*")
_ROWS = re.compile(r'"rows"\s*:\s*\[')  # where Uwazi's answer holds its records


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of an array, of the array named rows, or of lines. Raises Unreadable."""
    with path.open(encoding="utf-8-sig") as file:
        try:
            yield from _Objects(file)
        except UnicodeDecodeError:
            raise Unreadable("this is not UTF-8: save the file as UTF-8") from None


class _Objects:
    def __init__(self, file: IO[str]) -> None:
        self.file, self.held, self.place, self.count = file, "", 0, 0
        self.decoder = json.JSONDecoder()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._more()
        self._enter()
        while (found := self._next()) is not None:
            self.count += 1
            if not isinstance(found, dict):
                raise Unreadable(f"record {self.count} is no object")
            yield found

    def _enter(self) -> None:
        """To the first record: behind the bracket of the array, where there is one."""
        self.place = _BETWEEN.match(self.held).end()  # type: ignore[union-attr] # it matches nothing too
        if self.held[self.place] == "[":
            self.place += 1
        elif found := _ROWS.search(self.held):
            self.place = found.end()

    def _next(self) -> Any:
        while True:
            self.place = _BETWEEN.match(self.held, self.place).end()  # type: ignore[union-attr] # it matches nothing too
            if self.place == len(self.held):
                if not self._more():
                    raise Unreadable(f"the file breaks off after record {self.count}")
                continue
            if self.held[self.place] == "]":
                return None
            try:
                found, self.place = self.decoder.raw_decode(self.held, self.place)
                return found
            except RecursionError:
                raise Unreadable(f"record {self.count + 1} is nested too deeply") from None
            except ValueError as problem:
                if len(self.held) - self.place > _LARGEST or not self._more():
                    raise Unreadable(f"record {self.count + 1} is no JSON ({problem})") from None

    def _more(self) -> bool:
        part = self.file.read(_STEP)
        self.held, self.place = self.held[self.place :] + part, 0
        return bool(part)
