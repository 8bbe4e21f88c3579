"""The doctor: says what is in order, what is not, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.clock import Clock
from bot.core.broadcast import Kind
from bot.core.messages import Chat
from bot.doctor import approval_findings, platform_findings
from bot.keyfile import KeyFile
from bot.platforms import Platform, Unavailable
from bot.platforms.telegram import Telegram
from bot.store import Draft, Store
from tests.packs import pack, write
from tests.platforms.paper import Paper
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


async def test_keys_that_are_not_the_databases_are_told_and_none_are_made_in_their_place(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys").load()
    place = keys.place(Chat("telegram", "1", private=True))
    (tmp_path / "data").mkdir(mode=0o700)
    async with Store(f"sqlite+aiosqlite:///{tmp_path}/data/pratip.db") as store:
        await store.subscribers.choose_language(place, "km")
        await store.sealing.note(keys.mark)
    (tmp_path / "keys").unlink()
    status, words = await examined(tmp_path)
    assert status == 1
    assert "[mend] keys: the key file is missing, and nothing in the database opens without it" in words
    assert "[ok]   database" in words
    assert not (tmp_path / "keys").exists()
    KeyFile(tmp_path / "keys").make()
    status, words = await examined(tmp_path)
    assert status == 1
    assert "[mend] keys: these are not the keys that the database was written with" in words


async def test_keys_that_were_just_made_are_named_and_those_in_the_data_folder_are_to_be_moved(tmp_path: Path) -> None:
    status, words = await examined(tmp_path)
    assert f"[ok]   keys: made just now, as there were none: {tmp_path}/keys" in words
    _, words = await examined(tmp_path)
    assert f"[ok]   keys: private to this user: {tmp_path}/keys" in words
    (tmp_path / "keys").rename(tmp_path / "data" / "keys")
    status, words = await examined(tmp_path, PRATIP_KEYS=str(tmp_path / "data" / "keys"))
    assert "[mend] keys: they lie in the data folder" in words
    assert status == 1


async def test_a_token_that_telegram_refuses_is_named_as_such_and_never_shown(tmp_path: Path) -> None:
    async with TelegramServer(token=TOKEN) as server:
        other = "654321:AAH-another_token-another_token-another"
        status, words = await examined(tmp_path, PRATIP_TELEGRAM_TOKEN=other, PRATIP_TELEGRAM_API_URL=server.url)
    assert status == 1
    assert "[mend] telegram: Telegram refuses the token" in words
    assert other not in words


# --- updates


def found(needed: int, *moderators: str, reachable: tuple[str, ...] = (), drafts: int = 0) -> list[str]:
    """What is said of those who approve updates."""
    return [str(each) for each in approval_findings(needed, moderators, reachable or moderators, drafts)]


def test_one_approval_is_warned_of_and_two_are_not() -> None:
    warning = "[note] approvals: PRATIP_APPROVALS is 1: whoever approves sends alone; set it to 2"
    assert warning in found(1, "telegram:1")
    assert found(2, "telegram:1", "telegram:2", drafts=3) == [
        "[ok]   drafts: 3 pending",
        "[ok]   moderators: 2, of whom 2 must approve an update",
    ]


def test_too_few_moderators_for_any_update_are_to_mend_and_the_shell_counts_as_one() -> None:
    assert found(2)[-1] == "[note] moderators: name some in PRATIP_MODERATORS, and updates can go out"
    assert found(2, "telegram:1")[-1].startswith("[note] moderators: 1 of 2 that must approve an update: every update")
    assert found(3, "telegram:1")[-1].startswith("[mend] moderators: 1 of 3 that must approve an update: no update")


async def test_moderators_who_have_not_written_yet_channels_and_drafts_are_named(tmp_path: Path) -> None:
    laws = "{topic: laws, language: en, telegram: '@laws', matrix: '#laws:example.org'}"
    channels = f"channels: [{laws}, {{topic: laws, language: en, telegram: '@nothing'}}]\n"
    files = {"topics.yaml": "- {id: laws, name: Laws}\n"}
    content = write(tmp_path / "content", files)
    (content / "pack.yaml").write_text((content / "pack.yaml").read_text() + channels)
    (tmp_path / "data").mkdir(mode=0o700)
    KeyFile(tmp_path / "keys").make()
    async with Store(f"sqlite+aiosqlite:///{tmp_path}/data/pratip.db") as store:
        await store.moderators.met("telegram:1", b"sealed", "en")
        draft = Draft("d", Kind.NOTE, ("laws",), words={"en": "Words."}, author="telegram:1")
        await store.broadcasts.compose(draft, datetime.now(UTC))
    async with TelegramServer(token=TOKEN) as server:
        server.channel(-1_001, username="laws")
        status, words = await examined(
            tmp_path,
            PRATIP_CONTENT=str(content),
            PRATIP_MODERATORS="telegram:1 telegram:2",
            PRATIP_TELEGRAM_TOKEN=TOKEN,
            PRATIP_TELEGRAM_API_URL=server.url,
        )
    assert status == 1
    assert "[ok]   drafts: 1 pending" in words
    assert "[note] moderators: ask telegram:2 to write to the bot once" in words
    assert "[ok]   channel @laws: laws in en: the bot may post there" in words
    assert "[mend] channel @nothing: laws in en: there is no such channel or group, or the bot is not in it" in words
    assert "[note] channel #laws:example.org: laws in en: matrix is not configured" in words


# --- announcement channels


CHANNELS = """
title: A tiny pack
languages: [en]
default_language: en
time_zone: Asia/Phnom_Penh
channels:
  - {topic: laws, language: en, telegram: '@laws_en', matrix: '#laws-en:example.org'}
"""


async def told(folder: Path, platform: Platform) -> list[str]:
    """What is said of the channels, after what is said of the platform they are on."""
    snapshot = pack(folder, {"pack.yaml": CHANNELS, "topics.yaml": "- {id: laws, name: Laws}\n"})
    findings = [str(each) async for each in platform_findings([platform], snapshot, Clock())]
    return [each for each in findings if "channel" in each]


async def test_of_each_channel_it_is_said_whether_the_bot_may_post_there(tmp_path: Path) -> None:
    paper = Paper(name="telegram")
    assert await told(tmp_path, paper) == ["[ok]   channel @laws_en: laws in en: the bot may post there"]
    paper.forbidden.add("@laws_en")
    assert await told(tmp_path, paper) == ["[mend] channel @laws_en: laws in en: let the bot write there"]


async def test_what_the_platform_does_not_tell_of_a_channel_is_not_guessed(tmp_path: Path) -> None:
    paper = Paper(name="telegram")
    paper.refuses(Unavailable("busy"))
    said = "it cannot be told (busy): see that the bot may post there"
    assert await told(tmp_path, paper) == [f"[note] channel @laws_en: laws in en: {said}"]


async def test_while_a_platform_is_to_mend_its_channels_are_not_known(tmp_path: Path) -> None:
    said = "it cannot be told while telegram is to mend"
    async with TelegramServer(token=TOKEN) as server:
        platform = Telegram("654321:AAH-another_token-another_token-another", api_url=server.url)
        assert await told(tmp_path, platform) == [f"[note] channel @laws_en: laws in en: {said}"]
