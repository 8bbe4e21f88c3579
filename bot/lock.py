"""Lock: one run at a time in a data folder, and how another process tells it that there is something to do."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PROCESSES = Path("/proc")  # where the system has it


class Taken(Exception):
    """Another run holds the lock: two would answer everything twice."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder, this process's number in it. Raises Taken."""
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Taken from None
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # whoever wakes us before we listen must not end us
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def wake(folder: Path) -> bool:
    """Tell the run that holds the lock to look again; False where there is none, or it is somebody else's."""
    lock = folder / "lock"
    with suppress(OSError, ValueError):
        number = int(lock.read_text("ascii"))
        if number > 0 and _has_open(number, lock) and _is_held(lock):
            os.kill(number, signal.SIGUSR1)
            return True
    return False


def _is_held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _has_open(number: int, lock: Path) -> bool:
    """Whether a process of ours has the file open: its number may be a stale one that another process has now."""
    if not (_PROCESSES / "self/fd").exists():
        return True
    return any(_is_same(each, lock) for each in (_PROCESSES / str(number) / "fd").iterdir())


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # closed meanwhile
        return False
