"""PostgreSQL: what the store does in a file it does on a server, and says the same."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Prefs
from bot.core.subscription import Pace
from bot.store import Claim, Store, StoreFailed, StoreTooNew, StoreUnusable
from bot.store.schema import metadata
from tests.life import life, questions
from tests.postgresql import Postgresql, postgresql
from tests.storage import MONTH, NOON, ZONE, at, draft, place, sent

__all__ = ["postgresql"]

pytestmark = pytest.mark.xdist_group("postgresql")  # one server, on one worker


@pytest.fixture
async def address(postgresql: Postgresql) -> str:
    return await postgresql.database()


async def test_a_whole_life_there_is_the_same_as_in_a_file(address: str, tmp_path: Path) -> None:
    async with Store(address) as server, at(tmp_path / "pratip.db") as file:
        there, here = await asyncio.gather(life(server), life(file))
        assert {name for name, _ in here} == {*questions(file), *metadata.tables}
    assert len(there) == len(here)
    for one, other in zip(there, here, strict=True):
        assert one == other


async def test_the_migrations_lead_to_the_schema_which_sorts_as_a_file_does(address: str) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    sorts = "SELECT table_name, column_name FROM information_schema.columns WHERE collation_name = 'C'"
    async with Store(address) as store:
        async with store._database._writer.begin() as connection:
            assert await connection.run_sync(differences) == []
        found = {tuple(row) for row in await store._database.rows(text(sorts))}
        assert {("subscription", "subject"), ("moderator", "name")} <= found


# --- several programs


async def test_what_two_programs_claim_never_overlaps_and_is_all_of_it(address: str) -> None:
    async with Store(address) as one, Store(address) as other:
        for number in range(40):
            await one.subscribers.subscribe(place(str(number)), b"", "en", ["laws"], Pace.NOW, MONTH)
        assert not await one.ledger.expand(await sent(one, "news", topics=("laws",)), now=NOON, zone=ZONE)

        async def works(store: Store, boot: str) -> list[int]:
            found: list[Claim] = []
            while more := await store.ledger.claim("paper", NOON, boot, 3):
                found += more
            return [claim.subscriber for claim in found]

        claimed = await asyncio.gather(works(one, "one"), works(other, "other"))
    assert all(claimed)
    assert sorted(claimed[0] + claimed[1]) == list(range(1, 41))


async def test_two_programs_that_make_the_same_draft_make_one(address: str) -> None:
    async with Store(address) as one, Store(address) as other:
        made = await asyncio.gather(*(store.broadcasts.compose(draft("same"), NOON) for store in [one, other] * 5))
        assert set(made) == {1}
        assert await other.broadcasts.compose(draft("another"), NOON) == 2


async def test_programs_may_start_for_the_first_time_at_once(address: str) -> None:
    async def starts(name: str) -> str | None:
        async with Store(address) as store:
            await store.save_cursor(name, name)
            return await store.cursor(name)

    assert await asyncio.gather(*map(starts, "abc")) == ["a", "b", "c"]


async def test_a_writer_waits_five_seconds_for_its_turn_and_no_reader_waits(address: str) -> None:
    async with Store(address) as one, Store(address) as other:
        await one.save_cursor("paper", "before")

        async def looks(connection: AsyncConnection) -> str | None:
            assert await connection.scalar(text("SHOW lock_timeout")) == "5s"
            await connection.execute(text("UPDATE cursor SET value = 'after'"))
            return await other.cursor("paper")

        assert await one._database.write(looks) == "before"
        assert await other.cursor("paper") == "after"


async def test_the_database_of_a_newer_program_is_refused(address: str) -> None:
    async with Store(address) as store:
        await store._database.write(
            lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = 9"))
        )
    with pytest.raises(StoreTooNew, match=r"^a newer version of this program has changed the database"):
        async with Store(address):
            pass


# --- what fails


async def test_a_connection_that_is_cut_amid_work_fails_it_whole_and_the_next_call_works(
    postgresql: Postgresql, address: str
) -> None:
    cut = text("SELECT pg_terminate_backend(pg_backend_pid())")
    async with Store(address) as store:
        await store.save_cursor("paper", "1")

        async def works(connection: AsyncConnection) -> None:
            await connection.execute(text("UPDATE cursor SET value = '2'"))
            await connection.execute(cut)

        with pytest.raises(StoreFailed):
            await store._database.write(works)
        with pytest.raises(StoreFailed):
            await store._database.rows(cut)
        assert await store.cursor("paper") == "1"
        await store.save_cursor("paper", "3")
        everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '' AND datname = "
        assert await postgresql.run(f"{everybody}'{make_url(address).database}'")  # while nobody works
        await store.save_cursor("paper", "4")
        assert await store.cursor("paper") == "4"


async def opens(address: str) -> str:
    """What the store says instead of opening."""
    with pytest.raises(StoreUnusable) as refused:
        async with Store(address):
            pass
    return str(refused.value)


async def test_a_server_that_is_not_there_is_said_to_be_so(postgresql: Postgresql, tmp_path: Path) -> None:
    nowhere = postgresql.of(query={"host": str(tmp_path)})
    assert await opens(nowhere) == "the database cannot be opened (FileNotFoundError)"
    refuses = postgresql.of(host="127.0.0.1", port=1, query={})
    assert await opens(refuses) == "the database cannot be opened (ConnectionRefusedError)"
    nameless = postgresql.of(database="nameless")
    assert await opens(nameless) == "the database cannot be opened (InvalidCatalogNameError)"


@pytest.mark.parametrize(
    "parts", [{"query": {"sslmode": "require"}}, {"query": {}, "host": "127.0.0.1", "port": 99_999}]
)
async def test_an_address_that_the_driver_cannot_read_is_none(postgresql: Postgresql, parts: dict[str, Any]) -> None:
    assert (await opens(postgresql.of(**parts))).startswith("PRATIP_DATABASE is no database address: ")


async def test_a_wrong_password_is_said_to_be_one_and_not_repeated(postgresql: Postgresql, address: str) -> None:
    await postgresql.admit("stranger", "open sesame")
    database = make_url(address).database
    wrong = await opens(postgresql.of(username="stranger", password="close sesame", database=database))
    assert wrong == "the database cannot be opened (InvalidPasswordError)"
    async with Store(postgresql.of(username="stranger", password="open sesame", database=database)) as store:
        assert await store.subscribers.prefs(place("one")) == Prefs()


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_only_the_driver_of_the_extra_will_do(driver: str) -> None:
    with pytest.raises(StoreUnusable, match=r"with the extra `postgres`, postgresql\+asyncpg://user@host/name$"):
        Store(f"{driver}://postgres@/postgres")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreUnusable, match="with the extra `postgres`"):
        Store("postgresql+asyncpg://postgres@/postgres")
