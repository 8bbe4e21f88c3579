"""Migrations: an old database becomes a new one, and keeps what it had."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bot.core.messages import Prefs
from bot.store import StoreTooNew, migrations
from bot.store.schema import metadata
from tests.storage import at, change, place, rows

HOUSE = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def test_every_table_is_strict(file: Path) -> None:
    async with at(file):
        pass
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
    tables = {name: str(sql) for name, sql in rows(file, query) if not str(name).startswith("sqlite_")}
    assert tables.keys() == metadata.tables.keys()
    options = {name: sql.rpartition(")")[2] for name, sql in tables.items()}
    assert [name for name, words in options.items() if "STRICT" not in words] == []
    numbered = {name for name, words in options.items() if "WITHOUT ROWID" not in words}
    assert numbered == {"subscriber", "broadcast", "audit"}
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
    for table in metadata.tables:
        change(file, f"DROP TABLE {table}")
    async with at(file) as store:
        await store.subscribers.choose_language(place("one"), "km")
    assert rows(file, "SELECT version_num FROM alembic_version") == [(migrations.HEAD,)]


def made(file: Path) -> dict[object, str]:
    """How everything in a database was made."""
    found = rows(file, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'")
    return {name: " ".join(str(sql).split()) for name, sql in found}


def first_revision(file: Path) -> None:
    """A database of the first release."""
    config = Config()
    config.set_main_option("script_location", str(HOUSE / "bot/store/migrations"))
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


async def test_an_old_database_and_a_new_one_are_made_of_exactly_the_schema(file: Path, tmp_path: Path) -> None:
    old, drawn = tmp_path / "old.db", tmp_path / "drawn.db"
    first_revision(old)
    change(old, "INSERT INTO preference VALUES ('one', 'km')")
    change(old, "INSERT INTO cursor VALUES ('telegram', '700')")
    engine = create_engine(f"sqlite:///{drawn}")
    metadata.create_all(engine)
    engine.dispose()
    async with at(file), at(old) as store:
        assert made(file) == made(old) == made(drawn)
        assert await store.subscribers.prefs(place("one")) == Prefs("km")
        assert await store.cursor("telegram") == "700"


async def test_the_database_of_a_newer_program_is_refused_and_left_as_it_is(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place("one"), "km")
    change(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        StoreTooNew, match=r"^a newer version of this program has changed the database: install that version again$"
    ):
        async with at(file):
            pass
    assert rows(file, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert rows(file, "SELECT * FROM preference") == [("one", "km")]
