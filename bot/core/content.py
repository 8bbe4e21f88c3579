"""Content: a pack, one language's view of it, and the snapshot of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Self, TypeVar, cast
from urllib.parse import quote

from pydantic import Field, model_validator

if TYPE_CHECKING:
    from bot.core.messages import Context

from bot.core.calendar import PartialDate, Period
from bot.core.entry import E, Entry, Id, Model, Name, Topic, Words
from bot.core.query import Filter, Query, Vocabulary
from bot.core.search import Hit, Index
from bot.core.spelling import clusters
from bot.core.text import Style, Text, paragraphs

T = TypeVar("T")

# ---------------------------------------------------------------------------- the pack


class Contacts(Model):
    """How to reach the people behind a pack."""

    errors: Words | None = None
    """Where to report an error or ask for removal."""
    danger: Words | None = None
    """Whom to turn to in danger."""


class Channel(Model):
    """An announcement channel or room: it gets each update of a topic with one message."""

    topic: Topic
    """The id of a topic of topics.yaml."""
    language: str
    """The code of the language it is written in."""
    telegram: Annotated[str, Field(pattern=r"^(@\w+|-100\d+)$")] | None = None
    """@name, or the number that begins with -100."""
    matrix: Annotated[str, Field(pattern=r"^[!#]\S+$")] | None = None
    """#name:server or !id:server."""

    def addresses(self) -> Mapping[str, str]:
        """Where it is, by platform."""
        found = {"telegram": self.telegram, "matrix": self.matrix}
        return {platform: address for platform, address in found.items() if address}

    def link(self, platform: str) -> Text | None:
        """The way to it for one who is on a platform; None where it is not there, or has no address to share."""
        address = self.addresses().get(platform, "")
        if address.startswith("@"):
            return Text(address).styled(Style.LINK, f"https://t.me/{address[1:]}")
        if address.startswith(("#", "!")):
            return Text(address).styled(Style.LINK, f"https://matrix.to/#/{quote(address, safe='!:')}")
        return None


class Pack(Model):
    """pack.yaml: what the pack is and how it speaks."""

    title: Words
    """What the bot is called."""
    about: Words | None = None
    """What the pack is, for /about."""
    country: Name | None = None
    """The country it is about."""
    country_aliases: tuple[str, ...] = ()
    """Other words for it, in any language: in a question they tell nothing."""
    first_contact: Words | None = None
    """Said at /start, before anything else."""
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    """Codes of all languages, such as en and km."""
    default_language: str
    """The code of the language of whoever has not chosen one."""
    reference_language: str = "en"
    """The code of the language that fills gaps in the others."""
    time_zone: str
    """Where its days begin, such as Asia/Phnom_Penh."""
    caution: Words | None = None
    """Why sharing may be dangerous there; stands under every card."""
    contacts: Contacts = Contacts()
    """How to reach the people behind it."""
    channels: tuple[Channel, ...] = ()
    """Announcement channels and rooms."""
    licence: Words | None = None
    """Under which terms it may be used."""
    site: str | None = None
    """Its website."""

    @model_validator(mode="after")
    def _speaks(self) -> Self:
        for code in (self.default_language, self.reference_language):
            if code not in self.languages:
                raise ValueError(f"{code} is not among the languages: add it to languages")
        return self


class Term(Model):
    """A word of the pack's vocabulary (a State, a theme, a topic, an offence) with its names."""

    id: Id
    """Its permanent name: lower-case letters, digits and hyphens."""
    name: Name
    """What it is called."""
    aliases: tuple[str, ...] = ()
    """Other words people type for it."""


# ---------------------------------------------------------------------------- a language's view


@dataclass(frozen=True, slots=True)
class Locale:
    """How a language writes numbers, dates and lists, and which plural form a number takes (CLDR categories)."""

    code: str
    plural: Callable[[int], str]
    number: Callable[[int], str]
    date: Callable[[PartialDate], str]
    listing: Callable[[Sequence[str]], str]
    language: Callable[[str, str], str]  # a language's code and another's: the name of the first in the second


_SUBJECTS = frozenset({"law", "theme", "year", "date"})  # facets by which texts of every kind are looked for
Phrase = Text | Mapping[str, Text]  # plural forms by CLDR category


@dataclass(frozen=True)
class Content:
    """A pack as one language's readers see it, gaps filled from the reference language and marked so."""

    locale: Locale
    pack: Pack
    entries: Mapping[str, Entry]
    phrases: Mapping[str, Phrase]
    terms: Mapping[str, Mapping[str, Term]]  # "states", "themes", "topics", "laws": by id
    links: Mapping[str, frozenset[str]]  # both directions
    indexed: Callable[[], Index]  # makes it when it is first asked for
    understood: Callable[[], Mapping[str, Vocabulary]]  # the same of the vocabularies
    commands: Mapping[str, str]  # a command's name in any language, normalised: the command
    languages: Mapping[str, str]  # code: the language's own name
    chosen: Mapping[str, Text]  # code: what is said, in that language, to one who chooses it

    @property
    def index(self) -> Index:
        """The search index, of all languages."""
        return self.indexed()

    @property
    def vocabularies(self) -> Mapping[str, Vocabulary]:
        """What can be said of each kind; they understand every language of the pack."""
        return self.understood()

    def prepare(self) -> None:
        """Make what would be made when somebody first asks for it, who would wait meanwhile."""
        self.indexed()
        self.understood()
        for name, made in vars(Content).items():
            if isinstance(made, cached_property):
                getattr(self, name)

    def say(self, phrase: str, **values: Text | str | int | PartialDate) -> Text:
        """One of the bot's own sentences with its values; n decides the plural form. KeyError if there is none."""
        form = self.phrases[phrase]
        if not isinstance(form, Text):
            n = values.get("n", 0)
            form = form.get(self.locale.plural(n if isinstance(n, int) else 0)) or form["other"]
        return form.format(**{name: self.written(value) for name, value in values.items()})

    def written(self, value: Text | str | int | PartialDate) -> Text | str:
        """A value as this language writes it."""
        if isinstance(value, int):
            return self.locale.number(value)
        return self.locale.date(value) if isinstance(value, PartialDate) else value

    def caution(self) -> Text:
        """How to report an error or ask for removal, and where sharing is not safe."""
        contact = self.pack.contacts.errors or self.say("card.no_contact")
        caution = self.pack.caution or self.say("card.safe")
        return self.say("card.caution", caution=caution, contact=contact).styled(Style.ITALIC)

    def noted(self, text: Text) -> Text:
        """The text, and once that a part of it is in another language, or a translation nobody has checked."""
        has = (text.has(Style.FALLBACK), text.has(Style.DRAFT))
        kinds = {(True, False): "fallback", (False, True): "draft", (True, True): "both"}
        return paragraphs(text, self.say(f"note.{kinds[has]}").styled(Style.ITALIC)) if any(has) else text

    def label(self, facet: str, value: str) -> str:
        """What a facet's value is called: a time, a phrase, a term, an entry, else the value itself."""
        if facet in self._dated:
            return str(self.period(value))
        phrase = self.phrases.get(f"{facet}.{value}")
        if isinstance(phrase, Text):
            return str(phrase)
        if term := self.terms.get(f"{facet}s", {}).get(value):
            return str(term.name)
        entry = self.entries.get(value)
        return str(entry.heading) if entry else value.replace("-", " ")

    def mentioned(self, words: str) -> tuple[str, ...]:
        """The ids of the entries whose name, of two tokens or more, is written in the words; the longest at a place."""
        tokens = tuple(clusters(words[:300]))
        found: list[str] = []
        start = 0
        while start < len(tokens):
            lengths = range(min(len(tokens) - start, 12), 1, -1)
            length = next((n for n in lengths if tokens[start : start + n] in self._by_name), 0)
            found += self._by_name.get(tokens[start : start + length], ())
            start += length or 1
        return tuple(dict.fromkeys(found))

    def called(self, name: str) -> list[Entry]:
        """The entries of exactly this name, whatever its spaces, hyphens and accents."""
        return [self.entries[each] for each in self._by_name.get(tuple(clusters(name[:300])), ())]

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, ...], Sequence[str]]:
        names: dict[tuple[str, ...], list[str]] = {}
        for entry in self.entries.values():
            for name in dict.fromkeys(tuple(clusters(name)) for name in entry.names()):
                names.setdefault(name, []).append(entry.id)
        return names

    def of(self, kind: type[E]) -> tuple[E, ...]:
        """All entries of a kind, in the pack's order; of every kind for Entry itself."""
        some = self._by_kind.get(kind.noun, ()) if kind.noun else self.entries.values()
        return tuple(entry for entry in some if isinstance(entry, kind))

    def linked(self, entry: Entry, kind: type[E]) -> tuple[E, ...]:
        """The entries of a kind that name this one or are named by it, in the pack's order."""
        near = self.links.get(entry.id, frozenset())
        return tuple(other for other in self.of(kind) if other.id in near)

    def search(self, words: str, within: Collection[str] | None = None, limit: int = 50) -> list[Hit]:
        """The entries the words fit, best first."""
        return self.index.search(words, within=within, limit=limit)

    def read(self, kind: type[Entry], argument: str) -> Query:
        """An argument as filters of the kind and words to search for."""
        return self.vocabularies[kind.noun].read(argument)

    def select(self, kind: type[E], filters: Collection[Filter], today: date) -> list[E]:
        """The entries of a kind that fit: any of the values of a facet, all of the facets, none left out."""
        return [entry for entry in self._valued(kind, filters, today) if _timely(entry, filters, Period.has)]

    def perhaps(self, kind: type[E], filters: Collection[Filter], today: date) -> list[E]:
        """The entries that may fit, but whose date is not known closely enough to tell."""
        if all(each.facet != kind.year_facet for each in filters):
            return []
        valued = self._valued(kind, filters, today)
        may = [entry for entry in valued if _timely(entry, filters, Period.may_have)]
        return [entry for entry in may if not _timely(entry, filters, Period.has)]

    def _valued(self, kind: type[E], filters: Collection[Filter], today: date) -> Iterator[E]:
        """The entries that fit as far as no time is asked for."""
        wanted: dict[str, set[str]] = {}
        unwanted: dict[str, set[str]] = {}
        for each in filters:
            if each.facet != kind.year_facet:
                (unwanted if each.without else wanted).setdefault(each.facet, set()).add(each.value)
        values = self._once(kind.noun, today, lambda: [(entry, entry.values(today)) for entry in self.of(kind)])
        return (entry for entry, has in values if _fits(has, wanted) and not _touches(has, unwanted))

    def line(self, entry: Entry, context: Context) -> Text:
        """An entry's line in a list, as it stands that day."""
        return self._once((entry.id, "line"), context.now.date(), lambda: entry.line(context))

    def _once(self, name: object, today: date, make: Callable[[], T]) -> T:
        """What is the same all day for every reader of this language."""
        day, made = self._made.get(name, (None, None))
        if day != today:
            self._made[name] = (today, made := make())
        return cast(T, made)

    @cached_property
    def _made(self) -> dict[object, tuple[date | None, object]]:
        return {}

    def period(self, written: str) -> Text:
        """A written period as a reader says it: "before 2018", "September 2024"."""
        asked = Period.parse(written)
        if asked.before:
            return self.say("time.before", date=asked.before)
        if asked.start and not asked.end:
            return self.say("time.since", date=asked.start)
        if asked.start and asked.end and asked.start != asked.end:
            return self.say("time.between", date=asked.start, until=asked.end)
        return self.say("time.at", date=asked.start or written)

    def described(self, words: str, today: date) -> str:
        """The command of the one list that words describe whole, with nothing left to search for; else nothing.

        Of several kinds that can read the words, the one whose own noun is among them is meant. Words that only name
        an entry, or a subject that texts of every kind may have, are a search.
        """
        if self.called(words):
            return ""
        about = [type(self.entries[name]) for name in self.mentioned(words)]
        named = self.nouns(words)
        kinds = [kind for kind in named if kind not in about] or [kind for kind in self._lists if not named]
        read = [(kind, self.read(kind, words)) for kind in kinds]
        whole = [
            kind
            for kind, query in read
            if not query.words and (kind in named or {each.facet for each in query.filters} - _SUBJECTS)
            if kind in named or self.select(kind, query.filters, today)
        ]
        return whole[0].command if whole and (named or len(whole) == 1) else ""

    def nouns(self, words: str) -> list[type[Entry]]:
        """The kinds whose own noun is among the words, in the order of the words."""
        tokens = tuple(clusters(words[:300]))
        found: dict[type[Entry], None] = {}
        for start in range(len(tokens)):
            for length in range(1, self._longest_noun + 1):
                kind = self._nouns.get(tokens[start : start + length])
                if kind:
                    found[kind] = None
        return list(found)

    @cached_property
    def _dated(self) -> frozenset[str]:
        """The facets whose values are times."""
        return frozenset({"date", *(kind.year_facet for kind in self._lists)} - {""})

    @cached_property
    def _lists(self) -> tuple[type[Entry], ...]:
        """The kinds that have a list with filters."""
        return tuple(dict.fromkeys(type(entry) for entry in self.entries.values() if entry.facets))

    @cached_property
    def _nouns(self) -> Mapping[tuple[str, ...], type[Entry]]:
        kinds = {kind.command: kind for kind in self._lists}
        words = {**self.commands, **{name: name for name in kinds}}
        return {tuple(clusters(word)): kinds[command] for word, command in words.items() if command in kinds}

    @cached_property
    def _longest_noun(self) -> int:
        return max(map(len, self._nouns), default=0)

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[Entry, ...]]:
        kinds: dict[str, list[Entry]] = {}
        for entry in self.entries.values():
            kinds.setdefault(entry.noun, []).append(entry)
        return {kind: tuple(entries) for kind, entries in kinds.items()}


def _timely(entry: Entry, filters: Collection[Filter], fits: Callable[[Period, PartialDate], bool]) -> bool:
    """Whether one of the entry's dates is of any of the times asked for, and none can be of one to be left out."""
    times = [(Period.parse(each.value), each.without) for each in filters if each.facet == entry.year_facet]
    dates = entry.dates() if times else ()
    wanted = [time for time, without in times if not without]
    if any(time.may_have(day) for time, without in times if without for day in dates):
        return False
    return not wanted or any(fits(time, day) for time in wanted for day in dates)


def _touches(values: Mapping[str, Collection[str]], some: Mapping[str, set[str]]) -> bool:
    return any(not unwanted.isdisjoint(values.get(facet, ())) for facet, unwanted in some.items())


def _fits(values: Mapping[str, Collection[str]], wanted: Mapping[str, set[str]]) -> bool:
    return all(not some.isdisjoint(values.get(facet, ())) for facet, some in wanted.items())


@dataclass(frozen=True)
class Snapshot:
    """All languages of a pack at one moment; replaced whole or not at all."""

    views: Mapping[str, Content]
    default: str
    version: str  # digest of the files it was read from

    def prepare(self) -> None:
        """Make what would be made when somebody first asks for it, who would wait meanwhile."""
        for view in self.views.values():
            view.prepare()

    def view(self, *wishes: str) -> Content:
        """The view for the first wish the pack can grant ("km-KH" is granted by km), else its default."""
        for wish in wishes:
            code = re.split("[-_]", wish.casefold())[0]
            if code in self.views:
                return self.views[code]
        return self.views[self.default]
