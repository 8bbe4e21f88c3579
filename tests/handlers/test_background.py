"""Background: undated context, with its sources like everything else."""

from __future__ import annotations

from pathlib import Path

from handlers.background import Background
from tests.conversation import Reader
from tests.packs import entry, pack


def test_a_note_shows_its_first_points_and_its_record_all_of_them(tmp_path: Path) -> None:
    points = "[First., Second., Third., Fourth.]"
    files = {"background/a-note.yaml": entry(title="A note", text="Some words. " * 60, points=points)}
    reader = Reader(pack=pack(tmp_path, files))
    card = reader.asks("/show a-note").says("A note", "Some words.", "• First.\n• Second.\n• Third.").hides("Fourth")
    assert card.text.count("Some words.") < 60
    full = reader.presses("Full record").says("• Third.\n• Fourth.")
    assert full.text.count("Some words.") == 60


def test_every_shipped_note_is_found_by_its_title() -> None:
    reader = Reader()
    for each in reader.content.of(Background):
        assert reader.asks(f"/search {each.title}").text.startswith(str(each.title))
