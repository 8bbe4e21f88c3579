"""Start: from nothing to the first answer, `pratip chat --ask`, of the shipped pack and of ten thousand entries."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.content.repository import SHIPPED
from tests.bench import synthetic
from tests.bench.figure import Figure
from tests.bench.load import ENTRIES, processor

_TIMES = 3  # the best counts: another program can only take time away


async def measure(folder: Path) -> list[Figure]:
    """Seconds of the processor, with a data folder that is there already."""
    large = synthetic.write(folder / "content", ENTRIES)
    return [
        Figure("start", "first answer, shipped pack", _first(folder, SHIPPED, "/prisoners kem sokha"), "s", most=1),
        Figure("start", f"first answer, {ENTRIES:,} entries", _first(folder, large, "/prisoners"), "s", most=3),
    ]


def _first(folder: Path, content: Path, question: str) -> float:
    settings = {"DATA": str(folder / "data"), "KEYS": str(folder / "keys"), "CONTENT": str(content)}
    command = [sys.executable, "-m", "bot", "chat", "--ask", question]
    return min(processor(command, settings) for _ in range(_TIMES))
