"""Store: the bot's memory of itself, and two programs that share it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.core.messages import Prefs
from bot.store import Store
from tests.storage import at, place, rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def test_each_platform_has_its_cursor_and_it_may_go_down(file: Path) -> None:
    async with at(file) as store:
        assert await store.cursor("telegram") is None
        await store.save_cursor("telegram", "700")
        await store.save_cursor("matrix", "s1_2")
        await store.save_cursor("telegram", "12")
    async with at(file) as store:
        assert [await store.cursor(name) for name in ("telegram", "matrix", "console")] == ["12", "s1_2", None]


async def test_readers_and_writers_of_two_programs_do_not_disturb_one_another(file: Path) -> None:
    async with at(file) as one, at(file) as other:

        async def works(store: Store, name: str) -> None:
            for number in range(25):
                await store.subscribers.choose_language(place(f"{name} {number}"), "km")
                await store.save_cursor(name, str(number))
                assert await store.cursor(name) == str(number)
                assert await store.subscribers.prefs(place(f"{name} {number}")) == Prefs("km")

        await asyncio.gather(*(works(store, f"{store is one} {n}") for store in (one, other) for n in range(4)))
    assert rows(file, "SELECT count(*) FROM preference") == [(200,)]
    assert rows(file, "SELECT DISTINCT value FROM cursor") == [("24",)]


async def test_two_programs_may_start_for_the_first_time_at_once(file: Path) -> None:
    async def starts(name: str) -> None:
        async with at(file) as store:
            await store.save_cursor(name, "1")

    await asyncio.gather(*(starts(str(number)) for number in range(4)))
    assert rows(file, "SELECT count(*) FROM cursor") == [(4,)]
