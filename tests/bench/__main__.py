"""Bench: `python -m tests.bench NAME...`, of those below; without a name, all of them."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import broadcast, fault, imports, kill, load, matrix, mutate, reload, speed, start
from tests.bench.figure import Figure, table

_BENCHES = {
    "broadcast": broadcast.measure,
    "kill": kill.measure,
    "matrix": matrix.measure,
    "fault": fault.measure,
    "speed": speed.measure,
    "imports": imports.measure,
    "load": load.measure,
    "reload": reload.measure,
    "start": start.measure,
    "mutate": mutate.measure,
}


async def _measured(names: list[str]) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="pratip-bench-") as folder:
            print(f"{name} … (load {os.getloadavg()[0]:.1f})", file=sys.stderr)  # noqa: T201 (a bench speaks)
            some = await _BENCHES[name](Path(folder))
        print(table(some), file=sys.stderr)  # noqa: T201 (a bench speaks)
        figures += some
    return figures


def main(names: list[str]) -> int:
    """Measure, print the table, and say whether a figure was missed."""
    if strangers := [name for name in names if name not in _BENCHES]:
        sys.exit(f"no such bench: {', '.join(strangers)}; there are {', '.join(_BENCHES)}")
    figures = asyncio.run(_measured(names or list(_BENCHES)))
    print(table(figures))  # noqa: T201 (a bench speaks)
    return int(not all(each.reached for each in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
