"""The doctor: says what is in order, what is not, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.telegram_server import TelegramServer

TOKEN = "123456:AAH-token_of_a_test-token_of_a_test"


async def examined(folder: Path, **settings: str) -> tuple[int, str]:
    """The exit status and the words of `pratip doctor` with these settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PRATIP_")}
    own |= {"PRATIP_DATA": str(folder / "data"), "PRATIP_KEYS": str(folder / "keys"), **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "doctor", env=own, stdout=asyncio.subprocess.PIPE
    )
    words, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, words.decode()


async def test_a_fresh_machine_is_well_without_any_platform(tmp_path: Path) -> None:
    status, words = await examined(tmp_path)
    assert status == 0
    assert "[ok]   keys" in words
    assert "entries in en, km" in words
    assert "[ok]   database" in words
    assert "none configured" in words


async def test_the_token_and_the_clock_are_looked_at(tmp_path: Path) -> None:
    async with TelegramServer(token=TOKEN) as server:
        status, words = await examined(tmp_path, PRATIP_TELEGRAM_TOKEN=TOKEN, PRATIP_TELEGRAM_API_URL=server.url)
    assert status == 0
    assert "[ok]   telegram: PratipTestBot" in words
    assert "[ok]   clock: agrees with telegram" in words


async def test_what_is_wrong_is_said_with_its_mending_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("address: 00\nlookup: 00\n")
    (tmp_path / "keys").chmod(0o600)
    (tmp_path / "content").mkdir()
    settings = {"PRATIP_CONTENT": str(tmp_path / "content"), "PRATIP_DATABASE": "nonsense"}
    status, words = await examined(tmp_path, **settings)
    assert status == 1
    assert words.count("[mend]") == 3
    assert "[mend] content: 1 error, 0 warnings; pratip check lists them" in words


async def test_a_token_that_telegram_refuses_is_named_as_such_and_never_shown(tmp_path: Path) -> None:
    async with TelegramServer(token=TOKEN) as server:
        other = "654321:AAH-another_token-another_token-another"
        status, words = await examined(tmp_path, PRATIP_TELEGRAM_TOKEN=other, PRATIP_TELEGRAM_API_URL=server.url)
    assert status == 1
    assert "[mend] telegram: Telegram refuses the token" in words
    assert other not in words
