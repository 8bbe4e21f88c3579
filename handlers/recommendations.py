"""Recommendations: what States asked of the government at the UN's reviews, its answers, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Event, Model, References, Source, State, Words
from bot.core.messages import Context, Reply, Request
from bot.core.query import Filter, Query
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, join, lines, paragraphs, whole
from handlers import card
from handlers.listing import Listing
from handlers.reference import LawId

router = Router()


class Totals(Model):
    """A review's totals as published."""

    received: int
    """How many were received."""
    supported: int | None = None
    """How many of them were supported."""
    noted: int | None = None
    """How many of them were noted."""
    counted_by: str | None = None
    """Who counts this way, where counts differ."""


class Document(Model):
    """A UN document by its symbol."""

    symbol: str
    """Its UN symbol, such as A/HRC/41/17."""
    what: Literal["report", "addendum", "national report", "compilation", "stakeholders"]
    """What kind of document it is."""
    date: PartialDate | None = None
    """Its date."""
    url: str | None = None
    """Where it can be read."""
    paragraphs: str | None = None
    """The paragraphs with the recommendations."""


class Review(Entry):
    """One round of the Universal Periodic Review."""

    noun: ClassVar[str] = "review"
    folder: ClassVar[str] = "reviews"

    cycle: int
    """1 for the first review, and so on."""
    date: PartialDate
    """The day of the review in the Working Group."""
    session: int
    """Of the Working Group."""
    report_adopted: PartialDate | None = None
    """By the Working Group."""
    adopted: PartialDate | None = None
    """By the Human Rights Council."""
    council_session: int | None = None
    """The session of the Human Rights Council that adopted it."""
    delegations: int | None = None
    """States that spoke."""
    head_of_delegation: str | None = None
    """Who spoke for the State under review."""
    troika: tuple[str, ...] = ()
    """The three States that wrote the report."""
    documents: tuple[Document, ...] = ()
    """The UN documents of the review."""
    totals: Totals | None = None
    """How many recommendations there were."""
    other_totals: tuple[Totals, ...] = ()
    """The same as others count it."""
    counting: Words | None = None
    """How the totals are counted and what they cover."""
    noted_about: Words | None = None
    """What the noted ones were about."""
    acceptance_reported: Words | None = None
    """What was reported of how many were accepted."""
    reported_received: Words | None = None
    """A total that is not confirmed."""
    mid_term: Words | None = None
    """What is known of a mid-term report."""
    complete: bool = False
    """Whether the pack holds every recommendation of this review."""

    @property
    def heading(self) -> Text:
        """What people call it in every language: UPR 2014."""
        return Text(f"UPR {self.date.first.year}")

    def names(self) -> tuple[str, ...]:
        """Ways to ask for it."""
        year = str(self.date.first.year)
        return (str(self.heading), f"UPR cycle {self.cycle}", f"{year} review", year, *self.aliases, self.id)

    def means(self) -> Filter | None:
        """Its year stands for its cycle."""
        return Filter("cycle", str(self.cycle))

    def line(self, context: Context) -> Text:
        """Its year and its totals."""
        return _totals(self, context)

    def card(self, context: Context) -> list[Line]:
        """Totals, how they are counted, and when the outcome was adopted."""
        say = context.content.say
        return [
            say("review.held", cycle=self.cycle, date=self.date, session=self.session),
            _totals(self, context),
            Loose(self.counting) if self.counting else None,
            say("review.adopted", date=self.adopted) if self.adopted else None,
        ]

    def events(self, context: Context) -> tuple[Event, ...]:
        """The review, and the adoption of its outcome."""
        say = context.content.say
        held = Event(self.date, say("review.event.held", cycle=self.cycle), self.id)
        return (
            (held, Event(self.adopted, say("review.event.adopted", cycle=self.cycle), self.id))
            if self.adopted
            else (held,)
        )

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        documents = (
            join((part for part in (d.symbol, d.what, d.paragraphs) if part), ", ").styled(Style.LINK, d.url)
            if d.url
            else join((part for part in (d.symbol, d.what, d.paragraphs) if part), ", ")
            for d in self.documents
        )
        return [
            ("review", whole(part for part in self.card(context) if not isinstance(part, Loose))),
            ("counting", self.counting),
            ("noted_about", self.noted_about),
            ("acceptance_reported", self.acceptance_reported),
            ("reported_received", self.reported_received),
            ("mid_term", self.mid_term),
            ("troika", Text(context.content.locale.listing(self.troika))),
            ("head_of_delegation", Text(self.head_of_delegation or "")),
            ("documents", card.bullets(documents)),
        ]


class Implementation(Model):
    """What became of a recommendation, as a source says it."""

    status: Literal["not-started", "partial", "done", "reversed", "unknown"] = "unknown"
    """Only as a source says it; otherwise unknown."""
    as_of: PartialDate | None = None
    """Of when that is."""
    note: Words | None = None
    """What was done or not."""
    sources: tuple[Source, ...] = ()
    """Where that can be read."""


class Coding(Model):
    """How UPR Info's database codes the recommendation."""

    response: str
    """The answer, as UPR Info has it."""
    action_category: int
    """UPR Info's category of action, 1 to 5."""
    issues: tuple[str, ...] = ()
    """UPR Info's issues."""


class Filing(Model):
    """How the UN's own index or matrix files the recommendation, in its words."""

    id: str | None = None
    """The number of the annotation."""
    position: str | None = None
    """The answer, in the publisher's words."""
    symbol: str | None = None
    """Of the document that the position stands in, where it is another one."""
    themes: tuple[str, ...] = ()
    """The publisher's themes."""
    persons: tuple[str, ...] = ()
    """The groups of persons concerned."""
    goals: tuple[str, ...] = ()
    """The Sustainable Development Goals."""


class Recommendation(Entry):
    """One State's recommendation: gist is in our own words, official_text in the UN's; one of them is there."""

    noun: ClassVar[str] = "recommendation"
    folder: ClassVar[str] = "recommendations"
    command: ClassVar[str] = "recommendations"
    asked: ClassVar[tuple[str, ...]] = ("gist",)
    facets: ClassVar[tuple[str, ...]] = (
        "response",
        "cycle",
        "state",
        "theme",
        "implementation",
        "law",
        "paragraph",
    )
    topic: ClassVar[str] = "recommendations"

    cycle: int
    """The review it was made in."""
    paragraph: str | None = None
    """The number of its paragraph."""
    document: str | None = None
    """The symbol of the document it stands in."""
    states: tuple[State, ...]
    """The States that made it, by name."""
    gist: Words | None = None
    """What is recommended, in our own words."""
    official_text: Words | None = None
    """The UN's words; only from an import."""
    response: Literal["supported", "noted"] | None = None
    """The answer; nothing where it is not known."""
    response_note: Words | None = None
    """What is to be known of the answer."""
    response_source: Source | None = None
    """Where the answer can be read."""
    implementation: Implementation = Implementation()
    """What became of it."""
    action_category: int | None = None
    """UPR Info's category of action, 1 to 5."""
    upr_info: Coding | None = None
    """How UPR Info files it."""
    uhri: Filing | None = None
    """How the Universal Human Rights Index files it."""
    ohchr: Filing | None = None
    """How OHCHR's matrix files it."""
    laws: References[LawId] = ()
    """The laws it names."""

    @model_validator(mode="after")
    def _worded(self) -> Self:
        if not (self.gist or self.official_text):
            raise ValueError("there is no gist: say in your own words what is recommended")
        return self

    @property
    def words(self) -> Text:
        """What is recommended: in our words where somebody has found them."""
        return self.gist or self.official_text or Text()

    @property
    def heading(self) -> Text:
        """States and paragraph: "Portugal, 118.27"."""
        return Text(", ".join((*self.states, *((self.paragraph,) if self.paragraph else ()))))

    def names(self) -> tuple[str, ...]:
        """Its id and its paragraph with the document."""
        return (
            self.id,
            *(f"{self.document} {self.paragraph}" for _ in (self.document,) if self.document),
            *self.aliases,
        )

    def values(self, today: date) -> Mapping[str, Collection[str]]:
        """The values one can filter by; the year is that of the review."""
        return {
            "response": {self.response or "unknown-response"},
            "cycle": {str(self.cycle)},
            "state": {state.target for state in self.states},
            "theme": set(self.themes),
            "implementation": {self.implementation.status},
            "law": set(self.laws),
            "paragraph": {self.paragraph} if self.paragraph else set(),
        }

    def standing(self) -> Mapping[str, str]:
        """The answer, and what became of it."""
        return {"response": self.response or "unknown-response", "implementation": self.implementation.status}

    def line(self, context: Context) -> Text:
        """State, paragraph, answer and gist."""
        content = context.content
        return content.say(
            "recommendation.line",
            states=_states(self, context),
            where=self._where(context),
            response=content.label("response", self.response or "unknown-response"),
            gist=self.words.shortened(140),
        )

    def _where(self, context: Context) -> Text:
        place = "paragraph" if self.paragraph else "cycle"
        return context.content.say(f"recommendation.where.{place}", paragraph=self.paragraph or "", cycle=self.cycle)

    def card(self, context: Context) -> list[Line]:
        """What was asked, the answer, and what became of it as far as a source says."""
        return [*self._answered(context), *map(Loose, self.notes)]

    def _answered(self, context: Context) -> list[Line]:
        known, asked = self.implementation, "recommendation.asked" if self.gist else "recommendation.worded"
        return [
            context.content.say(asked, where=self._where(context), states=_states(self, context)),
            Loose(self.words, weight=3),
            self._response(context),
            Loose(self.response_note) if self.response_note else None,
            Loose(known.note, partial(self._implementation, context)) if known.note else self._implementation(context),
        ]

    def _response(self, context: Context) -> Text:
        if self.response is None:
            return context.content.say("recommendation.unanswered")
        response = Text(context.content.label("response", self.response)).capitalized().styled(Style.BOLD)
        return context.content.say("recommendation.response", response=response)

    def _implementation(self, context: Context, note: Text | None = None) -> Text:
        known = self.implementation
        status = context.content.label("implementation", known.status)
        said = context.content.say("recommendation.implementation", status=status)
        dated = context.content.say("card.dated", date=known.as_of) if known.as_of else None
        return join((part for part in (said, dated, note) if part), " ")

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        content = context.content
        coding = self.upr_info and content.say(
            "recommendation.coding",
            response=self.upr_info.response,
            category=str(self.upr_info.action_category),
            issues=content.locale.listing(self.upr_info.issues),
        )
        behind = self.response_source.link() if self.response_source else None
        laws = [law.heading for law in map(content.entries.get, self.laws) if law]
        return [
            ("recommendation", whole(self._answered(context))),
            ("official_text", self.official_text if self.gist else None),
            ("document", Text(self.document or "")),
            ("response_source", behind),
            ("coding", coding or None),
            ("laws", join(laws, ", ")),
        ]


def _states(entry: Recommendation, context: Context) -> str:
    """The States, by the names of the reader's language."""
    content = context.content
    return content.locale.listing([_state(state, context) for state in entry.states])


def _state(state: State, context: Context) -> str:
    term = context.content.terms["states"].get(state.target)
    return str(term.name) if term else state


def _totals(review: Review, context: Context) -> Text:
    """What is published of a review's totals, or that they are not confirmed."""
    content, totals = context.content, review.totals
    year = str(review.date.first.year)
    if totals is None:
        said = content.say("review.totals.unknown", cycle=review.cycle, year=year)
        return join((part for part in (said, review.reported_received) if part), " ")
    known = totals.supported is not None and totals.noted is not None
    return content.say(
        f"review.totals.{'split' if known else 'received'}",
        cycle=review.cycle,
        year=year,
        received=totals.received,
        supported=totals.supported or 0,
        noted=totals.noted or 0,
    )


def overview(context: Context) -> Text:
    """Every review's totals with its year, and how to ask."""
    content = context.content
    reviews = sorted(content.of(Review), key=lambda review: review.cycle)
    return paragraphs(
        content.say("recommendation.overview", n=len(content.of(Recommendation))),
        lines(*(_overviewed(review, context) for review in reviews)),
        content.say("recommendation.how"),
    )


def _overviewed(review: Review, context: Context) -> Text:
    return _totals(review, context) + " (" + review.sources[0].link() + ")" + (_known(review, context) or "")


def _known(review: Review, context: Context) -> Text | None:
    """How much of an incomplete review is here."""
    if review.complete:
        return None
    content = context.content
    here = sum(1 for each in content.of(Recommendation) if each.cycle == review.cycle)
    if review.totals is None:
        return content.say("review.here.unknown", n=here)
    return content.say("review.here.of", n=here, total=review.totals.received)


def remark(query: Query, entries: Sequence[Entry], context: Context) -> Text | None:
    """A review's published totals where one is asked about, and what is missing here.

    Of an incomplete review only some are known, whether or not any of those fit.
    """
    asked = {each.value for each in query.filters if each.facet == "cycle" and not each.without}
    reviews = [review for review in context.content.of(Review) if not asked or str(review.cycle) in asked]
    partial = [review for review in reviews if not review.complete]
    said = (
        context.content.say("review.partial", cycle=review.cycle) + (_known(review, context) or "")
        for review in partial
    )
    return lines(*((_totals(review, context) for review in reviews) if asked else ()), *said) or None


_listing = Listing(Recommendation, overview, remark)


@router.command("recommendations", bare=Bare.ALWAYS)
def recommendations(request: Request, context: Context) -> Reply:
    """UN recommendations: overview, filters, search, card."""
    return _listing.answer(request, context)
