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


def is_sqlite(url: str) -> bool:
    """Whether the embedded database is meant."""
    return make_url(url).get_backend_name() == "sqlite"


def writer(url: str) -> AsyncEngine:
    """The only engine that writes; on SQLite one connection, whose transactions take the write lock at once."""
    if not is_sqlite(url):
        return create_async_engine(url)
    engine = create_async_engine(url, pool_size=1, max_overflow=0)
    _prepared(engine)

    @event.listens_for(engine.sync_engine, "begin")
    def _lock(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(url: str) -> AsyncEngine:
    """An engine that only reads, and never waits for the writer."""
    if not is_sqlite(url):
        return create_async_engine(url)
    engine = create_async_engine(url, pool_size=2, max_overflow=0)
    _prepared(engine)
    return engine


def _prepared(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(pragma)
