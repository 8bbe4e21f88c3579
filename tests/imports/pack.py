"""Pack: a small one about Cambodia, and a desk at which imports are made."""

from __future__ import annotations

import shutil
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import yaml

import handlers
from bot.content import load
from bot.content.repository import SHIPPED
from bot.imports import Desk, Order
from tests.packs import write

TODAY = date(2026, 11, 23)
SOURCES = """sources:
    - title: A report
      publisher: A publisher
      date: "2014"
      url: https://example.org/report"""
_REVIEW = "cycle: {cycle}\ndate: {date}\nsession: {session}\ndocuments: {documents}\ncomplete: {complete}\n"
CODED = "upr_info: {response: Accepted, action_category: 5, issues: [Justice, Right to land]}"
KNOWN = f"""
# What moderators wrote stays as it is.
- id: khm-c2-118-1   # the first
  cycle: 2
  paragraph: "118.1"
  document: A/HRC/26/16
  states: [France]
  gist: >-
    Our own words
    in two lines.
  response: noted
  {CODED}
  themes: [education]
  {SOURCES}

# A remark above the second.
- id: khm-c2-118-2
  cycle: 2
  paragraph: '118.2'
  document: A/HRC/26/16
  states: [Norway]
  gist: Our other words.
  {CODED}
  {SOURCES}
"""
SPOKEN = f"""
- id: khm-c3-canada-1
  cycle: 3
  states: [Canada]
  gist: Words heard at the review.
  {SOURCES}
"""


class Imports:
    """A pack in a folder, and what is said of each import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diff: list[str] = []
        self.told: list[str] = []

    def bring(self, publisher: str, path: Path, *, written: bool = True, cycle: int = 0) -> bool:
        """One import; whether something changes."""
        self.diff.clear()
        self.told.clear()
        reload = partial(load, kinds=handlers.kinds, today=TODAY)
        desk = Desk(self.folder, reload(self.folder)[0], reload, self.diff.append, self.told.append)
        return desk.obey(Order(publisher, path, written, cycle), lambda _, __: None)

    def entries(self, cycle: int) -> dict[str, Any]:
        """The recommendations of a review, by id."""
        held = yaml.safe_load((self.folder / f"recommendations/cycle-{cycle}.yaml").read_text("utf-8"))
        return {each["id"]: each for each in held}

    def text(self, cycle: int) -> str:
        """The file of a review."""
        return (self.folder / f"recommendations/cycle-{cycle}.yaml").read_text("utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """What a moderator does to a file."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


def prepared(home: Path) -> Imports:
    """With two recommendations of cycle 2 and one, without a paragraph, of cycle 3."""
    reviews = {
        2: ("2014-01-28", 18, "[{symbol: A/HRC/26/16, what: report}]", "true"),
        3: ("2019-01-30", 32, "[]", "false"),
    }
    files = {
        f"reviews/upr-cycle-{cycle}.yaml": _REVIEW.format(
            cycle=cycle, date=f'"{day}"', session=session, documents=documents, complete=complete
        )
        + SOURCES
        for cycle, (day, session, documents, complete) in reviews.items()
    }
    files |= {"recommendations/cycle-2.yaml": KNOWN, "recommendations/cycle-3.yaml": SPOKEN}
    folder = write(home / "content", files)
    with (folder / "pack.yaml").open("a", encoding="utf-8") as pack:
        pack.write("country: Cambodia\ncountry_aliases: [Kingdom of Cambodia]\n")
    for name in ("states.yaml", "themes.yaml", "imports.yaml"):
        shutil.copy(SHIPPED / name, folder)
    for name in ("states.yaml", "themes.yaml"):
        held = yaml.safe_load((folder / name).read_text("utf-8"))
        english = [{**term, "name": term["name"]["en"]} for term in held]
        (folder / name).write_text(yaml.safe_dump(english, allow_unicode=True), "utf-8")
    return Imports(folder)
