"""Problem: something wrong in a file, where it stands, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.spelling import closest


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


def explain(error: Any, fields: list[str]) -> tuple[str, str]:
    """A pydantic error (its dictionary) as what is wrong and how to mend it; fields are the names known there."""
    name, given, context = _name(error["loc"]), error.get("input"), error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"{name} is missing", f"add {name}"
        case "extra_forbidden":
            near = closest(name, fields)
            return f"there is no field {name} here", f"did you mean {near}?" if near else "remove it"
        case "literal_error":
            return _not_one_of(name, given, str(context["expected"]))
        case "string_pattern_mismatch" if "https" in context["pattern"]:
            return f"{given!r} is no address", "write it whole, beginning with https://"
        case "string_pattern_mismatch":
            return f"{given!r} cannot be an id", "use lower-case letters, digits and single hyphens"
        case "string_too_long":
            return f"{name} is too long", f"use at most {context['max_length']} characters"
        case "too_short":
            return f"{name} is empty", "add at least one"
        case "value_error":
            what, _, mend = str(context["error"]).partition(": ")
            return f"{name}: {what}" if name else what, mend or "correct it"
        case _:
            return f"{name}: {error['msg'][0].lower()}{error['msg'][1:]}", f"it holds {_kind_of(given)}"


def _name(location: Sequence[str | int]) -> str:
    """The field an error is about, a list's for its parts; nothing where it is about an entry as a whole."""
    return next((step for step in reversed(location) if isinstance(step, str)), "")


def _not_one_of(name: str, given: object, expected: str) -> tuple[str, str]:
    choices = [choice.strip("' ") for choice in expected.replace(" or ", ", ").split(",")]
    near = closest(str(given), choices)
    mend = f"did you mean {near}?" if near else f"use one of {', '.join(choices)}"
    return f"{name} cannot be {given!r}", mend


def _kind_of(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "words", int: "a number", bool: "true or false"}
    return "nothing" if value is None else names.get(type(value), "something else")
