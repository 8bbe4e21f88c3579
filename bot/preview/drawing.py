"""Drawing: what is sent as a phone shows it: Telegram's characters with entities, Matrix's HTML as Element lets it be.

Everything returned is HTML in which nobody else's words are markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Protocol

from bot.core.text import Text
from bot.platforms.matrix import render as matrix_render
from bot.platforms.telegram import render as telegram_render

_TAGS = {"code": "code", "italic": "em", "bold": "strong"}  # of Telegram's types; a link goes around all of them
# What the apps find by themselves in plain characters: commands and addresses.
_URL = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)])")
_COMMAND = re.compile(r"(?<![\w/])/([a-z][a-z0-9_]{0,31})\b")
# Those of the tags that Element allows which have no attributes; an `a` keeps its address where it has one of these.
_ALLOWED = frozenset("b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre strong sub sup u ul".split())
_EMPTY = frozenset({"br", "hr"})
_SCHEMES = ("https://", "http://", "ftp://", "mailto:", "magnet:")


class _Entity(Protocol):
    type: str
    offset: int  # UTF-16 units
    length: int
    url: str | None


def telegram(text: Text, asked: Callable[[str], str]) -> str:
    """A message on Telegram, drawn from what is sent; asked makes the address at which a command is asked here."""
    words, entities = telegram_render.render(text)
    units = words.encode("utf-16-le", "surrogatepass")

    def between(start: int, end: int) -> str:
        return units[2 * start : 2 * end].decode("utf-16-le", "replace")

    edges = {edge for each in entities for edge in (each.offset, each.offset + each.length)}
    stretches = pairwise(sorted({0, len(units) // 2, *edges}))
    return "".join(_stretch(between(start, end), _over(entities, start), asked) for start, end in stretches)


def _over(entities: Iterable[_Entity], place: int) -> Mapping[str, _Entity]:
    """The entities over what begins at a place, by type: they never cross."""
    return {str(each.type): each for each in entities if each.offset <= place < each.offset + each.length}


def _stretch(words: str, over: Mapping[str, _Entity], asked: Callable[[str], str]) -> str:
    link = over.get("text_link")
    html = escape(words) if link or "code" in over else "".join(_found(words, asked))
    for kind, tag in _TAGS.items():
        html = f"<{tag}>{html}</{tag}>" if kind in over else html
    return _link(str(link.url), html) if link else html


def _found(words: str, asked: Callable[[str], str]) -> Iterator[str]:
    """Plain characters, commands and addresses in them as links."""
    for index, part in enumerate(_URL.split(words)):
        if index % 2:
            yield _link(part, escape(part))
            continue
        for place, name in enumerate(_COMMAND.split(part)):
            yield _command(name, asked) if place % 2 else escape(name)


def _linked(words: str) -> Iterator[str]:
    """Plain characters, addresses in them as links."""
    for index, part in enumerate(_URL.split(words)):
        yield _link(part, escape(part)) if index % 2 else escape(part)


def _command(name: str, asked: Callable[[str], str]) -> str:
    return f'<a class="command" href="{escape(asked(name))}">/{escape(name)}</a>'


def _link(address: str, html: str) -> str:
    """A link that leaves the page, and tells nobody where from."""
    return f'<a href="{escape(address)}" rel="noopener noreferrer" target="_blank">{html}</a>'


def matrix(text: Text) -> str:
    """A message on Matrix, drawn from the event's own HTML, or from its characters where it has none."""
    content = matrix_render.content(text)
    if "formatted_body" not in content:
        return "".join(_linked(content["body"]))
    sanitizer = _Sanitizer()
    sanitizer.feed(content["formatted_body"])
    sanitizer.close()
    return "".join(sanitizer.kept)


class _Sanitizer(HTMLParser):
    """Keeps the tags that Element lets be, closed where they were opened; the words of others stay, as words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        if tag == "a" and address.startswith(_SCHEMES):
            self._begin(tag, _link(address, "").removesuffix("</a>"))
        elif tag in _EMPTY:
            self.kept.append(f"<{tag}>")
        elif tag in _ALLOWED:
            self._begin(tag, f"<{tag}>")

    def _begin(self, tag: str, written: str) -> None:
        self._open.append(tag)
        self.kept.append(written)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while (last := self._open.pop()) != tag:
                self.kept.append(f"</{last}>")
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.kept += [escape(data)] if {"a", "code", "pre"} & set(self._open) else _linked(data)

    def close(self) -> None:
        super().close()
        self.kept += [f"</{tag}>" for tag in reversed(self._open)]
        self._open.clear()


def event_bytes(text: Text) -> int:
    """The bytes of the content of the Matrix event, before it is encrypted."""
    return len(json.dumps(matrix_render.content(text), ensure_ascii=False, separators=(",", ":")).encode())
