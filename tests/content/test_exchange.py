"""Exchange: files are tried together, and each is the old or the new one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

import handlers
from bot.content import load
from bot.content.exchange import Changed, exchange, tried
from tests.packs import entry, write

EVENT = entry(title="Election day", date='"2018-07-29"', text="People voted.")


def test_what_would_be_wrong_is_told_and_the_folder_is_as_it_was(tmp_path: Path) -> None:
    folder = write(tmp_path, {"events/vote.yaml": EVENT})
    trial = partial(load, kinds=handlers.kinds)
    assert tried(folder, {"events/vote.yaml": EVENT.replace("voted", "went to vote")}, trial) == []
    problems = tried(folder, {"events/new.yaml": EVENT.replace("title", "titel")}, trial)
    assert {problem.file for problem in problems} == {"events/new.yaml"}
    assert [path.name for path in (folder / "events").iterdir()] == ["vote.yaml"]


def test_texts_take_the_place_of_what_was_read_with_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("old")
    (tmp_path / "a.yaml").chmod(0o640)
    exchange(tmp_path, {"a.yaml": "new", "folder/b.yaml": "ខ្មែរ"}, {"a.yaml": "old", "folder/b.yaml": ""})
    assert (tmp_path / "a.yaml").read_text() == "new"
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder/b.yaml").read_text("utf-8") == "ខ្មែរ"


def test_nothing_is_written_where_one_of_them_has_changed(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("old")
    with pytest.raises(Changed, match="b has been changed"):
        exchange(tmp_path, {"a": "new", "b": "new"}, {"a": "old", "b": "older"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old", "b": "old"}
