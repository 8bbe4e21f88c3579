"""Copy: one moment of the database, of whatever version, in memory; what is no database of ours is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.core.subscription import Pace
from bot.store import StoreTooNew, StoreUnusable
from bot.store.copy import copied, revived
from tests.storage import at, change, place, rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


def tables(image: bytes) -> set[str]:
    with closing(sqlite3.connect(":memory:")) as copy:
        copy.deserialize(image)
        return {str(name) for (name,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_a_copy_of_an_older_schema_comes_back_in_the_newest(file: Path) -> None:
    with closing(sqlite3.connect(file)) as old:
        old.executescript(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
            "INSERT INTO alembic_version VALUES ('0001');"
            "CREATE TABLE preference (chat TEXT NOT NULL PRIMARY KEY, language TEXT NOT NULL) STRICT, WITHOUT ROWID;"
            "CREATE TABLE cursor (platform TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
            "INSERT INTO preference VALUES ('one', 'km'), ('two', 'km');"
        )
    back = revived(copied(file), {"one"})
    assert {"subscriber", "broadcast", "preference"} <= tables(back.image)
    file.write_bytes(back.image)
    assert rows(file, "SELECT chat FROM preference") == [("two",)]
    assert (back.subscribers, back.left) == (0, 0)


async def test_a_copy_of_a_newer_program_is_refused(file: Path) -> None:
    async with at(file):
        pass
    change(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="install that version again"):
        revived(copied(file), set())


@pytest.mark.parametrize("image", [b"no database" * 500, b"SQLite format 3\0" + bytes(4080)])
def test_what_is_no_database_of_ours_is_refused(image: bytes) -> None:
    with pytest.raises(StoreUnusable, match=r"^the copy is no database of ours \(\w+\)$"):
        revived(image, set())


async def test_what_was_buried_is_not_in_the_image_either(file: Path) -> None:
    async with at(file) as store:
        for number in range(50):
            await store.subscribers.choose_language(place(f"kch4marker{number}x"), "km")
    image = copied(file)
    assert b"kch4marker" in image
    back = revived(image, {f"kch4marker{number}x" for number in range(49)})
    assert back.image.count(b"kch4marker") == 1


async def test_who_was_asked_before_the_copy_may_have_answered_since_and_is_asked_again(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.subscribe(place("one"), b"", "en", ["laws"], Pace.NOW, "2025-10")
        await store.subscribers.asked(1, "2026-11-01")
        back = revived(copied(file), set())
    file.with_name("back.db").write_bytes(back.image)
    async with at(file.with_name("back.db")) as store:
        assert await store.subscribers.lapse("2026-12-31") == 0
        assert [each.number for each in await store.subscribers.silent("paper", "2025-11")] == [1]
