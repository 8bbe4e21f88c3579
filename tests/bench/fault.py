"""Fault: a network and a server that fail in every way while an update goes out and people ask."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.core.broadcast import Policy
from tests.bench.figure import Figure, quantile
from tests.bench.program import ended, on_telegram, private_chats
from tests.bench.server import Server

_AUDIENCE = 1500
_RATE = 100
_EVERY = 0.5
_REST_SECONDS = 1.0  # between two faults
_FAULTS: dict[str, dict[str, Any]] = {
    "answers lost after acceptance": {"accept": True, "drop": True, "seconds": 0.5},
    "resets": {"drop": True, "seconds": 1.0},
    "errors of a proxy, 502": {"status": 502, "garbage": "<html>Bad Gateway</html>", "seconds": 1.0},
    "Telegram's own 500": {"status": 500, "seconds": 1.0},
    "answers that never come": {"accept": True, "hang": 30.0, "times": 5},
    "a storm of 429": {"retry_after": 1, "seconds": 1.5},
}


async def measure(folder: Path) -> list[Figure]:
    """Every fault after the other, of an update that is tried again and of one that is held."""
    return [
        *await _update(folder / "resend", Policy.RESEND),
        *await _update(folder / "hold", Policy.HOLD),
    ]


async def _update(folder: Path, policy: Policy) -> list[Figure]:
    bench = f"fault, {policy}"
    async with Server(_AUDIENCE, strict=False) as server:
        program = on_telegram(folder, server.url, _RATE)
        await program.subscribe(private_chats(_AUDIENCE))
        number = await program.approve(policy)
        async with program.running() as process:
            await server.asks(list(range(1, 120)), _EVERY)
            await _all_faults(server)
            await program.settled(number, _AUDIENCE, 300)
            await server.asks([], 0)
            await asyncio.sleep(30)  # the last questions, and answers that wait for their next try
            report, copies = await server.report(), await server.copies()
            alive = process.returncode is None
            await ended(process)
        outcomes = program.outcomes(number)
    waits = report.latencies()
    answered = [wait for wait in waits if not math.isinf(wait)]
    states = ", ".join(f"{n} {state}" for state, n in sorted(outcomes.items()))
    return [
        Figure(bench, f"in a final state ({states})", sum(outcomes.values()), least=_AUDIENCE, most=_AUDIENCE),
        Figure(bench, "lost: sent by the ledger, never arrived", _lost(outcomes, copies), most=0),
        Figure(bench, "repeats", sum(n - 1 for n in copies.values())),
        Figure(bench, "still running", float(alive), least=1),
        Figure(bench, "questions answered", len(answered) / len(waits) * 100, "%", least=100),
        Figure(bench, "answered after, median", quantile(waits, 0.5) * 1000, "ms"),
        Figure(bench, "answered after, longest", max(answered), "s"),
    ]


def _lost(outcomes: Mapping[str, int], copies: Mapping[int, int]) -> int:
    """Who is said to have it and has it not."""
    return max(0, outcomes.get("sent", 0) - len(copies))


async def _all_faults(server: Server) -> None:
    """One after the other, once the update is well on its way."""
    while len(await server.copies()) < _RATE:  # noqa: ASYNC110 (it is another process that counts)
        await asyncio.sleep(0.1)
    for how in _FAULTS.values():
        await server.fails("sendMessage", **how)
        await asyncio.sleep(how.get("seconds", 1.0) + _REST_SECONDS)
