"""Kill: SIGKILL at random moments of broadcasts, on Telegram, and what the server got beside what the ledger says."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.broadcast import FINAL, Policy
from tests.bench.figure import Figure
from tests.bench.program import Program, ended, on_telegram, private_chats
from tests.bench.server import FIRST_CHAT, Server

_KILLS = int(os.environ.get("KILLS", "200"))
_AUDIENCE = 1500
_RATE = 300  # messages a second: a kill every second leaves something to send
_WITHIN_SECONDS = (0.0, 2.5)  # the first of which the sender waits, lest an earlier start has used it up
_MOST = 32  # claimed and not yet settled


@dataclass
class _Found:
    """What came of the kills."""

    kills: int = 0
    amid: int = 0  # those that found something on the wire
    lost: int = 0  # nobody sent it, nobody said so
    repeats: list[int] = field(default_factory=list)  # of each kill under RESEND
    claimed: list[int] = field(default_factory=list)  # of each kill: on the wire, as the ledger says
    again: int = 0  # messages that came more than once, under RESEND
    again_held: int = 0  # the same under HOLD
    outcomes: Counter[str] = field(default_factory=Counter)


async def measure(folder: Path) -> list[Figure]:
    """Kill as often as KILLS says (default 200), over as many broadcasts as that takes."""
    found, recipients, broadcasts = _Found(), 0, 0
    while found.kills < _KILLS:
        policy = (Policy.RESEND, Policy.RESEND, Policy.HOLD)[broadcasts % 3]
        await _broadcast(folder / str(broadcasts), policy, found)
        recipients, broadcasts = recipients + _AUDIENCE, broadcasts + 1
    ended_in = sum(found.outcomes[each] for each in FINAL)
    states = ", ".join(f"{n} {state}" for state, n in sorted(found.outcomes.items()))
    return [
        Figure("kill", f"kills, in {broadcasts} broadcasts to {_AUDIENCE} at {_RATE}/s", found.kills),
        Figure("kill", "found messages on the wire", found.amid),
        Figure("kill", "lost", found.lost, most=0),
        Figure("kill", "claimed and not settled, most", max(found.claimed), most=_MOST),
        Figure("kill", "repeats of one kill, most", max(found.repeats, default=0), most=_MOST),
        Figure("kill", "repeats of one kill, mean", found.again / max(1, len(found.repeats))),
        Figure("kill", "repeats where the update is held", found.again_held, most=0),
        Figure("kill", f"in a final state ({states})", ended_in, least=recipients, most=recipients),
    ]


async def _broadcast(folder: Path, policy: Policy, found: _Found) -> None:
    """One broadcast, killed until it is through or has been killed enough."""
    async with Server(_AUDIENCE, strict=False) as server:
        program = on_telegram(folder, server.url, _RATE)
        await program.subscribe(private_chats(_AUDIENCE))
        number = await program.approve(policy)
        before: Mapping[int, int] = {}
        while found.kills < _KILLS and not program.done(number, _AUDIENCE):
            await program.killed(_WITHIN_SECONDS)
            before = await _looked(program, server, number, policy, before, found)
        async with program.running() as process:
            await program.settled(number, _AUDIENCE, 120)
            await ended(process)
        _counted(program.outcomes(number), await server.copies(), policy, found)


async def _looked(
    program: Program, server: Server, number: int, policy: Policy, before: Mapping[int, int], found: _Found
) -> Mapping[int, int]:
    """What one kill has left: rows on the wire, and which of them had arrived and will come again."""
    await asyncio.sleep(0.1)  # what the dead process has written still arrives
    copies, claimed = await server.copies(), program.unsettled(number)
    arrived = [n for n in claimed if copies.get(FIRST_CHAT + n, 0) > before.get(FIRST_CHAT + n, 0)]
    found.kills += 1
    found.amid += bool(claimed)
    found.claimed.append(len(claimed))
    if policy is Policy.RESEND:
        found.repeats.append(len(arrived))
    return copies


def _counted(outcomes: Mapping[str, int], copies: Mapping[int, int], policy: Policy, found: _Found) -> None:
    """At the end: who never got it although the ledger says so, and who got it again."""
    found.outcomes.update(outcomes)
    found.lost += max(0, outcomes.get("sent", 0) - len(copies))
    found.lost += max(0, _AUDIENCE - len(copies) - outcomes.get("unknown", 0))
    again = sum(n - 1 for n in copies.values())
    if policy is Policy.HOLD:
        found.again_held += again
    else:
        found.again += again
