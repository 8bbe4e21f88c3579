"""Shelf: the recommendations that the pack has, and which of them a claim is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bot.content.document import Place
from bot.core.entry import State
from bot.imports.claim import Claim, Unplaced
from bot.imports.row import key, letters

ALIKE = 0.92  # of two texts' letters; what a scan spoils is less
_APART = 0.05  # by which the best must be better than the next


@dataclass(frozen=True, slots=True)
class Known:
    """A recommendation of the pack, as it is written there."""

    file: str
    place: Place
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.data.get("id", self.file.rpartition("/")[2].removesuffix(".yaml")))

    @property
    def cycle(self) -> int:
        """Its review."""
        return int(self.data["cycle"])

    @property
    def paragraph(self) -> str:
        """Its paragraph, if it is known."""
        return "".join(str(self.data.get("paragraph") or "").split())

    @property
    def states(self) -> frozenset[str]:
        """The ids of its States."""
        return frozenset(State(name).target for name in self.data["states"])

    @property
    def text(self) -> str:
        """The letters of its official text."""
        held = self.data.get("official_text") or ""
        words = next(iter(held.values())) if isinstance(held, dict) else held
        return letters(str(words.get("text", "") if isinstance(words, dict) else words).replace("\\", ""))


Match = Sequence[Known] | Unplaced  # no entry at all: it is new


class Shelf:
    """What there is, by the ways to find it. apart: ids that are none of an export's."""

    def __init__(self, known: Iterable[Known], apart: Iterable[str]) -> None:
        self.known = list(known)
        self.apart = frozenset(apart)
        self.paragraphs: dict[tuple[int, str], list[Known]] = defaultdict(list)
        self.reviews: dict[int, list[Known]] = defaultdict(list)
        self.annotations: dict[str, list[Known]] = defaultdict(list)
        for each in self.known:
            self.paragraphs[each.cycle, each.paragraph].append(each)
            self.reviews[each.cycle].append(each)
            if number := (each.data.get("uhri") or {}).get("id"):
                self.annotations[str(number)].append(each)

    def match(self, claim: Claim) -> Match:
        """The entries that a claim with a paragraph is about."""
        same = self.paragraphs[claim.review.cycle, claim.paragraph]
        same = [each for each in same if _one_document(str(each.data.get("document") or ""), claim)]
        if same:
            return _by_states(same, claim)
        if claim.id and self.annotations[claim.id]:
            return self.annotations[claim.id]
        if not claim.states:
            return Unplaced(claim.rows[0], f"it names no State, and the pack has no paragraph {claim.paragraph}")
        open_ = [
            each
            for each in self.paragraphs[claim.review.cycle, ""]
            if each.states & set(claim.states) and each.id not in self.apart
        ]
        if alike := _alike(claim, open_):
            return [alike]
        if open_ := [each for each in open_ if not each.text]:
            mend = (
                "write the paragraph into the one that it is, or name those that it is not under apart in imports.yaml"
            )
            return Unplaced(claim.rows[0], f"it may be {' or '.join(each.id for each in open_)}: {mend}")
        return ()

    def match_all(self, claims: Sequence[Claim]) -> dict[int, Match]:
        """The entries that claims without a paragraph are about, by their place in the sequence."""
        found: dict[int, Match] = {}
        groups: dict[tuple[int, str], list[int]] = defaultdict(list)
        for place, claim in enumerate(claims):
            for state in claim.states:
                groups[claim.review.cycle, state].append(place)
        for (cycle, state), places in groups.items():
            here = [each for each in self.reviews[cycle] if state in each.states and each.id not in self.apart]
            self._match_group(claims, places, here, found)
        return {place: found.get(place) or _lost(claim) for place, claim in enumerate(claims)}

    def _match_group(
        self, claims: Sequence[Claim], places: Sequence[int], here: Sequence[Known], found: dict[int, Match]
    ) -> None:
        """One State's claims of one review: by their words, else by how they are coded and by their order."""
        left, free = list(places), list(here)
        for place in places:
            if alike := _alike(claims[place], free):
                found[place] = [alike]
                left.remove(place)
                free.remove(alike)
        classes: dict[tuple[Any, ...], tuple[list[int], list[Known]]] = defaultdict(lambda: ([], []))
        for place in left:
            classes[_coded(claims[place])][0].append(place)
        for each in free:
            if not each.text:
                classes[_coding(each)][1].append(each)
        for rows, entries in classes.values():
            complete = all(claims[place].review.complete for place in rows)
            if len(rows) == len(entries) and complete:  # in the order of the report, as was found of two reviews
                found.update({place: [each] for place, each in zip(rows, entries, strict=True)})


def _one_document(held: str, claim: Claim) -> bool:
    return not held or not claim.document or held == claim.document


def _by_states(same: Sequence[Known], claim: Claim) -> Match:
    """Of the entries of one paragraph those of the States that are named."""
    fitting = [each for each in same if each.states & set(claim.states)]
    if fitting:
        return fitting
    if claim.states:
        theirs = ", ".join(sorted({state for each in same for state in each.states}))
        return Unplaced(claim.rows[0], f"{claim.paragraph} is of {theirs} here, and of {', '.join(claim.states)} there")
    return (
        same if len(same) == 1 else Unplaced(claim.rows[0], f"it names no State, and {claim.paragraph} is of several")
    )


def _alike(claim: Claim, choices: Iterable[Known]) -> Known | None:
    """The one whose official text is that of a claim, but for what scans and misprints do."""
    words = claim.letters
    known = [each for each in choices if each.text]
    same = [each for each in known if each.text == words]
    if same:
        return same[0]
    ratios = sorted(((likeness(words, each.text), place) for place, each in enumerate(known)), reverse=True)[:2]
    if not ratios or ratios[0][0] < ALIKE or (ratios[1:] and ratios[0][0] - ratios[1][0] < _APART):
        return None
    return known[ratios[0][1]]


def likeness(one: str, two: str) -> float:
    """How much of two texts' letters is the same, 0 to 1; 0 where it is not much."""
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() > ALIKE and matcher.quick_ratio() > ALIKE else 0.0


def _coded(claim: Claim) -> tuple[Any, ...]:
    return key(claim.answer), claim.action, frozenset(map(key, claim.labels))


def _coding(known: Known) -> tuple[Any, ...]:
    held = known.data.get("upr_info") or {}
    return (
        key(str(held.get("response", ""))),
        held.get("action_category"),
        frozenset(map(key, held.get("issues") or ())),
    )


def _lost(claim: Claim) -> Unplaced:
    if not claim.states:
        return Unplaced(claim.rows[0], "it names neither paragraph nor State")
    mend = "import it from UHRI or from OHCHR's matrix first, which have paragraphs"
    return Unplaced(
        claim.rows[0],
        f"it has no paragraph, and no recommendation of {', '.join(claim.states)} here is it for certain: {mend}",
    )
