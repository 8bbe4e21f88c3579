"""Erasure: what is deleted is gone from the disk, and nobody can be read there before."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiosqlite
import pytest

from bot.core.broadcast import Outcome
from bot.core.messages import Chat
from bot.core.subscription import Pace
from bot.privacy import Keys
from bot.store import Result, database
from bot.store.schema import LIFE, metadata
from tests.storage import MONTH, NOON, ZONE, at, bytes_of, place, rows, sent

MARKER = "kch4marker"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def comes_true(check: Callable[[], object]) -> None:
    """Wait for something that another thread is about to do."""
    for _ in range(20_000):
        if check():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


async def test_nothing_of_a_forgotten_chat_is_left_in_any_file(file: Path) -> None:
    async with at(file) as store:
        for number in range(100):
            await store.subscribers.choose_language(place(f"{MARKER}{number}"), "km")
        assert MARKER.encode() in bytes_of(file)
        for number in range(100):
            await store.subscribers.forget(place(f"{MARKER}{number}"))
        assert MARKER.encode() not in bytes_of(file)
    assert MARKER.encode() not in bytes_of(file)


async def test_it_is_gone_too_where_somebody_was_reading_meanwhile(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place(MARKER), "km")
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM preference").fetchone() == (1,)
        forgetting = asyncio.ensure_future(store.subscribers.forget(place(MARKER)))
        await comes_true(lambda: not rows(file, "SELECT * FROM preference"))
        assert reader.execute("SELECT count(*) FROM preference").fetchone() == (1,)  # as it was when it began
        reader.close()
        await forgetting
        assert MARKER.encode() not in bytes_of(file)


async def test_one_who_reads_for_ever_does_not_hold_up_the_bot_for_ever(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place(MARKER), "km")
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM preference").fetchall()
        async with aiosqlite.connect(file, timeout=0) as impatient:
            await database._truncate(impatient)
        assert MARKER.encode() in bytes_of(file)
        reader.close()


async def test_a_cancelled_forget_erases_all_the_same(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place(MARKER), "km")
        forgetting = asyncio.ensure_future(store.subscribers.forget(place(MARKER)))
        await asyncio.sleep(0)
        forgetting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forgetting
    assert MARKER.encode() not in bytes_of(file)


# --- nobody can be read in the files

CHAT = Chat("telegram", f"{MARKER}1234567890", f"{MARKER}thread")


async def test_no_address_and_no_id_can_be_read_before_or_after_somebody_is_forgotten(file: Path) -> None:
    keys = Keys.generate()
    where, address = keys.place(CHAT), keys.sealed(CHAT)
    reference = keys.seal(f"{MARKER}message".encode(), "reference")
    async with at(file) as store:
        await store.subscribers.choose_language(where, "km")
        await store.subscribers.follow(where, address, "en", "kem-sokha", MONTH)
        for number in (1, 2, 3):
            await sent(store, str(number))
            while await store.ledger.expand(number, now=NOON, zone=ZONE):
                pass
        first, second = await store.ledger.claim("telegram", NOON, "boot", 2)
        assert keys.opened(first.address, first.place) == CHAT
        await store.ledger.settle([Result(first, Outcome.SENT, reference)])
        assert MARKER.encode() not in bytes_of(file)
        assert [each in bytes_of(file) for each in (address, reference, where.key.encode())] == [True] * 3
        await store.subscribers.forget(where)
        secrets = (address, reference, where.key.encode(), where.chat.encode(), MARKER.encode())
        assert [each in bytes_of(file) for each in secrets] == [False] * 5
        assert await store.ledger.settle([Result(second, Outcome.SENT, reference)]) == 0
        states = {number: await store.ledger.tally(number) for number in (1, 2, 3)}
    wanted = (Outcome.SENT, Outcome.CANCELLED, Outcome.CANCELLED)
    assert states == {number: {"telegram": {outcome: 1}} for number, outcome in zip((1, 2, 3), wanted, strict=True)}


async def test_what_ends_a_subscription_ends_what_waits_for_it(file: Path) -> None:
    where = place("one")
    async with at(file) as store:
        for number, ends in enumerate(("unfollow", "stop", "refused"), 1):
            await store.subscribers.follow(where, b"", "en", "kem-sokha", MONTH)
            await sent(store, str(number))
            await store.ledger.expand(number, now=NOON, zone=ZONE)
            if ends == "unfollow":
                await store.subscribers.unfollow(where, "kem-sokha")
            elif ends == "stop":
                await store.subscribers.stop(where)
            else:
                assert [await store.subscribers.refused(3, day) for day in "123"] == [False, False, True]
        assert await store.ledger.claim("paper", NOON, "boot", 9) == []
        tallies = [await store.ledger.tally(number) for number in (1, 2, 3)]
    assert tallies == [{"paper": {outcome: 1}} for outcome in (Outcome.CANCELLED, Outcome.CANCELLED, Outcome.GONE)]


async def test_a_topic_that_is_left_takes_what_waits_along_and_nothing_else(file: Path) -> None:
    where = place("one")
    async with at(file) as store:
        await store.subscribers.subscribe(where, b"", "en", ["laws", "prisoners"], Pace.DAILY, MONTH)
        for number, topics in enumerate((("laws",), ("laws", "prisoners"), ("prisoners",)), 1):
            await sent(store, str(number), topics=topics)
            await store.ledger.expand(number, now=NOON, zone=ZONE)
        await store.subscribers.unsubscribe(where, ["laws"])
        states = rows(file, "SELECT broadcast, state FROM delivery")
    assert states == [(1, "cancelled"), (2, "queued"), (3, "queued")]


def test_every_table_says_how_its_rows_end() -> None:
    assert LIFE.keys() == metadata.tables.keys()
    assert [name for name, ends in LIFE.items() if not ends] == []
