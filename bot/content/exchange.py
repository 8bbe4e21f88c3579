"""Exchange: new text for files of a content folder: tried with all the others first, then each written whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from bot.content.problem import Problem
from bot.content.repository import ContentBroken

Load = Callable[[Path], object]  # raises ContentBroken


class Changed(Exception):
    """Somebody else has changed a file meanwhile; the message names it."""


def tried(folder: Path, texts: Mapping[str, str], load: Load) -> list[Problem]:
    """What would be wrong with the pack if its files said this; nothing is written to the folder."""
    with tempfile.TemporaryDirectory(prefix="pratip-") as trial:
        copy = Path(trial, "content")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
        for name, text in texts.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(text.encode())
        try:
            load(copy)
        except ContentBroken as broken:
            return [problem for problem in broken.problems if not problem.warning]
    return []


def exchange(folder: Path, texts: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Put the texts in place of what was read. Raises Changed, or OSError; each file is the old or the new one."""
    waiting: list[tuple[Path, Path]] = []
    try:
        for name, text in texts.items():
            path = (folder / name).resolve()
            if _held(path) != before[name].encode():
                raise Changed(f"{name} has been changed meanwhile")
            waiting.append((_beside(path, text), path))
        while waiting:
            new, path = waiting[0]
            new.replace(path)
            waiting.pop(0)
    finally:
        for new, _ in waiting:
            with suppress(OSError):
                new.unlink()


def _held(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _beside(path: Path, text: str) -> Path:
    """The text on disk, beside the file that it is for, with that file's permissions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        new.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    except OSError:
        new.unlink()
        raise
    return new
