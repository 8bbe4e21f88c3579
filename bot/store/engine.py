"""Engine: a writer and a reader over one database, SQLite as strict and as forgetful as it can be."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # with NORMAL a power cut can undo the last commits
    "PRAGMA secure_delete=ON",  # else what was deleted stays readable in the file
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
)
# PostgreSQL would let writers overlap. One at a time holds this lock, to the end of its transaction, and waits as long
# for it as SQLite's do; the number is "pratip".
_TURN = f"SELECT set_config('lock_timeout', '5s', true), pg_advisory_xact_lock({int.from_bytes(b'pratip')})"
_PATIENCE = {"timeout": 5, "command_timeout": 60}  # seconds: a server that went away without a word answers nothing


def is_sqlite(url: str) -> bool:
    """Whether the embedded database is meant."""
    return make_url(url).get_backend_name() == "sqlite"


def writer(url: str) -> AsyncEngine:
    """The only engine that writes: one connection, and no transaction begins while another program's goes on."""
    engine = _engine(url, 1, "READ COMMITTED")  # so that what the one before us wrote is seen
    turn = "BEGIN IMMEDIATE" if is_sqlite(url) else _TURN

    @event.listens_for(engine.sync_engine, "begin")
    def _lock(connection: Any) -> None:
        connection.exec_driver_sql(turn)

    return engine


def reader(url: str) -> AsyncEngine:
    """An engine that only reads, and never waits for the writer."""
    return _engine(url, 2, "AUTOCOMMIT")


def _engine(url: str, connections: int, isolation: str) -> AsyncEngine:
    """isolation: of PostgreSQL; SQLite knows but one."""
    if is_sqlite(url):
        engine = create_async_engine(url, pool_size=connections, max_overflow=0)
        _prepared(engine)
        return engine
    again: Any = {"pool_pre_ping": True, "connect_args": _PATIENCE}  # a connection that was cut meanwhile is made anew
    return create_async_engine(url, pool_size=connections, max_overflow=0, isolation_level=isolation, **again)


def _prepared(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(pragma)
