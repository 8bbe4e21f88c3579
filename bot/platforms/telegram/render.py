"""Render: a text as Telegram takes it, plain characters with entities beside them; never a parse mode."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from telegram import MessageEntity

from bot.core.text import Mark, Style, Text

_TYPES = {
    Style.BOLD: MessageEntity.BOLD,
    Style.ITALIC: MessageEntity.ITALIC,
    Style.CODE: MessageEntity.CODE,
    Style.LINK: MessageEntity.TEXT_LINK,
}  # a command needs none: Telegram finds it by itself
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")  # two units in UTF-16
_HALVES = re.compile("[\ud800-\udfff]")


def whole(words: str) -> str:
    """The characters, with a sign for each half of one: it cannot be sent, and must not cost the message."""
    return _HALVES.sub("\ufffd", words)


def render(text: Text) -> tuple[str, list[MessageEntity]]:
    """What is sent: the text without white space at its ends, as Telegram would trim it, and its entities."""
    text = text.strip()
    astral = [found.start() for found in _ASTRAL.finditer(text.plain)]

    def units(place: int) -> int:
        return place + bisect_left(astral, place)

    entities = [
        MessageEntity(_TYPES[mark.style], units(start), units(end) - units(start), mark.target or None)
        for start, end, marks in _pieces(text)
        for mark in marks
    ]
    return whole(text.plain), entities


def _pieces(text: Text) -> Iterator[tuple[int, int, list[Mark]]]:
    """Each stretch between edges and its marks: Telegram refuses entities that cross, not ones that meet."""
    marks = [mark for mark in text.marks if mark.style in _TYPES and _opens(mark)]
    edges = sorted({edge for mark in marks for edge in (mark.start, mark.end)})
    for start, end in pairwise(edges):
        words = text.plain[start:end]
        first, last = end - len(words.lstrip()), start + len(words.rstrip())
        if first < last:
            yield first, last, _together([mark for mark in marks if mark.start <= start and end <= mark.end])


def _together(marks: list[Mark]) -> list[Mark]:
    """One mark of each style that may share characters: none with code, and rather a link than code."""
    styles = {mark.style: mark for mark in reversed(marks)}
    if Style.CODE in styles:
        return [styles.get(Style.LINK, styles[Style.CODE])]
    return list(styles.values())


def _opens(mark: Mark) -> bool:
    """Whether Telegram takes the mark: it makes links of web addresses and its own only."""
    try:
        parts = urlsplit(mark.target)
    except ValueError:
        return False
    fine = parts.scheme in {"http", "https", "tg"} and parts.netloc and not re.search(r"\s", mark.target)
    return mark.style is not Style.LINK or bool(fine)
