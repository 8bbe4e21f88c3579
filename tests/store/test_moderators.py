"""Moderators: where they can be written to, as long as they are moderators."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.storage import at, bytes_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def test_a_moderator_who_wrote_can_be_written_to(file: Path) -> None:
    async with at(file) as store:
        assert await store.moderators.reachable() == {}
        await store.moderators.met("telegram:1", b"sealed", "en")
        await store.moderators.met("telegram:1", b"sealed anew", "en")
        await store.moderators.met("matrix:@m:x", b"other", "en")
        assert await store.moderators.reachable() == {
            "matrix:@m:x": (b"other", "en"),
            "telegram:1": (b"sealed anew", "en"),
        }
        await store.moderators.met("telegram:1", b"another chat", "km")
        assert (await store.moderators.reachable())["telegram:1"] == (b"another chat", "km")


async def test_who_is_no_moderator_any_more_is_erased_and_may_come_back(file: Path) -> None:
    async with at(file) as store:
        for name in ("telegram:1", "telegram:2"):
            await store.moderators.met(name, b"sealed " + name.encode(), "en")
        for _ in range(2):
            await store.moderators.keep(["telegram:2", "telegram:3"])
        assert list(await store.moderators.reachable()) == ["telegram:2"]
        assert b"sealed telegram:1" not in bytes_of(file)
        await store.moderators.met("telegram:1", b"sealed", "en")
        await store.moderators.keep([])
        assert await store.moderators.reachable() == {}
