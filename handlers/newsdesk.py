"""Newsdesk: where moderators see to broadcasts, from the draft to the totals. No command of it lists subscribers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import ceil

from bot.core import announcement
from bot.core.broadcast import FINAL, Broadcast, Desk, Item, Kind, Policy, Sheet, State
from bot.core.change import Approve, Cancel, Change, Compose, Pause, Reject, Resume, Show, Withdraw
from bot.core.content import Content
from bot.core.messages import Button, Context, Reply, Request, Role
from bot.core.router import Bare, Router
from bot.core.spelling import closest, normalize
from bot.core.text import Limit, Style, Text, join, lines, paragraphs, parse
from handlers.card import bullets
from handlers.listing import page, turned

router = Router()

LONGEST = Limit(2_500, "utf16")  # of composed words: topics, caution and notes need room beside them
_REASONS = 8  # of a sheet; its texts have the rest
_BLOCKS = 10  # of a progress bar
_SENT = (State.SENDING, State.PAUSED, State.ENDED, State.CANCELLED)
_HEADED = re.compile(r"([a-z]{2,3}):\s*(.*)", re.IGNORECASE | re.DOTALL)

AtDesk = Callable[[Request, Context, Desk], Reply]


def _command(name: str) -> Callable[[AtDesk], AtDesk]:
    """Register a moderators' command; it is answered in private alone."""

    def register(handler: AtDesk) -> AtDesk:
        @router.command(name, bare=Bare.NEVER, needs=Role.MODERATOR, desk=True)
        def answer(request: Request, context: Context) -> Reply:
            if not request.chat.private or context.desk is None:
                return Reply(context.content.say("desk.private"))
            return handler(request, context, context.desk)

        return handler

    return register


@dataclass(frozen=True, slots=True)
class Visit:
    """A moderator's word about one broadcast."""

    sheet: Sheet
    desk: Desk
    context: Context
    words: str  # what follows the number
    typed: str  # the same with its lines

    @property
    def broadcast(self) -> Broadcast:
        """The broadcast it is about."""
        return self.sheet.broadcast

    def says(self, phrase: str, *buttons: str, changes: tuple[Change, ...] = (), **values: Text | str | int) -> Reply:
        """A sentence that may name the broadcast's number and state, and the buttons of commands about it."""
        content, number = self.context.content, str(self.broadcast.number)
        state = content.say(f"desk.state.{self.broadcast.state}")
        named = tuple(announcement.button(name, number, content) for name in buttons)
        text = content.say(phrase, **{"number": number, "state": state, **values})
        return Reply(text, (named,) if named else (), changes=changes)


def _about(name: str) -> Callable[[Callable[[Visit], Reply]], Callable[[Visit], Reply]]:
    """Register a moderators' command about the broadcast whose number it begins with."""

    def register(handler: Callable[[Visit], Reply]) -> Callable[[Visit], Reply]:
        @_command(name)
        def answer(request: Request, context: Context, desk: Desk) -> Reply:
            number, _, words = request.argument.partition(" ")
            if not re.fullmatch(r"#?\d{1,9}", number):
                return Reply(context.content.say("desk.which", command=f"{name} 12"))
            sheet = desk.sheet
            if sheet is None or sheet.broadcast.number != int(number.removeprefix("#")):
                return Reply(context.content.say("desk.unknown", number=number), _lists(context.content))
            typed = request.typed.partition(number)[2].strip()
            return handler(Visit(sheet, desk, context, words, typed))

        return handler

    return register


def _lists(content: Content) -> tuple[tuple[Button, ...], ...]:
    """The way to all drafts and broadcasts."""
    return (tuple(Button(str(content.say(f"desk.button.{name}")), name) for name in ("drafts", "broadcasts")),)


# ---------------------------------------------------------------------------- drafts


@_command("drafts")
def drafts(request: Request, context: Context, desk: Desk) -> Reply:
    """The drafts that wait, newest first; and which moderators cannot be told of them."""
    content = context.content
    waiting = [each for each in desk.broadcasts if each.state is State.DRAFT]
    lead = lines(content.say("desk.drafts", n=len(waiting)), _unreachable(desk, content))
    if not waiting:
        return Reply(lead)
    items = [_draft_line(each, context, desk) for each in waiting]
    return page(request, context, lead, items, _opening("draft", waiting, content), turned(request)[1])


def _unreachable(desk: Desk, content: Content) -> Text | None:
    names = content.locale.listing(desk.unreachable)
    return content.say("desk.unreachable", names=names) if names else None


def _opening(name: str, broadcasts: Sequence[Broadcast], content: Content) -> list[Button]:
    named = (announcement.button(name, str(each.number), content) for each in broadcasts)
    return [replace(each, listed=True) for each in named]


def _draft_line(broadcast: Broadcast, context: Context, desk: Desk) -> Text:
    """Number, age, topics, what it is about, how many approved, and this moderator's part in it."""
    content = context.content
    said = announcement.approving(broadcast)
    return _dotted(
        _titled(broadcast, content),
        content.say("desk.age", span=_span((context.now - broadcast.created_at).total_seconds(), content)),
        announcement.topics(broadcast.topics, content),
        announcement.gist(broadcast, content),
        content.say("desk.approvals", n=len(said), needed=desk.needed),
        content.say("desk.yours") if broadcast.author == desk.me else None,
        content.say("desk.approved.you") if desk.me in said else None,
        content.say("desk.over") if _over(broadcast, context) else None,
    )


def _dotted(*parts: Text | str | None) -> Text:
    return join((part for part in parts if part), " · ")


def _titled(broadcast: Broadcast, content: Content) -> Text:
    """ "Draft 12", "Broadcast 12", and that it is urgent."""
    kind = "draft" if broadcast.state in (State.DRAFT, State.REJECTED) else "broadcast"
    title = content.say(f"desk.title.{kind}", number=str(broadcast.number)).styled(Style.BOLD)
    return _dotted(title, content.say("desk.urgent") if broadcast.urgent else None)


def _over(broadcast: Broadcast, context: Context) -> bool:
    return broadcast.expires_at is not None and broadcast.expires_at <= context.now


def _span(seconds: float, content: Content) -> Text:
    """A length of time in one unit, rounded up: "41 s", "7 min", "14 h", "3 days"."""
    for unit, size, most in (("seconds", 1, 120), ("minutes", 60, 7_200), ("hours", 3_600, 172_800)):
        if seconds < most:
            return content.say(f"desk.span.{unit}", n=max(0, ceil(seconds / size)))
    return content.say("desk.span.days", n=ceil(seconds / 86_400))


@_about("draft")
def draft(visit: Visit) -> Reply:
    """Exactly what will be shown, to how many, and for how long; the moderator has then seen it."""
    if visit.broadcast.state in _SENT:
        return visit.says("desk.state_of", "broadcast")
    return _sheet(visit) if visit.broadcast.state is State.DRAFT else _rejected(visit)


def _rejected(visit: Visit) -> Reply:
    return visit.says("desk.was_rejected", why=announcement.why(visit.broadcast, visit.context.content))


def _sheet(visit: Visit, lead: str = "") -> Reply:
    """The draft as it is now, with the buttons to decide; lead is a phrase that says why it is shown."""
    content, sheet = visit.context.content, visit.sheet
    number = str(visit.broadcast.number)
    text = paragraphs(
        content.say(lead, number=number) if lead else None,
        lines(_titled(visit.broadcast, content), *_origin(visit), bullets(_reasons(visit))),
        lines(*_reach(visit)),
        content.say("desk.shown"),
        *_texts(sheet, content),
        lines(content.say("desk.end", number=number), _approval(visit)),
    )
    approve = announcement.button("approve", f"{number} {sheet.digest}", content)
    reject = announcement.button("reject", number, content)
    rows = ((reject,),) if _over(visit.broadcast, visit.context) else ((approve, reject),)
    return Reply(text, rows, changes=(Show(visit.broadcast.number, sheet.digest),))


def _origin(visit: Visit) -> Iterator[Text]:
    """Where it comes from, whom it is for, and how it goes out."""
    content, context, broadcast = visit.context.content, visit.context, visit.broadcast
    age = _span((context.now - broadcast.created_at).total_seconds(), content)
    own = content.say("desk.yours") if broadcast.author == visit.desk.me else None
    topics = announcement.topics(broadcast.topics, content)
    about = announcement.gist(broadcast, content) if broadcast.original else None
    yield _dotted(content.say(f"desk.kind.{broadcast.kind}"), topics, about, content.say("desk.age", span=age), own)
    yield content.say(f"desk.policy.{broadcast.policy}")
    if broadcast.expires_at:
        last = announcement.day(broadcast.expires_at - timedelta(seconds=1), context)
        yield content.say("desk.over_on" if _over(broadcast, context) else "desk.expires", date=last)


def _reasons(visit: Visit) -> Iterator[Text]:
    """What changed, the newest source and the entry of each piece of news."""
    content, items = visit.context.content, visit.broadcast.items
    for item in items[:_REASONS]:
        yield _reason(item, content)
    if len(items) > _REASONS:
        yield content.say("card.more", n=len(items) - _REASONS)


def _reason(item: Item, content: Content) -> Text:
    entry = content.entries.get(item.entry)
    if entry is None:
        return content.say("desk.reason.gone", entry=item.entry)
    before = item.before or {}
    facets = [str(content.say(f"news.facet.{each}")) for each in item.after if before.get(each) != item.after[each]]
    changed = content.say("desk.reason.changed", facets=content.locale.listing(facets))
    reason = content.say("desk.reason.new") if item.before is None else changed
    command = Text(f"/show {entry.id}").styled(Style.COMMAND)
    return reason + " " + _dotted(entry.heading, entry.newest_sources()[0].link(), command)


def _reach(visit: Visit) -> Iterator[Text | None]:
    """How many will get it on each platform, how long it takes, and what it costs."""
    content, sheet = visit.context.content, visit.sheet
    yield content.say("desk.audience" if any(sheet.audience.values()) else "desk.no_audience")
    yield bullets(
        content.say(
            "desk.reach",
            n=n,
            platform=content.label("platform", platform),
            span=_span(sheet.seconds.get(platform, 0), content),
        )
        for platform, n in sheet.audience.items()
    )
    yield content.say("desk.channels", n=sheet.channels) if sheet.channels else None
    yield content.say("desk.stars", n=sheet.stars) if sheet.stars else None


def _texts(sheet: Sheet, content: Content) -> Iterator[Text]:
    """Each language's text under the language's name."""
    for code, text in sheet.texts.items():
        name = content.say("desk.language", language=content.languages.get(code, code))
        yield paragraphs(name, _plainly(text))


def _plainly(text: Text) -> Text:
    """A text that already says what in it is a draft or in another language: this answer need not say it too."""
    return Text(text.plain, tuple(mark for mark in text.marks if mark.style not in (Style.FALLBACK, Style.DRAFT)))


def _approval(visit: Visit) -> Text:
    """How many approved these texts, of how many needed."""
    content, said = visit.context.content, announcement.approving(visit.broadcast, visit.sheet.digest)
    mine = content.say("desk.approved.you") if visit.desk.me in said else None
    return _dotted(content.say("desk.approvals", n=len(said), needed=visit.desk.needed), mine)


# ---------------------------------------------------------------------------- deciding


@_about("approve")
def approve(visit: Visit) -> Reply:
    """A word for exactly the texts this moderator was shown; with the last word needed it goes out."""
    said = announcement.approving(visit.broadcast, visit.sheet.digest)
    if refusal := _decided(visit):
        return refusal
    if visit.words not in ("", visit.sheet.digest):
        return _sheet(visit, "desk.changed")
    if not visit.sheet.seen:
        return _sheet(visit, "desk.unseen")
    if visit.desk.me in said:
        return visit.says("desk.approved.before", n=len(said), needed=visit.desk.needed)
    if visit.broadcast.author == visit.desk.me and visit.desk.needed == 1:
        return visit.says("desk.approved.author")
    return _approved(visit, len(said) + 1)


def _approved(visit: Visit, n: int) -> Reply:
    changes = (Approve(visit.broadcast.number, visit.sheet.digest),)
    if n >= visit.desk.needed:
        return visit.says("desk.approved.last", "broadcast", changes=changes)
    return visit.says("desk.approved.one", changes=changes, n=n, needed=visit.desk.needed)


def _decided(visit: Visit) -> Reply | None:
    """What is no draft any more, or too late to be sent."""
    if visit.broadcast.state is State.REJECTED:
        return _rejected(visit)
    if visit.broadcast.state is not State.DRAFT:
        return visit.says("desk.state_of", "broadcast")
    return visit.says("desk.expired") if _over(visit.broadcast, visit.context) else None


@_about("reject")
def reject(visit: Visit) -> Reply:
    """A draft that shall not be sent, and why."""
    if visit.broadcast.state is not State.DRAFT:
        return _decided(visit) or visit.says("desk.state_of")
    if not visit.words:
        return visit.says("desk.why")
    changes = (Reject(visit.broadcast.number, visit.words),)
    return visit.says("desk.rejected", changes=changes, why=visit.words)


# ---------------------------------------------------------------------------- composing


class Misread(Exception):
    """What was composed cannot become a draft; says why, to the moderator."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


@_command("compose")
def compose(request: Request, context: Context, desk: Desk) -> Reply:
    """A draft in a moderator's own words: topics and options in the first line, the text below it."""
    content = context.content
    how = content.say("desk.compose.how", topics=", ".join(content.terms.get("topics", {})))
    if not request.typed:
        return Reply(how)
    options, _, words = request.typed.partition("\n")
    try:
        change = replace(_options(options, context), words=_words(words, content))
    except Misread as problem:
        return Reply(paragraphs(problem.text, how))
    return _composed(change, desk, content)


def _composed(change: Compose, desk: Desk, content: Content) -> Reply:
    button = Button(str(content.say("desk.button.drafts")), "drafts")
    return Reply(content.say("desk.compose.done", n=desk.needed), ((button,),), changes=(change,))


def _options(line: str, context: Context) -> Compose:
    """Topics and options, without the text. Raises Misread."""
    made, topics = Compose(()), []
    words = iter(re.findall(r"[^\s,]+", line))
    for word in words:
        match word.casefold():
            case "urgent":
                made = replace(made, urgent=True)
            case "hold":
                made = replace(made, policy=Policy.HOLD)
            case "expires":
                made = replace(made, expires_at=_expiry(next(words, ""), context))
            case _:
                topics.append(_topic(word, context.content))
    if not topics:
        raise Misread(context.content.say("desk.compose.topicless"))
    return replace(made, topics=tuple(dict.fromkeys(topics)))


def _topic(word: str, content: Content) -> str:
    """The topic of an id, a name or an alias. Raises Misread."""
    terms = content.terms.get("topics", {}).values()
    names = {normalize(name): term.id for term in terms for name in (*term.aliases, str(term.name), term.id)}
    wanted = normalize(word)
    if wanted in names:
        return names[wanted]
    near = closest(wanted, names)
    phrase = "desk.compose.near" if near else "desk.compose.unknown"
    raise Misread(content.say(phrase, word=word, near=names[near] if near else ""))


def _expiry(word: str, context: Context) -> datetime:
    """The end of a day in the pack's time zone. Raises Misread for no day, and for one that is over."""
    try:
        after = date.fromisoformat(word) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Misread(context.content.say("desk.compose.no_day", word=word or "—")) from None
    if after <= context.now.date():
        raise Misread(context.content.say("desk.compose.past", word=word))
    return datetime.combine(after, time(), context.now.tzinfo).astimezone(UTC)


def _words(typed: str, content: Content) -> Mapping[str, str]:
    """The text in each language; a line that begins with "km:" begins that language. Raises Misread."""
    code, found = content.locale.code, dict[str, list[str]]()
    for line in typed.splitlines():
        headed = _HEADED.fullmatch(line.strip())
        if headed and headed[1].casefold() in content.languages:
            code, line = headed[1].casefold(), headed[2]  # noqa: PLW2901 (the rest of the line is the line)
        found.setdefault(code, []).append(line)
    words = {code: text for code, some in found.items() if (text := "\n".join(some).strip())}
    _check(words, content)
    return words


def _check(words: Mapping[str, str], content: Content) -> None:
    """Raises Misread for words that cannot go out: none, none in the reference language, or too many."""
    reference = content.pack.reference_language
    if not any(parse(text) for text in words.values()):
        raise Misread(content.say("desk.compose.empty"))
    if reference not in words:
        raise Misread(content.say("desk.compose.reference", language=content.languages[reference], code=reference))
    for code, text in words.items():
        if LONGEST.measure(parse(text).plain) > LONGEST.size:
            raise Misread(content.say("desk.compose.long", language=content.languages[code], n=LONGEST.size))


# ---------------------------------------------------------------------------- broadcasts


@_command("broadcasts")
def broadcasts(request: Request, context: Context, desk: Desk) -> Reply:
    """What was sent or is being sent, newest first, with its progress."""
    content = context.content
    sent = [each for each in desk.broadcasts if each.state in _SENT]
    lead = content.say("desk.broadcasts", n=len(sent))
    if not sent:
        return Reply(lead)
    items = [
        lines(_dotted(_titled(each, content), announcement.gist(each, content)), *_progress(each, content))
        for each in sent
    ]
    shown = page(request, context, lead, items, _opening("broadcast", sent, content), turned(request)[1])
    return replace(shown, live=any(map(_goes_on, sent)))


def _goes_on(broadcast: Broadcast) -> bool:
    """Whether its totals may still change."""
    return broadcast.state in (State.SENDING, State.PAUSED)


def _progress(broadcast: Broadcast, content: Content) -> Iterator[Text]:
    """State, bar and totals, which are live, to the last one: they are counts and no persons."""
    state = content.say(f"desk.state.{broadcast.state}")
    yield state + f": {announcement.why(broadcast, content)}" if broadcast.why else state
    if bar := _bar(broadcast, content):
        yield bar
    yield announcement.totals(broadcast.tally, content)


def _bar(broadcast: Broadcast, content: Content) -> Text | None:
    """ "▓▓▓▓▓▓░░░░ 61 %": how many of the deliveries are in a final state; None where there are none."""
    outcomes = announcement.summed(broadcast.tally)
    if not outcomes.total():
        return None
    done = sum(n for outcome, n in outcomes.items() if outcome in FINAL)
    filled = "▓" * (done * _BLOCKS // outcomes.total())
    return content.say("desk.bar", bar=filled.ljust(_BLOCKS, "░"), n=done * 100 // outcomes.total())


@_about("broadcast")
def broadcast(visit: Visit) -> Reply:
    """One broadcast and how far it is."""
    content, about = visit.context.content, visit.broadcast
    if about.state is State.REJECTED:
        return _rejected(visit)
    if about.state is State.DRAFT:
        return visit.says("desk.state_of", "draft")
    topics = announcement.topics(about.topics, content)
    kind = _dotted(content.say(f"desk.kind.{about.kind}"), topics)
    text = paragraphs(
        lines(_titled(about, content), kind, announcement.gist(about, content)), lines(*_progress(about, content))
    )
    named = (announcement.button(name, str(about.number), content) for name in _possible(about))
    return Reply(text, (tuple(named),), live=_goes_on(about))


def _possible(broadcast: Broadcast) -> tuple[str, ...]:
    """The commands that make sense for a broadcast in its state."""
    withdraw = () if broadcast.kind is Kind.WITHDRAWAL else ("withdraw",)
    match broadcast.state:
        case State.SENDING:
            return ("pause", "cancel", *withdraw)
        case State.PAUSED:
            return ("resume", "cancel", *withdraw)
        case _:
            return withdraw


@_about("pause")
def pause(visit: Visit) -> Reply:
    """A broadcast that is being sent shall wait."""
    if visit.broadcast.state is not State.SENDING:
        return visit.says("desk.state_of")
    return visit.says("desk.paused", "resume", "cancel", changes=(Pause(visit.broadcast.number, visit.words),))


@_about("resume")
def resume(visit: Visit) -> Reply:
    """A paused broadcast shall go on."""
    if visit.broadcast.state is not State.PAUSED:
        return visit.says("desk.state_of")
    return visit.says("desk.resumed", "broadcast", changes=(Resume(visit.broadcast.number),))


@_about("cancel")
def cancel(visit: Visit) -> Reply:
    """Nothing more of a broadcast shall be sent."""
    if visit.broadcast.state is State.DRAFT:
        return visit.says("desk.state_of", "reject")
    if visit.broadcast.state not in (State.SENDING, State.PAUSED):
        return visit.says("desk.state_of")
    return visit.says("desk.cancelled", "broadcast", changes=(Cancel(visit.broadcast.number),))


@_about("correct")
def correct(visit: Visit) -> Reply:
    """A draft that corrects what was sent; it goes to the same topics in the same way."""
    about, content = visit.broadcast, visit.context.content
    if refusal := _unsent(visit):
        return refusal
    if not visit.typed:
        return visit.says("desk.correct")
    try:
        words = _words(visit.typed, content)
    except Misread as problem:
        return Reply(problem.text)
    change = Compose(about.topics, words, about.urgent, about.policy, about.number)
    return _composed(change, visit.desk, content)


def _unsent(visit: Visit) -> Reply | None:
    """Only what was sent, and says something, can be corrected or withdrawn."""
    if visit.broadcast.kind is Kind.WITHDRAWAL:
        return visit.says("desk.withdrawal")
    return None if visit.broadcast.state in _SENT else visit.says("desk.state_of")


@_about("withdraw")
def withdraw(visit: Visit) -> Reply:
    """What was sent is deleted where the platform can; once the moderator said yes."""
    if refusal := _unsent(visit):
        return refusal
    if visit.words.casefold() == "yes":
        return visit.says("desk.withdrawn", "broadcast", changes=(Withdraw(visit.broadcast.number),))
    yes = Button(str(visit.context.content.say("desk.button.yes")), f"withdraw {visit.broadcast.number} yes")
    return replace(visit.says("desk.sure"), rows=((yes,),))
