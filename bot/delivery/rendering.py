"""Rendering: texts frozen for the ledger, so that trying again sends the same words."""

from __future__ import annotations

import json

from bot.core.text import Mark, Style, Text


def frozen(text: Text) -> str:
    """A text as JSON: its characters, and its marks as [start, end, style, target]."""
    marks = [[mark.start, mark.end, mark.style, mark.target] for mark in text.marks]
    return json.dumps([text.plain, marks], ensure_ascii=False)


def thawed(body: str) -> Text:
    """The text that was frozen."""
    plain, marks = json.loads(body)
    return Text(plain, tuple(Mark(start, end, Style(style), target) for start, end, style, target in marks))
