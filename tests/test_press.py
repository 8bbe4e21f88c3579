"""Press: the file is made once of each content, is given seldom, and a broken folder takes it from nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import handlers
from bot import press as house
from bot.core.messages import Chat, Context, Document, Reply
from bot.core.text import Text
from bot.platforms import Capabilities
from bot.press import Press
from bot.service import Service
from tests.clock import QuickClock
from tests.conversation import Reader
from tests.desk import KEYS
from tests.packs import pack, person, write
from tests.platforms.paper import BUTTONS, Paper
from tests.storage import at

ASKED = Reply(Text("Here."), document=Document("json"))
FILES = {"prisoners/a.yaml": person()}


class Counting(Press):
    """A press that counts what it makes."""

    made = 0

    def _make(self, form: str, at: datetime) -> bytes:
        self.made += 1
        return super()._make(form, at)


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def press(tmp_path: Path, clock: QuickClock) -> Counting:
    return Counting(write(tmp_path / "pack", FILES), handlers.kinds, clock)


def chat(name: str) -> Chat:
    return Chat("paper", name)


def context(day: int = 23) -> Context:
    return replace(Reader().context, now=datetime(2026, 11, day, tzinfo=UTC))


async def test_it_is_made_once_of_each_content_and_day(press: Counting) -> None:
    first = await press.filled(ASKED, chat("1"), context(), "one")
    assert first.document
    assert (first.text, first.document.name) == (ASKED.text, "pratip-2026-11-23.json")
    assert json.loads(first.document.data)["title"] == "A tiny pack"
    assert b"A tiny pack" not in repr(first).encode()  # nor does a log quote it
    assert (await press.filled(ASKED, chat("2"), context(), "one")).document == first.document
    assert press.made == 1
    await press.filled(ASKED, chat("3"), context(), "two")
    await press.filled(ASKED, chat("4"), context(24), "two")
    assert press.made == 3


async def test_a_chat_has_to_wait_ten_minutes_for_another(press: Counting, clock: QuickClock) -> None:
    assert (await press.filled(ASKED, chat("1"), context(), "one")).document
    soon = await press.filled(ASKED, chat("1"), context(), "one")
    assert (soon.text, soon.document) == (Reader().content.say("export.soon"), None)
    assert (await press.filled(ASKED, chat("2"), context(), "one")).document
    press.forget(chat("2"))
    assert (await press.filled(ASKED, chat("2"), context(), "one")).document
    await clock.sleep(house.PAUSE_SECONDS + 1)
    assert (await press.filled(ASKED, chat("1"), context(), "one")).document
    assert len(press._given) == 1  # who may ask again is not remembered


async def test_while_the_folder_is_edited_the_last_whole_file_is_given(press: Counting, tmp_path: Path) -> None:
    write(tmp_path / "pack", {"prisoners/a.yaml": "custody: [\n"})
    busy = await press.filled(ASKED, chat("1"), context(), "one")
    assert (busy.text, busy.document) == (Reader().content.say("export.busy"), None)
    write(tmp_path / "pack", FILES)
    whole = await press.filled(ASKED, chat("1"), context(), "one")
    write(tmp_path / "pack", {"prisoners/a.yaml": "custody: [\n"})
    assert (await press.filled(ASKED, chat("2"), context(), "two")).document == whole.document


async def test_one_that_is_too_large_is_not_sent(press: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "_LARGEST", 10)
    assert (await press.filled(ASKED, chat("1"), context(), "one")).text == Reader().content.say("export.large")


async def test_so_many_chats_are_remembered_and_no_more(press: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "_CHATS", 2)
    for name in "123":
        await press.filled(ASKED, chat(name), context(), "one")
    assert list(press._given) == [("paper", "2"), ("paper", "3")]


@pytest.mark.parametrize("can", [replace(BUTTONS, documents=True), Capabilities()])
async def test_whoever_asks_gets_words_and_then_the_file_where_the_platform_has_files(
    tmp_path: Path, can: Capabilities
) -> None:
    paper, snapshot = Paper(can), pack(tmp_path / "pack", FILES)
    async with at(tmp_path / "pratip.db") as store:
        press = Press(tmp_path / "pack", handlers.kinds, QuickClock())
        service = Service(handlers.router, snapshot, store, KEYS, QuickClock(), press=press, sends_updates=False)
        paper.brings(paper.envelope("/export csv"), over=True)
        await service.run([paper])
    first, *rest = paper.sheets
    if can.documents:
        (file,) = rest
        assert (first.reply.document, file.text[-4:]) == (None, ".zip")
        assert file.reply.document
        assert file.reply.document.data.startswith(b"PK")
    else:
        assert (rest, "pratip export --format csv" in first.text) == ([], True)


async def test_who_asks_to_be_forgotten_is(tmp_path: Path) -> None:
    paper, snapshot = Paper(replace(BUTTONS, documents=True)), pack(tmp_path / "pack", FILES)
    async with at(tmp_path / "pratip.db") as store:
        press = Press(tmp_path / "pack", handlers.kinds, QuickClock())
        service = Service(handlers.router, snapshot, store, KEYS, QuickClock(), press=press, sends_updates=False)
        paper.brings(paper.envelope("/export csv"), paper.envelope("/forget yes"), paper.envelope("/forget"), over=True)
        await service.run([paper])
    assert not press._given
