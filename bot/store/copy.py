"""Copy: the whole database as it stands at one moment, and such a copy made fit to go on from. SQLite only.

Both work in memory: a copy on the disk would keep whoever leaves meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from bot.core.broadcast import State
from bot.store import migrations
from bot.store.database import StoreTooNew, StoreUnusable
from bot.store.erasure import endings
from bot.store.schema import asked, broadcast, preference, subscriber

_BATCH = 500  # SQLite bounds how many values a statement may hold
_ROLLBACK_JOURNAL = b"\x01\x01"  # bytes 18 and 19 of the file: one in memory cannot have a write-ahead log


@dataclass(frozen=True, slots=True, repr=False)
class Revived:
    """A copy to go on from."""

    image: bytes
    subscribers: int
    left: int  # of those in the copy, who left since


def copied(file: Path) -> bytes:
    """The database in a file as it stands now, whoever writes to it meanwhile. Raises StoreUnusable."""
    if not file.is_file():
        raise StoreUnusable("there is no database yet")
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(":memory:")) as copy:
            source.backup(copy)
            image = copy.serialize()
    except sqlite3.Error as problem:
        raise StoreUnusable(f"the database cannot be read ({type(problem).__name__})") from None
    return image[:18] + _ROLLBACK_JOURNAL + image[20:]


def revived(image: bytes, left: Collection[str] | None) -> Revived:
    """A copy in the newest schema, without those who left since; None: nobody knows who, so all count as having left.

    What was being sent is paused: most of it has gone out since. Raises StoreTooNew and StoreUnusable.
    """
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            copy.deserialize(image)
            copy.execute("PRAGMA secure_delete=ON")
            before, after = _mended(copy, left)
            copy.execute("VACUUM")
            return Revived(copy.serialize(), after, before - after)
    except migrations.TooNew as problem:
        raise StoreTooNew(str(problem)) from None
    except (sqlite3.Error, SQLAlchemyError) as problem:
        failure = StoreUnusable(f"the copy is no database of ours ({type(problem).__name__})")
    raise failure


def _mended(copy: sqlite3.Connection, left: Collection[str] | None) -> tuple[int, int]:
    """How many subscribers there were, and how many there are now."""
    engine = create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool)
    people = select(func.count()).where(subscriber.c.channel == 0)
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN")
        migrations.upgrade_now(connection)
        before = connection.scalar(people)
        for name in sorted(left) if left is not None else ():
            _bury(connection, name)
        if left is None:
            _bury_all(connection)
        sending = update(broadcast).where(broadcast.c.state == State.SENDING)
        connection.execute(sending.values(state=State.PAUSED))
        connection.execute(delete(asked))  # who has not written for a year may have since
        return before or 0, connection.scalar(people) or 0


def _bury(connection: Connection, name: str) -> None:
    """Erase a chat or a place, whichever has this name."""
    connection.execute(delete(preference).where(preference.c.chat == name))
    theirs = (subscriber.c.place == name) | (subscriber.c.chat == name)
    _end(connection, connection.scalars(select(subscriber.c.id).where(theirs)).all())


def _bury_all(connection: Connection) -> None:
    connection.execute(delete(preference))
    _end(connection, connection.scalars(select(subscriber.c.id).where(subscriber.c.channel == 0)).all())


def _end(connection: Connection, numbers: Collection[int]) -> None:
    everybody = list(numbers)
    for start in range(0, len(everybody), _BATCH):
        for statement in endings(everybody[start : start + _BATCH]):
            connection.execute(statement)
