"""The house rules that no linter knows: who owns which library, what is pure, what things are called."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from bot.content.document import parse

HOUSE = Path(__file__).parent.parent
FILES = sorted(file for room in ("bot", "handlers", "tests") for file in (HOUSE / room).rglob("*.py"))
PURE = ("bot.core", "handlers")

# A library may be imported by its owner alone. A new dependency is a new line here, and a question in review.
OWNERS: dict[str, tuple[str, ...]] = {
    "aiohttp": ("bot.platforms.matrix", "bot.platforms.telegram", "bot.preview.server"),
    "aiohttp_socks": ("bot.platforms.matrix", "bot.platforms.telegram"),
    "alembic": ("bot.store",),
    "babel": ("bot.content.locale",),
    "cryptography": (
        "bot.platforms.matrix.identity",
        "bot.platforms.matrix.recovery",
        "bot.privacy",
        "bot.strongbox",
    ),
    "jinja2": ("bot.preview.server",),
    "logging": ("bot.log",),
    "nio": ("bot.platforms.matrix",),
    "orjson": ("bot.moderation", "bot.platforms.telegram", "bot.privacy", "bot.store"),
    "peewee": ("bot.platforms.matrix",),
    "playhouse": ("bot.platforms.matrix",),
    "pydantic": ("bot.content", "bot.core", "bot.settings", "handlers"),
    "pydantic_core": ("bot.core",),
    "pydantic_settings": ("bot.settings",),
    "rich": ("bot.terminal",),
    "sqlalchemy": ("bot.store",),
    "structlog": ("bot.log",),
    "telegram": ("bot.platforms.telegram",),
    "vodozemac": ("bot.platforms.matrix",),
    "watchfiles": ("bot.content.watch",),
    "xlrd": ("bot.imports.binary",),
    "yaml": ("bot.content.document",),
}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes(), str(file))


def module(file: Path) -> str:
    return ".".join(file.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def parents(name: str) -> Iterator[str]:
    """A module and every package that it is in."""
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def plain(distribution: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Every name imported, however deep in a function, with its line: `from a import b` is a.b."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def owned_imports() -> Iterator[tuple[Path, int, str]]:
    """Every import, in bot and handlers, of a library that has an owner or ought to have one."""
    free = sys.stdlib_module_names - OWNERS.keys() | {"bot", "handlers"}
    for file in FILES:
        if not inside(module(file), "tests"):
            libraries = ((line, name.partition(".")[0]) for line, name in imports(file))
            yield from ((file, line, library) for line, library in libraries if library not in free)


def test_every_module_says_what_it_owns() -> None:
    assert [module(file) for file in FILES if not ast.get_docstring(tree(file))] == []


def test_the_hook_for_other_repositories_is_the_check() -> None:
    (hook,) = parse((HOUSE / ".pre-commit-hooks.yaml").read_text(), "hooks").data
    assert (hook["id"], hook["entry"], hook["pass_filenames"]) == ("pratip-check", "pratip check", False)


def test_no_file_is_named_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}
    assert [module(file) for file in FILES if nothing & set(module(file).split("."))] == []


def test_each_library_is_imported_by_its_owner_alone() -> None:
    assert [
        f"{file.relative_to(HOUSE)}:{line}: the owner of {library} is {OWNERS.get(library, 'to be named')}"
        for file, line, library in owned_imports()
        if not inside(module(file), *OWNERS.get(library, ()))
    ] == []


def test_every_owner_imports_its_library() -> None:
    used = {(library, owner) for file, _, library in owned_imports() for owner in parents(module(file))}
    assert {(library, owner) for library, owners in OWNERS.items() for owner in owners} <= used


def test_what_is_imported_is_named_among_the_dependencies() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    named = {plain(re.split(r"[^\w.-]", each)[0]) for each in project["dependencies"]}
    providers = packages_distributions()
    assert [
        library
        for library in OWNERS.keys() - sys.stdlib_module_names - {"pydantic_core"}  # pydantic pins its own core
        if named.isdisjoint(map(plain, providers[library]))
    ] == []


def test_the_core_and_handlers_use_the_standard_library_and_pydantic_only() -> None:
    used = {library for file, _, library in owned_imports() if inside(module(file), *PURE)}
    assert used <= {"pydantic", "pydantic_core"}


def test_the_core_and_handlers_never_wait() -> None:
    waits = ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await
    pure = [file for file in FILES if inside(module(file), *PURE)]
    assert [module(file) for file in pure for node in ast.walk(tree(file)) if isinstance(node, waits)] == []


def test_nothing_is_mocked() -> None:
    mocks = {"mock", "pytest_mock"}
    assert [
        f"{file.relative_to(HOUSE)}:{line}"
        for file in FILES
        for line, name in imports(file)
        if inside(name, "unittest.mock", *mocks)
    ] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_pins_with_hashes_and_names_no_index(name: str) -> None:
    lock = re.sub(r"\s*#.*", "", (HOUSE / name).read_text()).replace("\\\n", "")
    lines = [line for line in lock.splitlines() if line]
    assert [line for line in lines if not re.match(r"[\w.-]+==[^ ]+ .*--hash=sha256:", line)] == []
    assert "//" not in lock


def test_both_locks_agree() -> None:
    runtime, dev = (
        set(re.findall(r"^[\w.-]+==\S+", (HOUSE / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime <= dev
