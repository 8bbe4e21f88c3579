"""Laws: the legal texts used against critics, and the drafts that would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import ClassVar, Literal

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Event, Model, Name, Words
from bot.core.messages import Button, Context, Reply, Request
from bot.core.query import Filter
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, join, paragraphs
from handlers import card, show
from handlers.listing import Listing, opening, page, turned
from handlers.prisoners import Prisoner
from handlers.recommendations import Recommendation

router = Router()

Right = Literal[
    "expression",
    "association",
    "assembly",
    "political-participation",
    "fair-trial",
    "privacy",
    "nationality",
    "labour",
    "liberty",
    "religion",
]


class Article(Model):
    """An article in our own words, and what is wrong with it."""

    article: str | None = None
    """Its number, where it was seen."""
    gist: Words
    """What it says, in our own words."""
    concern: Words | None = None
    """What is criticised about it."""


class Criticism(Model):
    """What a body said of the law."""

    body: str
    """Who criticises."""
    date: PartialDate | None = None
    """When."""
    gist: Words
    """What they say, in our own words."""
    url: str | None = None
    """Where it can be read."""


class Step(Model):
    """A dated step in the law's life."""

    date: PartialDate | None = None
    """When; nothing where it is not known."""
    event: Words
    """What happened."""


class Law(Entry):
    """One legal text."""

    noun: ClassVar[str] = "law"
    folder: ClassVar[str] = "laws"
    command: ClassVar[str] = "laws"
    facets: ClassVar[tuple[str, ...]] = ("status", "kind", "right", "year", "theme")
    year_facet: ClassVar[str] = "year"
    topic: ClassVar[str] = "laws"

    as_of: PartialDate
    """The date of the newest source behind its status."""
    title: Name
    """Official title, in each language where it was seen."""
    short_title: Name | None = None
    """What people call it."""
    kind: Literal["law", "amendment", "sub-decree", "prakas", "draft", "code-article"]
    """What kind of text it is."""
    adopted: PartialDate | None = None
    """When parliament or the government adopted it."""
    promulgated: PartialDate | None = None
    """When it was signed."""
    in_force: PartialDate | None = None
    """Since when it is in force."""
    status: Literal["in-force", "not-running", "draft", "announced", "repealed"]
    """How it stands; "not-running": adopted and not carried out."""
    status_note: Words | None = None
    """What is to be known of its status."""
    summary: Words | None = None
    """What it is about, in our own words."""
    articles: tuple[Article, ...] = ()
    """The articles that matter here."""
    rights: tuple[Right, ...] = ()
    """The rights it touches."""
    standards: tuple[str, ...] = ()
    """That a source names."""
    standards_suggested: tuple[str, ...] = ()
    """Our own mapping, for a lawyer to check."""
    criticism: tuple[Criticism, ...] = ()
    """Who criticised it, and how."""
    ask: Words | None = None
    """What is asked for about it."""
    government_position: Words | None = None
    """What the government says of it."""
    timeline: tuple[Step, ...] = ()
    """How it came about, step by step."""
    review_note: Words | None = None
    """What is known of the law at the UN's reviews."""

    @property
    def heading(self) -> Text:
        """The short title where there is one."""
        return self.short_title or self.title

    def names(self) -> tuple[str, ...]:
        """Both titles and the aliases."""
        return (str(self.heading), str(self.title), *self.aliases, self.id)

    def means(self) -> Filter | None:
        """A law's name in another list asks for what is under it."""
        return Filter("law", self.id)

    def values(self, today: date) -> Mapping[str, Collection[str]]:
        """The values one can filter by."""
        return {
            "status": {self.status},
            "kind": {self.kind},
            "right": set(self.rights),
            "theme": set(self.themes),
        }

    def dates(self) -> Sequence[PartialDate]:
        """The day of adoption, or of coming into force."""
        begun = self.adopted or self.promulgated or self.in_force
        return (begun,) if begun else ()

    def standing(self) -> Mapping[str, str]:
        """Its status."""
        return {"status": self.status}

    def line(self, context: Context) -> Text:
        """Short title, status and its date."""
        status = context.content.label("status", self.status)
        return context.content.say("law.line", name=self.heading, status=status, date=self.as_of)

    def card(self, context: Context) -> list[Line]:
        """Status and age, what it does, where it was used, what is contested, what the government says."""
        say = context.content.say
        return [
            Loose(self.title, weight=0) if self.short_title and str(self.title) != str(self.short_title) else None,
            Loose(self.status_note or Text(), partial(self._status, context), weight=0),
            Loose(self.summary, weight=4) if self.summary else None,
            self._used(context),
            say("law.rights", rights=self._rights(context)) if self.rights else None,
            card.disputes(self, context),
            card.government(self.government_position, context),
        ]

    def _rights(self, context: Context) -> str:
        return context.content.locale.listing([context.content.label("right", right) for right in self.rights])

    def _used(self, context: Context) -> Text | None:
        cases = self._cases(context)
        return context.content.say("law.used", n=cases) if cases else None

    def _status(self, context: Context, note: Text) -> Text:
        named = Text(context.content.label("status", self.status)).capitalized().styled(Style.BOLD)
        status = context.content.say("law.status", status=named, confirmed=card.confirmed(self.as_of, context))
        return join((part for part in (status, note) if part), " ")

    def onward(self, context: Context) -> tuple[Button, ...]:
        """The cases under it, and what the UN's reviews asked on its subject."""
        say, buttons = context.content.say, []
        if cases := self._cases(context):
            buttons.append(Button(str(say("button.cases", n=cases)), f"prisoners charged under {self.id}"))
        found, naming = reviewed(self, context)
        if found:
            label = say("button.reviewed.naming", n=naming) if naming else say("button.reviewed.theme", n=len(found))
            buttons.append(Button(str(label), f"reviewed {self.id}"))
        return tuple(buttons)

    def _cases(self, context: Context) -> int:
        return sum(
            1 for case in context.content.linked(self, Prisoner) if self.id in case.values(context.now.date())["law"]
        )

    def events(self, context: Context) -> tuple[Event, ...]:
        """The dated steps of its life."""
        return tuple(Event(step.date, step.event, self.id) for step in self.timeline if step.date)

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        written = context.content.locale.date
        dated = ((name, getattr(self, name)) for name in ("adopted", "promulgated", "in_force"))
        dates = (context.content.say(f"field.{name}") + f": {written(day)}" for name, day in dated if day)
        steps = (Text(f"{written(s.date)}: " if s.date else "") + s.event for s in self.timeline)
        return [
            ("title", self.title),
            ("status", self._status(context, self.status_note or Text())),
            ("dates", card.bullets(dates)),
            ("summary", self.summary),
            ("articles", card.bullets(_article(each, context) for each in self.articles)),
            ("rights", Text(self._rights(context))),
            ("standards", card.bullets(map(Text, self.standards))),
            ("standards_suggested", card.bullets(map(Text, self.standards_suggested))),
            ("criticism", card.bullets(_criticism(each, context) for each in self.criticism)),
            ("ask", self.ask),
            ("government_position", self.government_position),
            ("timeline", card.bullets(steps)),
            ("review_note", self.review_note),
        ]


def _article(each: Article, context: Context) -> Text:
    number = context.content.say("law.article", article=each.article) + " " if each.article else Text()
    return join((part for part in (number + each.gist, each.concern) if part), " → ")


def _criticism(each: Criticism, context: Context) -> Text:
    body = Text(each.body).styled(Style.LINK, each.url) if each.url else Text(each.body)
    day = f" ({context.content.locale.date(each.date)})" if each.date else ""
    return body + day + ": " + each.gist


def overview(context: Context) -> Text:
    """How many texts, and in which state."""
    content = context.content
    laws = content.of(Law)
    counts = Counter(law.status for law in laws)
    states = join(
        (content.say("list.value", what=content.label("status", s), n=n) for s, n in counts.most_common()),
        " · ",
    )
    return paragraphs(content.say("law.overview", n=len(laws), states=states), content.say("law.how"))


_listing = Listing(Law, overview)


@router.command("laws", bare=Bare.ALWAYS)
def laws(request: Request, context: Context) -> Reply:
    """Laws and drafts: overview, filters, search, card."""
    return _listing.answer(request, context)


def reviewed(law: Law, context: Context) -> tuple[list[Recommendation], int]:
    """The recommendations that name the law, then those that only share a theme with it; how many name it."""
    every = context.content.of(Recommendation)
    naming = [each for each in every if law.id in each.laws]
    sharing = [each for each in every if law.id not in each.laws and set(each.themes) & set(law.themes)]
    return naming + sharing, len(naming)


@router.command("reviewed", bare=Bare.NEVER, listed=False)
def on_subject(request: Request, context: Context) -> Reply:
    """What the UN's reviews asked on a law's subject, told apart by whether it names the law."""
    return show.of(request, context, lambda entry: _reviewed(request, context, entry))


def _reviewed(request: Request, context: Context, entry: Entry) -> Reply:
    if not isinstance(entry, Law):
        return card.reply(entry, context)
    found, naming = reviewed(entry, context)
    lead = _told_apart(entry, naming, len(found) - naming, context)
    buttons = [opening(each) for each in found]
    return page(request, context, lead, [each.line(context) for each in found], buttons, turned(request)[1])


def _told_apart(law: Law, naming: int, sharing: int, context: Context) -> Text:
    """How many recommendations name the law, and how many are only on its subject."""
    say = context.content.say
    themes = context.content.locale.listing([context.content.label("theme", theme) for theme in law.themes])
    parts = (
        say("law.reviewed", name=law.heading),
        say("law.naming", n=naming) if naming else None,
        say("law.sharing" if naming else "law.only_sharing", n=sharing, themes=themes) if sharing else None,
    )
    return join((part for part in parts if part), " ")
