"""Watch: a content folder whose files may change while the bot runs; a broken edit keeps what was good."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path

from watchfiles import awatch

from bot.content.files import Status, names, status
from bot.content.repository import ContentBroken, Kinds, Repository
from bot.core.content import Snapshot
from bot.log import log

_LONGEST_MS = 5_000  # until we look ourselves: not every file system tells, nor a link that now leads elsewhere
_EDITING_MS = 50  # an editor writes a file in several steps
_STEP_MS = 20
_SETTLING_SECONDS = 0.05  # git writes many files, and a folder half checked out is not what anybody means
_LONGEST_SETTLING = 200  # times
_BLIND_SECONDS = 1.0  # while there is no folder
_TURN_SECONDS = (
    0.0005  # after which a thread that reads lets the one that answers go on; Python's own are ten times that
)

_Print = Mapping[str, Status | None]


class Watch:
    """Reads a folder and waits for changes; snapshot is what it held when it was last whole."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        """Read it. Raises ContentBroken."""
        self._folder = folder
        self._repository = Repository(folder, kinds)
        self._asked = asyncio.Event()
        self._seen = _print(folder)
        self.snapshot = self._repository.load()[0]

    def look(self) -> None:
        """Read the folder at once, whether anything stirs in it or not."""
        self._asked.set()

    async def changed(self) -> Snapshot:
        """The content after a change. Raises ContentBroken where it cannot be used; what was good before stays."""
        await asyncio.to_thread(self._prepared, self.snapshot)
        while True:
            await self._edited()
            if snapshot := await asyncio.to_thread(self._loaded):
                self.snapshot = snapshot
                return snapshot

    async def _edited(self) -> None:
        """Until the folder is otherwise than when it was read last and stays so for a moment, or until we are asked."""
        found = await self._printed()
        while found == self._seen and not self._asked.is_set():
            await self._stirred()
            found = await self._printed()
        for _ in range(0 if self._asked.is_set() else _LONGEST_SETTLING):
            await asyncio.sleep(_SETTLING_SECONDS)
            before, found = found, await self._printed()
            if before == found:
                break
        self._asked.clear()
        self._seen = found

    async def _printed(self) -> _Print:
        return await asyncio.to_thread(_print, self._folder)

    async def _stirred(self) -> None:
        """Until something stirs in the folder, we are asked, or a few seconds have passed."""
        changes = awatch(
            self._folder,
            debounce=_EDITING_MS,
            step=_STEP_MS,
            rust_timeout=_LONGEST_MS,
            yield_on_timeout=True,
            stop_event=self._asked,
        )
        try:
            async with aclosing(changes):
                await anext(changes)
        except StopAsyncIteration:  # asked
            return
        except OSError:
            await asyncio.sleep(_BLIND_SECONDS)

    def _loaded(self) -> Snapshot | None:
        try:
            with _taking_turns():
                snapshot = self._repository.load()[0]
                snapshot.prepare()
        except ContentBroken as broken:
            errors = [str(problem) for problem in broken.problems if not problem.warning]
            log.error("content_broken", problems=len(errors), first=errors[0] if errors else "")
            raise
        except OSError as problem:  # a file went away while we read
            log.error("content_unreadable", reason=type(problem).__name__)
        else:
            return snapshot
        return None

    def _prepared(self, snapshot: Snapshot) -> None:
        """The first content answers before it is prepared; it is now, while nobody asks for the rest of it."""
        with _taking_turns():
            snapshot.prepare()


@contextmanager
def _taking_turns() -> Iterator[None]:
    """A thread that computes is interrupted more often: a reply takes many turns, and would wait for each."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _print(folder: Path) -> _Print:
    """What tells whether anything in a folder has changed."""
    return {name: status(f"{folder}/{name}") for name in names(folder)}
