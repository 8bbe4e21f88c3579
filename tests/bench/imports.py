"""Imports: the whole of UHRI's recommendations of the periodic review as one file: how long, and how much memory."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.content.repository import SHIPPED
from tests import exports
from tests.bench.figure import Figure
from tests.bench.server import HOUSE

_ROWS = 130_000
_OURS = 180  # one of so many is about Cambodia, as in the full export
_OTHERS = ["Norway", "Fiji", "Viet Nam", "Italy", "Peru"]


async def measure(folder: Path) -> list[Figure]:
    """The program as a process of its own, over a copy of the shipped pack; nothing is written."""
    file = exports.many(folder / "export.xlsx", _rows())
    shutil.copytree(SHIPPED, folder / "content")
    seconds, processor, memory = _run(folder, file)
    return [
        Figure("imports", "rows", _ROWS),
        Figure("imports", "time in all", seconds, "s"),
        Figure("imports", "processor time", processor, "s"),
        Figure("imports", "most memory of the process", memory, "MB", most=150),
    ]


def _rows() -> Iterator[dict[str, str | float | None]]:
    chance = random.Random(5)
    words = [f"synthetic{number}" for number in range(500)]
    for number in range(_ROWS):
        ours = number % _OURS == 0
        yield {
            "Text": f"{110 + number % 3}.{number % 300 + 1} {' '.join(chance.choices(words, k=25))} ’s (Fiji);",
            "Countries Concerned": "- Cambodia" if ours else f"- {chance.choice(_OTHERS)}",
            "Document Symbol": "A/HRC/41/17" if ours else f"A/HRC/{number % 50}/{number % 20}",
            "Themes": "- Right to education\n- Equality & non-discrimination ",
            "UPR Session": "- 32nd Session",
            "UPR Reccomending States": "- Fiji",
        }


def _run(folder: Path, file: Path) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and megabytes (of 1,048,576 bytes) of one import."""
    settings = {**os.environ, "PRATIP_CONTENT": str(folder / "content")}
    command = (sys.executable, "-m", "bot", "import", "uhri", str(file))
    with (folder / "diff").open("wb") as diff:
        subprocess.run(
            [sys.executable, "-c", _LAUNCHER, str(folder / "used"), *command],
            cwd=HOUSE,
            env=settings,
            stdout=diff,
            check=True,
        )
    seconds, processor, memory = map(float, (folder / "used").read_text().split())
    return seconds, processor, memory / 1024


# A process of its own, and a small one: what a child has taken at most begins with what its parent had.
_LAUNCHER = """
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[2:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    print(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss, file=file)
"""
