"""Watch: a content folder whose files may change while the bot runs; a broken edit keeps what was good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from watchfiles import awatch
from watchfiles.main import FileChange

from bot.content.repository import ContentBroken, Kinds, load
from bot.core.content import Snapshot
from bot.log import log

_LONGEST_MS = 3_600_000  # without a change; then a new day may have begun
_SETTLING_MS = 200  # an editor or git writes several files


class Watch:
    """Waits for changes of a folder."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        self._folder = folder
        self._kinds = kinds
        self._events: AsyncGenerator[set[FileChange], None] | None = None

    async def changed(self) -> Snapshot | None:
        """The content after a change; None after an hour without one, and where it is broken now."""
        if self._events is None:
            self._events = awatch(
                self._folder, debounce=_SETTLING_MS, step=50, rust_timeout=_LONGEST_MS, yield_on_timeout=True
            )
        try:
            if not await anext(self._events):
                return None
        except (FileNotFoundError, StopAsyncIteration):  # the folder itself went away
            self._events = None
            await asyncio.sleep(1)
            return None
        return await asyncio.to_thread(self._loaded)

    def _loaded(self) -> Snapshot | None:
        try:
            return load(self._folder, self._kinds)[0]
        except ContentBroken as broken:
            errors = [str(problem) for problem in broken.problems if not problem.warning]
            log.error("content_broken", problems=len(errors), first=errors[0] if errors else "")
            return None
