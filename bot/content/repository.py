"""Repository: a content folder to a snapshot, whole or not at all."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.content import rules, wording
from bot.content.document import Document, Place
from bot.content.files import Files
from bot.content.locale import locale
from bot.content.problem import Problem, counted
from bot.content.strings import Strings, foreign
from bot.content.strings import read as read_strings
from bot.content.validation import valid
from bot.content.vocabulary import command_words, vocabularies
from bot.core.content import Content, Pack, Phrase, Snapshot, Term
from bot.core.entry import Entry, Languages
from bot.core.messages import Context
from bot.core.search import Document as Indexed
from bot.core.search import Index
from bot.core.text import Text

Kinds = Sequence[type[Entry]]
Terms = Mapping[str, Mapping[str, Term]]
Entries = Mapping[str, Entry]
Links = Mapping[str, frozenset[str]]
_HERE = Path(__file__).parents[2]
# Its strings speak for packs that bring none of their own; an installed wheel has nothing else of it.
SHIPPED = next(filter(Path.is_dir, (_HERE / "content", _HERE / "pratip-content")), _HERE / "content")
# By the facet that they name (a law stands beside its offence's common name): the file of each, and what one is called.
TERMS = {"states": "states", "themes": "themes", "topics": "topics", "laws": "offences"}
_CALLED = {"states": "state", "themes": "theme", "topics": "topic", "laws": "offence"}
_TERMS = frozenset(_CALLED.values())


class ContentBroken(Exception):
    """A pack that cannot be used; problems says why, all of it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{counted(len(problems), 'problem')} in the content")
        self.problems = problems


def load(folder: Path, kinds: Kinds, today: date | None = None) -> tuple[Snapshot, list[Problem]]:
    """Read a content folder: the snapshot and the warnings. Raises ContentBroken with every problem at once."""
    return Repository(folder, kinds).load(today)


class Repository:
    """A content folder that is read again and again, and of it what has changed."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        self._folder, self._kinds = folder, kinds
        self._last: _Assembly | None = None  # whether it was whole or not
        self._whole: _Assembly | None = None

    def load(self, today: date | None = None) -> tuple[Snapshot, list[Problem]]:
        """The snapshot, and warnings of what was read. Raises ContentBroken with every problem at once."""
        shelf = self.opened(today)
        return shelf.snapshot, shelf.files.problems

    def opened(self, today: date | None = None) -> Shelf:
        """All that was read. Raises ContentBroken with every problem at once."""
        if not _there(self._folder):
            mend = "set PRATIP_CONTENT to one"
            raise ContentBroken([Problem(str(self._folder), 1, 1, "there is no such folder", mend)])
        with _collector_paused():
            assembly = self._begun(today)
            snapshot = assembly.snapshot(self._whole)
        problems = assembly.files.problems
        if snapshot is None or any(not problem.warning for problem in problems):
            raise ContentBroken(problems)
        self._whole = assembly
        return Shelf(snapshot, assembly.files, assembly.placed, assembly.names, self._kinds)

    def _begun(self, today: date | None) -> _Assembly:
        """On another day, or in other languages, every file says something else."""
        last, self._last = self._last, None  # what fails midway is no ground to build on
        assembly = _Assembly(Files(self._folder, last.files if last else None), self._kinds, today)
        if last and (last.today, last.languages) != (assembly.today, assembly.languages):
            assembly = _Assembly(Files(self._folder), self._kinds, today)
        self._last = assembly
        return assembly


@dataclass(frozen=True, slots=True)
class Shelf:
    """A content folder as it was read: the snapshot, and what each file says."""

    snapshot: Snapshot
    files: Files
    placed: Sequence[Placed]
    names: rules.Names  # what a reference may name
    kinds: Kinds


def opened(folder: Path, kinds: Kinds, today: date | None = None) -> Shelf:
    """Read a content folder. Raises ContentBroken with every problem at once."""
    return Repository(folder, kinds).opened(today)


def _there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Loading makes many objects and no garbage: the collector would only walk them again and again.

    Nor afterwards: content has no cycles, and a walk over all of it would hold up every reply for as long as it takes.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if running:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry's data and where it stands."""

    kind: type[Entry]
    document: Document
    place: Place
    data: Any
    id: str  # nothing where it has none that could be one

    def entry(self, languages: Languages) -> Entry | None:
        """The entry as readers of a language see it."""
        return valid(self.kind, self.document, self.place, self.data, languages)


@dataclass(frozen=True, slots=True)
class _Sheaf:
    """What one file holds, whatever the others do."""

    placed: Sequence[Placed]
    views: Mapping[str, Entries]
    named: Sequence[rules.Naming]


class _Assembly:
    """One reading of one folder: files to values, values to views, views to the snapshot."""

    def __init__(self, files: Files, kinds: Kinds, today: date | None) -> None:
        self.files, self.kinds = files, kinds
        self.document = files.read("pack.yaml")
        self.today = today or datetime.now(_zone(self.document)).date()
        self.canon = _shipped("en")  # what the bot can say at all
        self.placed: Sequence[Placed] = ()
        self.names: rules.Names = {}
        self.languages = _languages(self.document, files.named("strings"))

    def snapshot(self, before: _Assembly | None) -> Snapshot | None:
        """All of it, or None where something is wrong. before: what was whole when it was last read."""
        codes = self.languages.known
        packs = {code: self._pack(code) for code in codes}
        spoken = {code: self._strings(code) for code in codes}
        terms = {code: self._terms(code) for code in codes}
        sheaves = [self._sheaf(kind, document) for kind in self.kinds for document in self.files.inside(kind.folder)]
        placed = self.placed = [each for sheaf in sheaves for each in sheaf.placed]
        named = [each for sheaf in sheaves for each in sheaf.named]
        reference = self.languages.reference
        names = self.names = self._names(placed, terms[reference])
        if pack := packs[reference]:
            rules.check_time_zone(pack.time_zone, self.document)
            rules.check_channels(pack, self.document, names)
        rules.check_ids(placed)
        rules.check_references(named, names)
        self._check_wording(names)
        rules.check_strings(spoken, self.canon.phrases or spoken[reference].phrases, self.files)
        self.document.problems.extend(self.files.strays({kind.folder for kind in self.kinds}))
        if self._wrong or None in packs.values():
            return None
        views = {code: {name: one for sheaf in sheaves for name, one in sheaf.views[code].items()} for code in codes}
        links = _links(named)
        snapshot = self._finished({code: pack for code, pack in packs.items() if pack}, spoken, terms, views, links)
        contexts = [Context(view, datetime.combine(self.today, time(12), UTC)) for view in snapshot.views.values()]
        for each in self._telling(placed, links, before):
            rules.check_news(each, contexts)
        return snapshot

    @property
    def _wrong(self) -> bool:
        return any(not each.warning for document in self.files.documents.values() for each in document.problems)

    def _telling(self, placed: Sequence[Placed], links: Links, before: _Assembly | None) -> Sequence[Placed]:
        """The entries that may be announced otherwise than before: those of changed files, and who is near them."""
        known = before.files.documents if before else {}
        changed = {name for name, document in self.files.documents.items() if known.get(name) is not document}
        anew = {each.id for each in placed if each.document.file in changed}
        if changed - {each.document.file for each in placed}:  # a word of the bot's, a term: it may stand in any
            return placed
        near = anew.union(*(links.get(name, ()) for name in anew))
        return [each for each in placed if each.id in near]

    def _for(self, code: str) -> Languages:
        return replace(self.languages, reader=code)

    # -- the parts of a folder

    def _pack(self, code: str) -> Pack | None:
        data = self.document.data  # None where the file cannot be read, which is said already
        return None if data is None else valid(Pack, self.document, (), data, self._for(code))

    def _strings(self, code: str) -> Strings:
        """A language's words: the shipped ones, and over them the pack's own."""
        name = f"strings/{code}.yaml"
        own = _spoken(code, self.files.read(name)) if self.files.has(name) else None
        base = Strings(code) if self.files.root.samefile(SHIPPED) else _shipped(code)
        if own is None and not base.phrases:
            mend = f"copy strings/en.yaml to {name} and translate it"
            self.document.object(("languages",), f"the language {code} has no strings", mend)
        return base.under(own) if own else base

    def _terms(self, code: str) -> Terms:
        found: dict[str, dict[str, Term]] = {}
        for name, file in TERMS.items():
            found[name] = {}
            if self.files.has(f"{file}.yaml"):
                document = self.files.read(f"{file}.yaml")
                for index, data in enumerate(_listed(document)):
                    if term := valid(Term, document, (index,), data, self._for(code)):
                        if term.id in found[name]:
                            document.object((index, "id"), f"the id {term.id} is taken above", "choose another id")
                        found[name][term.id] = term
        return found

    def _sheaf(self, kind: type[Entry], document: Document) -> _Sheaf:
        return document.once(kind, lambda: self._bound(kind, document))

    def _bound(self, kind: type[Entry], document: Document) -> _Sheaf:
        """The entries of one file in all languages, checked as far as nothing else is needed for it."""
        placed = [Placed(kind, document, place, data, _id(data)) for place, data in _entries_of(document)]
        views: dict[str, Entries] = {}
        for code in self.languages.known:
            languages = self._for(code)
            views[code] = {entry.id: entry for each in placed if (entry := each.entry(languages))}
        for each in placed:
            if entry := views[self.languages.reference].get(each.id):
                rules.check_dates(each, entry, self.today)
                rules.check_entry(each, entry, self.today)
        named = [(each, place, name) for each in placed for place, name in rules.named(kind, each.data, ())]
        return _Sheaf(placed, views, named)

    # -- what must hold between the parts

    def _check_wording(self, names: rules.Names) -> None:
        found = wording.read(self.files, self.languages)
        if self.files.has(wording.FILE):
            wording.check(found, self.files.read(wording.FILE), names)

    def _names(self, placed: Iterable[Placed], terms: Terms) -> rules.Names:
        """What a reference may name: an entry of each kind, any entry, a term of each list the pack has."""
        names: dict[str, dict[str, str]] = {kind.noun: {} for kind in self.kinds}
        for each in placed:
            names[each.kind.noun][each.id] = each.id
        for document in self.files.unreadable:  # its entry is there all the same
            folder, _, file = document.file.rpartition("/")
            for kind in self.kinds:
                if kind.folder == folder:
                    names[kind.noun][file.removesuffix(".yaml")] = ""
        every = {name: name for some in names.values() for name in some}
        for listed, noun in _CALLED.items():
            if terms[listed] or noun == "topic":
                names[noun] = {term.id: str(term.name) for term in terms[listed].values()}
        return {**names, "entry": every}

    # -- views to a snapshot

    def _finished(
        self,
        packs: Mapping[str, Pack],
        spoken: Mapping[str, Strings],
        terms: Mapping[str, Terms],
        views: Mapping[str, Entries],
        links: Links,
    ) -> Snapshot:
        reference = self.languages.reference
        order = (reference, *(code for code in views if code != reference))
        spoken_views = [(spoken[code], views[code], terms[code]) for code in order]
        shared: dict[str, Any] = {
            "links": links,
            "indexed": cache(lambda: Index(_indexed([views[code] for code in order]))),
            "understood": cache(lambda: vocabularies(self.kinds, spoken_views, self.today, packs.values())),
            "commands": command_words(spoken.values()),
            "languages": {code: strings.name for code, strings in spoken.items()},
            "chosen": {code: strings.phrases.get("language.chosen", Text(code)) for code, strings in spoken.items()},
        }
        contents = {
            code: Content(
                locale=locale(code),
                pack=packs[code],
                entries=views[code],
                phrases=_phrases(spoken[code], spoken[reference], self.canon),
                terms=terms[code],
                **shared,
            )
            for code in views
        }
        return Snapshot(contents, packs[reference].default_language, self.files.digest)


def _zone(document: Document) -> tzinfo:
    """Where the pack's days begin, as far as its file says so readably."""
    data = document.data if isinstance(document.data, dict) else {}
    try:
        return ZoneInfo(str(data.get("time_zone")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _languages(document: Document, spoken: Sequence[str]) -> Languages:
    """Which languages a pack has; those it has strings in, where its file does not say so readably."""
    data = document.data if isinstance(document.data, dict) else {}
    codes = data.get("languages")
    listed = enumerate(codes if isinstance(codes, list) else dict.fromkeys(("en", *spoken)))
    known = [_code(document, ("languages", index), str(code)) for index, code in listed]
    reference = _code(document, ("reference_language",), str(data.get("reference_language") or "en")) or "en"
    return Languages(reference, reference, tuple(dict.fromkeys(code for code in (*known, reference) if code)))


def _code(document: Document, place: Place, code: str) -> str:
    """A language code, or nothing and a problem where it is none."""
    try:
        return locale(code).code
    except ValueError as problem:
        what, _, mend = str(problem).partition(": ")
        document.object(place, what, mend)
        return ""


def _listed(document: Document) -> list[Any]:
    if isinstance(document.data, list):
        return document.data
    if document.data is not None:
        document.object((), "this is not a list", "begin each term with a hyphen")
    return []


def _entries_of(document: Document) -> Iterator[tuple[Place, Any]]:
    """A file is one entry, named by the file, or a list of entries that each have an id."""
    if isinstance(document.data, list):
        yield from (((index,), data) for index, data in enumerate(document.data))
    elif isinstance(document.data, dict):
        stem = document.file.rpartition("/")[2].removesuffix(".yaml")
        if str(document.data.get("id", stem)) != stem:
            document.object(("id",), "the id is not the file's name", f"write {stem} or leave it out")
        yield (), {**document.data, "id": stem}
    else:
        document.object((), "this is neither an entry nor a list of entries", "write field: value lines")


def _id(data: Any) -> str:
    name = data.get("id") if isinstance(data, dict) else None
    return str(name) if isinstance(name, str | int) else ""


def _links(named: Iterable[rules.Naming]) -> Links:
    """Who is near whom: a reference written on one side counts on both."""
    near: dict[str, set[str]] = {}
    for each, _, name in named:
        if name.names not in _TERMS:
            near.setdefault(each.id, set()).add(str(name))
            near.setdefault(str(name), set()).add(each.id)
    return {name: frozenset(others) for name, others in near.items()}


def _indexed(views: Sequence[Entries]) -> Iterator[Indexed]:
    """Each entry once for the search index, with its words in every language."""
    for name in views[0]:
        versions = [view[name] for view in views]
        names = tuple(dict.fromkeys(each for version in versions for each in version.names()))
        yield Indexed(name, names, " ".join(dict.fromkeys(version.search_text() for version in versions)))


def _shipped(code: str) -> Strings:
    """The words that come with the program, where there are any in the language."""
    shipped, name = Files(SHIPPED), f"strings/{code}.yaml"
    return _spoken(code, shipped.read(name)) if shipped.has(name) else Strings(code)


def _spoken(code: str, document: Document) -> Strings:
    return document.once(code, lambda: read_strings(code, document))


def _phrases(strings: Strings, *others: Strings) -> dict[str, Phrase]:
    """A language's phrases, gaps filled from the first of the others that has the phrase."""
    phrases = dict(strings.phrases)
    for other in others:
        for name in other.phrases.keys() - phrases.keys():
            phrases[name] = foreign(other.phrases[name], other.code)
    return phrases
