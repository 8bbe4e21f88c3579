"""Synthetic: a content folder of any size, its entries as long as shipped ones and their words evidently none."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from bot.content.repository import SHIPPED

_SHARED = ("pack.yaml", "themes.yaml", "topics.yaml", "states.yaml")
_LISTED = 100  # recommendations in one file, as in the shipped ones
_THEMES = ("access-to-justice", "arbitrary-detention", "association", "death-penalty", "political-opposition")
_STATES = ("France", "Norway", "Thailand", "Viet Nam", "Brazil", "Ghana", "Japan", "Canada")
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "su", "ti", "vo", "za", "pe")
_KHMER = ("កា", "ខេ", "គី", "ចូ", "ជា", "ដេ", "ណូ", "តី", "ថា", "នូ")


def write(folder: Path, entries: int, listed: int = _LISTED) -> Path:
    """A pack of so many entries in two languages: of a hundred 74 recommendations, 14 cases, 5 laws, 7 others.

    listed is how many recommendations one file holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SHARED:
        shutil.copy(SHIPPED / name, folder / name)
    words = _Words(random.Random(entries))
    for kind, (share, make) in _KINDS.items():
        (folder / kind).mkdir()
        many = entries * share // 100
        if kind == "recommendations":
            for first in range(0, many, listed):
                some = [make(words, number) for number in range(first, min(first + listed, many))]
                (folder / kind / f"part-{first // listed}.yaml").write_text("\n".join(some))
        else:
            for number in range(many):
                (folder / kind / f"{kind}-{number}.yaml").write_text(make(words, number))
    return folder


class _Words:
    """Words that nobody has ever said, in one order for one size."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.known = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(4_000)]

    def __call__(self, characters: int) -> str:
        """A sentence of about so many characters."""
        return " ".join(self.chance.choices(self.known, k=max(1, characters // 6))).capitalize()

    def khmer(self, syllables: int) -> str:
        """As many syllables that stand for nothing."""
        return "".join(self.chance.choices(_KHMER, k=syllables))

    def one(self, some: tuple[str, ...]) -> str:
        """One of a few."""
        return self.chance.choice(some)

    def day(self) -> str:
        """A day long ago."""
        return f"{self.chance.randint(2001, 2024)}-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}"


def _sources(words: _Words, many: int, indent: str = "") -> str:
    return f"{indent}sources:\n" + "".join(
        f"{indent}  - title: {words(60)}\n{indent}    publisher: {words(20)}\n"
        f'{indent}    date: "{words.day()}"\n{indent}    url: https://example.org/{"x" * 60}/{n}\n'
        for n in range(many)
    )


def _name(words: _Words, field: str, length: int) -> str:
    return f"{field}:\n  en: {words(length)}\n  km:\n    text: {words.khmer(length // 3)}\n    draft: true\n"


def _recommendation(words: _Words, number: int) -> str:
    return (
        f'- id: rec-{number}\n  cycle: {number % 4 + 1}\n  paragraph: "118.{number % 300}"\n  document: A/HRC/26/16\n'
        f"  states: [{words.one(_STATES)}]\n  gist: {words(90)}\n  response: {words.one(('noted', 'supported'))}\n"
        f"  response_note: {words(80)}\n  action_category: 5\n"
        f"  upr_info:\n    response: Noted\n    action_category: 5\n    issues: [{words(12)}, {words(12)}]\n"
        f"  themes: [{words.one(_THEMES)}]\n" + _sources(words, 2, "  ")
    )


def _prisoner(words: _Words, number: int) -> str:
    happened = "".join(f'  - date: "{words.day()}"\n    event: {words(110)}\n' for _ in range(6))
    return (
        _name(words, "name", 14) + f"role: {words(60)}\naffiliation: {words(40)}\ngender: male\ncategory: journalist\n"
        f'arrested: "{words.day()}"\ncharges:\n  - text: {words(50)}\n    law: laws-{number % 50}\n'
        "    article: 439, 443\n"
        f'custody: {words.one(("detained", "free", "unknown"))}\ncase: charged\nas_of: "2001-12-18"\n'
        f"detention: {words(60)}\nproceedings:\n{happened}government_position: {words(200)}\n"
        f"related: [prisoners-{number ^ 1}]\nthemes: [{words.one(_THEMES)}]\nnotes:\n  - {words(100)}\n"
        + _sources(words, 3)
    )


def _law(words: _Words, _: int) -> str:
    articles = "".join(f'  - article: "{n}"\n    gist: {words(130)}\n    concern: {words(80)}\n' for n in range(8))
    criticism = "".join(
        f'  - body: {words(30)}\n    date: "{words.day()}"\n    gist: {words(100)}\n'
        f"    url: https://example.org/{'y' * 60}\n"
        for _ in range(8)
    )
    return (
        _name(words, "title", 60)
        + _name(words, "short_title", 15)
        + f'kind: law\nadopted: "{words.day()}"\nstatus: in-force\nas_of: "2001-01"\nsummary: {words(300)}\n'
        f"articles:\n{articles}rights: [association, expression]\nstandards: [{words(12)}]\ncriticism:\n{criticism}"
        f"ask: {words(120)}\ngovernment_position: {words(250)}\nthemes: [{words.one(_THEMES)}]\n" + _sources(words, 8)
    )


def _event(words: _Words, number: int) -> str:
    return (
        _name(words, "title", 50)
        + f'date: "{words.day()}"\ntext: {words(300)}\nrelated: [prisoners-{number}]\n'
        + _sources(words, 2)
    )


def _claim(words: _Words, number: int) -> str:
    answers = "".join(
        f'  - who: {words(30)}\n    date: "{words.day()}"\n    gist: {words(100)}\n    url: https://example.org/{n}\n'
        for n in range(4)
    )
    return (
        _name(words, "title", 50)
        + _name(words, "claim", 80)
        + _name(words, "who", 30)
        + f'date: "{words.day()}"\nanswered_by:\n{answers}related: [laws-{number}]\n'
        + _sources(words, 4)
    )


_KINDS: dict[str, tuple[int, Callable[[_Words, int], str]]] = {
    "recommendations": (74, _recommendation),
    "prisoners": (14, _prisoner),
    "laws": (5, _law),
    "events": (4, _event),
    "claims": (3, _claim),
}
