"""Background: undated context, such as what the Constitution guarantees and how the pack was made."""

from __future__ import annotations

from typing import ClassVar

from bot.core.entry import Entry, Words
from bot.core.messages import Context
from bot.core.text import Line, Loose, Text
from handlers import card


class Background(Entry):
    """A titled note with its sources."""

    noun: ClassVar[str] = "background"
    folder: ClassVar[str] = "background"

    title: Words
    """What it is called."""
    text: Words
    """What it says."""
    points: tuple[Words, ...] = ()
    """Single points, one under the other."""

    @property
    def heading(self) -> Text:
        """Its title."""
        return self.title

    def card(self, context: Context) -> list[Line]:
        """The text and its first points."""
        return [Loose(self.text, weight=2), *card.several(map(Loose, self.points), 3, context)]

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole note."""
        return [("text", self.text), ("points", card.bullets(self.points))]
