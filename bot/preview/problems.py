"""Problems: everything that is to be mended, with its file, line and column; broken links apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.content import Problem
from bot.preview.view import View

# How the check says that what is named is not there, or is not what it should be.
_BROKEN_LINK = re.compile(r"there is no [a-z]+ \S+$|\S+ is an? .+, not an? |\S+ is this \S+ itself$")


def problems(found: Sequence[Problem], view: View | None) -> Mapping[str, Any]:
    """What the page shows; without a view there never was a whole pack, and no entry to lead to."""
    broken = [each for each in found if _BROKEN_LINK.match(each.what)]
    others = [each for each in found if each not in broken]
    errors = [each for each in others if not each.warning]
    warnings = [each for each in others if each.warning]
    return {
        "sections": [
            (name, [(file, list(each)) for file, each in groupby(some, lambda problem: problem.file)])
            for name, some in (("broken", broken), ("errors", errors), ("warnings", warnings))
        ],
        "href": lambda problem: _href(problem, view) if view else "",
    }


def _href(problem: Problem, view: View) -> str:
    """The entry that a problem is about, where it can be shown."""
    entry = view.places.about(problem)
    return view.address.asking(f"show {entry}") if entry in view.content.entries else ""
