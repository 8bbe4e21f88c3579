"""Translation: what is said of problems, in other languages than English.

A problem is said in English where it is found, for some of the words come from others: a validator, pydantic, the YAML
parser. A catalogue knows the sentences by their shape, and says each with the same values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.content.document import read
from bot.content.problem import Problem, summary

_FOLDER = Path(__file__).with_name("problems")
_PLACE = re.compile(r"{(\w+)}")
_SAID_TOO = {"what", "other", "kind"}  # values that are words of ours, not of the file
_ARTICLE = re.compile(r"an? (?=\w+$)")


@dataclass(frozen=True)
class Catalogue:
    """The sentences of one language, the most particular first; what it lacks stays English."""

    sentences: tuple[tuple[re.Pattern[str], str], ...] = ()
    words: Mapping[str, str] | None = None
    total: str = ""
    warning: str = "warning"

    def line(self, problem: Problem) -> str:
        """A problem as editors and compilers write it."""
        grade = f"{self.warning}: " if problem.warning else ""
        place = f"{problem.file}:{problem.line}:{problem.column}"
        return f"{place}: {grade}{self.said(problem.what)}: {self.said(problem.mend)}"

    def summary(self, problems: list[Problem]) -> str:
        """How many errors and warnings there are."""
        warnings = sum(problem.warning for problem in problems)
        return self.total.format(errors=len(problems) - warnings, warnings=warnings) or summary(problems)

    def said(self, words: str) -> str:
        """A sentence in this language."""
        found = next(((shape.fullmatch(words), said) for shape, said in self.sentences if shape.fullmatch(words)), None)
        if not found or not found[0]:
            return words
        values = {name: self._value(name, value) for name, value in found[0].groupdict().items()}
        return _PLACE.sub(lambda place: values.get(place[1], place[0]), found[1])

    def _value(self, name: str, value: str) -> str:
        if name not in _SAID_TOO:
            return value
        words = self.words or {}
        return words.get(value) or words.get(_ARTICLE.sub("", value)) or self.said(value)


def languages() -> list[str]:
    """The languages in which problems are said."""
    return ["en", *sorted(path.stem for path in _FOLDER.glob("*.yaml"))]


@cache
def catalogue(language: str) -> Catalogue:
    """What is said in a language; English where there is no catalogue of it."""
    path = _FOLDER / f"{language}.yaml"
    if language not in languages()[1:]:
        return Catalogue()
    data = read(path, path.name).data
    shapes = sorted(data["sentences"].items(), key=lambda each: -len(_PLACE.sub("", each[0])))
    return Catalogue(
        tuple((_shape(english), said) for english, said in shapes), data["words"], data["total"], data["warning"]
    )


def _shape(sentence: str) -> re.Pattern[str]:
    """What fits a sentence with any values; a name at its beginning is one word."""
    parts = _PLACE.split(sentence)
    wild = [f"(?P<{part}>{_any(part)})" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(wild), re.DOTALL)


def _any(place: str) -> str:
    return r"\S+?" if place == "name" else ".+?"
