"""Erasure: what is deleted is gone from the disk, and nobody can be read there before."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiosqlite
import pytest

from bot.core.broadcast import Outcome
from bot.core.messages import Chat, Prefs
from bot.core.subscription import Pace, Settings
from bot.privacy import Keys
from bot.store import Channel, Result, Silent, Store, database
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


# --- who has not written for a year


async def silent(store: Store, *chats: str) -> None:
    """These heard of laws and wrote last in October of 2025."""
    for each in chats:
        await store.subscribers.subscribe(place(each), each.encode(), "km", ["laws"], Pace.NOW, "2025-10")


async def numbers(store: Store, platform: str = "paper", before: str = "2025-11", **part: int) -> list[int]:
    return [each.number for each in await store.subscribers.silent(platform, before, **part)]


async def test_who_has_not_written_since_a_month_is_found_once(file: Path) -> None:
    async with at(file) as store:
        await silent(store, "one", "two")
        await store.subscribers.subscribe(place("three"), b"", "km", ["laws"], Pace.NOW, "2025-11")
        await store.subscribers.channels([Channel(place("room", private=False), b"", "en", "laws")])
        assert (await store.subscribers.silent("paper", "2025-11"))[0] == Silent(
            1, place("one"), b"one", "km", Settings(), "2025-10", ""
        )
        assert [await numbers(store), await numbers(store, "telegram")] == [[1, 2], []]
        assert [await numbers(store, most=1), await numbers(store, after=1)] == [[1], [2]]
        await store.subscribers.asked(1, "2026-11-01")
        assert await numbers(store) == [2]


async def test_who_was_asked_and_says_nothing_is_erased_with_the_language_and_a_tombstone(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place(MARKER), "km")
        await silent(store, MARKER)
        await store.subscribers.asked(1, "2026-11-01")
        assert [await store.subscribers.lapse(day) for day in ("2026-10-31", "2026-11-01")] == [0, 1]
        assert await store.subscribers.prefs(place(MARKER)) == Prefs()
        assert MARKER.encode() not in bytes_of(file)
        assert store.tombstones.since(store.tombstones.today) == frozenset({MARKER, f"{MARKER}/"})
    assert rows(file, "SELECT * FROM asked") == []


async def test_a_chat_that_hears_of_something_elsewhere_keeps_its_language(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place("one"), "km")
        await silent(store, "one")
        await store.subscribers.subscribe(place("one", "thread"), b"", "km", ["laws"], Pace.NOW, MONTH)
        await store.subscribers.asked(1, "2026-11-01")
        assert await store.subscribers.lapse("2026-11-01") == 1
        assert await store.subscribers.prefs(place("one")) == Prefs("km")
        assert store.tombstones.since(store.tombstones.today) == frozenset({"one/"})


@pytest.mark.parametrize("month", ["2026-11", "2026-12"])
async def test_one_word_and_nobody_was_asked(file: Path, month: str) -> None:
    async with at(file) as store:
        await silent(store, "one", "two")
        for number in (1, 2):
            await store.subscribers.asked(number, "2026-11-30")
        await store.subscribers.heard(place("one"), month)
        await store.subscribers.subscribe(place("two"), b"", "en", ["prisoners"], Pace.NOW, month)
        assert await store.subscribers.lapse("2027-01-01") == 0
        assert rows(file, "SELECT * FROM asked") == []
        assert await numbers(store, before="2028-01") == [1, 2]


async def test_a_word_that_comes_before_the_question_is_noted_counts_too(file: Path) -> None:
    async with at(file) as store:
        await silent(store, "one")
        await store.subscribers.heard(place("one"), "2026-11")
        await store.subscribers.asked(1, "2026-11-30")
        assert await store.subscribers.lapse("2027-01-01") == 0


async def test_who_leaves_before_the_question_is_noted_leaves_no_row(file: Path) -> None:
    async with at(file) as store:
        await silent(store, "one", "two")
        await store.subscribers.asked(2, "2026-11-30")
        for chat in ("one", "two"):
            await store.subscribers.forget(place(chat))
        await store.subscribers.asked(1, "2026-11-30")
    assert rows(file, "SELECT * FROM asked") == []


# --- every table


def test_every_table_says_how_its_rows_end() -> None:
    assert LIFE.keys() == metadata.tables.keys()
    assert [name for name, ends in LIFE.items() if not ends] == []
