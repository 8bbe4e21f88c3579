"""The whole program on Matrix: `pratip run` as a process of its own, a real Synapse, an encrypted room."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.synapse import PASSWORD, Synapse

pytestmark = pytest.mark.xdist_group("synapse")  # one server, on one worker


@asynccontextmanager
async def running(folder: Path, homeserver: str, user: str) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {
        "PRATIP_MATRIX_HOMESERVER": homeserver,
        "PRATIP_MATRIX_USER": user,
        "PRATIP_MATRIX_PASSWORD": PASSWORD,
        "PRATIP_DATA": str(folder / "data"),
        "PRATIP_KEYS": str(folder / "keys"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env={**os.environ, **settings}, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def stopped(process: asyncio.subprocess.Process) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), 5)


async def test_a_conversation_in_an_encrypted_room_goes_on_over_a_restart_of_the_homeserver(
    synapse: Synapse, tmp_path: Path
) -> None:
    bot = synapse.register()
    async with running(tmp_path, synapse.address, bot["user_id"]) as process, synapse.person() as alice:
        room = await alice.invites(bot["user_id"], direct=True, encrypted=True)
        await alice.sees(bot["user_id"], room)
        await alice.says(room, "!prisoners kem sokha")
        answer = await alice.hears(room)
        assert answer.encrypted
        assert "Status not certain. Last confirmed under house arrest, 18 December 2025" in answer.body
        await alice.says(room, "/prisoners detained")
        assert "Page 1 of" in (await alice.hears(room)).body
        synapse.stop()
        synapse.start()
        await alice.says(room, "next")
        assert "Page 2 of" in (await alice.hears(room, 30)).body
        assert await stopped(process) == 0


async def test_one_who_asks_to_be_forgotten_is_told_so_and_left(synapse: Synapse, tmp_path: Path) -> None:
    bot = synapse.register()
    async with running(tmp_path, synapse.address, bot["user_id"]) as process, synapse.person() as alice:
        room = await alice.invites(bot["user_id"], direct=True, encrypted=True)
        await alice.sees(bot["user_id"], room)
        await alice.says(room, "/forget")
        assert "I now leave a private room and erase its keys" in (await alice.hears(room)).body
        await alice.sees_nobody(room)
        assert await stopped(process) == 0


async def test_what_was_asked_while_the_bot_was_down_is_answered_once(synapse: Synapse, tmp_path: Path) -> None:
    bot = synapse.register()
    async with synapse.person() as alice:
        async with running(tmp_path, synapse.address, bot["user_id"]) as process:
            room = await alice.invites(bot["user_id"], direct=True, encrypted=True)
            await alice.sees(bot["user_id"], room)
            await alice.says(room, "/about")
            await alice.hears(room)
            assert await stopped(process) == 0
        await alice.says(room, "/laws draft")
        async with running(tmp_path, synapse.address, bot["user_id"]):
            assert "Cybercrime bill" in (await alice.hears(room, 30)).body
            assert await alice.hears_nothing(room)
