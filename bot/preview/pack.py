"""Pack: the content folder as it is while somebody edits it: what was last whole, and all that is to be mended."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.content import ContentBroken, Problem, load
from bot.content.repository import Kinds
from bot.core.content import Snapshot

_LOOK_SECONDS = 0.3  # between two looks, and how long a folder must stay as it is before it is read
_SHARE = 10  # looking takes at most this part of the time, however large the folder

_Print = Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Edition:
    """One reading of the folder."""

    number: int
    snapshot: Snapshot | None  # as it was last whole; None where it never was
    problems: tuple[Problem, ...]  # as it is now, warnings too

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the folder from being used."""
        return tuple(problem for problem in self.problems if not problem.warning)


class Pack:
    """Reads a folder, whole or broken, and waits for changes."""

    def __init__(self, folder: Path, kinds: Kinds, read: Callable[..., tuple[Snapshot, list[Problem]]] = load) -> None:
        """Read it for the first time."""
        self.folder = folder
        self.kinds = kinds
        self._load = read
        self._seen = _print(folder)
        self.edition = self._read(Edition(0, None, ()))

    async def changed(self) -> Edition:
        """The next edition, once the folder is otherwise than it was read and has settled."""
        before = self._seen
        while True:
            started = time.monotonic()
            found = await asyncio.to_thread(_print, self.folder)
            if found != self._seen and found == before:
                self._seen = found
                self.edition = await asyncio.to_thread(self._read, self.edition)
                return self.edition
            before = found
            await asyncio.sleep(max(_LOOK_SECONDS, (time.monotonic() - started) * _SHARE))

    def _read(self, last: Edition) -> Edition:
        try:
            snapshot, problems = self._load(self.folder, self.kinds)
        except ContentBroken as broken:
            return Edition(last.number + 1, last.snapshot, tuple(broken.problems))
        except OSError:  # a file went away while we read: the next look finds it gone
            return last
        return Edition(last.number + 1, snapshot, tuple(problems))


def _print(folder: Path) -> _Print:
    """What tells whether a file that matters was changed, made or deleted: its inode, time of change and size."""
    found = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith(".") or not name.lower().endswith((".yaml", ".yml")):  # an editor's own
                continue
            path = os.path.join(root, name)  # noqa: PTH118 (a Path for each of thousands of files takes far longer)
            try:
                status = os.stat(path)  # noqa: PTH116 (the same)
            except OSError:
                continue
            found[path] = (status.st_ino, status.st_ctime_ns, status.st_size)
    return found
