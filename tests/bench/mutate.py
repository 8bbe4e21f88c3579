"""Mutate: mistakes in copies of the shipped pack, each accepted or refused at its place, and never a traceback."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import handlers
from bot.content import ContentBroken, Problem, load
from bot.content.document import parse
from bot.content.repository import SHIPPED
from bot.core.entry import Entry, Reference, inside
from tests.bench.figure import Figure
from tests.mutation import Mutation, Source, mutated, source, strays

MUTATIONS = int(os.environ.get("MUTATIONS", "10000"))
WORKERS = os.cpu_count() or 1
TODAY = date(2026, 11, 24)
_SHOWN = 20


async def measure(folder: Path) -> list[Figure]:
    """Several processes, each with copies of its own; what went wrong is printed."""
    begun = time.monotonic()
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(WORKERS) as pool:
        share = [len(range(worker, MUTATIONS, WORKERS)) for worker in range(WORKERS)]
        work = [loop.run_in_executor(pool, _some, folder / str(n), n, share[n]) for n in range(WORKERS)]
        found = sum(await asyncio.gather(*work), Counter())
    for mishap in [each for each in found if each not in ("accepted", "refused")][:_SHOWN]:
        print(mishap, file=sys.stderr)  # noqa: T201 (a bench speaks)
    accepted, refused = found.pop("accepted", 0), found.pop("refused", 0)
    seconds = time.monotonic() - begun
    return [
        Figure("mutate", "mutated packs", accepted + refused + found.total()),
        Figure("mutate", "of them refused", refused),
        Figure("mutate", "tracebacks and wrong places", found.total(), most=0),
        Figure("mutate", "seconds for all", seconds, "s"),
    ]


def _some(folder: Path, seed: int, number: int) -> Counter[str]:
    """How many mutations were accepted and refused; a line about each that went wrong."""
    chance, needed = Random(seed), _needed()
    sources = [source(name, (SHIPPED / name).read_bytes()) for name in needed]
    found: Counter[str] = Counter()
    for sound in chance.choices(sources, k=number):
        part = _part(folder / sound.name.replace("/", "-"), needed[sound.name])
        found[_outcome(part, sound, mutated(sound, chance))] += 1
    return found


def _needed() -> dict[str, set[str]]:
    """The files that each shipped file needs beside it: the lists, what its entries name, and what those name."""
    view = load(SHIPPED, handlers.kinds, TODAY)[0].view()
    paths = {path.relative_to(SHIPPED).as_posix(): path for path in SHIPPED.rglob("*.yaml")}
    lists = {name for name in paths if "/" not in name and name != "imports.yaml"}
    ids = {name: _ids(parse(path.read_text("utf-8"), name).data, path.stem) for name, path in paths.items()}
    homes = {each: name for name, some in ids.items() if "/" in name for each in some if each in view.entries}
    near = {
        name: {homes[named] for own in some & homes.keys() for named in _named(view.entries[own]) & homes.keys()}
        for name, some in ids.items()
    }
    needed = {}
    for name in sorted(paths):
        whole, open_ = {name}, [name]
        while open_:
            more = near[open_.pop()] - whole
            whole, open_ = whole | more, [*open_, *more]
        needed[name] = set(paths) if name == "imports.yaml" else lists | whole
    return needed


def _named(entry: Entry) -> set[str]:
    return {str(name) for _, name in inside(entry, Reference)}


def _ids(data: Any, stem: str) -> set[str]:
    return {str(each.get("id")) for each in data} if isinstance(data, list) else {stem}


def _part(folder: Path, names: set[str]) -> Path:
    """A folder with these shipped files; sound ones, as after each mutation."""
    if not folder.exists():
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SHIPPED / name, folder / name)
        load(folder, handlers.kinds, TODAY)
    return folder


def _outcome(folder: Path, sound: Source, mutation: Mutation) -> str:
    path = folder / sound.name
    path.write_bytes(mutation.raw)
    try:
        load(folder, handlers.kinds, TODAY)
    except ContentBroken as broken:
        errors = [problem for problem in broken.problems if not problem.warning]
        wrong = misplaced(folder, errors, sound, mutation)
        return f"{sound.name}: {mutation.what}: {wrong}" if wrong else "refused"
    except Exception as crash:  # noqa: BLE001 (this is what is looked for)
        return f"{sound.name}: {mutation.what}: {type(crash).__name__}: {crash!s:.200}"
    else:
        return f"{sound.name}: {mutation.what}: accepted, line {mutation.lines}" if mutation.lines else "accepted"
    finally:
        path.write_text(sound.text, "utf-8")


def misplaced(folder: Path, errors: list[Problem], sound: Source, mutation: Mutation) -> str:
    """What is wrong with the places of problems: outside of a file, or not where the mistake is."""
    if not errors:
        return "refused without an error"
    for problem in errors:
        path = folder / problem.file
        if path.is_file() and strays(problem, path.read_bytes()):
            return f"outside of the file: {problem}"
        if not path.is_file() and problem.what != "there is no such file":
            return f"no such file: {problem}"
    here = [problem for problem in errors if problem.file == sound.name]
    if mutation.lines and not any(problem.line in mutation.lines for problem in here):
        return f"expected in line {sorted(mutation.lines)}: {errors[0]}"
    if mutation.column and not any(problem.column == mutation.column for problem in here):
        return f"expected in column {mutation.column}: {errors[0]}"
    return ""
