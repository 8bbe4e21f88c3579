"""Storage: what tests of the store share: a database in a file, places in it, and what other programs read there."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.core.broadcast import Item, Kind
from bot.privacy import Place
from bot.store import Draft, Store

NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)  # in Phnom Penh, a Tuesday
ZONE = "Asia/Phnom_Penh"
MONTH = "2026-11"


def at(file: Path) -> Store:
    """The store in a file."""
    return Store(f"sqlite+aiosqlite:///{file}")


def place(chat: str, thread: str = "", platform: str = "paper", *, private: bool = True) -> Place:
    """A chat, or a thread of it, whose keyed hashes one can read."""
    return Place(f"{chat}/{thread}", chat, platform, private)


def rows(file: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    """What another program reads in the file."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def change(file: Path, statement: str) -> None:
    """What another program does to the file."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute(statement)
    finally:
        connection.close()


def bytes_of(file: Path) -> bytes:
    """Everything that stands in the database's files: the file, its log, the log's index."""
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


MODERATORS = ("telegram:1", "telegram:2")
BODIES = {"en": "{}"}


def draft(dedupe: str, **options: Any) -> Draft:
    """News of an entry, of no topic."""
    return Draft(dedupe, **{"kind": Kind.NEWS, "items": (Item("kem-sokha", None, {}),), **options})


async def approved(store: Store, number: int, moment: datetime = NOON) -> None:
    """Have both moderators say yes to it: it is being sent."""
    options: Any = {"needed": 2, "allowed": MODERATORS, "renderings": BODIES, "at": moment}
    said = [await store.broadcasts.approve(number, name, "digest", **options) for name in MODERATORS]
    assert said == [False, True]


async def sent(store: Store, dedupe: str, *, moment: datetime = NOON, **options: Any) -> int:
    """A broadcast that is being sent, by its number."""
    number = await store.broadcasts.compose(draft(dedupe, **options), moment)
    await approved(store, number, moment)
    return number
