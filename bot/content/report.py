"""Report: problems as a person, another program or GitHub reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.content.problem import Problem
from bot.content.translation import Catalogue

FORMS = ("text", "json", "github")
_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_OF_VALUES = {**_ESCAPES, ":": "%3A", ",": "%2C"}


def report(problems: Sequence[Problem], form: str, catalogue: Catalogue, folder: Path) -> str:
    """All of them in one of FORMS; files are named from the content folder, for GitHub from where we are."""
    if form == "json":
        return json.dumps([_object(problem, catalogue) for problem in problems], ensure_ascii=False, indent=2) + "\n"
    if form == "github":
        return "".join(_command(problem, catalogue, os.path.relpath(folder)) for problem in problems)
    return "".join(f"{catalogue.line(problem)}\n" for problem in problems)


def _object(problem: Problem, catalogue: Catalogue) -> dict[str, str | int]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": _severity(problem),
        "what": catalogue.said(problem.what),
        "mend": catalogue.said(problem.mend),
    }


def _command(problem: Problem, catalogue: Catalogue, where: str) -> str:
    """A workflow command, which GitHub shows beside the line of a change."""
    file = os.path.normpath(os.path.join(where, problem.file))  # noqa: PTH118 (a Path cannot be normalised)
    place = f"file={_escaped(file, _OF_VALUES)},line={problem.line},col={problem.column}"
    words = f"{catalogue.said(problem.what)}: {catalogue.said(problem.mend)}"
    return f"::{_severity(problem)} {place}::{_escaped(words, _ESCAPES)}\n"


def _severity(problem: Problem) -> str:
    return "warning" if problem.warning else "error"


def _escaped(words: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(letter, letter) for letter in words)
