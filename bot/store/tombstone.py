"""Tombstone: who left lately, by keyed hashes and outside the database: no restored backup shall bring them back.

A folder with a file per day. Backups hold none of it; they leave only a file for their day, so that it can be seen
whether everything since is here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from bot.clock import Clock
from bot.disk import settle
from bot.log import log

KEPT_DAYS = 31  # a day longer than any backup


class Tombstones:
    """Keyed hashes of chats and places that were erased, for 31 days; without a folder none are kept."""

    def __init__(self, folder: Path | None, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or Clock()

    @property
    def today(self) -> date:
        """The day, in UTC, under which things are noted now."""
        return self._clock.now().date()

    async def note(self, names: Collection[str]) -> None:
        """Write down that these are erased; on the disk before the erasure itself is. Raises OSError."""
        if names:
            await asyncio.to_thread(self._write, "".join(f"{name}\n" for name in sorted(names)))

    def begin(self) -> date:
        """Let today have its file, though nobody may leave; the day. Raises OSError."""
        self._write("")
        return self.today

    def prune(self) -> None:
        """Remove what is too old."""
        try:
            for day, file in list(self._days()):
                if day < self.today - timedelta(days=KEPT_DAYS):
                    file.unlink(missing_ok=True)
        except OSError as problem:
            log.error("tombstones_not_removed", reason=problem.strerror)

    def since(self, day: date) -> frozenset[str] | None:
        """Who left on that day or later; None where this folder has not been kept since. Raises OSError."""
        files = dict(self._days())
        if day not in files:
            return None
        texts = (file.read_text("ascii", "replace") for at, file in files.items() if at >= day)
        return frozenset(word for text in texts for word in text.split())

    def newest(self) -> date | None:
        """The last day that has a file."""
        return max((day for day, _ in self._days()), default=None)

    def _write(self, lines: str) -> None:
        if self._folder is None:
            return  # the backups of such a database are its owner's own
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / self.today.isoformat(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(lines.encode("ascii"))  # in one piece: others may write beside us
            os.fsync(file.fileno())
        settle(self._folder)  # a new file's name too

    def _days(self) -> Iterator[tuple[date, Path]]:
        if self._folder is None or not self._folder.is_dir():
            return
        for file in self._folder.iterdir():
            with suppress(ValueError):  # somebody else's
                yield date.fromisoformat(file.name), file
