"""Matrix: SIGKILL during broadcasts to rooms of a real Synapse: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bot.core.messages import Chat
from tests.bench.figure import Figure
from tests.bench.program import Program, ended
from tests.synapse import PASSWORD, Person, Synapse

_KILLS = int(os.environ.get("MATRIX_KILLS", "20"))
_ROOMS = 60
_ENCRYPTED = 6  # the last ones
_WITHIN_SECONDS = (0.0, 3.5)
_FIRST_SECONDS = 6.0  # to log in, and to read all rooms


async def measure(folder: Path) -> list[Figure]:
    """Kill as often as MATRIX_KILLS says (default 20), over as many broadcasts as that takes."""
    server = Synapse(folder / "synapse").start()
    try:
        return await _measured(folder, server)
    finally:
        server.stop()


async def _measured(folder: Path, server: Synapse) -> list[Figure]:
    bot = server.register()
    access = {"MATRIX_HOMESERVER": server.address, "MATRIX_USER": bot["user_id"], "MATRIX_PASSWORD": PASSWORD}
    program = Program(folder / "program", access)
    amid, broadcasts, kills, outcomes = 0, 0, 0, Counter[str]()
    async with server.person() as person:
        rooms = await _rooms(server, bot, program, person)
        while kills < _KILLS:
            number = await program.approve()
            broadcasts += 1
            while kills < _KILLS and not program.done(number, _ROOMS):
                await program.killed(_WITHIN_SECONDS)
                kills += 1
                amid += bool(program.unsettled(number))
            async with program.running() as process:
                await program.settled(number, _ROOMS, 120)
                await ended(process)
            outcomes.update(program.outcomes(number))
        copies = await _heard(person, rooms)
    states = ", ".join(f"{n} {state}" for state, n in sorted(outcomes.items()))
    everybody = _ROOMS * broadcasts
    return [
        Figure("matrix", f"kills, in {broadcasts} broadcasts to {_ROOMS} rooms", kills),
        Figure("matrix", "found messages on the wire", amid),
        Figure("matrix", "lost", sum(max(0, broadcasts - copies[room]) for room in rooms), most=0),
        Figure("matrix", "repeats", sum(max(0, copies[room] - broadcasts) for room in rooms), most=0),
        Figure("matrix", f"in a final state ({states})", sum(outcomes.values()), least=everybody, most=everybody),
    ]


async def _rooms(server: Synapse, bot: Mapping[str, str], program: Program, person: Person) -> list[str]:
    """Rooms in which the bot is, and which subscribe. It joins by hand: by itself it takes ten invitations a minute."""
    name, token = bot["user_id"], bot["access_token"]
    rooms = [await person.invites(name, direct=True, encrypted=n >= _ROOMS - _ENCRYPTED) for n in range(_ROOMS)]
    for room in rooms:
        server.call("POST", f"/_matrix/client/v3/join/{room}", {}, token)
    await program.subscribe([Chat("matrix", room, private=True) for room in rooms])
    async with program.running() as process:
        await asyncio.sleep(_FIRST_SECONDS)
        await ended(process)
    await person.sync()
    person.unread.clear()
    return rooms


async def _heard(person: Person, rooms: list[str]) -> Counter[str]:
    """How often the bench's words stand in each room."""
    for _ in range(5):
        await person.sync(0.5)
    return Counter({room: sum("bench" in each.body for each in person.unread.get(room, ())) for room in rooms})
