"""Database: open, read, write whole or not at all, and erase so that nothing is left in the file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Executable, Row, Table, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.log import log
from bot.store import engine, migrations

T = TypeVar("T")
_NO_ADDRESS = (
    "PRATIP_DATABASE is no database address: write sqlite+aiosqlite:///path or, with the extra `postgres`, "
    "postgresql+asyncpg://user@host/name"
)
_TRIES = 3  # to empty the write-ahead log, each five seconds long


class StoreUnusable(Exception):
    """The database cannot be opened; the message says why."""


class StoreTooNew(StoreUnusable):
    """The database was written by a newer program."""


class StoreFailed(Exception):
    """The database did not do it: the disk is full, or somebody holds it too long. It may later."""


class Database:
    """One writer and a few readers over SQLite or PostgreSQL. An async context manager."""

    def __init__(self, url: str) -> None:
        try:
            self._sqlite = engine.is_sqlite(url)
            self._writer, self._reader = engine.writer(url), engine.reader(url)
        except (SQLAlchemyError, ModuleNotFoundError, TypeError):  # a TypeError: a database in memory
            raise StoreUnusable(_NO_ADDRESS) from None
        path = make_url(url).database
        self.file = Path(path) if self._sqlite and path else None  # None: a server has it
        self._unfinished: set[asyncio.Future[Any]] = set()
        self.insert = sqlite.insert if self._sqlite else postgresql.insert  # knows `on conflict`

    async def __aenter__(self) -> Self:
        """Open it and bring the schema up to date. Raises StoreUnusable."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            await self._open()
            stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """While it is entered, what is there can be read; nothing is made or changed. Raises StoreUnusable."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            await self._look()
            yield

    async def _look(self) -> None:
        try:
            if self.file and not self.file.exists():
                raise StoreUnusable("there is no database yet")
            present = await self.scalar(migrations.REVISION)
        except (StoreFailed, OSError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            raise StoreUnusable(f"the database cannot be opened ({reason})") from None
        if present != migrations.HEAD:
            raise StoreUnusable("the database is of another version of this program")

    async def _open(self) -> None:
        try:
            if self.file:
                _make_private(self.file)
            await self._greet()
            await self.write(migrations.upgrade)
        except migrations.TooNew as problem:
            raise StoreTooNew(str(problem)) from None
        except (StoreFailed, OSError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            raise StoreUnusable(f"the database cannot be opened ({reason})") from None

    async def _greet(self) -> None:
        """Connect for the first time: only then does the driver look at the address's port and options."""
        try:
            with _failing():
                async with self._writer.connect():
                    pass
        except (TypeError, OverflowError):
            raise StoreUnusable(_NO_ADDRESS) from None

    async def _close(self) -> None:
        await asyncio.gather(*self._unfinished, return_exceptions=True)
        await self._reader.dispose()
        await self._writer.dispose()

    # -- reading

    async def rows(self, query: Executable) -> Sequence[Row[Any]]:
        """All rows of a query."""
        with _failing():
            async with self._reader.connect() as connection:
                return (await connection.execute(query)).all()

    async def scalar(self, query: Executable) -> Any:
        """The first column of the first row; None where there is none."""
        with _failing():
            async with self._reader.connect() as connection:
                return await connection.scalar(query)

    # -- writing

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do the work in one transaction, whole or not at all, even where the one who waits for it is cancelled.

        A cancelled await would still run its statement, but never commit or roll back; closing waits for it.
        """
        return await self.finished(self._transaction(work))

    async def changed(
        self, connection: AsyncConnection, statement: Executable, rows: Sequence[Mapping[str, Any]]
    ) -> int:
        """Execute a statement for each of these rows of values; how many rows of the table it changed in all."""
        if self._sqlite:
            return (await connection.execute(statement, rows)).rowcount if rows else 0
        return sum([(await connection.execute(statement, row)).rowcount for row in rows])  # asked for all, it is silent

    async def put(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Write a row, or write over the one with this key."""
        statement = self.insert(table).values(**key, **values)
        upsert = statement.on_conflict_do_update(index_elements=list(key), set_=dict(values))
        await self.write(lambda connection: connection.execute(upsert))

    async def finished(self, work: Coroutine[Any, Any, T]) -> T:
        """Work that goes on to its end even where the one who waits for it is cancelled."""
        running: asyncio.Future[tuple[T]] = asyncio.gather(work)
        self._unfinished.add(running)
        running.add_done_callback(self._unfinished.discard)
        return (await asyncio.shield(running))[0]

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        with _failing():
            async with self._writer.begin() as connection:
                return await work(connection)

    async def scrub(self) -> None:
        """Empty the write-ahead log: it keeps deleted rows until then. A reader may hold it up for a moment."""
        if not self._sqlite:
            return
        async with self._writer.connect() as connection:
            raw = await connection.get_raw_connection()
            if not await _truncate(raw.driver_connection):
                log.warning("erased_but_not_yet_from_the_log_file")


@contextmanager
def _failing() -> Iterator[None]:
    """Raises StoreFailed; the library's own words would quote what was written."""
    try:
        yield
    except (SQLAlchemyError, OSError, sqlite3.Error) as problem:
        failure = StoreFailed(_name(problem))
    else:
        return
    raise failure


def _name(problem: Exception) -> str:
    """What kind of failure it is; as the driver calls it, where the library has no name for it."""
    original = problem.orig if isinstance(problem, DBAPIError) else None
    return type((original and original.__cause__) or problem).__name__


def _make_private(path: Path) -> None:
    """The file is there before SQLite opens it, which would let the group read it."""
    path.touch(mode=0o600)
    with path.open("ab"):  # a file, and no folder
        path.chmod(0o600)


async def _truncate(connection: Any) -> bool:
    """Whether the write-ahead log is empty now. Each try waits for readers as long as busy_timeout says."""
    for _ in range(_TRIES):
        busy, *_ = await (await connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        if not busy:
            return True
    return False
