"""Bubble: an answer as it arrives on each platform: its messages, its buttons, and how long they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.core.content import Content
from bot.core.messages import Reply
from bot.core.text import Style, Text
from bot.delivery.message import parts
from bot.platforms import Capabilities
from bot.platforms.matrix import Matrix
from bot.platforms.menu import spelled
from bot.platforms.telegram import Telegram
from bot.preview import drawing

_CARD = 700  # characters that a phone shows without scrolling
_NOTED_CARD = 800  # the same, with what is said of its translation
_EVENT = 65_536  # bytes that a Matrix event may have

Asked = Callable[[str], str]  # a command, without a prefix: the address at which it is asked here


@dataclass(frozen=True, slots=True)
class Measure:
    """How much of what a platform takes, or a phone shows."""

    unit: str  # a phrase: preview.unit.…
    n: int
    limit: int

    @property
    def over(self) -> bool:
        """Whether it is too much."""
        return self.n > self.limit


@dataclass(frozen=True, slots=True)
class Key:
    """A button: its label, and where pressing it leads here."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """The messages of one answer on one platform, drawn."""

    platform: str
    language: str
    parts: tuple[str, ...]  # HTML
    rows: tuple[tuple[Key, ...], ...]
    measures: tuple[Measure, ...]  # of the longest message


def card_measure(text: Text) -> Measure:
    """How much of a phone's screen a card takes."""
    noted = text.has(Style.FALLBACK) or text.has(Style.DRAFT)
    return Measure("characters", len(text.plain), _NOTED_CARD if noted else _CARD)


def on_telegram(reply: Reply, content: Content, asked: Asked) -> Bubble:
    """An answer on Telegram."""
    texts = _texts(reply, Telegram.can)
    rows = tuple(tuple(Key(button.label, asked(button.command)) for button in row) for row in reply.rows)
    measure = _longest(texts, Telegram.can)
    return Bubble(
        "telegram", content.locale.code, tuple(drawing.telegram(text, asked) for text in texts), rows, (measure,)
    )


def on_matrix(reply: Reply, content: Content) -> Bubble:
    """An answer on Matrix, its buttons written out."""
    texts = _texts(spelled(reply, content), Matrix.can)
    event = Measure("event", max(map(drawing.event_bytes, texts)), _EVENT)
    measures = (_longest(texts, Matrix.can), event)
    return Bubble("matrix", content.locale.code, tuple(map(drawing.matrix, texts)), (), measures)


def both(reply: Reply, content: Content, asked: Asked) -> tuple[Bubble, ...]:
    """An answer on each platform that has phones."""
    return on_telegram(reply, content, asked), on_matrix(reply, content)


def _texts(reply: Reply, can: Capabilities) -> list[Text]:
    return [part.text for part in parts(reply, can.limit)]


def _longest(texts: Sequence[Text], can: Capabilities) -> Measure:
    return Measure(can.limit.unit, max(can.limit.measure(text.plain) for text in texts), can.limit.size)
