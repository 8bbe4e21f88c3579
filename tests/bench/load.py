"""Load: `pratip check` of ten thousand synthetic entries, and of the shipped pack, as processes of their own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.content.repository import SHIPPED
from tests.bench import synthetic
from tests.bench.figure import Figure
from tests.bench.server import HOUSE

ENTRIES = 10_000
_TIMES = 3  # the best counts: another program can only take time away


async def measure(folder: Path) -> list[Figure]:
    """Processor time, which on one core with nothing else to do is the time it takes."""
    large = synthetic.write(folder / "content", ENTRIES)
    return [
        Figure("load", f"check of {ENTRIES:,} entries", min(_checked(large) for _ in range(_TIMES)), "s", most=3),
        Figure("load", "check of the shipped pack", min(_checked(SHIPPED) for _ in range(_TIMES)), "s"),
    ]


def _checked(content: Path) -> float:
    return processor([sys.executable, "-m", "bot", "check", str(content)])


def processor(command: Sequence[str], settings: Mapping[str, str] | None = None) -> float:
    """Seconds of the processor that a whole process took, from its start; settings are PRATIP_* without the prefix."""
    given = {**os.environ, **{f"PRATIP_{name}": value for name, value in (settings or {}).items()}}
    before = _children()
    subprocess.run(command, cwd=HOUSE, env=given, capture_output=True, check=True)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
