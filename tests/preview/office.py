"""Office: a tiny pack in a folder, the page about it, and what a browser would be given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

import handlers
from bot.clock import Clock
from bot.preview.office import Office
from bot.preview.pack import Pack
from bot.preview.server import Site
from tests.packs import entry, person, write

FILES = {
    "topics.yaml": "[{id: prisoners, name: {en: Prisoners, km: អ្នកទោស}}, {id: laws, name: Laws}]",
    "themes.yaml": "[{id: speech, name: Free speech}]",
    "prisoners/sok-vanna.yaml": person(related="[a-law]", themes="[speech]", aliases="[Vanna the reporter]"),
    "laws/a-law.yaml": entry(title="{en: A law, km: ច្បាប់}", kind="law", status="draft", as_of="'2024-05'"),
    "updates/first.yaml": entry(
        date="'2026-11-20'",
        topics="[prisoners, laws]",
        title="{en: A first update, km: ព័ត៌មានដំបូង}",
        text="{en: Two were *released*., km: មនុស្សពីរនាក់ត្រូវបានដោះលែង។}",
    ),
    "updates/later.yaml": entry(date="'2027-01-10'", topics="[laws]", title="A later update", text="It comes later."),
}


class Noon(Clock):
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 5, tzinfo=UTC)


def office(folder: Path, files: Mapping[str, str] | None = None, database: str = "") -> Office:
    """The page about such a pack."""
    write(folder / "content", FILES if files is None else files, "en", "km")
    url = database or f"sqlite+aiosqlite:///{folder / 'pratip.db'}"
    pack = Pack(folder / "content", handlers.kinds)
    return Office(handlers.router, pack, Noon(), url, {"telegram": 30, "matrix": 10})


@asynccontextmanager
async def browsing(office: Office, host: str = "127.0.0.1") -> AsyncIterator[TestClient]:  # type: ignore[type-arg] # of what it serves
    """A browser without scripts."""
    async with TestClient(TestServer(Site(office, host).app)) as client:
        yield client


async def text(client: TestClient, address: str, **headers: str) -> str:  # type: ignore[type-arg] # the same
    answer = await client.get(address, headers=headers)
    assert answer.status == 200, await answer.text()
    return await answer.text()
