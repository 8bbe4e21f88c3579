"""Broadcast: an update to thousands under the documented limits, while people ask; and another library's way."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.figure import Figure, quantile
from tests.bench.program import ended, on_telegram, private_chats
from tests.bench.server import FIRST_CHAT, HOUSE, Report, Said, Server

_AUDIENCE, _GROUPS = 3000, 60
_PEER_AUDIENCE = 600
_RATE = 30
_EVERY = 0.5  # seconds between two questions
_STRANGERS = range(1, 120)
_PEER = HOUSE / ".venv-peer" / "bin" / "python"


async def measure(folder: Path, audience: int = _AUDIENCE) -> list[Figure]:
    """Our own figures, and those of python-telegram-bot's rate limiter beside them."""
    report, once = await _ours(folder, audience)
    ours = list(_figures("broadcast", report))
    ours.append(Figure("broadcast", "got it exactly once", once, "chats", least=audience))
    beside = {each.name: each.value for each in ours}
    theirs = [figure for way in ("loop", "gather") for figure in await _peer(way, beside)]
    return ours + theirs


async def _ours(folder: Path, audience: int) -> tuple[Report, int]:
    async with Server(audience, groups=_GROUPS) as server:
        program = on_telegram(folder, server.url)
        await program.subscribe(private_chats(audience, _GROUPS))
        number = await program.approve()
        readers = range(FIRST_CHAT + 1, FIRST_CHAT + audience - _GROUPS, 30)
        async with program.running() as process:
            await server.asks([*_STRANGERS, *readers], _EVERY)
            await program.settled(number, audience, audience / _RATE * 2 + 60)
            report, copies = await server.report(), await server.copies()
            await ended(process)
        assert program.outcomes(number) == {"sent": audience}
    return report, sum(n == 1 for n in copies.values())


def _figures(bench: str, report: Report) -> Iterator[Figure]:
    """What both are measured by."""
    pushes = [each for each in report.said if each.push]
    taken = [each for each in report.said if each.status == 200]
    begin, end = pushes[0].at + 1.0, max(each.at for each in taken if each.push)
    steady = [each for each in taken if begin <= each.at < end]
    yield Figure(bench, "share of the allowance", len(steady) / (end - begin) / _RATE * 100, "%", least=98)
    yield Figure(bench, "messages a second", len(steady) / (end - begin), "/s")
    yield Figure(bench, "refusals after the first second", _refusals(report.said, begin), most=0)
    waits, crowded = report.latencies(), report.crowded()
    asked = [wait for i, wait in enumerate(waits) if i not in crowded and begin - 1 <= report.asked[i][0] < end]
    yield Figure(bench, "questions", len(asked))
    yield Figure(bench, "answered after, median", quantile(asked, 0.5) * 1000, "ms")
    yield Figure(bench, "answered after, 99 of 100", quantile(asked, 0.99) * 1000, "ms", most=100)
    yield Figure(bench, "answered after, longest", max(asked) * 1000, "ms")


def _refusals(said: Sequence[Said], begin: float) -> int:
    return sum(each.status == 429 for each in said if each.at >= begin)


async def _peer(way: str, ours: dict[str, float]) -> list[Figure]:
    """Python-telegram-bot with its AIORateLimiter, in an environment of its own."""
    bench = f"peer, {way}"
    if not _PEER.exists():
        return [Figure(bench, "not installed here: nothing to compare with", math.nan)]
    async with Server(_PEER_AUDIENCE) as server:
        peer = str(HOUSE / "tests" / "bench" / "peer.py")
        chats = (str(FIRST_CHAT + 1), str(_PEER_AUDIENCE))
        process = await asyncio.create_subprocess_exec(_PEER, peer, server.url, way, *chats, stderr=sys.stderr)
        await server.asks(list(_STRANGERS), _EVERY)
        try:
            await asyncio.wait_for(process.wait(), 180)
        finally:
            if process.returncode is None:
                process.kill()
        report = await server.report()
    measured = [Figure(bench, each.name, each.value, each.unit, ours=ours[each.name]) for each in _figures("", report)]
    refused = len([each for each in report.said if each.push and each.status == 429])
    return [*measured, Figure(bench, "never got it", refused, "chats")]
