"""Pack: a folder that somebody edits: what was last whole stays, and every problem is there at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import handlers
from bot.preview.pack import Edition, Pack
from bot.preview.place import Places
from tests.packs import entry, person
from tests.packs import write as written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path, {"prisoners/a.yaml": person()})


def litter(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")


async def next_edition(pack: Pack) -> Edition:
    async with asyncio.timeout(20):
        return await pack.changed()


async def test_a_broken_edit_keeps_what_was_whole_and_says_where_it_is_broken(folder: Path) -> None:
    pack = Pack(folder, handlers.kinds)
    whole = pack.edition
    assert whole.snapshot
    assert not whole.errors
    written(folder, {"prisoners/a.yaml": person(custody="nowhere")})
    broken = await next_edition(pack)
    assert broken.snapshot is whole.snapshot
    assert [(each.file, each.line) for each in broken.errors] == [("prisoners/a.yaml", 4)]
    written(folder, {"prisoners/a.yaml": person("Sok Vannak")})
    mended = await next_edition(pack)
    assert mended.snapshot
    assert str(mended.snapshot.views["en"].entries["a"].heading) == "Sok Vannak"
    assert [edition.number for edition in (whole, broken, mended)] == [1, 2, 3]


def test_a_folder_that_was_never_whole_has_problems_and_nothing_else(folder: Path) -> None:
    written(folder, {"prisoners/a.yaml": "name: ["})
    edition = Pack(folder, handlers.kinds).edition
    assert edition.snapshot is None
    assert edition.errors


async def test_what_an_editor_keeps_for_itself_is_no_change(folder: Path) -> None:
    pack = Pack(folder, handlers.kinds)
    litter(folder, "prisoners/.a.yaml", "prisoners/a.yaml~", "prisoners/4913", ".git/index.yaml")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await pack.changed()


async def test_a_file_that_goes_away_while_it_is_read_leaves_all_as_it_was(folder: Path) -> None:
    def vanished(*_: object) -> None:
        raise FileNotFoundError

    pack = Pack(folder, handlers.kinds)
    before = pack.edition
    pack._load = vanished  # type: ignore[assignment] # it only raises
    written(folder, {"prisoners/b.yaml": person("Chan Dara")})
    assert await next_edition(pack) is before


def test_each_entry_stands_in_its_file_or_on_its_line_of_a_list(folder: Path) -> None:
    happening = "date: '2024'\n  title: A day\n  text: It happened."
    source = "sources: [{title: A, publisher: B, url: 'https://example.org'}]"
    listed = "".join(f"- id: day-{n}\n  {happening}\n  {source}\n" for n in (1, 2))
    written(folder, {"events/some.yaml": listed, "events/alone.yaml": entry(date="'2024'", title="A", text="B")})
    pack = Pack(folder, handlers.kinds)
    assert pack.edition.snapshot
    places = Places(folder, pack.kinds, pack.edition.snapshot.views["en"].entries)
    assert [places.of(name) for name in ("a", "day-1", "day-2", "alone", "nobody")] == [
        "prisoners/a.yaml:1",
        "events/some.yaml:1",
        "events/some.yaml:6",
        "events/alone.yaml:1",
        "",
    ]
    written(folder, {"events/some.yaml": listed.replace("day-2\n", "day-2\n  themes: [x]\n  mood: sad\n")})
    broken = Pack(folder, handlers.kinds).edition.errors
    assert [places.about(problem) for problem in broken] == ["day-2"]
