"""Problem: something wrong in a file, where it stands, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bot.core.spelling import closest

_SHOWN = 60  # characters of a value that is wrong


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding; line and column count from 1."""

    file: str
    line: int
    column: int
    what: str
    mend: str
    warning: bool = False

    def __str__(self) -> str:
        grade = "warning: " if self.warning else ""
        return f"{self.file}:{self.line}:{self.column}: {grade}{self.what}: {self.mend}"


def counted(n: int, noun: str) -> str:
    """1 error, 2 errors."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def summary(problems: Sequence[Problem]) -> str:
    """How many errors and warnings there are."""
    errors = sum(not problem.warning for problem in problems)
    return f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}"


_WANTED = {  # by the first word of a pydantic error: what is wanted, and how to write it
    "int": ("a whole number", "write it in digits"),
    "bool": ("true or false", "write true or false"),
    "string": ("words", "write words"),
    "tuple": ("a list", "begin each part with a hyphen, on a line of its own"),
    "model": ("a mapping", "write field: value lines"),
}


def explain(error: Any, place: Sequence[str | int], fields: list[str]) -> tuple[str, str]:
    """A pydantic error (its dictionary) as what is wrong and how to mend it; fields are the names known there."""
    name, given, context = _name(place), error.get("input"), error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"{name} is missing", f"add {name}"
        case "extra_forbidden":
            near = closest(name, fields)
            return f"there is no field {name} here", f"did you mean {near}?" if near else "remove it"
        case "literal_error":
            return _not_one_of(name, given, str(context["expected"]))
        case "string_pattern_mismatch" if "https" in context["pattern"]:
            return f"{_held(given)} is no address", "write it whole, beginning with https://"
        case "string_pattern_mismatch":
            return f"{_held(given)} cannot be an id", "use lower-case letters, digits and single hyphens"
        case "string_too_long":
            return f"{name} is too long", f"use at most {context['max_length']} characters"
        case "string_too_short" | "too_short":
            return f"{name} is empty", "add at least one"
        case "value_error":
            what, _, mend = str(context["error"]).partition(": ")
            return f"{name}: {what}" if name else what, mend or "correct it"
        case kind:
            wanted, mend = _WANTED.get(kind.partition("_")[0], ("what it should", str(error["msg"])))
            return f"{name} holds {_held(given)}, not {wanted}", mend


def neither(place: Sequence[str | int], given: object, wanted: Sequence[str]) -> tuple[str, str]:
    """What is wrong with a value that has none of the shapes it may have."""
    return f"{_name(place)} holds {_held(given)}, not {' or '.join(wanted)}", "write one of these"


def described(shape: Any) -> str:
    """A type that a value may have, in words."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return f"a mapping of {' and '.join(shape.model_fields)}"
    return _WANTED["string" if shape is str else str(shape.__name__)][0]


def _name(location: Sequence[str | int]) -> str:
    """The field an error is about, a list's for its parts; nothing where it is about an entry as a whole."""
    return next((step for step in reversed(location) if isinstance(step, str)), "")


def _not_one_of(name: str, given: object, expected: str) -> tuple[str, str]:
    choices = [choice.strip("' ") for choice in expected.replace(" or ", ", ").split(",")]
    near = closest(str(given), choices)
    mend = f"did you mean {near}?" if near else f"use one of {', '.join(choices)}"
    return f"{name} cannot be {_held(given)}", mend


def _held(value: object) -> str:
    """What a field holds: short words themselves, else what kind of thing it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return repr(value) if len(str(value)) <= _SHOWN else f"{str(value)[:_SHOWN]!r}…"
    names: dict[type, str] = {dict: "a mapping", list: "a list"}
    return "nothing" if value is None else names.get(type(value), "something else")
