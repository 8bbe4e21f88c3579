"""Merge: what a claim adds to an entry, what a new entry says, and where the pack says something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.content.wording import Wording
from bot.core.entry import State
from bot.core.text import literal
from bot.imports.claim import Claim
from bot.imports.row import key
from bot.imports.shelf import ALIKE, Known, likeness

ORDER = (
    "id cycle paragraph document states gist official_text response response_note response_source implementation"
    " action_category upr_info uhri ohchr laws themes notes unverified sources"
).split()
_NAMES = {"uhri": "UHRI", "upr-info": "UPR Info", "ohchr": "OHCHR’s matrix"}
_PREFIX = re.compile(r"(?P<country>[a-z]+)-c\d")


@dataclass(frozen=True, slots=True)
class Merge:
    """How claims of one publisher are written."""

    publisher: str
    wording: Wording
    names: Mapping[str, str]  # of States by id
    prefix: str  # of new ids

    def additions(self, known: Known, claim: Claim) -> dict[str, Any]:
        """The fields that an entry lacks; what it has stays as it is."""
        said = self._said(claim)
        new = {name: value for name, value in said.items() if not _held(known.data, name)}
        if known.data.get("response") or known.data.get("response_note"):
            for name in ("response", "response_note", "response_source"):
                new.pop(name, None)
        return new

    def source(self, known: Known, claim: Claim, fields: Collection[str]) -> dict[str, Any] | None:
        """The source to be added with what was added, where the entry does not have it yet."""
        if not fields:
            return None
        source = self._source(claim)
        held = known.data.get("sources") or ()
        there = any(each.get("title") == source["title"] or each.get("url") == source.get("url") for each in held)
        return None if there else source

    def differences(self, known: Known, claim: Claim) -> Iterator[str]:
        """Where a row says something else than the pack."""
        response = known.data.get("response")
        if response and claim.position in ("supported", "noted", "partly") and claim.position != response:
            yield f"{known.id} says {response}, {_row(claim)} {claim.answer}"
        if known.text and known.text != claim.letters and likeness(known.text, claim.letters) < ALIKE:
            yield f"{known.id} has another official text than {_row(claim)}"
        missing = [state for state in claim.states if state not in known.states]
        if missing and len(claim.states) == len(missing) + len(known.states):
            yield f"{_row(claim)} names {self._listed(missing)} too, beside {known.id}"
        held = known.data.get(_coding(self.publisher))
        if held and held != self._coded(claim):
            yield f"{known.id} is coded otherwise than in {_row(claim)}"

    def entry(self, claim: Claim, taken: Collection[str]) -> dict[str, Any]:
        """A new entry: in official words only, as nobody has said it in their own yet."""
        fields = {
            "id": self._id(claim, taken),
            "cycle": claim.review.cycle,
            "states": [self._name(state) for state in claim.states],
            **self._said(claim),
            "sources": [self._source(claim)],
        }
        return {name: fields[name] for name in ORDER if name in fields}

    def _said(self, claim: Claim) -> dict[str, Any]:
        """What a claim says, by the entry's fields."""
        said: dict[str, Any] = {
            "paragraph": claim.paragraph,
            "document": claim.document,
            "official_text": literal(claim.text),
            "action_category": claim.action,
            _coding(self.publisher): self._coded(claim),
            "themes": list(claim.themes),
        }
        if claim.position in ("supported", "noted"):
            said |= {"response": claim.position, "response_source": self._source(claim)}
        elif claim.position == "partly":
            said["response_note"] = f"{_NAMES[self.publisher]} gives the answer as {literal(claim.answer)}."
        return {name: value for name, value in said.items() if value}

    def _coded(self, claim: Claim) -> dict[str, Any]:
        """How the publisher files it, in its own words."""
        if self.publisher == "upr-info":
            coded = {"response": claim.answer, "action_category": claim.action, "issues": list(claim.labels)}
            return coded if claim.answer and claim.action else {}
        coded = {
            "id": claim.id,
            "position": claim.answer,
            "symbol": claim.symbol if claim.symbol != claim.document else "",
            "themes": list(claim.labels),
            "persons": list(claim.persons),
            "goals": list(claim.goals),
        }
        return {name: value for name, value in coded.items() if value}

    def _source(self, claim: Claim) -> dict[str, Any]:
        source = self.wording.sources[self.publisher]  # type: ignore[index] # the command line allows no other
        held = {
            "title": f"{source.title}: {claim.symbol}" if claim.symbol else source.title,
            "publisher": source.publisher,
            "date": claim.published or (str(source.date) if source.date else ""),
            "url": source.url or "",
            "withheld": source.withheld or "",
            "seen_at": source.seen_at or "",
        }
        return {name: value for name, value in held.items() if value}

    def _id(self, claim: Claim, taken: Collection[str]) -> str:
        number = re.sub(r"[^a-z0-9]+", "-", claim.paragraph.lower()).strip("-")
        plain = f"{self.prefix}-c{claim.review.cycle}-{number}"
        named = f"{plain}-{claim.states[0]}"[:48].rstrip("-")
        counted = (f"{plain}-{count}" for count in range(2, 1000))
        return next(name for name in (plain, named, *counted) if name not in taken)

    def _name(self, state: str) -> str:
        name = self.names.get(state, state)
        return name if State(name).target == state else state

    def _listed(self, states: Sequence[str]) -> str:
        return ", ".join(map(self._name, states))


def prefix(ids: Sequence[str], country: str) -> str:
    """How new ids begin: as those do that there are."""
    found = next(filter(None, map(_PREFIX.match, ids)), None)
    return found["country"] if found else re.sub(r"[^a-z0-9]+", "-", key(country)).strip("-")[:24] or "state"


def _held(data: Mapping[str, Any], name: str) -> bool:
    return data.get(name) not in (None, "", [], {})


def _coding(publisher: str) -> str:
    return publisher.replace("-", "_")


def _row(claim: Claim) -> str:
    return f"row {claim.rows[0]}"
