"""Staleness: what somebody should look at again, the oldest first."""

from __future__ import annotations

from pathlib import Path

import handlers
from bot.content.repository import SHIPPED, opened
from bot.content.staleness import stale
from tests.conversation import TODAY
from tests.packs import entry, person, write

UNDATED = "[{title: A report, publisher: A publisher, url: 'https://example.org/report'}]"


def test_each_reason_is_told_with_its_date_and_file_the_oldest_first(tmp_path: Path) -> None:
    files = {
        "prisoners/due.yaml": person(review_by="2026-10"),
        "prisoners/fresh.yaml": person("B"),
        "prisoners/old.yaml": person("C", as_of="2026-04"),
        "prisoners/over.yaml": person("D", term_ends="2026-08-01"),
        "prisoners/unsure.yaml": person("E", term_ends="2026-08-01", custody="unknown"),
        "actions/past.yaml": entry(title="A", ask="B", expires="2026-09"),
        "actions/open.yaml": entry(title="A", ask="B", expires="2026-12"),
        "claims/undated.yaml": entry(claim="A", who="B", date="2019", sources=UNDATED, as_of="2019"),
    }
    found = stale(opened(write(tmp_path, files), handlers.kinds, TODAY), TODAY)
    assert [(each.entry.id, each.file, each.reason, str(each.since)) for each in found] == [
        ("old", "prisoners/old.yaml", "old", "2026-04"),
        ("over", "prisoners/over.yaml", "over", "2026-08-01"),
        ("past", "actions/past.yaml", "expired", "2026-09"),
        ("due", "prisoners/due.yaml", "review", "2026-10"),
        ("undated", "claims/undated.yaml", "undated", "None"),
    ]


def test_every_reason_has_words_in_every_language() -> None:
    shelf = opened(SHIPPED, handlers.kinds, TODAY)
    for view in shelf.snapshot.views.values():
        for each in stale(shelf, TODAY):
            assert view.say(f"stale.{each.reason}", date=each.since or "").plain
