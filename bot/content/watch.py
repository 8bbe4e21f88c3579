"""Watch: a content folder whose files may change while the bot runs; a broken edit keeps what was good."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

from bot.content.repository import ContentBroken, Kinds, load
from bot.core.content import Snapshot
from bot.log import log

_LONGEST_MS = 5_000  # until we look ourselves: not every file system tells, nor a link that now leads elsewhere
_EDITING_MS = 200  # an editor writes several files
_SETTLING_SECONDS = 0.3  # git writes many, and a folder half checked out is not what anybody means
_LONGEST_SETTLING = 40  # times
_BLIND_SECONDS = 1.0  # while there is no folder

_Print = Mapping[str, tuple[int, int, int]]


class Watch:
    """Reads a folder and waits for changes; snapshot is what it held when it was last whole."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        """Read it. Raises ContentBroken."""
        self._folder = folder
        self._kinds = kinds
        self._seen = _print(folder)
        self.snapshot = load(folder, kinds)[0]

    async def changed(self) -> Snapshot:
        """The content after a change, once it is whole again."""
        while True:
            await self._edited()
            if snapshot := await asyncio.to_thread(self._loaded):
                self.snapshot = snapshot
                return snapshot

    async def _edited(self) -> None:
        """Until the folder is otherwise than when it was read last, and stays so for a moment."""
        while (found := await self._printed()) == self._seen:
            await self._stirred()
        for _ in range(_LONGEST_SETTLING):
            await asyncio.sleep(_SETTLING_SECONDS)
            before, found = found, await self._printed()
            if before == found:
                break
        self._seen = found

    async def _printed(self) -> _Print:
        return await asyncio.to_thread(_print, self._folder)

    async def _stirred(self) -> None:
        """Until something stirs in the folder, or a few seconds have passed."""
        changes = awatch(self._folder, debounce=_EDITING_MS, step=50, rust_timeout=_LONGEST_MS, yield_on_timeout=True)
        try:
            async with aclosing(changes):
                await anext(changes)
        except (OSError, StopAsyncIteration):
            await asyncio.sleep(_BLIND_SECONDS)

    def _loaded(self) -> Snapshot | None:
        try:
            return load(self._folder, self._kinds)[0]
        except ContentBroken as broken:
            errors = [str(problem) for problem in broken.problems if not problem.warning]
            log.error("content_broken", problems=len(errors), first=errors[0] if errors else "")
        except OSError as problem:  # a file went away while we read
            log.error("content_unreadable", reason=type(problem).__name__)
        return None


def _print(folder: Path) -> _Print:
    """What tells whether anything in a folder has changed: each file's inode, time of change and size."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)  # noqa: PTH118 (a Path for each of thousands of files takes far longer)
            try:
                status = os.stat(path)  # noqa: PTH116 (the same)
            except OSError:
                continue
            found[path] = (status.st_ino, status.st_ctime_ns, status.st_size)
    return found
