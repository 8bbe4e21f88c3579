"""Backup: the database sealed for a key that is not on this machine, and how one becomes the database again."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from bot import strongbox
from bot.clock import Clock
from bot.privacy import Keys
from bot.store import StoreUnusable
from bot.store.copy import copied, revived
from bot.store.tombstone import Tombstones
from bot.strongbox import WrongKey

KEPT_DAYS = 30
_PURPOSE = "pratip backup 1"
_NAME = re.compile(r"pratip-(\d{4}-\d\d-\d\d)T\d{6}\.backup")


class BackupRefused(Exception):
    """There is no backup, or nothing is restored; the message says why and what to do."""


class Backup:
    """Backups of the database in a file, which its tombstones stand beside."""

    def __init__(self, database: Path, keys: Keys, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or Clock()
        self._tombstones = Tombstones(database.with_name("tombstones"), self._clock)
        # Other keys have other hashes: who left could not be told from who stayed.
        self._print = keys.message_key("backup", keys.derive("backup").hex())

    def make(self, target: Path, public: str) -> Path:
        """Write one to a new file; or into a folder, where those older than 30 days go. Raises BackupRefused."""
        try:
            day = self._tombstones.begin()  # before the copy: who leaves from now on may be in it
            head = json.dumps({"day": day.isoformat(), "keys": self._print}).encode()
            sealed = strongbox.close(head + b"\n" + copied(self._database), public, _PURPOSE)
            file = target / self._clock.now().strftime("pratip-%Y-%m-%dT%H%M%S.backup") if target.is_dir() else target
            write_whole(file, [sealed])
            self._tombstones.prune()
            if target.is_dir():
                self._prune(target)
        except (StoreUnusable, WrongKey) as problem:
            raise BackupRefused(str(problem)) from None
        except OSError as problem:
            raise BackupRefused(_why(problem)) from None
        return file

    def restore(self, file: Path, key: Path, *, tombstones_lost: bool = False) -> str:
        """Make one the database, without those who left since; what was done, in words. Raises BackupRefused."""
        if any(self._database.with_name(self._database.name + ending).exists() for ending in ("", "-wal", "-shm")):
            raise BackupRefused(f"there is a database already: remove {self._database} and what begins with its name")
        try:
            if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise BackupRefused(f"others can read the private key: run chmod 600 on {key}")
            day, image = self._opened(file.read_bytes(), key.read_text("utf-8", "replace"))
            left = None if tombstones_lost else self._left(day)
            back = revived(image, left)
            self._database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._database, [back.image])
        except (StoreUnusable, WrongKey) as problem:
            raise BackupRefused(str(problem)) from None
        except OSError as problem:
            raise BackupRefused(_why(problem)) from None
        return (
            f"Restored the backup of {day}. Subscribers: {back.subscribers}; left out: {back.left}"
            + (", as nobody knows who left since." if left is None else f", who left by {self._tombstones.newest()}.")
            + " What was being sent is paused: pratip broadcast list shows it."
        )

    def _opened(self, box: bytes, private: str) -> tuple[date, bytes]:
        """Its day and the database in it."""
        head, _, image = strongbox.unlock(box, private, _PURPOSE).partition(b"\n")
        try:
            said = json.loads(head)
            day, keys = date.fromisoformat(said["day"]), said["keys"]
        except (KeyError, TypeError, ValueError):
            raise BackupRefused("it is no backup of ours") from None
        if keys != self._print:
            raise BackupRefused("it was made with another key file (PRATIP_KEYS), or before the keys were rotated")
        if self._clock.now().date() - day > timedelta(days=KEPT_DAYS):
            raise BackupRefused(f"it is older than {KEPT_DAYS} days: who left since is not known any more")
        return day, image

    def _left(self, day: date) -> frozenset[str]:
        left = self._tombstones.since(day)
        if left is None:
            raise BackupRefused(
                f"the folder tombstones beside the database does not reach back to {day}: whoever left since would come"
                " back. Bring it from the old machine; where it is lost, --tombstones-lost restores all but subscribers"
            )
        return left

    def _prune(self, folder: Path) -> None:
        oldest = self._clock.now().date() - timedelta(days=KEPT_DAYS)
        for file in folder.iterdir():
            found = _NAME.fullmatch(file.name)
            if found and found[1] < oldest.isoformat():
                file.unlink(missing_ok=True)


def write_whole(target: Path, parts: Iterable[bytes]) -> None:
    """A new file for us alone, there whole or not at all, even where we are killed. Raises OSError; never replaces."""
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.fdopen(os.open(target.parent, os.O_TMPFILE | os.O_WRONLY, 0o600), "wb") as file:  # has no name yet
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            # With a folder Python follows the link; without, it would give the link itself another name.
            os.link(f"/proc/self/fd/{file.fileno()}", target, src_dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def _why(problem: OSError) -> str:
    if isinstance(problem, FileExistsError):
        return "there is such a file already: name another, or a folder"
    if problem.errno in {errno.EOPNOTSUPP, errno.EISDIR}:  # old ones say it is a folder
        return "this file system cannot hold files that are whole or not there: write elsewhere, and copy it from there"
    return f"{problem.strerror}: {problem.filename}" if problem.filename else str(problem.strerror)
