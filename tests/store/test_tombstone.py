"""Tombstone: every way to leave is noted outside the database, by a keyed hash and a day, for 31 days."""

from __future__ import annotations

import stat
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot import log as logs
from bot.core.subscription import Pace
from bot.privacy import Place
from bot.store import Channel, Store, StoreFailed
from bot.store.tombstone import Tombstones
from tests.clock import START, QuickClock
from tests.storage import MONTH, at, place, rows

TODAY = START.date()
WHERE = place("chat", "thread")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


def noted(file: Path) -> list[str]:
    """Every name in every file."""
    files = sorted(file.with_name("tombstones").iterdir()) if file.with_name("tombstones").exists() else []
    return [name for each in files for name in each.read_text().split()]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def subscribe(store: Store, where: Place = WHERE) -> None:
    await store.subscribers.subscribe(where, b"", "en", ["laws", "prisoners"], Pace.NOW, MONTH)


# --- who gets one


async def test_who_stops_leaves_the_hash_of_each_place(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store)
        await subscribe(store, place("chat"))
        await subscribe(store, place("other"))
        await store.subscribers.stop(WHERE)
    assert noted(file) == ["chat/", "chat/thread"]


async def test_the_last_unsubscribe_leaves_one_and_those_before_leave_none(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store)
        await store.subscribers.follow(WHERE, b"", "en", "kem-sokha", MONTH)
        await store.subscribers.unsubscribe(WHERE, ["laws"])
        await store.subscribers.unfollow(WHERE, "kem-sokha")
        assert noted(file) == []
        await store.subscribers.unsubscribe(WHERE, ["prisoners"])
    assert noted(file) == ["chat/thread"]


async def test_the_third_refusal_leaves_one(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store)
        assert [(await store.subscribers.refused(1, day), noted(file)) for day in "123"] == [
            (False, []),
            (False, []),
            (True, ["chat/thread"]),
        ]


async def test_who_is_forgotten_leaves_the_hash_of_the_chat(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store)
        await store.subscribers.forget(WHERE)
        assert noted(file) == ["chat"]
        await store.subscribers.choose_language(place("other"), "km")
        await store.subscribers.forget(place("other"))
        assert noted(file) == ["chat", "other"]


async def test_who_never_left_anything_leaves_no_tombstone_either(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.forget(WHERE)
        await store.subscribers.stop(WHERE)
        await store.subscribers.unsubscribe(WHERE, ["laws"])
    assert noted(file) == []


async def test_who_moves_does_not_come_back_where_they_were(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store)
        await subscribe(store, place("new"))
        await store.subscribers.moved(1, place("new"), b"")
        assert noted(file) == ["chat", "chat/thread"]  # and not the place where they are now
        await store.subscribers.moved(1, place("new", "thread"), b"")
    assert noted(file) == ["chat", "chat/thread", "new/"]


async def test_a_channel_that_the_pack_names_no_more_leaves_one(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.channels([Channel(place("channel", private=False), b"", "en", "laws")])
        await store.subscribers.channels([])
    assert noted(file) == ["channel/"]


async def test_where_it_cannot_be_noted_nobody_is_erased_by_half(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store)
        file.with_name("tombstones").touch()
        with pytest.raises(StoreFailed):
            await store.subscribers.forget(WHERE)
        assert rows(file, "SELECT place FROM subscriber") == [("chat/thread",)]
        file.with_name("tombstones").unlink()
        await store.subscribers.forget(WHERE)
        assert rows(file, "SELECT place FROM subscriber") == []
    assert noted(file) == ["chat"]


# --- where and how long


async def test_they_are_for_the_user_alone(file: Path) -> None:
    tombstones = Tombstones(file.with_name("tombstones"), QuickClock())
    await tombstones.note(["one"])
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (file.parent / "tombstones", *file.parent.glob("*/*"))]
    assert modes == [0o700, 0o600]
    assert noted(file) == ["one"]


async def test_they_say_who_left_since_a_day_and_nothing_where_they_do_not_reach_back(tmp_path: Path) -> None:
    clock = QuickClock()
    tombstones = Tombstones(tmp_path, clock)
    assert (tombstones.newest(), tombstones.since(TODAY)) == (None, None)
    assert tombstones.begin() == TODAY
    assert tombstones.since(TODAY) == frozenset()
    await tombstones.note(["one", "two"])
    clock.slept.append(86_400)
    await tombstones.note(["three"])
    assert tombstones.since(TODAY) == frozenset({"one", "two", "three"})
    assert tombstones.since(TODAY + timedelta(1)) == frozenset({"three"})
    assert tombstones.since(TODAY - timedelta(1)) is None
    assert tombstones.newest() == TODAY + timedelta(1)


async def test_after_31_days_they_go_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    clock = QuickClock()
    tombstones = Tombstones(tmp_path, clock)
    (tmp_path / "notes").touch()
    await tombstones.note(["one"])
    clock.slept.append(31 * 86_400)
    tombstones.prune()
    assert tombstones.since(TODAY) == frozenset({"one"})
    clock.slept.append(86_400)
    tombstones.prune()
    assert names(tmp_path) == ["notes"]


async def test_what_cannot_be_removed_is_said_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("ERROR")
    (tmp_path / "2020-01-01").mkdir()
    Tombstones(tmp_path, QuickClock()).prune()
    assert "tombstones_not_removed" in capsys.readouterr().err
    assert names(tmp_path) == ["2020-01-01"]


async def test_a_database_on_a_server_has_none(tmp_path: Path) -> None:
    tombstones = Tombstones(None, QuickClock())
    await tombstones.note(["one"])
    tombstones.prune()
    assert tombstones.since(TODAY) is None
    assert names(tmp_path) == []


def test_a_day_is_a_day_in_universal_time() -> None:
    assert Tombstones(None, QuickClock()).today == date(2026, 11, 23)
