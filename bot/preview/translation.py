"""Translation: how much of an entry is written in a language, and how much of that nobody has read yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.entry import Entry, Model
from bot.core.text import Style, Text


@dataclass(frozen=True, slots=True)
class Translation:
    """Texts of an entry in one language."""

    texts: int
    missing: int  # shown in the reference language
    drafts: int  # translated, and not read by a native speaker


def translation(entry: Entry) -> Translation:
    """What an entry, in one language's view, is made of."""
    texts = list(_texts(entry))
    missing = sum(text.has(Style.FALLBACK) for text in texts)
    drafts = sum(text.has(Style.DRAFT) and not text.has(Style.FALLBACK) for text in texts)
    return Translation(len(texts), missing, drafts)


def _texts(value: object) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, Model):
        for _, part in value:
            yield from _texts(part)
