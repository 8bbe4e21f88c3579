"""Place: in which file and line each entry stands, and which entry a problem is about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from bot.content import Problem
from bot.content import document as yaml_document
from bot.content.repository import Kinds
from bot.core.entry import Entry


class Places:
    """The files of a folder by the entries in them; only lists are read for it."""

    def __init__(self, folder: Path, kinds: Kinds, entries: Mapping[str, Entry]) -> None:
        self._starts: dict[str, list[tuple[int, str]]] = {}  # file: the line on which each entry begins
        for kind in kinds:
            for path in sorted((folder / kind.folder).glob("*.yaml")):
                entry = entries.get(path.stem)
                name = f"{kind.folder}/{path.name}"
                alone = isinstance(entry, kind)
                self._starts[name] = [(1, path.stem)] if alone else list(_listed(path, name))
        self._of = {entry: (file, line) for file, some in self._starts.items() for line, entry in some}

    def of(self, entry: str) -> str:
        """Where an entry stands, as file:line; empty where nobody knows."""
        file, line = self._of.get(entry, ("", 0))
        return f"{file}:{line}" if file else ""

    def about(self, problem: Problem) -> str:
        """The id of the entry a problem is about; empty where it is about none."""
        starts = self._starts.get(problem.file, [])
        index = bisect_right(starts, problem.line, key=lambda start: start[0]) - 1
        return starts[index][1] if index >= 0 else ""

    def by_entry(self, problems: Collection[Problem]) -> Mapping[str, list[Problem]]:
        """The problems of each entry that has any."""
        found: dict[str, list[Problem]] = {}
        for problem in problems:
            if entry := self.about(problem):
                found.setdefault(entry, []).append(problem)
        return found


def _listed(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """The entries of a list with the lines on which they begin."""
    document = yaml_document.read(path, name)
    for index, data in enumerate(document.data if isinstance(document.data, list) else ()):
        where = document.at((index,))
        if where and isinstance(data, dict) and "id" in data:
            yield where[0], str(data["id"])
