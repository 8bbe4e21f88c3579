"""Backup: real files and processes: what is copied, who comes back from it, and who does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot import strongbox
from bot.backup import Backup, BackupRefused, write_whole
from bot.core.messages import Chat
from bot.core.subscription import Pace
from bot.keyfile import KeyFile
from bot.lock import only_one
from bot.privacy import Keys
from bot.store import Store
from tests.clock import START, QuickClock
from tests.packs import person, write
from tests.program import HOUSE, Program
from tests.storage import MONTH, NOON, ZONE, at, rows, sent

MARKER = "kch4marker"
PRIVATE, PUBLIC = strongbox.pair()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    home = tmp_path / "home"
    home.mkdir()
    content = write(tmp_path / "content", {"prisoners/a.yaml": person("Sok Vanna")}, "en", "km")
    hidden(home / "private", f"{PRIVATE}\n")
    (home / "backups").mkdir()
    return Program(home, {"CONTENT": str(content), "BACKUP_KEY": PUBLIC})


@pytest.fixture
def keys(program: Program) -> Keys:
    return KeyFile(program.keys).load()


@asynccontextmanager
async def opened(program: Program) -> AsyncIterator[Store]:
    program.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with at(program.data / "pratip.db") as store:
        yield store


def chat(name: object) -> Chat:
    return Chat("telegram", f"{MARKER}{name}")


async def subscribe(store: Store, keys: Keys, *names: object) -> None:
    for name in names:
        where = keys.place(chat(name))
        await store.subscribers.choose_language(where, "km")
        await store.subscribers.subscribe(where, keys.sealed(chat(name)), "km", ["laws"], Pace.NOW, MONTH)


def backed_up(program: Program) -> Path:
    """A backup made by the program."""
    return Path(program.run("backup", str(program.home / "backups")).out.strip())


def lose(program: Program) -> None:
    """The disk breaks, and the tombstones are saved."""
    for file in program.data.glob("pratip.db*"):
        file.unlink()


def hidden(file: Path, key: str) -> None:
    """Write down a private key."""
    file.touch(0o600)
    file.write_text(key)


def restored(program: Program, backup: Path, *options: str, code: int = 0) -> str:
    said = program.run("restore", str(backup), "--key", str(program.home / "private"), *options, code=code)
    return said.err if code else said.out


def people(program: Program, keys: Keys) -> list[str]:
    """Who is subscribed, of those whom the tests know, as the keys say."""
    places = {keys.place(chat(name)).key: keys.place(chat(name)) for name in range(9)}
    found = rows(program.data / "pratip.db", "SELECT address, place FROM subscriber")
    chats = [keys.opened(address, places[str(key)]) for address, key in found if isinstance(address, bytes)]
    return sorted(each.id.removeprefix(MARKER) for each in chats)


# --- there and back


async def test_whoever_left_after_the_backup_does_not_come_back(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, *range(6))
        backup = backed_up(program)  # beside a program that has it open
        await subscribe(store, keys, 6)
        await store.subscribers.stop(keys.place(chat(0)))
        await store.subscribers.forget(keys.place(chat(1)))
        await store.subscribers.unsubscribe(keys.place(chat(2)), ["laws"])
        assert [await store.subscribers.refused(4, day) for day in "123"] == [False, False, True]
    lose(program)
    assert restored(program, backup).startswith(
        f"Restored the backup of {backup.name[7:17]}. Subscribers: 2; left out: 4, who"
    )
    assert people(program, keys) == ["4", "5"]
    chosen = {str(row[0]) for row in rows(program.data / "pratip.db", "SELECT chat FROM preference")}
    assert chosen == {keys.chat_key(chat(number)) for number in (0, 2, 3, 4, 5)}  # who stopped has not forgotten us
    async with opened(program) as store:
        assert (await store.subscribers.counts(["laws"], [])).people == {"telegram": 2}


async def test_nobody_can_be_read_in_a_backup_or_in_what_was_restored(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, *range(3))
    backup = backed_up(program)
    async with opened(program) as store:
        await store.subscribers.forget(keys.place(chat(0)))
    sealed, gone = backup.read_bytes(), keys.place(chat(0))
    assert [each.encode() in sealed for each in (MARKER, gone.key, gone.chat, "SQLite", "subscriber")] == [False] * 5
    lose(program)
    restored(program, backup)
    every = b"".join(file.read_bytes() for file in program.data.glob("pratip.db*"))
    assert [each.encode() in every for each in (MARKER, gone.key, gone.chat)] == [False] * 3
    assert keys.place(chat(1)).key.encode() in every
    modes = [file.stat().st_mode & 0o777 for file in (backup, program.data / "pratip.db")]
    assert modes == [0o600, 0o600]


async def test_what_was_being_sent_waits_for_a_moderators_word(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, 0, 1)
        number = await sent(store, "news", topics=("laws",))
        while await store.ledger.expand(number, now=NOON, zone=ZONE):
            pass
    backup = backed_up(program)
    async with opened(program) as store:
        await store.subscribers.stop(keys.place(chat(0)))
    lose(program)
    restored(program, backup)
    file = program.data / "pratip.db"
    assert rows(file, "SELECT state FROM broadcast") == [("paused",)]
    assert rows(file, "SELECT subscriber, state FROM delivery") == [(1, "cancelled"), (2, "queued")]


async def test_where_nobody_knows_who_left_all_subscribers_are_left_out(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, 0, 1)
        await sent(store, "news")
    backup = backed_up(program)
    lose(program)
    for file in (program.data / "tombstones").iterdir():
        file.unlink()
    refusal = restored(program, backup, code=1)
    assert refusal.startswith("Nothing is restored: the folder tombstones beside the database does not reach back to ")
    assert not (program.data / "pratip.db").exists()
    assert "Subscribers: 0; left out: 2, as nobody knows who left since." in restored(
        program, backup, "--tombstones-lost"
    )
    file = program.data / "pratip.db"
    tables = ("subscriber", "subscription", "preference", "broadcast")
    assert [rows(file, f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * 3 + [[(1,)]]  # noqa: S608


async def test_what_a_running_bot_wrote_last_is_in_the_backup(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, *range(4))  # in the write-ahead log only
        backup = backed_up(program)
    lose(program)
    restored(program, backup)
    assert people(program, keys) == ["0", "1", "2", "3"]
    answer = program.asks("/help")
    assert "/prisoners" in answer


# --- what is refused


async def test_another_private_key_opens_nothing(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, 0)
    backup = backed_up(program)
    lose(program)
    hidden(program.home / "private", strongbox.pair()[0])
    wrong = "Nothing is restored: it does not open with this key, or it was changed\n"
    assert restored(program, backup, code=1) == wrong
    hidden(program.home / "private", "my key")
    assert "this is no pratip-private key" in restored(program, backup, code=1)
    (program.home / "private").chmod(0o644)
    assert "others can read the private key: run chmod 600 on" in restored(program, backup, code=1)
    (program.home / "private").unlink()
    assert "No such file or directory" in restored(program, backup, code=1)
    assert not (program.data / "pratip.db").exists()


async def test_other_keys_of_the_database_are_refused_and_none_are_made(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, 0)
    backup = backed_up(program)
    lose(program)
    program.keys.unlink()
    refusal = "PRATIP_KEYS: there is no key file: bring the one that this database was written with\n"
    assert restored(program, backup, code=1) == program.run("backup", "backups", code=1).err == refusal
    KeyFile(program.keys).load()
    assert "it was made with another key file" in restored(program, backup, code=1)
    assert not (program.data / "pratip.db").exists()


async def test_a_database_that_is_there_is_never_written_over(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, 0)
    backup = backed_up(program)
    before = (program.data / "pratip.db").read_bytes()
    assert "there is a database already" in restored(program, backup, code=1)
    assert (program.data / "pratip.db").read_bytes() == before
    lose(program)
    (program.data / "pratip.db-wal").touch()  # would be played into the new one
    assert "there is a database already" in restored(program, backup, code=1)


async def test_nothing_is_restored_under_a_run(program: Program, keys: Keys) -> None:
    async with opened(program) as store:
        await subscribe(store, keys, 0)
    backup = backed_up(program)
    lose(program)
    with only_one(program.data):
        assert "Another run uses this data folder" in restored(program, backup, code=1)
    assert not (program.data / "pratip.db").exists()


@pytest.mark.usefixtures("keys")
def test_there_is_no_backup_without_a_database_or_a_key(program: Program) -> None:
    assert program.run("backup", "backups", code=1).err == "No backup: there is no database yet\n"
    wrong = PUBLIC[:-9] + ("b" if PUBLIC[-9] == "a" else "a") + PUBLIC[-8:]
    program.settings["BACKUP_KEY"] = wrong
    program.asks("/help")
    assert "this is no pratip-public key" in program.run("backup", "backups", code=1).err
    program.settings["BACKUP_KEY"] = "secret"
    expected = "PRATIP_BACKUP_KEY: write the public key that pratip keys backup shows\n"
    assert program.run("backup", "backups", code=1).err == expected
    del program.settings["BACKUP_KEY"]
    assert program.run("backup", "backups", code=1).err.startswith("PRATIP_BACKUP_KEY is not set: ")
    program.settings |= {"BACKUP_KEY": PUBLIC, "DATABASE": "nonsense"}
    assert program.run("backup", "backups", code=1).err.startswith("PRATIP_DATABASE is no database address")
    assert list((program.home / "backups").iterdir()) == []


@pytest.mark.usefixtures("keys")
def test_a_damaged_database_makes_no_backup(program: Program) -> None:
    program.data.mkdir(mode=0o700, parents=True)
    (program.data / "pratip.db").write_bytes(b"no database" * 1000)
    said = program.run("backup", "backups", code=1).err
    assert said == "the database cannot be opened (DatabaseError)\n"


def test_a_new_pair_is_shown_once_and_written_nowhere(program: Program) -> None:
    said = program.run("keys", "backup").out
    before = {file: file.stat().st_mtime_ns for file in program.home.rglob("*")}
    again = program.run("keys", "backup").out
    assert said != again
    assert before == {file: file.stat().st_mtime_ns for file in program.home.rglob("*")}
    program.settings["BACKUP_KEY"] = said.rpartition("PRATIP_BACKUP_KEY=")[2].strip()
    program.asks("/help")
    KeyFile(program.keys).load()
    hidden(program.home / "private", said)  # all of it, as it was shown
    backup = backed_up(program)
    lose(program)
    assert restored(program, backup).startswith("Restored the backup of ")


# --- time


@pytest.fixture
def made(tmp_path: Path) -> tuple[Backup, QuickClock, Path]:
    clock = QuickClock()
    return Backup(tmp_path / "pratip.db", Keys.generate(), clock), clock, tmp_path


async def test_backups_of_a_folder_go_after_thirty_days_and_nothing_else_does(
    made: tuple[Backup, QuickClock, Path],
) -> None:
    backup, clock, folder = made
    async with at(folder / "pratip.db"):
        pass
    shelf = folder / "shelf"
    shelf.mkdir()
    (shelf / "pratip-2020-01-01.backup").touch()
    (shelf / "letters").mkdir()
    first = backup.make(shelf, PUBLIC)
    assert first.name == "pratip-2026-11-23T120000.backup"
    clock.slept.append(30 * 86_400)
    second = backup.make(shelf, PUBLIC)
    assert first.exists()
    clock.slept.append(86_400)
    third = backup.make(shelf, PUBLIC)
    names = {"letters", "pratip-2020-01-01.backup", second.name, third.name}
    assert {file.name for file in shelf.iterdir()} == names


async def test_a_backup_older_than_thirty_days_is_not_restored(made: tuple[Backup, QuickClock, Path]) -> None:
    backup, clock, folder = made
    async with at(folder / "pratip.db"):
        pass
    key = folder / "private"
    hidden(key, PRIVATE)
    file = backup.make(folder / "one.backup", PUBLIC)
    (folder / "pratip.db").unlink()
    clock.slept.append(31 * 86_400)
    with pytest.raises(BackupRefused, match=r"^it is older than 30 days: who left since is not known any more$"):
        backup.restore(file, key)
    clock.slept.append(-86_400)
    assert backup.restore(file, key).startswith(f"Restored the backup of {START.date()}. Subscribers: 0;")


async def test_the_tombstones_of_every_day_since_are_heeded(made: tuple[Backup, QuickClock, Path]) -> None:
    backup, clock, folder = made
    keys = Keys.generate()
    async with at(folder / "pratip.db") as store:
        store.tombstones._clock = clock
        await subscribe(store, keys, *range(4))
        file = backup.make(folder / "one.backup", PUBLIC)
        for number in (1, 2, 3):
            clock.slept.append(timedelta(days=9).total_seconds())
            await store.subscribers.forget(keys.place(chat(number)))
    (folder / "pratip.db").unlink()
    hidden(folder / "private", PRIVATE)
    said = backup.restore(file, folder / "private")
    assert "Subscribers: 1; left out: 3, who left by 2026-12-20." in said


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[]\n", b'{"day": "today", "keys": ""}\n'])
def test_what_somebody_else_sealed_for_us_is_no_backup(made: tuple[Backup, QuickClock, Path], content: bytes) -> None:
    backup, _, folder = made
    hidden(folder / "private", PRIVATE)
    (folder / "one").write_bytes(strongbox.close(content, PUBLIC, "pratip backup 1"))
    with pytest.raises(BackupRefused, match=r"^it is no backup of ours$"):
        backup.restore(folder / "one", folder / "private")


# --- whole or not at all

HALF = """
import sys, time
from pathlib import Path
from bot.backup import write_whole

def parts():
    yield b"half" * 100_000
    print("half", flush=True)
    time.sleep(60)

write_whole(Path(sys.argv[1]), parts())
"""


def test_a_killed_backup_leaves_no_half_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HALF, str(tmp_path / "one.backup")]
    with subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"half\n"
        process.kill()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("keys")
def test_a_backup_killed_at_any_moment_is_whole_or_not_there(program: Program) -> None:
    program.asks("/help")
    shelf = program.home / "backups"
    for tenths in range(2, 20, 2):
        with subprocess.Popen(
            program.command("backup", str(shelf / f"{tenths}.backup")),
            cwd=program.home,
            env=program.environment,
            stdout=subprocess.DEVNULL,
        ) as process:
            try:
                process.wait(tenths / 10)
            except subprocess.TimeoutExpired:
                process.kill()
    for file in shelf.iterdir():
        assert strongbox.unlock(file.read_bytes(), PRIVATE, "pratip backup 1")
    allowed = {"keys.lock", "pratip.db", "pratip.db-wal", "pratip.db-shm", "tombstones"}
    assert {file.name for file in program.data.iterdir()} <= allowed  # no copy that anybody could find


@pytest.mark.usefixtures("keys")
def test_a_file_that_is_there_stays(program: Program) -> None:
    program.asks("/help")
    there = program.home / "backups/mine"
    there.write_text("mine")
    said = program.run("backup", str(there), code=1).err
    assert said == "No backup: there is such a file already: name another, or a folder\n"
    assert there.read_text() == "mine"
    assert [file.name for file in there.parent.iterdir()] == ["mine"]
    said = program.run("backup", "/proc/one", code=1).err
    assert said.startswith("No backup: this file system cannot hold files that are whole or not there: ")
    said = program.run("backup", str(program.home / "nowhere/one"), code=1).err
    assert said == f"No backup: No such file or directory: {program.home}/nowhere\n"


def test_a_new_file_is_written_in_order_and_for_us_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "one", [b"a", b"b"])
    assert (tmp_path / "one").read_bytes() == b"ab"
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "one", [b"c"])
    assert [file.name for file in tmp_path.iterdir()] == ["one"]
