"""Words: what the page itself says, in its reader's language, even while there is no pack to take it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.content import document
from bot.content import strings as language_files
from bot.content.locale import locale
from bot.content.repository import SHIPPED
from bot.core.content import Content, Phrase, Snapshot
from bot.core.text import Text


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language."""

    code: str
    phrases: Mapping[str, Phrase]
    content: Content | None = None  # where there is a pack

    def say(self, name: str, **values: Text | str | int) -> str:
        """A sentence of the page; its name where even the shipped words cannot be read."""
        phrase = f"preview.{name}"
        if phrase not in self.phrases:
            return name
        if self.content:
            return str(self.content.say(phrase, **values))
        form = self.phrases[phrase]
        text = form if isinstance(form, Text) else form["other"]
        return str(text.format(**{name: str(value) for name, value in values.items()}))

    def number(self, n: int) -> str:
        """A number as the language writes it."""
        return locale(self.code).number(n)


def words(snapshot: Snapshot | None, *wishes: str) -> Words:
    """The words for the first wish that can be granted."""
    if snapshot:
        content = snapshot.view(*wishes)
        return Words(content.locale.code, content.phrases, content)
    return Words("en", language_files.read("en", document.read(SHIPPED / "strings/en.yaml", "en.yaml")).phrases)
