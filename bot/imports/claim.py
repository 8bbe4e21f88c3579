"""Claim: what a row says in the pack's own terms: which review, paragraph and States, which answer, which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

from bot.content.wording import Wording
from bot.core.text import clean
from bot.imports.row import Cell, Row, key, letters, written

_PARAGRAPH = r"\d{1,3}(?:\.\d{1,3})?(?:\s?\([a-z]\))?"
_PARA = r"para(?:graph|s)?\.?"
_NUMBERED = re.compile(
    rf"recommendations?\s+no\.?\s*(?P<number>\d{{1,3}})\s*,?\s*(?:contained\s+in\s+)?{_PARA}\s*(?P<under>\d{{1,3}})"
    rf"\s*:\s*(?:(?P=number)\.\s*)?",
    re.IGNORECASE,
)
_LEADS = (
    re.compile(
        rf"recommendations?\s+contained\s+in\s+(?:{_PARA}\s*)?(?P<paragraph>{_PARAGRAPH})\s*[:.]\s*", re.IGNORECASE
    ),
    re.compile(rf"{_PARA}\s*(?P<paragraph>{_PARAGRAPH})\s*[:.]\s*", re.IGNORECASE),
    re.compile(r"(?P<paragraph>\d{1,3}\.\d{1,3}(?:\s?\([a-z]\))?)[.:]?\s+"),
    re.compile(r"(?P<paragraph>\d{1,3}(?:\s?\([a-z]\))?)\.\s+"),
)
_TAG = re.compile(r"</?(?:p|br|div|span|b|i|u|em|strong|sup|sub|a|ul|ol|li)\b[^<>]{0,200}>", re.IGNORECASE)
_INNER = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)\s*(?=[;(])")  # what goes on after it
_SYMBOL = re.compile(r"A/(?:HRC|\d+)[\w./-]*\d", re.IGNORECASE)
_ADDENDUM = re.compile(r"/(?:Add|Corr|Rev)\.\d+$", re.IGNORECASE)
_DAY_ZERO = date(1899, 12, 30)  # of spreadsheets
_UPR = {"upr", "universal periodic review"}
Resolve = Callable[[str], str]  # a name of a State: its id, or nothing


@dataclass(frozen=True, slots=True)
class Review:
    """A review of the pack's country."""

    cycle: int
    session: int
    symbols: frozenset[str]
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What one or more rows say."""

    rows: tuple[int, ...]
    review: Review
    document: str
    paragraph: str
    states: tuple[str, ...]  # ids
    text: str
    position: str = ""  # a key of Wording.positions
    answer: str = ""  # the position as it is written
    symbol: str = ""  # as written: of the report or its addendum
    id: str = ""
    published: str = ""
    action: int | None = None
    themes: tuple[str, ...] = ()  # ids
    labels: tuple[str, ...] = ()  # as written
    persons: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()

    @property
    def letters(self) -> str:
        """Its words, for comparing."""
        return letters(self.text)

    def joined(self, other: Claim) -> Claim:
        """The same recommendation, met twice: under another theme, perhaps."""
        both: dict[str, Any] = {
            name: tuple(dict.fromkeys((*getattr(self, name), *getattr(other, name)))) for name in _JOINED
        }
        return replace(self, position=self.position or other.position, answer=self.answer or other.answer, **both)


_JOINED = ("rows", "states", "themes", "labels", "persons", "goals")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A row that belongs to the pack and for which there is no place, and why."""

    row: int
    why: str


@dataclass(slots=True)
class Reading:
    """How rows are read: the pack's country, its reviews, its words for States and themes."""

    wording: Wording
    country: frozenset[str]  # its id, and keys of its names
    reviews: Sequence[Review]
    states: Mapping[str, str]  # key of a name: id
    themes: Mapping[str, str]
    cycle: int = 0  # the one meant where the file does not say
    one_country: bool = False  # a file about one review has no column for the country
    others: int = 0  # rows about others
    strange: dict[str, list[int]] = field(default_factory=dict)  # theme labels that nobody knows: rows

    def claim(self, row: Row) -> Claim | Unplaced | None:
        """What a row says; None where it is about somebody else, or made by another body."""
        symbol = _symbol(row.words("symbol"))
        if not self._ours(row, symbol):
            self.others += 1
            return None
        position = self._position(row.words("position"))
        if "pledge" in (position, self._position(row.words("type"))):
            return Unplaced(row.number, "a pledge of the State's own, and no recommendation")
        words = plain(row.whole("text"))
        if not words:
            return Unplaced(row.number, "it has no text")
        review = self._review(row, symbol)
        if review is None:
            return Unplaced(row.number, self._unknown_review(row, symbol))
        return self._read(row, words, symbol, review, position)

    def _read(self, row: Row, words: str, symbol: str, review: Review, position: str) -> Claim | Unplaced:
        paragraph, text = paragraphed(words)
        document = _ADDENDUM.sub("", symbol)
        named = row.list("states")
        states = [(name, self._state(name)) for part in named for name in _parts(part, self._state)]
        unknown = [name for name, state in states if not state]
        if unknown:
            return Unplaced(
                row.number, f"there is no State {', '.join(unknown)}: add the name under states in imports.yaml"
            )
        text, bracketed = signed(text, self._state)
        answer = row.words("position")
        if answer and not position:
            return Unplaced(row.number, f"nobody knows the position {answer}: add it under positions in imports.yaml")
        labels = tuple(row.list("themes"))
        return Claim(
            rows=(row.number,),
            review=review,
            document=document,
            paragraph=self._printed(document, paragraph),
            states=tuple(dict.fromkeys([state for _, state in states] or bracketed)),
            text=text,
            position=position,
            answer=answer,
            symbol=symbol,
            id=row.words("id"),
            published=self._date(row.cells.get("published")),
            action=_number(row.words("action")),
            themes=tuple(dict.fromkeys(self._themed(labels, row.number))),
            labels=labels,
            persons=tuple(row.list("persons")),
            goals=tuple(row.list("goals")),
        )

    def _ours(self, row: Row, symbol: str) -> bool:
        """Whether a row is about the country, by the periodic review."""
        if self.one_country:
            return True
        body = key(row.words("body"))
        if body and body not in _UPR:
            return False
        named = row.list("countries")
        if not named:
            return any(_ADDENDUM.sub("", symbol) in review.symbols for review in self.reviews)
        return any(key(name) in self.country or self._state(name) in self.country for name in named)

    def _review(self, row: Row, symbol: str) -> Review | None:
        base = _ADDENDUM.sub("", symbol)
        by_symbol = [review for review in self.reviews if base and base in review.symbols]
        session = _number(row.words("session"))
        by_session = [review for review in self.reviews if session and review.session == session]
        asked = [review for review in self.reviews if review.cycle == self.cycle]
        found = by_symbol or by_session or ([] if session else asked)
        several = len(row.list("countries")) > 1 and not by_symbol
        return None if several or not found else found[0]

    def _unknown_review(self, row: Row, symbol: str) -> str:
        if len(row.list("countries")) > 1:
            several = ", ".join(row.list("countries"))
            return f"it names several countries ({several}), and its document is none of a review here"
        session = row.words("session")
        said = ", ".join(part for part in (symbol, f"session {session}" if session else "") if part)
        if not said:
            return "it names neither document nor session: say which review it is with --cycle"
        return f"no review here has {said}: add the document to its file in reviews/, or say --cycle"

    def _printed(self, document: str, paragraph: str) -> str:
        for misprint in self.wording.misprints:
            if (misprint.document, misprint.printed) == (document, paragraph):
                return misprint.means
        return paragraph

    def _position(self, words: str) -> str:
        same = letters(words)
        known = self.wording.positions.items()
        return next((name for name, forms in known if same and same in map(letters, forms)), "")

    def _state(self, name: str) -> str:
        code = self.wording.codes.get(name.strip()) if len(name.strip()) == 2 else None
        return code.target if code else self.states.get(key(name), "")

    def _themed(self, labels: Iterable[str], row: int) -> Iterator[str]:
        for label in labels:
            found = [theme for theme, forms in self.wording.themes.items() if key(label) in map(key, forms)]
            if known := self.themes.get(key(label)):
                found.append(known)
            if not found:
                self.strange.setdefault(label, []).append(row)
            yield from found

    def _date(self, cell: Cell) -> str:
        """A day as the pack writes it, from a spreadsheet's number or in words."""
        if isinstance(cell, datetime):
            return cell.date().isoformat()
        if isinstance(cell, date):
            return cell.isoformat()
        words = written(cell).strip().removeprefix("- ")
        if re.fullmatch(r"[1-9]\d{4}(?:\.\d+)?", words):
            return (_DAY_ZERO + timedelta(int(float(words)))).isoformat()
        for form in self.wording.dates:
            try:
                return datetime.strptime(words, form).date().isoformat()  # noqa: DTZ007 (a day has no zone)
            except ValueError:
                continue
        return ""


def plain(words: str) -> str:
    """Words without markup of any kind, in one line."""
    return " ".join(clean(_TAG.sub(" ", unescape(words))).split())


def paragraphed(words: str) -> tuple[str, str]:
    """The paragraph's number at the head of a text, "" where there is none, and the rest."""
    if found := _NUMBERED.match(words):
        return f"{found['under']}.{found['number']}", words[found.end() :]
    for lead in _LEADS:
        if found := lead.match(words):
            return re.sub(r"\s", "", found["paragraph"]), words[found.end() :]
    return "", words


def signed(text: str, state: Resolve) -> tuple[str, list[str]]:
    """A text without the brackets at its end that name States, and all States that it names so."""
    text = text.rstrip(" ;")
    found: list[str] = []
    while bracket := _last_bracket(text):
        known = [state(name) for name in _parts(text[bracket[0] + 1 : bracket[1]], state)]
        if not known or not all(known):
            break
        found, text = known + found, text[: bracket[0]].rstrip(" ;")
    inner = (_parts(each[1], state) for each in _INNER.finditer(text))
    within = [list(map(state, names)) for names in inner]
    return text, [*(name for names in within if all(names) for name in names), *found]


def _last_bracket(text: str) -> tuple[int, int] | None:
    """Where the bracket opens and closes with which a text ends."""
    end = text.rstrip(" ;.")
    depth = 0
    for place in range(len(end) - 1, -1, -1) if end.endswith(")") else ():
        depth += (end[place] == ")") - (end[place] == "(")
        if depth == 0:
            return place, len(end) - 1
    return None


def _parts(words: str, state: Resolve) -> list[str]:
    """The names in a list of States: parted by semicolons; by commas and `and` where the whole is no State."""
    found: list[str] = []
    for part in (part.strip() for part in words.split(";")):
        several = [each.strip() for each in re.split(r",| and ", part) if each.strip()]
        found += [part] if state(part) or not all(map(state, several)) else several
    return [part for part in found if part]


def _symbol(words: str) -> str:
    found = _SYMBOL.search(words)
    return re.sub(r"/ADD\.", "/Add.", found[0].upper()) if found else ""


def _number(words: str) -> int | None:
    found = re.search(r"\d{1,3}", words)
    return int(found[0]) if found else None
