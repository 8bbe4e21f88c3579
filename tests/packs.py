"""Packs: a tiny valid content folder around the few files that a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from textwrap import dedent

import handlers
from bot.content import load
from bot.core.content import Snapshot

_PACK = """
title: A tiny pack
languages: [{languages}]
default_language: en
reference_language: en
time_zone: Asia/Phnom_Penh
"""
SOURCES = "sources: [{title: A report, publisher: A publisher, date: '2024-05', url: 'https://example.org/report'}]"


def write(folder: Path, files: Mapping[str, str], *languages: str) -> Path:
    """The files in a folder, with the least that a pack needs beside them."""
    least = {"pack.yaml": _PACK.format(languages=", ".join(languages or ("en",)))}
    for name, text in {**least, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    return folder


def pack(folder: Path, files: Mapping[str, str], *languages: str, today: date = date(2026, 11, 23)) -> Snapshot:
    """The snapshot of such a pack, in English or the languages named. Raises ContentBroken."""
    return load(write(folder, files, *languages), handlers.kinds, today)[0]


def person(name: str = "Sok Vanna", **fields: str) -> str:
    """A prisoner's file: the least it needs, and more fields or other values as YAML."""
    least = {
        "name": name,
        "role": "A reporter",
        "category": "journalist",
        "custody": "detained",
        "case": "charged",
        "as_of": "2026-10",
    }
    return entry(**{**least, **fields})


def entry(**fields: str) -> str:
    """A file of fields, each a line of YAML, and a source."""
    lines = [f"{field}: {value}" for field, value in fields.items()]
    return "\n".join(lines if "sources" in fields else [*lines, SOURCES]) + "\n"
