"""Report: the same problems for people, for programs and for GitHub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.content import Problem
from bot.content.report import report
from bot.content.translation import catalogue

SOME = [
    Problem("laws/a, b.yaml", 3, 5, "title is missing", "add title"),
    Problem("pack.yaml", 1, 1, "100 %:\nsure", "y", warning=True),
]


def test_people_read_a_line_each() -> None:
    assert report(SOME, "text", catalogue("en"), Path("x")).splitlines()[0] == (
        "laws/a, b.yaml:3:5: title is missing: add title"
    )


def test_programs_read_a_list_of_objects_that_are_all_alike() -> None:
    assert json.loads(report(SOME, "json", catalogue("km"), Path("x"))) == [
        {
            "file": "laws/a, b.yaml",
            "line": 3,
            "column": 5,
            "severity": "error",
            "what": "ខ្វះ title",
            "mend": "សូមបន្ថែម title",
        },
        {"file": "pack.yaml", "line": 1, "column": 1, "severity": "warning", "what": "100 %:\nsure", "mend": "y"},
    ]
    assert json.loads(report([], "json", catalogue("en"), Path("x"))) == []


@pytest.mark.parametrize(("folder", "where"), [("content", "content/"), (".", "")])
def test_github_reads_commands_with_files_named_from_where_we_are(folder: str, where: str) -> None:
    assert report(SOME, "github", catalogue("en"), Path(folder).absolute()).splitlines() == [
        f"::error file={where}laws/a%2C b.yaml,line=3,col=5::title is missing: add title",
        f"::warning file={where}pack.yaml,line=1,col=1::100 %25:%0Asure: y",
    ]
