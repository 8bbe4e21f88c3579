"""Prisoners: people detained or prosecuted for politics, as far as sources document them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import ClassVar, Literal

from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Event, Model, Name, Offence, References, Words
from bot.core.messages import Context, Reply, Request
from bot.core.query import Query
from bot.core.router import Bare, Router
from bot.core.text import Line, Loose, Style, Text, join, lines, paragraphs
from handlers import card
from handlers.figures import published
from handlers.listing import Listing
from handlers.reference import LawId

router = Router()

_NAMED = 4  # people in a remark

Category = Literal["opposition", "journalist", "environmental", "union", "activist", "online-speech", "land-rights"]
Custody = Literal["detained", "house-arrest", "on-bail", "free", "abroad", "dead", "unknown"]
Case = Literal[
    "charged",
    "on-trial",
    "convicted",
    "on-appeal",
    "suspended",
    "pardoned",
    "acquitted",
    "dropped",
    "served",
    "unknown",
]


class Charge(Model):
    """A charge in our words; law links it where the pack has the text, law_text says it as the source does.

    Called is the offence as a source of the case names it, where that name is used under different articles.
    """

    text: Words
    """The charge, as the source words it."""
    law: References[LawId] = ()
    """Ids of the laws whose article or offence it is; one or a list."""
    called: tuple[Offence, ...] = ()
    """Ids of offences.yaml: what a source calls it."""
    law_text: str | None = None
    """The law by name, where the pack does not have it."""
    article: str | None = None
    """The number of the article."""


class Proceeding(Model):
    """A dated step of a case."""

    date: PartialDate | None
    """When; nothing where it is not known."""
    event: Words
    """What happened."""


class Recognition(Model):
    """What somebody calls this person: "prisoner of conscience"; a label is always somebody's."""

    who: Name
    """Who says so."""
    date: PartialDate | None = None
    """When."""
    url: str | None = None
    """Where it can be read."""
    label: Words
    """The words they use."""


class LastKnown(Model):
    """The custody that a source last supported, where the present one is not certain."""

    custody: Custody
    """How the person was held when it was last known."""
    as_of: PartialDate
    """Of when that is."""


class Prisoner(Entry):
    """One person's case."""

    noun: ClassVar[str] = "prisoner"
    folder: ClassVar[str] = "prisoners"
    command: ClassVar[str] = "prisoners"
    facets: ClassVar[tuple[str, ...]] = ("category", "custody", "case", "arrested", "law", "gender")
    year_facet: ClassVar[str] = "arrested"
    personal: ClassVar[bool] = True
    topic: ClassVar[str] = "prisoners"

    as_of: PartialDate
    """The date of the newest source behind the status."""
    name: Name
    """The name, in each language as sources write it."""
    role: Words
    """What the person does or did."""
    affiliation: Words | None = None
    """The organisation or party."""
    gender: Literal["female", "male"] | None = None
    """Only as a source says it."""
    category: Category
    """Why the case belongs here."""
    arrested: PartialDate | None = None
    """When the person was arrested."""
    charges: tuple[Charge, ...] = ()
    """What they are charged with or convicted of."""
    custody: Custody
    """How they are held now, as far as sources say."""
    case: Case
    """How far the case is."""
    detention: Words | None = None
    """Where they are held: the prison at most."""
    sentence: Words | None = None
    """What the court decided."""
    sentenced: PartialDate | None = None
    """The date of that sentence."""
    term_ends: PartialDate | None = None
    """When the sentence would end."""
    co_defendants: tuple[str, ...] = ()
    """Names of others in the same case."""
    minor_at_arrest: bool = False
    """Whether they were under 18; then the entry is short and neutral."""
    proceedings: tuple[Proceeding, ...] = ()
    """What happened in court, step by step."""
    recognised_by: tuple[Recognition, ...] = ()
    """Who calls them a prisoner of conscience or the like."""
    un_statements: tuple[Words, ...] = ()
    """What UN bodies and experts said."""
    government_position: Words | None = None
    """What the government says."""
    un_opinion: Words | None = None
    """An opinion of the Working Group on Arbitrary Detention."""
    last_known: LastKnown | None = None
    """The last custody that is certain, where it is not certain now."""
    outcome: Words | None = None
    """How the case ended."""

    @property
    def heading(self) -> Text:
        """The person's name."""
        return self.name

    def custody_on(self, today: date) -> Custody:
        """The custody that may be said on a day: not certain once the term should have ended."""
        over = self.term_ends is not None and self.term_ends.last < today
        return "unknown" if self.custody in ("detained", "house-arrest") and over else self.custody

    def last_known_on(self, today: date) -> LastKnown | None:
        """What was last certain, where the present custody is not."""
        if self.custody_on(today) == self.custody:
            return self.last_known
        return LastKnown(custody=self.custody, as_of=self.as_of)

    def values(self, today: date) -> Mapping[str, Collection[str]]:
        """The values one can filter by."""
        return {
            "category": {self.category},
            "custody": {self.custody_on(today)},
            "case": {self.case},
            "law": {str(name) for charge in self.charges for name in (*charge.law, *charge.called)},
            "gender": {self.gender} if self.gender else set(),
        }

    def dates(self) -> Sequence[PartialDate]:
        """The day of the arrest."""
        return (self.arrested,) if self.arrested else ()

    def standing(self) -> Mapping[str, str]:
        """Custody and case, as they are written."""
        return {"custody": self.custody, "case": self.case}

    def line(self, context: Context) -> Text:
        """Name, custody and its date."""
        content = context.content
        today = context.now.date()
        custody, known = self.custody_on(today), self.last_known_on(today)
        said = content.label("custody", custody)
        if custody == "unknown" and known:
            said = str(content.say("prisoner.line.uncertain", custody=content.label("custody", known.custody)))
        date = known.as_of if known else self.as_of
        return content.say("prisoner.line", name=self.name, custody=said, date=date)

    def card(self, context: Context) -> list[Line]:
        """Status and age, what is contested, sentence, charges, and what the government says."""
        return [
            self._status(context),
            Loose(self.role),
            card.disputes(self, context),
            self._sentence(context),
            self._charged(context),
            self._recognised(context),
            card.government(self.government_position, context),
        ]

    def _recognised(self, context: Context) -> Line:
        """What somebody calls this person."""
        if not self.recognised_by:
            return None
        first, *others = self.recognised_by
        return Loose(first.label, lambda label: card.counted(_labelled(first, context, label), len(others), context), 3)

    def _status(self, context: Context) -> Text:
        """ "Detained. Last confirmed August 2024; may have changed." """
        content, today = context.content, context.now.date()
        custody, known = self.custody_on(today), self.last_known_on(today)
        if custody != "unknown" or known is None:
            named = Text(content.label("custody", custody)).capitalized().styled(Style.BOLD)
            status = content.say("prisoner.status", custody=named, confirmed=card.confirmed(self.as_of, context))
        else:
            was = content.say(f"prisoner.was.{known.custody}")
            status = content.say("prisoner.uncertain", was=was, confirmed=known.as_of)
        return join((part for part in (status, self._over(context), self._case(context)) if part), " ")

    def _over(self, context: Context) -> Text | None:
        """The term would have ended, and nobody confirms a release."""
        if (
            self.term_ends is None
            or self.term_ends.last >= context.now.date()
            or self.custody_on(context.now.date()) != "unknown"
        ):
            return None
        return context.content.say("prisoner.term_over", date=self.term_ends)

    def _case(self, context: Context) -> Text | None:
        known = self.case != "unknown"
        return context.content.say("prisoner.case", case=context.content.label("case", self.case)) if known else None

    def _sentence(self, context: Context) -> Line:
        if self.sentence is None:
            return None
        phrase, day = ("sentenced", self.sentenced) if self.sentenced else ("sentence", "")
        return Loose(self.sentence, lambda words: context.content.say(f"prisoner.{phrase}", date=day, sentence=words))

    def _charged(self, context: Context) -> Line:
        if not self.charges:
            return None
        first, *others = self.charges

        def line(charge: Text) -> Text:
            return card.counted(context.content.say("prisoner.charged", charge=charge), len(others), context)

        return Loose(first.text, line, weight=4)

    def events(self, context: Context) -> tuple[Event, ...]:
        """The dated steps of the case."""
        return tuple(Event(step.date, step.event, self.id) for step in self.proceedings if step.date)

    def facts(self, context: Context) -> list[tuple[str, Text | None]]:
        """The whole record."""
        content = context.content
        written = content.locale.date
        steps = (Text(f"{written(s.date)}: " if s.date else "") + s.event for s in self.proceedings)
        charges = (c.text + (f" ({c.law_text})" if c.law_text else "") for c in self.charges)
        recognised = (_labelled(each, context, each.label) for each in self.recognised_by)
        day = f"{written(self.sentenced)}: " if self.sentenced else ""
        return [
            ("role", self.role),
            ("affiliation", self.affiliation),
            ("status", self._status(context)),
            ("outcome", self.outcome),
            ("detention", self.detention),
            ("charges", card.bullets(charges)),
            ("sentence", Text(day) + self.sentence if self.sentence else None),
            ("proceedings", card.bullets(steps)),
            ("government_position", self.government_position),
            ("recognised_by", card.bullets(recognised)),
            ("un_opinion", self.un_opinion),
            ("un_statements", card.bullets(self.un_statements)),
            ("co_defendants", Text(content.locale.listing(self.co_defendants))),
        ]


def _labelled(each: Recognition, context: Context, label: Text) -> Text:
    """Who, when, and in which words."""
    who = each.who.styled(Style.LINK, each.url) if each.url else each.who
    day = f", {context.content.locale.date(each.date)}" if each.date else ""
    return who.styled(Style.BOLD) + day + ": " + label


def overview(context: Context) -> Text:
    """How many cases are documented here and in which custody, beside what others count."""
    content = context.content
    cases = content.of(Prisoner)
    counts = Counter(case.custody_on(context.now.date()) for case in cases)
    states = join(
        (content.say("list.value", what=content.label("custody", c), n=n) for c, n in counts.most_common()),
        " · ",
    )
    return paragraphs(
        content.say("prisoner.overview", n=len(cases), states=states),
        published(context),
        content.say("prisoner.how"),
    )


def remark(query: Query, entries: Sequence[Entry], context: Context) -> Text | None:
    """What a filter by custody cannot say of those whose custody is not certain now."""
    said = [each for each in query.filters if each.facet == "custody"]
    if not said or query.words:
        return None
    if all(each.without for each in said):
        return _unsure(entries, context)
    return _once(query, context)


def _unsure(entries: Sequence[Entry], context: Context) -> Text | None:
    """Those not certain are not known to be out of the custody that was left out."""
    today = context.now.date()
    n = sum(1 for case in entries if "unknown" in case.values(today)["custody"])
    return context.content.say("prisoner.unsure", n=n) if n else None


def _once(query: Query, context: Context) -> Text | None:
    """Those whose custody was last known as asked for, a line for each custody."""
    named = defaultdict[Custody, list[Text]](list)
    for custody, case in once(query, context):
        named[custody].append(case.name)
    return lines(*(_last_known(custody, names, context) for custody, names in named.items())) or None


def _last_known(custody: Custody, names: Sequence[Text], context: Context) -> Text:
    say = context.content.say
    said = say("prisoner.once", was=say(f"prisoner.was.{custody}"), names=join(names[:_NAMED], ", "))
    return card.counted(said, len(names[_NAMED:]), context)


def once(query: Query, context: Context) -> Sequence[tuple[Custody, Prisoner]]:
    """Those whose custody was last known as asked for and is not certain now: they match "not certain" only."""
    wanted = {each.value for each in query.filters if each.facet == "custody" and not each.without}
    if query.words:
        return ()
    select, today = context.content.select, context.now.date()
    fitting = {case.id for case in select(Prisoner, query.filters, today)}
    others = select(Prisoner, [each for each in query.filters if each.facet != "custody"], today)
    known = ((case.last_known_on(today), case) for case in others if case.id not in fitting)
    return [(last.custody, case) for last, case in known if last and last.custody in wanted]


def near(query: Query, context: Context) -> Sequence[Prisoner]:
    """People whom the remark names."""
    return [case for _, case in once(query, context)[:_NAMED]]


_listing = Listing(Prisoner, overview, remark, near)


@router.command("prisoners", bare=Bare.ALWAYS)
def prisoners(request: Request, context: Context) -> Reply:
    """People detained or prosecuted for politics: overview, filters, search, card."""
    return _listing.answer(request, context)
