"""Disk: what must be there after the power failed."""

from __future__ import annotations

import os
from pathlib import Path


def settle(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(scratch: Path, path: Path) -> None:
    """Give a whole new file the name of another in the same folder, which is gone then. Raises OSError."""
    settle(scratch)
    scratch.replace(path)
    settle(path.parent)
