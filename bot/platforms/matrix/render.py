"""Render: marked text as a Matrix message, plain and HTML in one walk; no words become markup."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from bot.core.messages import Document
from bot.core.text import Mark, Style, Text

_TAGS = {Style.BOLD: "strong", Style.ITALIC: "em", Style.CODE: "code", Style.COMMAND: "code"}
_SCHEMES = ("https://", "http://", "mailto:")
UNREADABLE = "application/octet-stream"  # what an encrypted file is to the homeserver
DELIVERY = "org.pratip.delivery"
_LONGEST_FALLBACK = 1_000  # characters: the words are in the event once more
_LONGEST_HTML = 20_000  # bytes; with more the event could pass Matrix's 65,536, so it goes out plain


def content(text: Text, thread: str = "") -> dict[str, Any]:
    """The content of an m.room.message event; it notifies nobody by name, whatever names are in it."""
    plain, html = render(text)
    message: dict[str, Any] = {"msgtype": "m.text", "body": plain, "m.mentions": {}}
    if "<" in html.replace("<br>", "") and len(html.encode()) <= _LONGEST_HTML:
        message |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return message | _threaded(thread)


def attached(document: Document, address: str, secret: Mapping[str, Any] | None, thread: str = "") -> dict[str, Any]:
    """The content of a message with a file at an address; secret: what opens it, where it is encrypted."""
    where = {"file": {**secret, "url": address}} if secret else {"url": address}
    info = {"mimetype": document.kind, "size": len(document.data)}
    named = {"msgtype": "m.file", "body": document.name, "filename": document.name, "info": info, "m.mentions": {}}
    return named | where | _threaded(thread)


def _threaded(thread: str) -> dict[str, Any]:
    """How a message stands in a thread."""
    if not thread:
        return {}
    relation = {
        "rel_type": "m.thread",
        "event_id": thread,
        "is_falling_back": True,  # for clients without threads it is a reply to the first message
        "m.in_reply_to": {"event_id": thread},
    }
    return {"m.relates_to": relation}


def pushed(message: dict[str, Any], delivery: str, *, urgent: bool) -> dict[str, Any]:
    """The content of an update: a notice, over which clients make no noise, unless it is urgent; named by its key."""
    return {**message, "msgtype": "m.text" if urgent else "m.notice", DELIVERY: delivery}


def amended(text: Text, event_id: str) -> dict[str, Any]:
    """The content that replaces what an event says; for clients without edits, its beginning behind a star."""
    new = content(text)
    body = new["body"] if len(new["body"]) <= _LONGEST_FALLBACK else new["body"][:_LONGEST_FALLBACK] + "…"
    return {
        "msgtype": new["msgtype"],
        "body": f"* {body}",
        "m.mentions": {},
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }


def render(text: Text) -> tuple[str, str]:
    """The text as plain characters and as HTML; a command begins with `!`, which Element leaves alone."""
    marks = [mark for mark in text.marks if _tag(mark)]
    cuts = sorted({0, len(text.plain), *(m.start for m in marks), *(m.end for m in marks)})
    plain: list[str] = []
    html: list[str] = []
    open_marks: list[Mark] = []
    for start, end in zip(cuts, [*cuts[1:], cuts[-1]], strict=True):
        plain += [f" ({mark.target})" for mark in open_marks if _address_hidden(text, mark) and mark.end == start]
        open_marks = _turn(open_marks, marks, start, html)
        words = _words(text.plain[start:end], start, open_marks)
        plain.append(words)
        html.append(escape(words).replace("\n", "<br>"))
    return "".join(plain), "".join(html)


def _turn(open_marks: list[Mark], marks: list[Mark], at: int, html: list[str]) -> list[Mark]:
    """Close the tags that end here and open those that begin, the longest first, so that all nest."""
    wanted = sorted((m for m in marks if m.start <= at < m.end), key=lambda m: (m.start, -m.end))
    kept = 0
    while kept < min(len(open_marks), len(wanted)) and open_marks[kept] is wanted[kept]:
        kept += 1
    html += [f"</{_tag(mark)}>" for mark in reversed(open_marks[kept:])]
    html += [_opening(mark) for mark in wanted[kept:]]
    return wanted


def _tag(mark: Mark) -> str:
    if mark.style is Style.LINK:
        return "a" if mark.target.startswith(_SCHEMES) else ""
    return _TAGS.get(mark.style, "")


def _opening(mark: Mark) -> str:
    return f'<a href="{escape(mark.target)}">' if mark.style is Style.LINK else f"<{_tag(mark)}>"


def _words(words: str, start: int, open_marks: list[Mark]) -> str:
    begins = any(mark.style is Style.COMMAND and mark.start == start for mark in open_marks)
    return "!" + words[1:] if begins and words.startswith("/") else words


def _address_hidden(text: Text, mark: Mark) -> bool:
    return mark.style is Style.LINK and text.plain[mark.start : mark.end] != mark.target
