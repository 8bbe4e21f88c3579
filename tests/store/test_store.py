"""Store: real files, opened again, killed, read byte by byte."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from bot.core.messages import Prefs
from bot.store import Store, StoreTooNew, StoreUnusable, migrations
from bot.store import store as module
from bot.store.schema import metadata

HOUSE = Path(__file__).parents[2]
MARKER = "kch4marker"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


def at(file: Path) -> Store:
    return Store(f"sqlite+aiosqlite:///{file}")


def rows(file: Path, query: str, *values: str) -> list[tuple[object, ...]]:
    """What another program reads in the file."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def change(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute(statement)
    finally:
        connection.close()


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def comes_true(check: Callable[[], object]) -> None:
    """Wait for something that another thread is about to do."""
    for _ in range(20_000):
        if check():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


def bytes_of(file: Path) -> bytes:
    """Everything that stands in the database's files: the file, its log, the log's index."""
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


# --- what it remembers


async def test_a_chat_that_chose_nothing_has_no_row(file: Path) -> None:
    async with at(file) as store:
        assert await store.prefs("one") == Prefs()
    assert rows(file, "SELECT * FROM preference") == []


async def test_a_choice_is_remembered_and_may_change(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language("one", "km")
        await store.choose_language("two", "en")
        await store.choose_language("two", "km")
        await store.choose_language("two", "fr")
        assert [await store.prefs(chat) for chat in ("one", "two", "one")] == [Prefs("km"), Prefs("fr"), Prefs("km")]
    async with at(file) as store:
        assert [await store.prefs(chat) for chat in ("one", "two", "three")] == [Prefs("km"), Prefs("fr"), Prefs()]
    assert rows(file, "SELECT * FROM preference ORDER BY chat") == [("one", "km"), ("two", "fr")]


async def test_a_language_that_is_assumed_goes_before_the_one_chosen_once_and_is_not_written(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language("one", "en")
        await store.assume_language("one", "km")
        await store.assume_language("two", "km")
        assert [await store.prefs(chat) for chat in ("one", "two")] == [Prefs("km"), Prefs("km")]
        await store.choose_language("one", "en")
        assert await store.prefs("one") == Prefs("en")
    assert rows(file, "SELECT * FROM preference") == [("one", "en")]


async def test_what_is_forgotten_is_gone_and_the_rest_stays(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language("one", "km")
        await store.choose_language("two", "km")
        await store.forget("one")
        await store.forget("never seen")
        assert [await store.prefs(chat) for chat in ("one", "two")] == [Prefs(), Prefs("km")]
    assert rows(file, "SELECT * FROM preference") == [("two", "km")]


async def test_each_platform_has_its_cursor_and_it_may_go_down(file: Path) -> None:
    async with at(file) as store:
        assert await store.cursor("telegram") is None
        await store.save_cursor("telegram", "700")
        await store.save_cursor("matrix", "s1_2")
        await store.save_cursor("telegram", "12")
    async with at(file) as store:
        assert [await store.cursor(name) for name in ("telegram", "matrix", "console")] == ["12", "s1_2", None]


async def test_only_so_many_chats_are_kept_in_memory(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language("first", "km")
        store._prefs.update((str(number), Prefs()) for number in range(module._REMEMBERED - 1))
        await store.prefs("first")  # asked again: it is no longer the one that is longest ago
        await store.prefs("another")
        assert len(store._prefs) == module._REMEMBERED
        assert ("0" in store._prefs, "first" in store._prefs, "another" in store._prefs) == (False, True, True)


async def test_a_choice_is_not_undone_by_a_question_that_was_asked_before_it(file: Path) -> None:
    async with at(file) as store:
        for number in range(50):
            chat = str(number)
            asked = [asyncio.ensure_future(store.prefs(chat)) for _ in range(3)]
            await asyncio.sleep(0)
            await store.choose_language(chat, "km")
            await asyncio.gather(*asked)
            assert await store.prefs(chat) == Prefs("km")
            asked = [asyncio.ensure_future(store.prefs(chat)) for _ in range(3)]
            await store.forget(chat)
            await asyncio.gather(*asked)
            assert await store.prefs(chat) == Prefs()


async def test_readers_and_writers_of_two_programs_do_not_disturb_one_another(file: Path) -> None:
    async with at(file) as one, at(file) as other:

        async def works(store: Store, name: str) -> None:
            for number in range(25):
                await store.choose_language(f"{name} {number}", "km")
                await store.save_cursor(name, str(number))
                assert await store.cursor(name) == str(number)
                assert await store.prefs(f"{name} {number}") == Prefs("km")

        await asyncio.gather(*(works(store, f"{store is one} {n}") for store in (one, other) for n in range(4)))
    assert rows(file, "SELECT count(*) FROM preference") == [(200,)]
    assert rows(file, "SELECT DISTINCT value FROM cursor") == [("24",)]


async def test_two_programs_may_start_for_the_first_time_at_once(file: Path) -> None:
    async def starts(name: str) -> None:
        async with at(file) as store:
            await store.save_cursor(name, "1")

    await asyncio.gather(*(starts(str(number)) for number in range(4)))
    assert rows(file, "SELECT count(*) FROM cursor") == [(4,)]


# --- a deleted row is gone from the disk


async def test_nothing_of_a_forgotten_chat_is_left_in_any_file(file: Path) -> None:
    async with at(file) as store:
        for number in range(100):
            await store.choose_language(f"{MARKER}{number}", "km")
        assert MARKER.encode() in bytes_of(file)
        for number in range(100):
            await store.forget(f"{MARKER}{number}")
        assert MARKER.encode() not in bytes_of(file)
    assert MARKER.encode() not in bytes_of(file)


async def test_it_is_gone_too_where_somebody_was_reading_meanwhile(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language(MARKER, "km")
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM preference").fetchone() == (1,)
        forgetting = asyncio.ensure_future(store.forget(MARKER))
        await comes_true(lambda: not rows(file, "SELECT * FROM preference"))
        assert reader.execute("SELECT count(*) FROM preference").fetchone() == (1,)  # as it was when it began
        reader.close()
        await forgetting
        assert MARKER.encode() not in bytes_of(file)


async def test_one_who_reads_for_ever_does_not_hold_up_the_bot_for_ever(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language(MARKER, "km")
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM preference").fetchall()
        async with store._writer.connect() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=10")
        with capture_logs() as lines:
            await store.forget(MARKER)
        assert lines == [{"event": "erased_but_not_yet_from_the_log_file", "log_level": "warning"}]
        assert MARKER.encode() in bytes_of(file)
        reader.close()
        await store.forget("anybody")
        assert MARKER.encode() not in bytes_of(file)


# --- killed, cancelled

WRITES = """
import asyncio, sys
from bot.store import Store

async def main():
    async with Store(sys.argv[1]) as store:
        for number in range(int(sys.argv[2]), 1_000_000):
            await store.choose_language(f"chat {number}", "km")
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
            assert {await store.prefs(f"chat {number}") for number in range(reached + 1)} == {Prefs("km")}
        assert rows(file, "PRAGMA integrity_check") == [("ok",)]
        assert rows(file, "SELECT count(*) FROM preference")[0][0] in (reached + 1, reached + 2)
        start = reached + 1


async def test_a_cancelled_write_is_finished_before_the_file_is_closed(file: Path) -> None:
    for steps in range(25):
        async with at(file) as store:
            writing = asyncio.ensure_future(store.choose_language(str(steps), "km"))
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


async def test_a_cancelled_forget_erases_all_the_same(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language(MARKER, "km")
        forgetting = asyncio.ensure_future(store.forget(MARKER))
        await asyncio.sleep(0)
        forgetting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forgetting
    assert MARKER.encode() not in bytes_of(file)


async def test_a_failing_write_leaves_nothing_locked(file: Path) -> None:
    async with at(file) as store:
        with pytest.raises(SQLAlchemyError):
            await store.choose_language("one", None)  # type: ignore[arg-type]
        await store.choose_language("one", "km")
        assert await store.prefs("one") == Prefs("km")


# --- the file and its tables


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
        for engine in (store._writer, store._reader):
            async with engine.connect() as connection:
                found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in wanted}
                assert found == wanted


async def test_every_table_is_strict(file: Path) -> None:
    async with at(file):
        pass
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
    options = {name: str(sql).rpartition(")")[2].strip() for name, sql in rows(file, query)}
    assert options.keys() == metadata.tables.keys() == {"preference", "cursor"}
    assert [{word.strip() for word in each.split(",")} for each in options.values()] == [
        {"STRICT", "WITHOUT ROWID"}
    ] * 2
    with pytest.raises(sqlite3.IntegrityError, match="cannot store BLOB value in TEXT column"):
        change(file, "INSERT INTO cursor VALUES ('paper', x'00')")


async def test_the_migrations_lead_to_the_schema(file: Path) -> None:
    async with at(file):
        pass
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_the_newest_migration_is_the_one_the_program_knows(file: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(HOUSE / "bot/store/migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]
    async with at(file):
        pass
    assert rows(file, "SELECT version_num FROM alembic_version") == [(migrations.HEAD,)]


async def test_a_migration_that_was_broken_off_is_done_again(file: Path) -> None:
    async with at(file):
        pass
    change(file, "DELETE FROM alembic_version")
    for table in ("cursor", "preference"):
        change(file, f"DROP TABLE {table}")
    async with at(file) as store:
        await store.choose_language("one", "km")
    assert rows(file, "SELECT version_num FROM alembic_version") == [(migrations.HEAD,)]


async def test_the_database_of_a_newer_program_is_refused_and_left_as_it_is(file: Path) -> None:
    async with at(file) as store:
        await store.choose_language("one", "km")
    change(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        StoreTooNew, match=r"^a newer version of this program has changed the database: install that version again$"
    ):
        async with at(file):
            pass
    assert rows(file, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert rows(file, "SELECT * FROM preference") == [("one", "km")]


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
    with pytest.raises(StoreUnusable, match="FileNotFoundError"):
        async with at(tmp_path / "none/pratip.db"):
            pass
    with pytest.raises(StoreUnusable, match="IsADirectoryError"):
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
        StoreUnusable, match=r"^PRATIP_DATABASE is no database address: write sqlite\+aiosqlite:///path$"
    ):
        Store(url)
