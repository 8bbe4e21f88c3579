"""Migrations: the schema's history, one Alembic revision a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

HEAD = "0004"  # the newest revision; a test compares it with the files
REVISION = text("SELECT version_num FROM alembic_version")


class TooNew(Exception):
    """The database has a revision that this program does not know."""


async def upgrade(connection: AsyncConnection) -> None:
    """Bring a database to HEAD. Raises TooNew and changes nothing where it is beyond that."""
    await connection.run_sync(upgrade_now)


def upgrade_now(connection: Connection) -> None:
    """The same, without waiting."""
    present = _revision(connection)
    if present == HEAD:
        return
    from alembic import command  # takes longer to import than all else at start, and is rarely needed
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise TooNew("a newer version of this program has changed the database: install that version again")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(REVISION)
    return None if found is None else str(found)
