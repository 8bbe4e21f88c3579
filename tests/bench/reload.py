"""Reload: a file among ten thousand entries changes while somebody asks without end: how soon, and who waits."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import handlers
from bot.content.watch import Watch
from bot.core.messages import Chat, Context, Request
from tests.bench import synthetic
from tests.bench.figure import Figure, quantile
from tests.bench.load import ENTRIES

_EDITS = 4
_TURNS = 8  # of the loop that an answer takes: the wire, the preferences, the wire again
_BETWEEN_SECONDS = 0.005
_ASKED = Request(Chat("console", "1"), "prisoners", "journalist")


async def measure(folder: Path) -> list[Figure]:
    """In one process and one loop, as a run has it; the network and the database are left out."""
    content = synthetic.write(folder / "content", ENTRIES)
    watch = Watch(content, handlers.kinds)
    watch.snapshot.prepare()
    waiting = asyncio.create_task(watch.changed())
    await asyncio.sleep(1)
    quiet = await _answers(watch, asyncio.create_task(asyncio.sleep(3)))
    busy: list[float] = []
    seconds: list[float] = []
    for edit in range(_EDITS):
        began = time.monotonic()
        _edit(content / "prisoners" / f"prisoners-{edit}.yaml", by_rename=edit % 2 == 1)
        busy += await _answers(watch, waiting)
        seconds.append(time.monotonic() - began)
        waiting = asyncio.create_task(watch.changed())
        await asyncio.sleep(0.5)
    waiting.cancel()
    return [
        Figure("reload", "from an edit to the new content, median", quantile(seconds, 0.5) * 1000, "ms", most=300),
        Figure("reload", "an answer's time, 99 of 100", quantile(quiet, 0.99) * 1000, "ms"),
        Figure("reload", "longer meanwhile, median", _longer(busy, quiet, 0.5), "ms", most=20),
        Figure("reload", "longer meanwhile, 99 of 100", _longer(busy, quiet, 0.99), "ms", most=20),
    ]


def _longer(busy: list[float], quiet: list[float], share: float) -> float:
    return max(0.0, quantile(busy, share) - quantile(quiet, share)) * 1000


def _edit(file: Path, *, by_rename: bool) -> None:
    """Write another word into a file, in place or as an editor that saves by rename does."""
    text = file.read_text().replace("custody: detained", "custody: free").replace("role: ", "role: Another ")
    if by_rename:
        file.with_suffix(".new").write_text(text)
        file.with_suffix(".new").rename(file)
    else:
        file.write_text(text)


async def _answers(watch: Watch, until: asyncio.Task[object]) -> list[float]:
    """Seconds that each of the answers took that were given meanwhile."""
    took = []
    while not until.done():
        began = time.perf_counter()
        context = Context(watch.snapshot.view("en"), datetime.now(UTC))
        handlers.router.dispatch(_ASKED, context)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(_BETWEEN_SECONDS)
    return took
