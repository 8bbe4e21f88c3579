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


def environed(folder: Path, homeserver: str, user: str) -> dict[str, str]:
    settings = {
        "PRATIP_MATRIX_HOMESERVER": homeserver,
        "PRATIP_MATRIX_USER": user,
        "PRATIP_MATRIX_PASSWORD": PASSWORD,
        "PRATIP_DATA": str(folder / "data"),
        "PRATIP_KEYS": str(folder / "keys"),
    }
    return {**os.environ, **settings}


@asynccontextmanager
async def running(folder: Path, homeserver: str, user: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = environed(folder, homeserver, user)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env=environment, stderr=asyncio.subprocess.DEVNULL
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
        assert "I now leave this room and erase its keys" in (await alice.hears(room)).body
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


async def typed(environment: dict[str, str], *command: str, code: int = 0) -> str:
    """What a command writes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *command),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    words, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == code, words.decode()
    return words.decode()


async def test_the_device_is_cross_signed_by_one_command_and_an_app_that_insists_on_it_is_answered(
    synapse: Synapse, tmp_path: Path
) -> None:
    bot = synapse.register()
    environment = environed(tmp_path, synapse.address, bot["user_id"])
    assert "no login yet" in await typed(environment, "matrix", "show", code=1)
    assert "pratip matrix trust" in await typed(environment, "doctor", code=1)
    first = await typed(environment, "matrix", "trust")
    assert "Recovery key: Es" in first
    assert "Recovery key" not in await typed(environment, "matrix", "trust")
    card = await typed(environment, "matrix", "show")
    assert f"account: {bot['user_id']}" in card
    assert card in first
    assert "the device is cross-signed" in await typed(environment, "doctor")
    async with running(tmp_path, synapse.address, bot["user_id"]) as process, synapse.person(strict=True) as alice:
        room = await alice.invites(bot["user_id"], direct=True, encrypted=True)
        await alice.sees(bot["user_id"], room)
        await alice.says(room, "/laws draft")
        answer = await alice.hears(room)
        assert answer.encrypted
        assert "Cybercrime bill" in answer.body
        assert "Another run uses this data folder" in await typed(environment, "matrix", "trust", code=1)
        assert await stopped(process) == 0


async def test_what_cannot_be_trusted_is_said_in_a_sentence(synapse: Synapse, tmp_path: Path) -> None:
    environment = environed(tmp_path, synapse.address, synapse.register()["user_id"])
    wrong = {**environment, "PRATIP_MATRIX_PASSWORD": "forgotten"}
    assert "refuses the user name or the password" in await typed(wrong, "matrix", "trust", code=1)
    nowhere = {**environment, "PRATIP_MATRIX_HOMESERVER": ""}
    assert "Matrix is not configured" in await typed(nowhere, "matrix", "trust", code=1)
    await typed(environment, "matrix", "trust")
    (tmp_path / "keys").unlink()
    for command in ("trust", "show"):
        assert "restore the key file" in await typed(environment, "matrix", command, code=1)
