"""Sources: where the facts of an entry stand, each a plain link."""

from __future__ import annotations

from pathlib import Path

from bot.core.text import Style
from tests.conversation import Reader
from tests.packs import pack, person

SOURCES = """
  - {title: A *report*, publisher: A publisher, date: '2024-05', url: 'https://a.example/', seen_at: A library}
  - {title: A file, publisher: A clinic, withheld: it would reveal health}"""


def test_a_source_says_its_title_publisher_date_and_where_it_was_read(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {"prisoners/sok-vanna.yaml": person("Sok Vanna", sources=SOURCES)}))
    answer = reader.asks("/sources sok-vanna").says(
        "2 sources: Sok Vanna",
        "1. A *report* — A publisher, May 2024 (read at A library)",
        "2. A file — A clinic, undated (address withheld: it would reveal health or family)",
    )
    links = [mark for mark in answer.reply.text.marks if mark.style is Style.LINK]
    assert [mark.target for mark in links] == ["https://a.example/"]
    assert answer.marked(Style.LINK) == ["A *report*"]


def test_sources_are_asked_for_by_name_without_a_slash() -> None:
    reader = Reader()
    assert reader.asks("sources kem sokha").text == reader.asks("/sources kem-sokha").text
    first, *_, last = reader.pages("/sources kem-sokha")
    assert first.items != last.items
    n = len(reader.content.entries["kem-sokha"].sources)
    first.says(f"{n} sources: Kem Sokha")
