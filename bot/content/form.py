"""Form: what has to be asked for a new entry, each answer looked at as `check` would look at the file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from bot.content import disclosure, rules
from bot.content.document import Document, Place
from bot.content.repository import Placed, Shelf
from bot.content.sheet import written
from bot.content.table import fields
from bot.content.validation import valid
from bot.core.calendar import PartialDate
from bot.core.content import Content
from bot.core.entry import Entry, Languages, Model
from bot.core.text import Text

_TITLES = ("name", "title")  # asked for in every language of the pack
_LONGEST_ID = 48
_SCHEMA = "# yaml-language-server:"  # how the line begins by which an editor finds the fields of a file
_HERE = 2  # the line, to a document, that stands for the question just answered


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the place of a field, what it may hold, and in which language where it is not the pack's own."""

    place: Place
    shape: Any
    needed: bool = True
    language: str = ""


class Form:
    """One new entry of a kind. ask() shows a question and returns the answer; tell() says what is wrong with it."""

    def __init__(
        self,
        kind: type[Entry],
        shelf: Shelf,
        content: Content,
        today: date,
        ask: Callable[[str], str],
        tell: Callable[[str], None],
    ) -> None:
        """Content has the words in which is asked."""
        self._kind, self._shelf, self._content, self._today = kind, shelf, content, today
        self._ask, self._tell = ask, tell
        pack = content.pack
        self._languages = Languages(pack.reference_language, pack.reference_language, tuple(shelf.snapshot.views))
        self._data: dict[str, Any] = {"id": "new"}

    def filled(self) -> Path:
        """Ask everything and write the file. Raises EOFError where no more answers come, OSError."""
        for question in self._questions():
            self._fill(question)
        name = self._named()
        path = self._shelf.files.root / self._kind.folder / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        said = {field: self._data[field] for field in fields(self._kind) if field in self._data and field != "id"}
        text = self._schema(path.parent) + written(said)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        return path

    # -- what is asked

    def _questions(self) -> Iterator[Question]:
        for name in fields(self._kind):
            field = self._kind.model_fields[name]
            if name != "id" and (field.is_required() or name in self._kind.asked):
                yield from self._about((name,), field.annotation, needed=field.is_required())

    def _about(self, place: Place, shape: Any, *, needed: bool) -> Iterator[Question]:
        """The questions about a field: one, or one for each field of what it holds a list of."""
        inner = _inner(shape)
        if not (isinstance(inner, type) and issubclass(inner, Model)):
            yield Question(place, shape, needed)
            if inner is Text and place[-1] in _TITLES:
                others = (code for code in self._shelf.snapshot.views if code != self._languages.reference)
                yield from (Question(place, shape, needed=False, language=code) for code in others)
            return
        inside: Place = (*place, 0) if _is_list(shape) else place
        for name, field in inner.model_fields.items():
            needed = field.is_required() or name == "withheld"  # without an address, why there is none is needed
            if (needed or name in inner.asked) and not (name == "withheld" and self._at((*inside, "url"))):
                yield from self._about((*inside, name), field.annotation, needed=needed)

    def _asked(self, question: Question) -> str:
        """The question as it is shown."""
        say, shape = self._content.say, _inner(question.shape)
        name = " ".join(str(step) for step in question.place if step != 0)
        hints: list[Text | None] = [
            say("new.choices", choices=", ".join(get_args(shape))) if get_origin(shape) is Literal else None,
            say("new.date") if shape is PartialDate else None,
            say("new.several") if _is_list(question.shape) else None,
            say("new.language", language=self._content.languages[question.language]) if question.language else None,
            None if question.needed else say("new.optional"),
        ]
        said = "; ".join(str(hint) for hint in hints if hint)
        return f"{name} ({said}):" if said else f"{name}:"

    # -- what is answered

    def _fill(self, question: Question) -> None:
        """Ask until the answer holds."""
        while True:
            typed = self._ask(self._asked(question))
            if not typed and not question.needed:
                return
            refusal = self._put(question, typed) if typed else str(self._content.say("new.needed"))
            if not refusal:
                return
            self._tell(refusal)

    def _put(self, question: Question, typed: str) -> str:
        """Take an answer; or leave all as it was, and say why."""
        before = self._at(question.place)
        value = _value(question.shape, typed)
        if question.language:
            value = {self._languages.reference: before, question.language: value}
        self._set(question.place, value)
        refusal = self._refusal(question)
        if refusal:
            self._set(question.place, before)
        return refusal

    def _refusal(self, question: Question) -> str:
        """What `check` would say of this answer."""
        document = _marked(
            self._data, question.place, *([(*question.place, question.language)] * bool(question.language))
        )
        placed = Placed(self._kind, document, (), self._data, "")
        for code in self._languages.known:
            placed.entry(replace(self._languages, reader=code))
        named = ((placed, place, name) for place, name in rules.named(self._kind, self._data, ()))
        rules.check_references(named, self._shelf.names)
        disclosure.check(document)
        found = next((each for each in document.problems if each.line == _HERE), None)
        if found:
            return f"{found.what}: {found.mend}"
        return self._early(question)

    def _early(self, question: Question) -> str:
        """That a status is of a day to come, which nobody else would say before the file is whole."""
        day = PartialDate.parse(self._at(question.place)) if question.place[-1] == "as_of" else None
        return str(self._content.say("new.future", date=day)) if day and day.first > self._today else ""

    def _at(self, place: Place) -> Any:
        held: Any = self._data
        for step in place:
            held = held.get(step) if isinstance(held, dict) else next(iter(held or ()), None)
        return held

    def _set(self, place: Place, value: Any) -> None:
        held: Any = self._data
        for step, after in pairwise(place):
            if isinstance(held, dict):
                held = held.setdefault(str(step), [] if after == 0 else {})
            else:
                held += [] if held else [{}]
                held = held[0]
        if value is None:
            held.pop(place[-1], None)
        else:
            held[place[-1]] = value

    # -- what it is called

    def _named(self) -> str:
        """An id that is free, proposed from what the entry is called."""
        proposed = _slug(self._heading())
        while True:
            typed = self._ask(f"id [{proposed}]:" if proposed else "id:") or proposed
            refusal = self._unfit(typed)
            if not refusal:
                return typed
            self._tell(refusal)

    def _heading(self) -> str:
        entry = valid(self._kind, Document("new"), (), self._data, self._languages)
        return str(entry.heading) if entry else ""

    def _unfit(self, name: str) -> str:
        """Why nothing can have this id."""
        document = _marked(None, ("id",))
        valid(self._kind, document, (), {**self._data, "id": name}, self._languages)
        if wrong := next((each for each in document.problems if each.line == _HERE), None):
            return f"{wrong.what}: {wrong.mend}"
        taken = (
            name in self._shelf.names["entry"] or (self._shelf.files.root / self._kind.folder / f"{name}.yaml").exists()
        )
        return str(self._content.say("new.taken", id=name)) if taken else ""

    def _schema(self, folder: Path) -> str:
        """The line for editors, as the other files of the folder have it."""
        for path in sorted(folder.glob("*.yaml")):
            first, _, _ = path.read_text("utf-8").partition("\n")
            if first.startswith(_SCHEMA):
                return f"{first}\n"
        return ""


def _inner(shape: Any) -> Any:
    """What a field holds one or several of."""
    if get_origin(shape) in (Union, UnionType):
        return _inner(next(each for each in get_args(shape) if each is not NoneType))
    if _is_list(shape):
        return _inner(get_args(shape)[0])
    origin = get_origin(shape)
    return (
        _inner(get_args(shape)[0])
        if origin is not None and origin is not Literal and hasattr(shape, "__metadata__")
        else shape
    )


def _is_list(shape: Any) -> bool:
    return get_origin(shape) is tuple


def _value(shape: Any, typed: str) -> Any:
    """What was typed as a file would hold it."""
    if _is_list(shape):
        return [part.strip() for part in typed.split(";") if part.strip()]
    inner = _inner(shape)
    if inner is bool and typed in ("true", "false"):
        return typed == "true"
    return int(typed) if inner is int and re.fullmatch(r"-?\d{1,9}", typed) and typed.isascii() else typed


def _slug(heading: str) -> str:
    """Latin letters and digits of a name; empty where it has none."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower().replace("'", "")
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_ID].rstrip("-")


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where something would stand, counted from 0, as the parser does."""

    line: int
    column: int = 0


def _marked(data: Any, *places: Place) -> Document:
    """A document that was never written, in which these places stand apart from all the others."""
    parts: dict[Any, Any] = {}
    for place in places:
        held = parts
        for step in place[:-1]:
            _, held = held.setdefault(step, (_Mark(0), {}))
        held[place[-1]] = (_Mark(_HERE - 1), {})
    return Document("new", data, _Mark(0), parts)
