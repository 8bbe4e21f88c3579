"""Mutation: a content file with one mistake in it, and where it is to be reported, where that is certain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bot.content.document import Document, Place, parse
from bot.content.problem import Problem

TRAPS = (*"""no 2019-02-30 1e3 ~ [ { *a &a %x @x | ' " true [[[[""".split(), "? x", "- x", "!!x y")
SIGNS = "'\"[]{}:#&*!|>%@`,?-\\\0"
BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True)
class Mutation:
    """What was done, the file as it is now, and the lines (from 1) of which one must be named; none: any."""

    what: str
    raw: bytes
    lines: frozenset[int] = frozenset()
    column: int = 0  # in the first of them, where it is certain


@dataclass(frozen=True)
class Source:
    """A sound file."""

    name: str
    text: str
    document: Document

    @property
    def lines(self) -> list[str]:
        """Its lines with their ends."""
        return self.text.splitlines(keepends=True)


def source(name: str, raw: bytes) -> Source:
    """A sound file as it is mutated."""
    text = raw.decode()
    return Source(name, text, parse(text, name))


def mutated(sound: Source, chance: Random) -> Mutation:
    """One mistake of any kind."""
    return chance.choice(_ALL)(sound, chance)


def strays(problem: Problem, raw: bytes) -> bool:
    """Whether a problem names a place outside of its file."""
    lines = BREAKS.split(raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
    if not 1 <= problem.line <= len(lines) + 1:
        return True
    line = lines[problem.line - 1] if problem.line <= len(lines) else ""
    return not 1 <= problem.column <= len(line) + 2


def _edited(sound: Source, number: int, line: str) -> bytes:
    lines = sound.lines
    lines[number] = line
    return "".join(lines).encode()


# -- of which the place is certain


def _key(sound: Source, chance: Random) -> tuple[Place, int, int]:
    """A field of an entry, a term or the pack, and where its key stands, from 0."""
    depth = 2 if isinstance(sound.document.data, list) else 1
    data = sound.document.data
    held = [(index, each) for index, each in enumerate(data)] if depth == 2 else [(None, data)]
    places = [(name,) if index is None else (index, name) for index, each in held for name in each]
    fields = [(place, where) for place in places if (where := sound.document.at(place))]
    place, (line, column) = chance.choice(fields)
    return place, line - 1, column - 1


def _misspelt(sound: Source, chance: Random) -> Mutation:
    _, line, column = _key(sound, chance)
    words = sound.lines[line]
    raw = _edited(sound, line, f"{words[:column]}zq{words[column:]}")
    return Mutation("a key misspelt", raw, frozenset({line + 1}), column + 1)


def _twice(sound: Source, chance: Random) -> Mutation:
    place, line, column = _key(sound, chance)
    words = sound.lines[line]
    again = f"{words[:column]}{place[-1]}: again\n{' ' * column}{words[column:]}"
    return Mutation("a key twice", _edited(sound, line, again), frozenset({line + 2}), column + 1)


def _tab(sound: Source, chance: Random) -> Mutation:
    _, line, column = _key(sound, chance)
    words = sound.lines[line]
    raw = _edited(sound, line, "\t" + words if column == 0 else f"{words[:column]}\t{words[column:]}")
    certain = frozenset({line, line + 1, line + 2}) if column == 0 and line else frozenset()
    return Mutation("a tab", raw, certain)


def _impossible(sound: Source, chance: Random) -> Mutation:
    dated = re.compile(r"^(\s*(?:- )?(?:date|as_of|arrested|adopted|expires): )[\"']?\d{4}[\d-]*[\"']?\s*$")
    found = [number for number, line in enumerate(sound.lines) if dated.match(line)]
    if not found:
        return _misspelt(sound, chance)
    number = chance.choice(found)
    raw = _edited(sound, number, dated.sub(r"\g<1>2019-02-30", sound.lines[number].rstrip("\n")) + "\n")
    return Mutation("a day that is none", raw, frozenset({number + 1}))


def _colon(sound: Source, chance: Random) -> Mutation:
    plain = re.compile(r"^(\s*(?:- )?[a-z_]+: )[A-Za-z][^:#]*\n$")
    found = [number for number, line in enumerate(sound.lines) if plain.match(line)]
    if not found:
        return _misspelt(sound, chance)
    number = chance.choice(found)
    raw = _edited(sound, number, plain.sub(r"\g<1>Words: and more\n", sound.lines[number]))
    return Mutation("a colon in words", raw, frozenset({number + 1}))


def _not_utf8(sound: Source, chance: Random) -> Mutation:
    raw, number = sound.text.encode(), chance.randrange(len(sound.lines))
    at = len("".join(sound.lines[:number]).encode())
    return Mutation("a byte that is no UTF-8", raw[:at] + b"\xff" + raw[at:], frozenset({number + 1}), 1)


# -- of which nobody can say what it means


def _flipped(sound: Source, chance: Random) -> Mutation:
    raw = bytearray(sound.text.encode())
    for _ in range(chance.randint(1, 4)):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return Mutation("bits flipped", bytes(raw))


def _lost(sound: Source, chance: Random) -> Mutation:
    raw, at = sound.text.encode(), chance.randrange(len(sound.text))
    return Mutation("characters lost", raw[:at] + raw[at + chance.randint(1, 60) :])


def _moved(sound: Source, chance: Random) -> Mutation:
    lines = sound.lines
    number = chance.randrange(len(lines))
    changed = chance.choice(("", lines[number] * 2, "  " + lines[number], lines[number].lstrip(" ")))
    return Mutation("a line dropped, doubled or indented", _edited(sound, number, changed))


def _trapped(sound: Source, chance: Random) -> Mutation:
    number = chance.randrange(len(sound.lines))
    key = sound.lines[number].partition(":")[0].rstrip("\n")
    return Mutation("a value that is a trap", _edited(sound, number, f"{key}: {chance.choice(TRAPS)}\n"))


def _huge(sound: Source, chance: Random) -> Mutation:
    number = chance.randrange(len(sound.lines))
    key = sound.lines[number].partition(":")[0].rstrip("\n")
    value = chance.choice(("x" * 5_000, "9" * 5_000, "[" * 5_000, "{a: " * 5_000, "x " * 50_000))
    return Mutation("a huge value", _edited(sound, number, f"{key}: {value}\n"))


def _sign(sound: Source, chance: Random) -> Mutation:
    at = chance.randrange(len(sound.text))
    return Mutation("a stray sign", (sound.text[:at] + chance.choice(SIGNS) + sound.text[at:]).encode())


_ALL: tuple[Callable[[Source, Random], Mutation], ...] = (
    *(_misspelt, _twice, _tab, _impossible, _colon, _not_utf8),
    *(_flipped, _lost, _moved, _trapped, _huge, _sign),
)
