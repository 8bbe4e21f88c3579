"""Desk: one import from the file to the diff, and to the pack where that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from bot.content import counted, wording
from bot.content.exchange import Changed, Load, exchange, tried
from bot.content.files import Files
from bot.content.problem import Problem
from bot.content.repository import SHIPPED
from bot.content.sheet import Sheet, Unwritable
from bot.content.wording import Wording
from bot.core.content import Snapshot
from bot.core.entry import Languages
from bot.imports import publisher as publishers
from bot.imports.claim import Claim, Reading, Review, Unplaced
from bot.imports.merge import ORDER, Merge, prefix
from bot.imports.row import Unreadable, key
from bot.imports.shelf import Known, Shelf
from bot.imports.workbook import Told

_FOLDER = "recommendations"
_SHOWN = 20  # numbers of rows that are told of one label
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to import. cycle: the review meant where the file does not say; 0 where it does."""

    publisher: str
    path: Path
    write: bool = False
    cycle: int = 0


@dataclass(slots=True)
class _Result:
    """What becomes of the rows."""

    total: int = 0
    unplaced: list[Unplaced] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    completed: dict[str, tuple[int, ...]] = field(default_factory=dict)  # by id: rows
    new: dict[str, tuple[int, ...]] = field(default_factory=dict)
    same: int = 0


class Desk:
    """A pack and its tables. say: to whoever reads the diff; report: to whoever started the import."""

    def __init__(self, folder: Path, snapshot: Snapshot, load: Load, say: Say, report: Say) -> None:
        self.folder, self.load = folder, load
        self.say, self.report = say, report
        self.files = Files(folder)
        view, views = snapshot.view(), snapshot.views
        self.pack, self.taken = view.pack, frozenset(view.entries)
        self.countries = [str(each.pack.country) for each in views.values() if each.pack.country]
        self.states = {term.id: str(term.name) for term in view.terms["states"].values()}
        self.names = {name: dict(_called(snapshot, name)) for name in ("states", "themes")}
        self.languages = Languages(self.pack.reference_language, self.pack.reference_language, tuple(views))

    def obey(self, order: Order, told: Told) -> bool:
        """Read, merge, show, and write where asked; whether something changes. Raises Unreadable."""
        reading, words = self._reading(order), self._wording()
        if order.publisher not in words.sources:
            raise Unreadable(f"imports.yaml names no source for {order.publisher}: add it under sources")
        if order.cycle and order.cycle not in {review.cycle for review in reading.reviews}:
            raise Unreadable(f"the pack has no review of cycle {order.cycle}: add it to reviews/")
        result = _Result()
        claims = _joined(self._claims(order, reading, result, told))
        texts, before = self._settled(claims, order, words, result)
        self._show(texts, before)
        self._tell(order, reading, result)
        if order.write and texts:
            self._write(texts, before)
        elif texts:
            self.report("Nothing is written yet: look at the diff, then add --write.")
        return bool(texts)

    # -- reading

    def _wording(self) -> Wording:
        """The pack's own tables, or those that come with the program."""
        files = self.files if self.files.has(wording.FILE) else Files(SHIPPED)
        return wording.read(files, self.languages)

    def _reading(self, order: Order) -> Reading:
        words, states = self._wording(), dict(self.names["states"])
        for state, names in words.states.items():
            states.update(dict.fromkeys(map(key, names), state))
        called = set(map(key, (*self.countries, *self.pack.country_aliases)))
        country = frozenset(called | {states[name] for name in called if name in states})
        if not country:
            raise Unreadable("the pack does not say which country it is about: add country to pack.yaml")
        reviews = list(self._reviews())
        return Reading(words, country, reviews, states, self.names["themes"], order.cycle, order.publisher == "ohchr")

    def _reviews(self) -> Iterator[Review]:
        symbols: dict[int, set[str]] = {}
        for each in self._known():
            if document := each.data.get("document"):
                symbols.setdefault(each.cycle, set()).add(str(document))
        for document in self.files.inside("reviews"):
            for data in document.data if isinstance(document.data, list) else [document.data]:
                own = {str(each["symbol"]) for each in data.get("documents") or ()}
                held = frozenset(own | symbols.get(data["cycle"], set()))
                yield Review(data["cycle"], data["session"], held, bool(data.get("complete")))

    def _known(self) -> Iterator[Known]:
        for document in self.files.inside(_FOLDER):
            if isinstance(document.data, list):
                yield from (Known(document.file, (place,), data) for place, data in enumerate(document.data))
            else:
                yield Known(document.file, (), document.data)

    def _claims(self, order: Order, reading: Reading, result: _Result, told: Told) -> Iterator[Claim]:
        titles = {str(column): names for column, names in reading.wording.columns.items()}
        for row in publishers.rows(order.publisher, order.path, titles, told):
            result.total += 1
            found = reading.claim(row)
            if isinstance(found, Unplaced):
                result.unplaced.append(found)
            elif found:
                yield found

    # -- merging

    def _settled(
        self, claims: Sequence[Claim], order: Order, words: Wording, result: _Result
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The files as they will be and as they are; what the pack refuses is left out, and reported."""
        refused: dict[str, str] = {}
        while True:
            attempt = _Result(result.total, list(result.unplaced))
            sheets = self._merged(claims, order, words, attempt, refused)
            texts = {name: _text(sheet) for name, sheet in sheets.items()}
            problems = tried(self.folder, texts, self.load) if texts else []
            guilty = {name: problem for problem in problems for name in _blamed(problem, texts)}
            if problems and not set(guilty) - set(refused):
                raise Unreadable("\n".join(map(str, problems)))
            if not problems:
                result.unplaced, result.differences = attempt.unplaced, attempt.differences
                result.completed, result.new, result.same = attempt.completed, attempt.new, attempt.same
                return texts, {name: self._text(name) for name in texts}
            refused |= {name: f"the pack refuses it: {problem.what}" for name, problem in guilty.items()}

    def _merged(
        self, claims: Sequence[Claim], order: Order, words: Wording, result: _Result, refused: Mapping[str, str]
    ) -> dict[str, Sheet]:
        known = list(self._known())
        shelf = Shelf(known, words.apart)
        begin = prefix([each.id for each in known], next(iter(self.countries), ""))
        merge = Merge(order.publisher, words, self.states, begin)
        work = _Work(self, merge, shelf, result, refused)
        without = [claim for claim in claims if not claim.paragraph]
        lost = shelf.match_all(without)
        for claim in claims:
            work.settle(claim, shelf.match(claim) if claim.paragraph else lost[without.index(claim)])
        return work.finished()

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_bytes().decode()
        except FileNotFoundError:
            return ""

    def sheet(self, name: str) -> Sheet:
        """A file to which something is added."""
        return Sheet(name, self._text(name), ORDER)

    # -- telling

    def _show(self, texts: Mapping[str, str], before: Mapping[str, str]) -> None:
        for name, text in texts.items():
            lines = unified_diff(before[name].splitlines(), text.splitlines(), name, name, lineterm="")
            self.say("\n".join(lines))

    def _tell(self, order: Order, reading: Reading, result: _Result) -> None:
        name = order.path.name
        for unplaced in sorted(result.unplaced, key=lambda each: each.row):
            self.report(f"{name}: row {unplaced.row}: not placed: {unplaced.why}")
        for difference in result.differences:
            self.report(f"{name}: left as it is: {difference}")
        for label, rows in reading.strange.items():
            shown = ", ".join(map(str, rows[:_SHOWN])) + (" …" if len(rows) > _SHOWN else "")
            self.report(f"{name}: no theme is called {label} (row {shown}): add it under themes in imports.yaml")
        self.report(
            f"Of {counted(result.total, 'row')} {result.total - reading.others} are for this pack:"
            f" {len(result.completed)} completed, {len(result.new)} new, {result.same} as they were,"
            f" {counted(len(result.unplaced), 'row')} not placed."
        )

    def _write(self, texts: Mapping[str, str], before: Mapping[str, str]) -> None:
        try:
            exchange(self.folder, texts, before)
        except Changed as changed:
            raise Unreadable(f"{changed}: nothing is written; import again") from None
        except OSError as problem:
            raise Unreadable(
                f"the content cannot be written ({problem.strerror}): see to it and import again"
            ) from None
        self.report(f"Written: {', '.join(texts)}")


def _called(snapshot: Snapshot, listed: str) -> Iterator[tuple[str, str]]:
    """What the terms of a list are called, in any language."""
    for view in snapshot.views.values():
        for term in view.terms[listed].values():
            yield from ((key(name), term.id) for name in (*term.aliases, term.id, str(term.name)))


class _Work:
    """Claims to sheets, one after another."""

    def __init__(self, desk: Desk, merge: Merge, shelf: Shelf, result: _Result, refused: Mapping[str, str]) -> None:
        self.desk, self.merge, self.shelf, self.result, self.refused = desk, merge, shelf, result, refused
        self.sheets: dict[str, Sheet] = {}
        self.taken = set(desk.taken)
        self.claimed: dict[str, Claim] = {}  # by the entry's id
        self.new: list[Claim] = []

    def settle(self, claim: Claim, match: Sequence[Known] | Unplaced) -> None:
        """One claim: its entries are completed, or it waits to be a new one, or has no place."""
        if isinstance(match, Unplaced):
            self._unplaced(claim, match.why)
        elif not match:
            self.new.append(claim)
        for known in () if isinstance(match, Unplaced) else match:
            if known.id in self.claimed:
                other = self.claimed[known.id].rows[0]
                self._unplaced(claim, f"row {other} is {known.id} already, in other words")
            elif known.id in self.refused:
                self._unplaced(claim, self.refused[known.id])
            else:
                self._complete(known, claim)

    def _complete(self, known: Known, claim: Claim) -> None:
        self.claimed[known.id] = claim
        fields = self.merge.additions(known, claim)
        self.result.differences += self.merge.differences(known, claim)
        if not fields:
            self.result.same += 1
            return
        try:
            self._sheet(known.file).add(known.place, fields, self.merge.source(known, claim, fields))
        except Unwritable as problem:
            self._unplaced(claim, str(problem))
        else:
            self.result.completed[known.id] = claim.rows

    def finished(self) -> dict[str, Sheet]:
        """The sheets, with the new entries behind the others in the order of their paragraphs."""
        for claim in sorted(self.new, key=lambda each: (each.review.cycle, _numbers(each.paragraph))):
            entry = self.merge.entry(claim, self.taken)
            self.taken.add(entry["id"])
            if entry["id"] in self.refused:
                self._unplaced(claim, self.refused[entry["id"]])
                continue
            try:
                self._sheet(self._file(claim.review.cycle)).append(entry)
            except Unwritable as problem:
                self._unplaced(claim, str(problem))
            else:
                self.result.new[entry["id"]] = claim.rows
        return self.sheets

    def _file(self, cycle: int) -> str:
        """Where a review's recommendations are; the list with most of them, where there are several."""
        files = Counter(each.file for each in self.shelf.reviews[cycle] if each.place)
        return files.most_common(1)[0][0] if files else f"{_FOLDER}/cycle-{cycle}.yaml"

    def _sheet(self, name: str) -> Sheet:
        if name not in self.sheets:
            self.sheets[name] = self.desk.sheet(name)
        return self.sheets[name]

    def _unplaced(self, claim: Claim, why: str) -> None:
        self.result.unplaced += [Unplaced(row, why) for row in claim.rows]


def _joined(claims: Iterable[Claim]) -> list[Claim]:
    """Each recommendation once: what is repeated under every theme is one with all its themes."""
    found: dict[tuple[object, ...], Claim] = {}
    for claim in claims:
        same: tuple[object, ...] = (claim.review.cycle, claim.document, claim.paragraph, claim.letters)
        if not claim.paragraph:  # one row a State: the same words of two States are two
            same = (*same, claim.states, claim.rows)
        found[same] = found[same].joined(claim) if same in found else claim
    return list(found.values())


def _numbers(paragraph: str) -> list[tuple[int, str]]:
    """How paragraphs follow each other: 118.9, 118.10, 118.10(a)."""
    parts = paragraph.replace("(", ".").rstrip(")").split(".")
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _text(sheet: Sheet) -> str:
    try:
        return sheet.text()
    except Unwritable as problem:
        raise Unreadable(str(problem)) from None


def _blamed(problem: Problem, texts: Mapping[str, str]) -> Iterator[str]:
    """The entry in which a problem stands, of a file that is changed."""
    if problem.file in texts:
        lines = texts[problem.file].splitlines()[: problem.line]
        ids = (line.partition("id:")[2].strip() for line in reversed(lines) if line.lstrip().startswith("- id:"))
        yield from [found for found in [next(ids, "")] if found]
