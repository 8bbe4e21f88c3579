"""Speed: the sender without limits: messages a second on one core, and where the time goes."""

from __future__ import annotations

import os
import pstats
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.program import ended, on_telegram, private_chats
from tests.bench.server import Server

_AUDIENCE = 5000
_RATE = 1000
_TOP = 12  # costs that are told


async def measure(folder: Path) -> list[Figure]:
    """Once as it is, once with a profile, whose costs go to stderr."""
    seconds = await _sent(folder / "plain", ())
    await _sent(folder / "profiled", ("-m", "cProfile", "-o", str(folder / "profile")))
    print("\n".join(_costs(folder / "profile")), file=sys.stderr)  # noqa: T201 (a bench speaks)
    wall, cpu = seconds
    return [
        Figure("speed", "messages a second", _AUDIENCE / wall, "/s"),
        Figure("speed", "processor time of a message", cpu / _AUDIENCE * 1000, "ms"),
        Figure("speed", "messages a second of one core", _AUDIENCE / cpu, "/s"),
    ]


async def _sent(folder: Path, profile: tuple[str, ...]) -> tuple[float, float]:
    """Seconds from the first to the last message, and of the processor."""
    async with Server(_AUDIENCE, strict=False) as server:
        program = on_telegram(folder, server.url, _RATE)
        program.command = (sys.executable, *profile, "-m", "bot", "run")
        await program.subscribe(private_chats(_AUDIENCE))
        number = await program.approve()
        async with program.running() as process:
            while not program.outcomes(number):
                time.sleep(0.02)  # noqa: ASYNC251 (nothing else is to run)
            before = _processor(process.pid)
            await program.settled(number, _AUDIENCE, 120)
            spent = _processor(process.pid) - before
            said = [each.at for each in (await server.report()).said if each.push]
            await ended(process)
    return said[-1] - said[0], spent


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used, from proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _costs(file: Path) -> Iterator[str]:
    """The functions that take most time themselves, and ours with all that they call."""
    stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined] # the stubs leave it out
    total = sum(row[2] for row in stats.values())
    for title, column, wanted in (("by itself", 2, ""), ("with what it calls", 3, "/bot/")):
        yield f"-- share of {total:.1f} s, {title}"
        some = [(row[column], where) for where, row in stats.items() if wanted in where[0]]
        for seconds, (path, line, name) in sorted(some, reverse=True)[:_TOP]:
            yield f"{seconds / total:6.1%}  {Path(path).parent.name}/{Path(path).name}:{line} {name}"
