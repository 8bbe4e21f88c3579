"""Database: real files, opened again, killed, refused."""

from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.messages import Prefs
from bot.store import Store, StoreFailed, StoreUnusable
from tests.storage import at, bytes_of, change, place, rows

HOUSE = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


WRITES = """
import asyncio, sys
from bot.privacy import Place
from bot.store import Store

async def main():
    async with Store(sys.argv[1]) as store:
        for number in range(int(sys.argv[2]), 1_000_000):
            await store.subscribers.choose_language(Place("", f"chat {number}", "paper", True), "km")
            await store.save_cursor("paper", str(number))
            print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_written_survives_a_kill_and_what_was_not_is_not_half_there(file: Path) -> None:
    start = 0
    for writes in (1, 7, 30):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITES, f"sqlite+aiosqlite:///{file}", str(start), cwd=HOUSE, stdout=subprocess.PIPE
        )
        assert process.stdout
        said = b"".join([await process.stdout.readline() for _ in range(writes)])
        process.send_signal(signal.SIGKILL)
        said += await process.stdout.read()
        assert await process.wait() == -signal.SIGKILL
        written = int(said.split()[-1])
        async with at(file) as store:
            reached = int(await store.cursor("paper") or -1)
            assert written <= reached <= written + 1
            for number in range(reached + 1):
                assert await store.subscribers.prefs(place(f"chat {number}")) == Prefs("km")
        assert rows(file, "PRAGMA integrity_check") == [("ok",)]
        assert rows(file, "SELECT count(*) FROM preference")[0][0] in (reached + 1, reached + 2)
        start = reached + 1


async def test_a_cancelled_write_is_finished_before_the_file_is_closed(file: Path) -> None:
    for steps in range(25):
        async with at(file) as store:
            writing = asyncio.ensure_future(store.subscribers.choose_language(place(str(steps)), "km"))
            for _ in range(steps):
                await asyncio.sleep(0)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
    whole = rows(file, "SELECT chat, language FROM preference")
    assert set(whole) <= {(str(steps), "km") for steps in range(25)}
    assert {(str(steps), "km") for steps in range(1, 25)} <= set(whole)  # at 0 it had not begun
    async with at(file) as store:
        await store.save_cursor("paper", "after")
        assert await store.cursor("paper") == "after"


async def test_a_failing_write_leaves_nothing_locked(file: Path) -> None:
    async with at(file) as store:
        with pytest.raises(StoreFailed):
            await store.subscribers.choose_language(place("one"), None)  # type: ignore[arg-type]
        await store.subscribers.choose_language(place("one"), "km")
        assert await store.subscribers.prefs(place("one")) == Prefs("km")


@pytest.fixture
def open_to_others(file: Path) -> Path:
    file.touch(0o644)
    return file


@pytest.mark.usefixtures("open_to_others")
async def test_the_file_is_private_to_the_user_also_where_it_was_not(file: Path) -> None:
    async with at(file) as store:
        await store.save_cursor("paper", "1")
        assert modes(file.parent) == dict.fromkeys(["pratip.db", "pratip.db-wal", "pratip.db-shm"], 0o600)


async def test_every_connection_is_as_strict_and_as_forgetful_as_sqlite_can_be(file: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "temp_store": 2}
    async with at(file) as store:
        for engine in (store._database._writer, store._database._reader):
            async with engine.connect() as connection:
                found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in wanted}
                assert found == wanted


@pytest.fixture
def letter(file: Path) -> bytes:
    """A letter where the database should be."""
    words = b"This is a letter, and no database at all." * 50
    file.write_bytes(words)
    return words


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(file: Path, letter: bytes) -> None:
    with pytest.raises(StoreUnusable, match=r"^the database cannot be opened \(DatabaseError\)$"):
        async with at(file):
            pass
    assert bytes_of(file) == letter


async def test_a_database_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="No such file or directory"):
        async with at(tmp_path / "none/pratip.db"):
            pass
    with pytest.raises(StoreUnusable, match="Is a directory"):
        async with at(tmp_path):
            pass
    assert modes(tmp_path.parent)[tmp_path.name] & 0o100


@pytest.mark.parametrize(
    "url",
    [
        "pratip.db",
        "sqlite:///pratip.db",
        "ftp://pratip",
        "mysql+aiomysql://x/y",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
    ],
)
def test_an_address_that_is_none_of_a_database_is_refused(url: str) -> None:
    with pytest.raises(
        StoreUnusable, match=r"^PRATIP_DATABASE is no database address: write sqlite\+aiosqlite:///path "
    ):
        Store(url)


async def test_reading_looks_at_what_a_running_bot_writes_and_changes_nothing(file: Path) -> None:
    async with at(file) as store:
        await store.save_cursor("paper", "7")
        before = modes(file.parent)
        async with at(file).reading() as other:
            assert await other.cursor("paper") == "7"
        assert modes(file.parent) == before


async def test_reading_makes_no_database_and_mends_none(file: Path) -> None:
    with pytest.raises(StoreUnusable, match="there is no database yet"):
        async with at(file).reading():
            pass
    assert modes(file.parent) == {}
    async with at(file):
        pass
    change(file, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreUnusable, match="another version"):
        async with at(file).reading():
            pass
    assert rows(file, "SELECT version_num FROM alembic_version") == [("0001",)]


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "diary"
    path.write_text("Dear diary")
    return path


async def test_what_is_no_database_cannot_be_read(diary: Path) -> None:
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        async with at(diary).reading():
            pass
    assert bytes_of(diary) == b"Dear diary"
