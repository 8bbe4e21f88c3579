"""Entry: what every kind of entry shares: words in several languages, sources, and the questions it answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    model_validator,
)
from pydantic_core import core_schema

if TYPE_CHECKING:
    from bot.core.messages import Button, Context

from bot.core.broadcast import Policy
from bot.core.calendar import PartialDate
from bot.core.query import Filter
from bot.core.spelling import normalize
from bot.core.text import Line, Style, Text, parse

# ---------------------------------------------------------------------------- words in several languages


@dataclass(frozen=True, slots=True)
class Languages:
    """Which language is being read, of which ones, and which fills the gaps; handed to every validator."""

    reader: str
    reference: str
    known: Collection[str]


def _choice(value: object, languages: Languages) -> tuple[str, bool, str]:
    """The characters to show, whether they are a draft, and their language."""
    if isinstance(value, str) and (words := value.strip()):  # as most are
        return words, False, languages.reference
    versions = value if isinstance(value, dict) else {languages.reference: value}
    strangers = [code for code in versions if code not in languages.known]
    if strangers:
        raise ValueError(f"no such language: {strangers[0]} (the pack has {', '.join(sorted(languages.known))})")
    code = languages.reader if languages.reader in versions else languages.reference
    if code not in versions:
        raise ValueError(f"the reference language is missing: add {code}")
    chosen = versions[code]
    draft = False
    if isinstance(chosen, dict) and chosen.keys() <= {"text", "draft"} and "text" in chosen:
        draft, chosen = chosen.get("draft", False), chosen["text"]
    if not isinstance(draft, bool):
        raise ValueError("draft says neither true nor false: write true or leave it out")  # noqa: TRY004 (for pydantic)
    if isinstance(chosen, int) and not isinstance(chosen, bool):
        chosen = str(chosen)
    if not isinstance(chosen, str) or not chosen.strip():
        raise ValueError("expected words, or a mapping from language to words")
    return chosen.strip(), draft, code


def _name(value: object, info: ValidationInfo) -> Text:
    if isinstance(value, Text):
        return value
    words, draft, _ = _choice(value, _languages(info))
    return Text(words).styled(Style.DRAFT) if draft else Text(words)


def _words(value: object, info: ValidationInfo) -> Text:
    if isinstance(value, Text):
        return value
    languages = _languages(info)
    words, draft, code = _choice(value, languages)
    text = parse(words)
    if draft:
        text = text.styled(Style.DRAFT)
    return text if code == languages.reader else text.styled(Style.FALLBACK, code)


def _languages(info: ValidationInfo) -> Languages:
    if not isinstance(info.context, Languages):
        raise TypeError("a model with words is validated with context=Languages(...)")
    return info.context


Name = Annotated[Text, PlainValidator(_name)]  # a proper name: without markup; a missing one is no gap to speak of
Words = Annotated[Text, PlainValidator(_words)]  # marked up words; a gap is filled from the reference language
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=48)]


class Reference(str):
    """An id that must name something: any entry here, in the subclasses an entry of one kind or a term of a list."""

    __slots__ = ()
    names: ClassVar[str] = "entry"  # or a kind's noun, or what one term of a list is called

    @property
    def target(self) -> str:
        """The id it names."""
        return str(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(min_length=1))


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


R = TypeVar("R", bound=Reference)
# One id or a list of them.
References = Annotated[tuple[R, ...], BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...])]


class Theme(Reference):
    """The id of a theme."""

    __slots__ = ()
    names = "theme"


class Topic(Reference):
    """The id of a topic people can subscribe to."""

    __slots__ = ()
    names = "topic"


class State(Reference):
    """A State by its name, from which its id follows: "Viet Nam" is viet-nam."""

    __slots__ = ()
    names = "state"

    @property
    def target(self) -> str:
        """Its id."""
        return "-".join(normalize(self).replace("'", "").split())


class Offence(Reference):
    """The id of an offence by the name that sources give it, whatever the article."""

    __slots__ = ()
    names = "offence"


class Model(BaseModel):
    """A frozen model that refuses fields it does not know."""

    asked: ClassVar[tuple[str, ...]] = ()  # what a new one is asked for although it may be left out

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, coerce_numbers_to_str=True)


_PUBLISHER = 36  # characters of its name in a short link


class Source(Model):
    """Where a fact stands: publisher and date, and an address unless that would reveal health or family."""

    asked: ClassVar[tuple[str, ...]] = ("date", "url", "withheld")

    title: str
    """What it is called."""
    publisher: str
    """Who published it."""
    date: PartialDate | None = None
    """When it was published, as exactly as it says."""
    url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]+$")] | None = None
    """Where it can be read: the whole address."""
    withheld: str | None = None
    """Why there is no address."""
    seen_at: str | None = None
    """Who republished the page that was read."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.url and not self.withheld:
            raise ValueError("there is no address: add url, or say in withheld why there is none")
        return self

    def link(self) -> Text:
        """Publisher, cut where it is long, and year, leading to the address where there is one."""
        label = Text(self.publisher).shortened(_PUBLISHER) + (f" {self.date.first.year}" if self.date else "")
        return label.styled(Style.LINK, self.url) if self.url else label


class Side(Model):
    """What one side of a dispute says, with its source where it has one of its own."""

    says: Words
    """What this side says."""
    source: Source | None = None
    """Where it says so, if that is a source of its own."""


class Dispute(Model):
    """A point on which sources differ; all sides are shown."""

    point: Words
    """What the sources differ on."""
    sides: tuple[Side, ...] = ()
    """Each side, with what it says."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, and the entry that knows more."""

    date: PartialDate
    text: Text
    entry: str


@dataclass(frozen=True, slots=True)
class News:
    """How an entry's news goes out."""

    topics: tuple[str, ...]
    urgent: bool = False
    languages: tuple[str, ...] = ()  # in which it must be written before it may go out
    expires: PartialDate | None = None  # the last day on which it may
    policy: Policy = Policy.RESEND  # where nobody can say whether a message arrived


class Entry(Model):
    """The base of every kind of content. Generic features ask it a few questions and never know the kind."""

    noun: ClassVar[str] = ""  # singular; the key of its strings
    folder: ClassVar[str] = ""  # below content/
    command: ClassVar[str] = ""  # the command that lists this kind, where one does
    facets: ClassVar[tuple[str, ...]] = ()  # what one can filter by, in the order it is read back
    year_facet: ClassVar[str] = ""  # the facet of dates: what a year or another time means
    personal: ClassVar[bool] = False  # a word that is in somebody's name asks for them, not for who mentions them
    topic: ClassVar[str] = ""  # the topic its news belongs to; empty where this kind makes no news

    id: Id
    """Its permanent name in links: lower-case letters, digits and hyphens. A file of one entry leaves it out."""
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """Where all of it can be read; one or more."""
    as_of: PartialDate | None = None
    """The date of the newest source behind its status."""
    related: tuple[Reference, ...] = ()
    """Ids of other entries that belong to it."""
    aliases: tuple[str, ...] = ()
    """Other names or spellings people look for it by."""
    themes: tuple[Theme, ...] = ()
    """Ids of themes.yaml."""
    notes: tuple[Words, ...] = ()
    """What else a reader should know, shown in the whole record."""
    review_by: PartialDate | None = None
    """When somebody should look at it again."""
    disputed: tuple[Dispute, ...] = ()
    """Points on which sources differ; all sides are shown."""
    unverified: tuple[str, ...] = ()
    """What could not be confirmed, for whoever edits it."""

    @property
    def heading(self) -> Text:
        """What the entry is called in a list and at the head of its card."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """What it is known by, in the pack's own language, when its file has another name."""
        return str(self.heading)

    def line(self, context: Context) -> Text:
        """One line in a list."""
        return self.heading

    def card(self, context: Context) -> Sequence[Line]:
        """The lines of its first message, status and age first; the loose ones are cut to what a phone shows."""
        raise NotImplementedError

    def facts(self, context: Context) -> Sequence[tuple[str, Text | None]]:
        """The whole record: pairs of a field's phrase and its words."""
        return ()

    def events(self, context: Context) -> tuple[Event, ...]:
        """Its dated events, for timelines."""
        return ()

    def onward(self, context: Context) -> tuple[Button, ...]:
        """Buttons of its own that lead on from its card."""
        return ()

    def values(self, today: date) -> Mapping[str, Collection[str]]:
        """The values of its facets on a day."""
        return {}

    def dates(self) -> Sequence[PartialDate]:
        """What a time is compared with; how the year facet is filtered."""
        return ()

    def means(self) -> Filter | None:
        """The filter that its names stand for in other kinds' lists: a law for the cases under it."""
        return None

    def names(self) -> tuple[str, ...]:
        """Every name one might look for it by, in this language."""
        return (str(self.heading), *self.aliases, self.id)

    def search_text(self) -> str:
        """All its words, for the search index; what sources are titled is no fact and stays out."""
        skipped = {"sources", "id", "url", "source"}
        return " ".join(part for part in _spoken(self, skipped))

    def newest_sources(self) -> list[Source]:
        """Its sources, newest first, undated ones last."""
        return sorted(self.sources, key=lambda source: source.date.last.toordinal() if source.date else 0, reverse=True)

    def evidence(self) -> str:
        """A digest of what bears out how it stands: its date, and every source with its date."""
        said = [str(self.as_of or ""), *sorted(f"{each.url} {each.date or ''}" for each in self.sources)]
        return sha256("\n".join(said).encode()).hexdigest()[:32]

    def standing(self) -> Mapping[str, str]:
        """What of it is news when it changes, as it is written whatever the day: facet, value."""
        return {}

    def news(self, today: date) -> News | None:
        """How its news goes out on a day; None where it makes none, not yet or no more."""
        return News((self.topic,)) if self.topic else None

    def announced(self, context: Context) -> Text:
        """What is said of it when it is new."""
        return context.content.say("news.new", entry=self.line(context))


E = TypeVar("E", bound=Entry)


def _spoken(value: object, skipped: Collection[str]) -> Iterator[str]:
    if isinstance(value, Text):
        if not value.has(Style.FALLBACK):  # the view of its own language has these words
            yield str(value)
    elif isinstance(value, PartialDate):
        yield str(value)
    elif isinstance(value, str):
        yield value.replace("-", " ") if isinstance(value, Reference) else value
    elif isinstance(value, tuple):
        for part in value:
            yield from _spoken(part, skipped)
    elif isinstance(value, BaseModel):
        for name, part in value.__dict__.items():
            if name not in skipped:
                yield from _spoken(part, skipped)


T = TypeVar("T")


def inside(value: object, wanted: type[T]) -> list[tuple[tuple[str | int, ...], T]]:
    """Everything of a type inside an entry, however deep, with its place."""
    found: list[tuple[tuple[str | int, ...], T]] = []

    def look(part: object, place: tuple[str | int, ...]) -> None:
        if isinstance(part, wanted):
            found.append((place, part))
        elif isinstance(part, tuple):
            for index, each in enumerate(part):
                look(each, (*place, index))
        elif isinstance(part, BaseModel):
            for name in holding(type(part), cast("type", wanted)):
                look(getattr(part, name), (*place, name))

    look(value, ())
    return found


@cache
def holding(model: type[BaseModel], wanted: type) -> tuple[str, ...]:
    """The fields of a model that may hold something of a type, however deep: no walk need look into the others."""
    return tuple(name for name, field in model.model_fields.items() if _may_hold(field.annotation, wanted))


def _may_hold(annotation: Any, wanted: type) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return bool(holding(annotation, wanted))
    if isinstance(annotation, type) and issubclass(annotation, wanted):
        return True
    return any(_may_hold(part, wanted) for part in get_args(annotation))
