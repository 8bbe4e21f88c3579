"""Announcement: what a broadcast says to its subscribers, and what moderators are told of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate, takewhile
from math import ceil

from bot.core.broadcast import Broadcast, Item, Kind, Outcome, State, Tally
from bot.core.calendar import PartialDate
from bot.core.content import Content
from bot.core.entry import Entry, News
from bot.core.messages import Button, Context, Reply
from bot.core.text import Limit, Style, Text, join, lines, paragraphs, parse

# One message on every platform, with room left for what a platform adds.
LIMITS = (Limit(3_500), Limit(3_500, "utf16"), Limit(11_000, "bytes"))
_UNKNOWN = "unknown"  # how a facet's value begins, in every facet, where nobody can say
_NAMED = 3  # entries that a gist names
_OPENED = 3  # entries that have a button of their own
_FEWEST = 10  # people; a smaller group is not told apart from the others
_PROBLEMS = 5  # of a broken edit, that are listed
_PROBLEM = 300  # characters of one
_GIST = 90  # characters of composed words that a gist quotes


# ---------------------------------------------------------------------------- to subscribers


def text(broadcast: Broadcast, context: Context, original_at: datetime | None = None) -> Text:
    """The message in the language of the context, as the content stands now; it fits every platform.

    A correction or withdrawal names the day on which its original (original_at, aware) was sent.
    """
    head = _head(broadcast, context, original_at)
    parts = _parts(broadcast, context) or [context.content.say("news.nothing")]
    return _fitted(head, parts, context.content)


def uncut(news: News, entry: Entry, context: Context) -> Text:
    """What is sent of a new entry if nothing of it is left out; it may be more than a platform takes."""
    broadcast = Broadcast(
        0, State.DRAFT, Kind.NEWS, context.now, news.topics, (Item(entry.id, None, entry.standing()),)
    )
    return _whole(lines(_topics(broadcast, context.content)), _parts(broadcast, context), 0, context.content)


def fits(words: Text) -> bool:
    """Whether a text is one message on every platform."""
    return all(limit.measure(words.plain) <= limit.size for limit in LIMITS)


def together(texts: Sequence[Text], on: date, content: Content) -> Text:
    """Several updates in one message of a day: as many as it takes, and what they all end with once."""
    bodies, closings = zip(*map(parted, texts), strict=True)
    head = content.say("push.digest", n=len(texts), date=PartialDate.parse(on.isoformat()))

    def some(n: int) -> Text:
        rest = content.say("news.updates", n=len(texts) - n) if n < len(texts) else None
        return content.noted(paragraphs(head, *bodies[:n], rest, *dict.fromkeys(closings)))

    return next((said for n in range(len(texts), 1, -1) if fits(said := some(n))), some(1))


def parted(words: Text) -> tuple[Text, Text]:
    """An update, and the caution under it; what is noted below that depends on all that stands in a message."""
    caution = next((mark for mark in words.marks if mark.style is Style.CLOSING), None)
    return (words[: caution.start].strip(), words[caution.start : caution.end]) if caution else (words, Text())


def digest(texts: Mapping[str, Text]) -> str:
    """12 hexadecimal characters that name exactly these texts (by language), marks and all."""
    said = [
        (code, words.plain, [(mark.start, mark.end, mark.style.value, mark.target) for mark in words.marks])
        for code, words in sorted(texts.items())
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]


def _topics(broadcast: Broadcast, content: Content) -> Text | None:
    named = topics(broadcast.topics, content)
    return content.say("news.lead", topics=named) if named else None


def topics(ids: Sequence[str], content: Content) -> str:
    """The names of topics."""
    return content.locale.listing([content.label("topic", each) for each in ids])


def _head(broadcast: Broadcast, context: Context, original_at: datetime | None) -> Text:
    """What it is: news of some topics, the correction of an earlier update, or the end of one."""
    content, named = context.content, _topics(broadcast, context.content)
    if broadcast.kind not in (Kind.CORRECTION, Kind.WITHDRAWAL):
        return lines(named)
    when = {} if original_at is None else {"date": day(original_at, context)}
    said = content.say(f"news.{broadcast.kind}.{'dated' if when else 'undated'}", **when)
    if broadcast.kind is Kind.CORRECTION:
        return lines(said, named)
    return join((each for each in (said, _withdrawn(broadcast, content)) if each), " · ")


def _withdrawn(broadcast: Broadcast, content: Content) -> str:
    """What a withdrawn update was about, of what is still here: its words are not said again."""
    here = [content.entries[item.entry] for item in broadcast.items[:_NAMED] if item.entry in content.entries]
    names = ", ".join(str(entry.heading.shortened(40)) for entry in here)
    return names or topics(broadcast.topics, content)


def day(at: datetime, context: Context) -> PartialDate:
    """The readers' day of a moment (aware)."""
    return PartialDate.parse(at.astimezone(context.now.tzinfo).date().isoformat())


def _parts(broadcast: Broadcast, context: Context) -> list[Text]:
    """What it says, in parts of which the last ones may be left for elsewhere."""
    if broadcast.kind is Kind.WITHDRAWAL:
        return [context.content.say("news.withdrawn")]
    if broadcast.words:
        return [_composed(broadcast, context.content)]
    return [part for item in broadcast.items if (part := _told(item, context))]


def _composed(broadcast: Broadcast, content: Content) -> Text:
    """The moderators' words, in the reference language where there are none in the reader's."""
    wishes = (content.locale.code, content.pack.reference_language, *broadcast.words)
    code = next(code for code in wishes if code in broadcast.words)
    words = parse(broadcast.words[code])
    return words if code == content.locale.code else words.styled(Style.FALLBACK, code)


def _told(item: Item, context: Context) -> Text | None:
    """One entry's news with its date, its newest source; None where there is none left to tell."""
    entry = context.content.entries.get(item.entry)
    said = _news(entry, item, context) if entry else None
    if entry is None or said is None:
        return None
    return lines(said, entry.newest_sources()[0].link())


def _news(entry: Entry, item: Item, context: Context) -> Text | None:
    """What is new or has changed, as the entry stands now: it may have changed again since."""
    if item.before is None:
        return entry.announced(context)
    content = context.content
    changed = {name: value for name, value in _today(entry, context).items() if item.before.get(name) != value}
    if not changed:
        return None
    if not all(f"{facet}.{value}" in content.phrases for facet, value in changed.items()):
        return entry.announced(context)  # a count stands behind its publisher and date: its line says it
    changes = join((_change(facet, item.before.get(facet), now, content) for facet, now in changed.items()), "; ")
    said = content.say("news.changed", name=entry.heading.styled(Style.BOLD), changes=changes)
    return said + " " + content.say("card.dated", date=entry.as_of) if entry.as_of else said


def _today(entry: Entry, context: Context) -> Mapping[str, str]:
    """How it stands, as it may be said today: not certain where a term that was running should be over."""
    values = entry.values(context.now.date())
    return {facet: _UNKNOWN if _UNKNOWN in values.get(facet, ()) else now for facet, now in entry.standing().items()}


def _change(facet: str, before: str | None, now: str, content: Content) -> Text:
    """ "custody: house arrest → free"."""
    after = content.say("news.unsure") if now.startswith(_UNKNOWN) else Text(content.label(facet, now))
    return content.say(
        "news.change.known" if before else "news.change.first",
        facet=content.say(f"news.facet.{facet}"),
        before=content.label(facet, before or ""),
        after=after.styled(Style.BOLD),
    )


def _fitted(head: Text, parts: Sequence[Text], content: Content) -> Text:
    """As many parts as one message takes, and how many more there are; of one too long its beginning."""
    sizes = accumulate(len(part.plain) for part in parts)
    most = sum(1 for _ in takewhile(lambda size: size <= LIMITS[0].size, sizes))
    wholes = (_whole(head, parts[:n], len(parts) - n, content) for n in range(most, 0, -1))
    return next(filter(fits, wholes), None) or _cut(head, parts, content)


def _cut(head: Text, parts: Sequence[Text], content: Content) -> Text:
    """The beginning of the first part, where even that is too long."""

    def shortened(size: int) -> Text:
        return _whole(head, [parts[0].shortened(size)], len(parts) - 1, content)

    sizes = (LIMITS[0].size - step for step in range(0, LIMITS[0].size, 100))
    return next(filter(fits, map(shortened, sizes)), content.noted(head))


def _whole(head: Text, parts: Sequence[Text], others: int, content: Content) -> Text:
    rest = content.say("news.more", n=others) if others else None
    return content.noted(paragraphs(head, *parts, rest, content.caution().styled(Style.CLOSING)))


def opens(broadcasts: Sequence[Broadcast], content: Content) -> list[Button]:
    """What stands under updates: the first entries that they are about."""
    named = dict.fromkeys(item.entry for each in broadcasts for item in each.items)
    entries = [content.entries[name] for name in named if name in content.entries][:_OPENED]
    return [Button(str(entry.heading.shortened(40)), f"show {entry.id}") for entry in entries]


# ---------------------------------------------------------------------------- to moderators


def waiting(broadcast: Broadcast, needed: int, content: Content, *, anew: bool = False) -> Reply:
    """A new draft waits for approvals; or, anew, one that says something else now."""
    said = content.say(
        "desk.revised" if anew else "desk.waiting",
        n=needed,
        number=str(broadcast.number),
        gist=gist(broadcast, content),
    )
    return Reply(content.noted(said), ((_button("draft", broadcast, content),),))


def unposted(broadcast: Broadcast, content: Content) -> Reply:
    """An announcement channel does not take it; everybody else gets it."""
    said = content.say("desk.channel", number=str(broadcast.number))
    return Reply(content.noted(said), ((_button("broadcast", broadcast, content),),))


def stopped(broadcast: Broadcast, content: Content) -> Reply:
    """A broadcast was stopped, and why: a platform refuses it."""
    said = content.say("desk.stopped", number=str(broadcast.number), why=why(broadcast, content))
    buttons = tuple(_button(name, broadcast, content) for name in ("broadcast", "resume", "cancel"))
    return Reply(content.noted(paragraphs(said, totals(broadcast, content))), (buttons,))


def rejected(broadcast: Broadcast, content: Content) -> Reply:
    """A moderator has rejected a draft, and why."""
    said = lines(
        content.say("desk.was_rejected", number=str(broadcast.number), why=why(broadcast, content)),
        gist(broadcast, content),
    )
    return Reply(content.noted(said))


def why(broadcast: Broadcast, content: Content) -> str:
    """Why it was stopped or rejected: the bot's own reasons in the reader's language, a moderator's as written."""
    known = f"desk.because.{broadcast.why}"
    return str(content.say(known)) if known in content.phrases else broadcast.why


def broken(problems: Sequence[str], content: Content) -> Reply:
    """That the content was edited and is not used, with the first of its problems, a line each."""
    shown = lines(*(Text(each).shortened(_PROBLEM) for each in problems[:_PROBLEMS]))
    others = len(problems) - _PROBLEMS
    rest = content.say("desk.content.more", n=others) if others > 0 else None
    return Reply(content.noted(paragraphs(content.say("desk.content.broken", n=len(problems)), shown, rest)))


def mended(content: Content) -> Reply:
    """That the content is used again."""
    return Reply(content.noted(content.say("desk.content.mended")))


def ended(broadcast: Broadcast, content: Content) -> Reply:
    """A broadcast has ended: how many got it, and how many did not."""
    said = content.say("desk.ended", number=str(broadcast.number), gist=gist(broadcast, content))
    words = paragraphs(said, totals(broadcast, content))
    return Reply(content.noted(words), ((_button("broadcast", broadcast, content),),))


def _button(name: str, broadcast: Broadcast, content: Content) -> Button:
    return button(name, str(broadcast.number), content)


def button(name: str, argument: str, content: Content) -> Button:
    """The button of a moderators' command about a broadcast; the argument begins with its number."""
    label = content.say(f"desk.button.{name}", number=argument.split(maxsplit=1)[0])
    return Button(str(label), f"{name} {argument}")


def gist(broadcast: Broadcast, content: Content) -> Text:
    """What a broadcast is about, in a few words."""
    if broadcast.kind in (Kind.CORRECTION, Kind.WITHDRAWAL):
        about = content.say(f"desk.gist.{broadcast.kind}", number=str(broadcast.original))
        return join((part for part in (about, _about(broadcast, content)) if part), " ")
    return _about(broadcast, content)


def _about(broadcast: Broadcast, content: Content) -> Text:
    if broadcast.words:
        return Text(" ".join(_composed(broadcast, content).plain.split())).shortened(_GIST)
    names = Text(", ".join(_names(broadcast.items[:_NAMED], content)))
    others = len(broadcast.items) - _NAMED
    return names + " " + content.say("card.more", n=others) if others > 0 else names


def _names(items: Sequence[Item], content: Content) -> Iterator[str]:
    """The entries' names; the id of one that is no longer here."""
    for item in items:
        entry = content.entries.get(item.entry)
        yield str(entry.heading.shortened(40)) if entry else item.entry


def approving(broadcast: Broadcast, digest: str = "") -> set[str]:
    """The moderators who approved exactly these texts; those of the newest approval where none are named.

    Earlier approvals may have been for others.
    """
    newest = broadcast.approvals[-1].digest if broadcast.approvals else ""
    return {each.moderator for each in broadcast.approvals if each.digest == (digest or newest)}


def summed(tally: Tally) -> Counter[Outcome]:
    """The deliveries of all platforms by outcome."""
    total: Counter[Outcome] = Counter()
    for outcomes in tally.values():
        total.update(outcomes)
    return total


def few(people: int) -> bool:
    """Whether a group is so small that it is not told apart from the others."""
    return 0 < people < _FEWEST


def span(seconds: float, content: Content) -> Text:
    """A length of time in one unit, rounded up: "41 s", "7 min", "14 h", "3 days"."""
    for unit, size, most in (("seconds", 1, 120), ("minutes", 60, 7_200), ("hours", 3_600, 172_800)):
        if seconds < most:
            return content.say(f"desk.span.{unit}", n=max(0, ceil(seconds / size)))
    return content.say("desk.span.days", n=ceil(seconds / 86_400))


def state(broadcast: Broadcast, content: Content) -> Text:
    """How far a broadcast is; a withdrawal sends nothing, and so is done and not sent."""
    done = broadcast.kind is Kind.WITHDRAWAL and broadcast.state is State.ENDED
    return content.say("desk.done" if done else f"desk.state.{broadcast.state}")


def totals(broadcast: Broadcast, content: Content, *, folded: bool = False) -> Text:
    """ "sent 1,204 · unknown 3"; and by platform, where there are several, and on none of them a few of anything.

    folded: small counts may have been dropped since, so that none does not mean nobody.
    """
    kind, tally = broadcast.kind, broadcast.tally
    if not any(summed(tally).values()):
        return content.say(f"desk.nobody.{_without(broadcast, folded=folded)}")
    told = counts(summed(tally), kind, content)
    if len(tally) < 2 or any(few(n) for outcomes in tally.values() for n in outcomes.values()):
        return told
    platforms = (
        content.say("desk.platform", platform=content.label("platform", name), counts=counts(outcomes, kind, content))
        for name, outcomes in sorted(tally.items())
    )
    return lines(told, *platforms)


def counts(outcomes: Mapping[Outcome, int], kind: Kind, content: Content) -> Text:
    """Deliveries by outcome, those that there are: "sent 1,204 · queued 12", of a withdrawal "told of it 3"."""
    there = [(outcome, outcomes[outcome]) for outcome in Outcome if outcomes.get(outcome)]
    told = {Outcome.SENT: "told"} if kind is Kind.WITHDRAWAL else {}
    said = (content.say("list.value", what=content.label("outcome", told.get(each, each)), n=n) for each, n in there)
    return join(said, " · ")


def _without(broadcast: Broadcast, *, folded: bool) -> str:
    """Why a broadcast has no deliveries."""
    if broadcast.state not in (State.ENDED, State.CANCELLED):
        return "yet"
    return "kept" if folded else broadcast.kind if broadcast.kind is Kind.WITHDRAWAL else broadcast.state
