"""Wording: what official files call the columns, answers, States and themes of the pack: imports.yaml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from bot.content.document import Document, Place
from bot.content.files import Files
from bot.content.validation import valid
from bot.core.entry import Languages, Model, Source, State
from bot.core.spelling import clusters

FILE = "imports.yaml"
Names = tuple[str, ...]
Column = Literal[
    "text",
    "countries",
    "body",
    "symbol",
    "themes",
    "persons",
    "goals",
    "states",
    "position",
    "type",
    "id",
    "session",
    "published",
    "action",
]
Position = Literal["supported", "noted", "partly", "open", "pledge"]
Publisher = Literal["uhri", "upr-info", "ohchr"]
_SAMPLE = date(2026, 11, 23)


class Misprint(Model):
    """A paragraph number that a document prints wrong."""

    document: str
    """The symbol of the document."""
    printed: str
    """The number as it is printed."""
    means: str
    """The number that is meant."""


class Wording(Model):
    """How official files write what the pack knows; moderators add what is missing."""

    columns: dict[Column, Names] = Field(default_factory=dict)
    """Headings of columns, by what stands in them."""
    positions: dict[Position, Names] = Field(default_factory=dict)
    """Answers of the State under review, by what they mean."""
    dates: Names = ()
    """As strptime(3) reads them."""
    states: dict[str, Names] = Field(default_factory=dict)
    """Names beside those in states.yaml, by the State's id."""
    codes: dict[str, State] = Field(default_factory=dict)
    """Two letters for a State."""
    themes: dict[str, Names] = Field(default_factory=dict)
    """Labels by the theme's id; one may stand under several."""
    misprints: tuple[Misprint, ...] = ()
    """Paragraph numbers that documents print wrong."""
    apart: Names = ()
    """Ids of recommendations without a paragraph that are none of an export's."""
    sources: dict[Publisher, Source] = Field(default_factory=dict)
    """What an import names as its source."""


def read(files: Files, languages: Languages) -> Wording:
    """A pack's wording; nothing is known in one that has none, or one that is wrong."""
    if not files.has(FILE):
        return Wording()
    document = files.read(FILE)
    found = None if document.data is None else valid(Wording, document, (), document.data, languages)
    return found or Wording()


def check(wording: Wording, document: Document, names: Mapping[str, Collection[str]]) -> None:
    """What it names exists, one way to write something means one thing, and its dates can be read."""
    for state in wording.states:
        _exists(document, ("states", state), "state", state, names)
    for code, target in wording.codes.items():
        _exists(document, ("codes", code), "state", target.target, names)
    for theme in wording.themes:
        _exists(document, ("themes", theme), "theme", theme, names)
    for index, entry in enumerate(wording.apart):
        _exists(document, ("apart", index), "recommendation", entry, names)
    for field in ("columns", "positions", "states"):
        _single(document, field, getattr(wording, field))
    for index, form in enumerate(wording.dates):
        if not _reads(form):
            mend = "write it like %d/%m/%Y"
            document.object(("dates", index), f"{form} is no form of a date with day, month and year", mend)


def _exists(document: Document, place: Place, noun: str, name: str, names: Mapping[str, Collection[str]]) -> None:
    if noun in names and name not in names[noun]:
        document.object(place, f"there is no {noun} {name}", "correct it or remove it")


def _single(document: Document, field: str, known: Mapping[str, Names]) -> None:
    first: dict[str, str] = {}
    for name, written in known.items():
        for index, each in enumerate(written):
            other = first.setdefault(" ".join(clusters(each)), name)
            if other != name:
                document.object((field, name, index), f"{each} stands under {other} too", "keep one of them")


def _reads(form: str) -> bool:
    try:
        return datetime.strptime(_SAMPLE.strftime(form), form).date() == _SAMPLE  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return False
