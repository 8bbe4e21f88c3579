"""Watch: whatever becomes of the folder, what is whole again is read, and what is broken never is."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import handlers
from bot.content import ContentBroken
from bot.content.watch import Watch
from bot.core.content import Snapshot
from tests.packs import person, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "content", {"prisoners/a.yaml": person("Sok Vanna")})


def moved(folder: Path, place: Path) -> None:
    folder.rename(place)


async def named(watch: Watch) -> list[str]:
    """Who is in the pack after the next change that leaves it whole."""
    snapshot: Snapshot | None = None
    async with asyncio.timeout(20):
        while snapshot is None:
            with suppress(ContentBroken):
                snapshot = await watch.changed()
    assert snapshot is watch.snapshot
    return sorted(str(entry.heading) for entry in snapshot.view().entries.values())


async def test_an_edit_is_noticed_also_one_made_before_anybody_waited(folder: Path) -> None:
    watch = Watch(folder, handlers.kinds)
    write(folder, {"prisoners/b.yaml": person("Chan Dara")})
    assert await named(watch) == ["Chan Dara", "Sok Vanna"]
    waiting = asyncio.create_task(named(watch))
    await asyncio.sleep(0.3)
    (folder / "prisoners/a.yaml").unlink()
    assert await waiting == ["Chan Dara"]


async def test_a_file_that_an_editor_puts_in_the_place_of_another_is_read(folder: Path, tmp_path: Path) -> None:
    watch = Watch(folder, handlers.kinds)
    waiting = asyncio.create_task(named(watch))
    await asyncio.sleep(0.3)
    backup, fresh = folder / "prisoners/a.yaml~", tmp_path / "a.yaml"
    (folder / "prisoners/a.yaml").rename(backup)
    fresh.write_text(person("Chan Dara"))
    fresh.rename(folder / "prisoners/a.yaml")
    backup.unlink()
    assert await waiting == ["Chan Dara"]


async def test_many_files_that_are_taken_away_and_written_are_read_once_all_are_there(folder: Path) -> None:
    watch = Watch(folder, handlers.kinds)
    waiting = asyncio.create_task(named(watch))
    await asyncio.sleep(0.3)
    (folder / "prisoners/a.yaml").unlink()
    for number in range(30):
        write(folder, {f"prisoners/p-{number}.yaml": person(f"Sok {number}")})
        await asyncio.sleep(0.005)
    assert len(await waiting) == 30


async def test_who_asks_has_the_folder_read_at_once_though_nothing_stirs_in_it(folder: Path) -> None:
    watch = Watch(folder, handlers.kinds)
    before = watch.snapshot
    waiting = asyncio.create_task(named(watch))
    await asyncio.sleep(1.2)
    assert not waiting.done()
    watch.look()
    assert await waiting == ["Sok Vanna"]
    assert watch.snapshot is not before
    again = asyncio.create_task(named(watch))
    await asyncio.sleep(1.2)
    assert not again.done()
    again.cancel()


async def test_threads_take_turns_as_before_once_the_folder_is_read(folder: Path) -> None:
    before = sys.getswitchinterval()
    watch = Watch(folder, handlers.kinds)
    write(folder, {"prisoners/a.yaml": person("Chan Dara")})
    assert await named(watch) == ["Chan Dara"]
    assert sys.getswitchinterval() == before


async def test_what_is_broken_is_said_once_and_passed_over_until_it_is_mended(folder: Path) -> None:
    watch = Watch(folder, handlers.kinds)
    write(folder, {"prisoners/a.yaml": person("Chan Dara", custody="jailed")})
    with pytest.raises(ContentBroken) as broken:
        await asyncio.wait_for(watch.changed(), 20)
    assert [(problem.file, problem.line) for problem in broken.value.problems][-1] == ("prisoners/a.yaml", 4)
    waiting = asyncio.create_task(watch.changed())
    await asyncio.sleep(1.2)
    assert not waiting.done()
    assert [str(each.heading) for each in watch.snapshot.view().entries.values()] == ["Sok Vanna"]
    write(folder, {"prisoners/a.yaml": person("Chan Dara")})
    assert [str(each.heading) for each in (await waiting).view().entries.values()] == ["Chan Dara"]


async def test_a_folder_that_goes_away_and_comes_back_another_is_read(folder: Path, tmp_path: Path) -> None:
    watch = Watch(folder, handlers.kinds)
    waiting = asyncio.create_task(named(watch))
    await asyncio.sleep(0.3)
    moved(folder, tmp_path / "old")
    await asyncio.sleep(1.2)
    assert not waiting.done()
    moved(write(tmp_path / "new", {"prisoners/a.yaml": person("Chan Dara")}), folder)
    assert await waiting == ["Chan Dara"]


async def test_a_link_that_leads_to_another_folder_is_followed(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(folder)
    watch = Watch(link, handlers.kinds)
    waiting = asyncio.create_task(named(watch))
    await asyncio.sleep(0.3)
    link.unlink()
    link.symlink_to(write(tmp_path / "next", {"prisoners/a.yaml": person("Chan Dara")}))
    assert await waiting == ["Chan Dara"]


def test_a_folder_that_is_broken_from_the_start_is_refused(folder: Path) -> None:
    write(folder, {"prisoners/a.yaml": person(custody="jailed")})
    with pytest.raises(ContentBroken):
        Watch(folder, handlers.kinds)
