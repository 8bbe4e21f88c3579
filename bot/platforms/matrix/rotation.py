"""Rotation: everything that is sealed in the Matrix folder, sealed with other keys; broken off, it is begun again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
import vodozemac
from playhouse.sqlcipher_ext import SqlCipherDatabase

from bot.disk import put_in_place
from bot.platforms.matrix import session, store, trust
from bot.platforms.matrix.sealed_file import SealedFile
from bot.privacy import Keys, SealBroken

SEALED = {session.FILE: session.PURPOSE, trust.FILE: trust.PURPOSE}  # files that are sealed as a whole, and for what
_PICKLED: dict[str, tuple[str, Any]] = {
    "accounts": ("account", vodozemac.Account),
    "olmsessions": ("session", vodozemac.Session),
    "megolminboundsessions": ("session", vodozemac.InboundGroupSession),
}


def reseal(folder: Path, old: Keys, new: Keys) -> None:
    """Seal all of it with the new keys; what is sealed with them already stays. Raises SealBroken."""
    for name, purpose in SEALED.items():
        _reseal_file(folder / name, purpose, old, new)
    if (folder / store.FILE).exists():
        _reseal_store(folder / store.FILE, old, new)


def _reseal_file(path: Path, purpose: str, old: Keys, new: Keys) -> None:
    following = SealedFile(path, purpose, new)
    try:
        following.read()
    except SealBroken:
        following.write(SealedFile(path, purpose, old).read())


def _reseal_store(path: Path, old: Keys, new: Keys) -> None:
    """Copied, and the copy put in its place: so there is always one file that opens with one of the keys."""
    scratch = path.with_name(f"{path.name}.next")
    for each in path.parent.glob(f"{scratch.name}*"):
        each.unlink()
    if _opens(path, new):
        return
    scratch.touch(0o600)
    with _opened(path, old) as database:
        database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute_sql("PRAGMA journal_mode=DELETE")  # no side file stays to be taken for the copy's
        database.execute_sql("ATTACH DATABASE ? AS next KEY ?", (str(scratch), _key(new)))
        database.execute_sql("SELECT sqlcipher_export('next')")
        database.execute_sql("DETACH DATABASE next")
    with _opened(scratch, new) as database, database.atomic():
        for table, (column, kind) in _PICKLED.items():
            _repickle(database, table, column, kind, old, new)
    put_in_place(scratch, path)


def _repickle(database: SqlCipherDatabase, table: str, column: str, kind: Any, old: Keys, new: Keys) -> None:
    """nio pickles under a key of its own, inside the sealed file."""
    was, now = (hashlib.sha256(keys.derive("matrix-pickle").hex().encode()).digest() for keys in (old, new))
    if not database.table_exists(table):
        return
    for number, pickle in database.execute_sql(f"SELECT rowid, {column} FROM {table}").fetchall():  # noqa: S608 (our own names)
        again = kind.from_pickle(bytes(pickle).decode(), was).pickle(now).encode()
        database.execute_sql(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (again, number))  # noqa: S608 (our own names)


def _opens(path: Path, keys: Keys) -> bool:
    try:
        with _opened(path, keys):
            return True
    except SealBroken:
        return False


@contextmanager
def _opened(path: Path, keys: Keys) -> Iterator[SqlCipherDatabase]:
    """The sealed store, read at least once. Raises SealBroken."""
    pragmas = {"cipher_log_level": "NONE", "synchronous": "full", "secure_delete": 1}  # else it writes to the terminal
    database = SqlCipherDatabase(str(path), passphrase=_key(keys), pragmas=pragmas)
    try:
        try:
            database.connect()
            database.execute_sql("SELECT count(*) FROM sqlite_master")
        except peewee.DatabaseError:
            raise SealBroken("the sealed matrix-store does not open with these keys") from None
        yield database
    finally:
        database.close()


def _key(keys: Keys) -> str:
    return f"x'{keys.derive('matrix-store').hex()}'"
