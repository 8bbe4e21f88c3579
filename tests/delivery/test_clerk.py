"""Clerk: it opens the ledger for what was approved, closes it, and tries again where the database fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.content import Snapshot
from bot.store import StoreFailed
from tests.clock import leaping
from tests.delivery.office import chat, office
from tests.packs import pack
from tests.platforms.paper import READER, Paper
from tests.storage import change


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pack(tmp_path_factory.mktemp("content"), {})


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


@leaping
async def test_a_large_audience_is_written_a_part_at_a_time(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        ledger = desk.store.ledger
        ledger.expand = partial(ledger.expand, chunk=2)  # type: ignore[method-assign]  # the real one, in small parts
        async with desk.open(paper):
            await desk.subscribe(*(chat(str(number)) for number in range(7)))
            await desk.send()
            await desk.ended(within=30)
        assert desk.outcomes() == {"sent": 7}


@leaping
async def test_where_the_database_fails_it_tries_again_and_tells_each_end_once(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    async with office(tmp_path, snapshot) as desk:
        told, failures = desk._ended, [StoreFailed("busy")]

        async def failing(number: int) -> None:
            if failures:
                raise failures.pop()
            await told(number)

        desk._ended = failing  # type: ignore[method-assign]  # fails once
        await desk.subscribe(READER)
        change(desk.file, "CREATE TRIGGER full BEFORE INSERT ON delivery BEGIN SELECT RAISE(FAIL, 'full'); END")
        async with desk.open(Paper()):
            await desk.send()
            await asyncio.sleep(20)
            assert desk.outcomes() == {}
            change(desk.file, "DROP TRIGGER full")
            await desk.ended()
            await asyncio.sleep(100)
        assert (desk.ends, desk.outcomes(), failures) == ([1], {"sent": 1}, [])
    failed = [line for line in logged if line["event"] == "ledger_failed"]
    assert 3 <= len(failed) <= 8
