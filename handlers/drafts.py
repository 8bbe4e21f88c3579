"""Drafts: what waits for approval, exactly as it will be shown, and the word for or against it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.core import announcement
from bot.core.broadcast import Broadcast, Desk, Item, Kind, Outlook, Sheet, State
from bot.core.change import Approve, Reject, Show
from bot.core.content import Content
from bot.core.messages import Context, Reply, Request
from bot.core.router import Router
from bot.core.text import Style, Text, lines, paragraphs
from handlers.card import bullets
from handlers.listing import page, turned
from handlers.newsdesk import SENT, Visit, about, command, dotted, opening, over, rejected, titled

router = Router()

_REASONS = 8  # of a sheet; its texts have the rest


@command(router, "drafts")
def drafts(request: Request, context: Context, desk: Desk) -> Reply:
    """The drafts that wait, newest first; and which moderators cannot be told of them."""
    content = context.content
    waiting = [each for each in desk.broadcasts if each.state is State.DRAFT]
    lead = lines(content.say("desk.drafts", n=len(waiting)), _unreachable(desk, content))
    if not waiting:
        return Reply(lead)
    items = [_draft_line(each, context, desk) for each in waiting]
    return page(request, context, lead, items, opening("draft", waiting, content), turned(request)[1])


def _unreachable(desk: Desk, content: Content) -> Text | None:
    names = content.locale.listing(desk.unreachable)
    return content.say("desk.unreachable", names=names) if names else None


def _draft_line(broadcast: Broadcast, context: Context, desk: Desk) -> Text:
    """Number, age, topics, what it is about, how many approved, and this moderator's part in it."""
    content = context.content
    said = announcement.approving(broadcast)
    return dotted(
        titled(broadcast, content),
        content.say("desk.age", span=announcement.span((context.now - broadcast.created_at).total_seconds(), content)),
        announcement.topics(broadcast.topics, content),
        announcement.gist(broadcast, content),
        content.say("desk.approvals", n=len(said), needed=desk.needed),
        content.say("desk.yours") if broadcast.author == desk.me else None,
        content.say("desk.approved.you") if desk.me in said else None,
        content.say("desk.over") if over(broadcast, context) else None,
    )


@about(router, "draft")
def draft(visit: Visit) -> Reply:
    """Exactly what will be shown, to how many, and for how long; the moderator has then seen it."""
    if visit.broadcast.state in SENT:
        return visit.says("desk.state_of", "broadcast")
    return _sheet(visit) if visit.broadcast.state is State.DRAFT else rejected(visit)


def _sheet(visit: Visit, lead: str = "") -> Reply:
    """The draft as it is now, with the buttons to decide; lead is a phrase that says why it is shown."""
    content, sheet = visit.context.content, visit.sheet
    number = str(visit.broadcast.number)
    text = paragraphs(
        content.say(lead, number=number) if lead else None,
        lines(titled(visit.broadcast, content), *_origin(visit), bullets(_reasons(visit))),
        lines(*_reach(visit)),
        lines(content.say("desk.shown"), bullets(_forms(visit))),
        *_texts(sheet, content),
        lines(content.say("desk.end", number=number), _approval(visit)),
    )
    approve = announcement.button("approve", f"{number} {sheet.digest}", content)
    reject = announcement.button("reject", number, content)
    rows = ((reject,),) if over(visit.broadcast, visit.context) else ((approve, reject),)
    return Reply(text, rows, changes=(Show(visit.broadcast.number, sheet.digest),))


def _origin(visit: Visit) -> Iterator[Text]:
    """Where it comes from, whom it is for, and how it goes out."""
    content, context, broadcast = visit.context.content, visit.context, visit.broadcast
    age = announcement.span((context.now - broadcast.created_at).total_seconds(), content)
    own = content.say("desk.yours") if broadcast.author == visit.desk.me else None
    topics = announcement.topics(broadcast.topics, content)
    about = announcement.gist(broadcast, content) if broadcast.original else None
    yield dotted(content.say(f"desk.kind.{broadcast.kind}"), topics, about, content.say("desk.age", span=age), own)
    yield content.say(f"desk.policy.{broadcast.policy}")
    if broadcast.expires_at:
        last = announcement.day(broadcast.expires_at - timedelta(seconds=1), context)
        yield content.say("desk.over_on" if over(broadcast, context) else "desk.expires", date=last)


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
    same = item.before is not None and item.evidence == entry.evidence()
    doubt = content.say("desk.reason.unborne") if same else None
    return lines(reason + " " + dotted(entry.heading, entry.newest_sources()[0].link(), command), doubt)


def _reach(visit: Visit) -> Iterator[Text | None]:
    """How many will get it on each platform, how long it takes, and what it costs."""
    content, sheet = visit.context.content, visit.sheet
    lead = "desk.audience_later" if _all_later(sheet.outlook) else "desk.audience"
    yield content.say(lead if any(sheet.audience.values()) else "desk.no_audience")
    yield bullets(_reached(sheet, content))
    yield content.say("desk.channels", n=sheet.channels) if sheet.channels else None
    yield _when(sheet.outlook, content)
    yield content.say("desk.stars", n=sheet.stars) if sheet.stars else None


def _all_later(outlook: Outlook) -> bool:
    """Whether nobody hears of it at once: how long it takes then says nothing about when they do."""
    return not outlook.at_once and any((outlook.quiet, outlook.daily, outlook.weekly))


def _reached(sheet: Sheet, content: Content) -> Iterator[Text]:
    """How many on each platform, and for how long where it begins at once; all together where those on one are few."""
    phrase = "desk.reach_later" if _all_later(sheet.outlook) else "desk.reach"
    audience = {platform: n for platform, n in sheet.audience.items() if n}
    apart = [[name] for name in audience] if not any(map(announcement.few, audience.values())) else [list(audience)]
    for names in filter(None, apart):
        labels = content.locale.listing([content.label("platform", name) for name in names])
        length = announcement.span(max(sheet.seconds.get(name, 0) for name in names), content)
        yield content.say(phrase, n=sum(audience[name] for name in names), platform=labels, span=length)


def _when(outlook: Outlook, content: Content) -> Text | None:
    """How many hear of it at once, and how many later; no numbers where one of them is small."""
    there = {name: n for name in ("at_once", "quiet", "daily", "weekly") if (n := getattr(outlook, name))}
    if len(there) > 1 and any(map(announcement.few, there.values())):
        said = [content.say(f"desk.when.{name}") for name in there]
    else:
        said = [content.say("list.value", what=content.say(f"desk.when.{name}"), n=n) for name, n in there.items()]
    return content.say("desk.when.lead", when=dotted(*said)) if said else None


def _forms(visit: Visit) -> Iterator[Text]:
    """How what somebody receives differs from the text below, in a line each."""
    content, outlook = visit.context.content, visit.sheet.outlook
    buttons = content.locale.listing([each.label for each in announcement.opens([visit.broadcast], content)])
    yield content.say("desk.form.buttons", names=buttons) if buttons else content.say("desk.form.foot")
    if visit.broadcast.kind is Kind.CORRECTION:
        yield content.say("desk.form.correction")
    if outlook.daily or outlook.weekly:
        yield content.say("desk.form.digest")
    if outlook.discreet:
        yield content.say("desk.form.discreet", words=content.say("push.discreet"))


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
    return dotted(content.say("desk.approvals", n=len(said), needed=visit.desk.needed), mine)


# ---------------------------------------------------------------------------- deciding


@about(router, "approve")
def approve(visit: Visit) -> Reply:
    """A word for exactly the texts this moderator was shown; with the last word needed it goes out."""
    said = announcement.approving(visit.broadcast, visit.sheet.digest)
    if visit.broadcast.state is State.SENDING and visit.desk.me in said:
        return visit.says("desk.approved.last", "broadcast")
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
    last = n >= visit.desk.needed
    changes = (Approve(visit.broadcast.number, visit.sheet.digest, last),)
    if last:
        return visit.says("desk.approved.last", "broadcast", changes=changes)
    return visit.says("desk.approved.one", changes=changes, n=n, needed=visit.desk.needed)


def _decided(visit: Visit) -> Reply | None:
    """What is no draft any more, or too late to be sent."""
    if visit.broadcast.state is State.REJECTED:
        return rejected(visit)
    if visit.broadcast.state is not State.DRAFT:
        return visit.says("desk.state_of", "broadcast")
    return visit.says("desk.expired") if over(visit.broadcast, visit.context) else None


@about(router, "reject")
def reject(visit: Visit) -> Reply:
    """A draft that shall not be sent, and why."""
    if visit.broadcast.state is not State.DRAFT:
        return _decided(visit) or visit.says("desk.state_of")
    if not visit.words:
        return visit.says("desk.why")
    changes = (Reject(visit.broadcast.number, visit.words),)
    return visit.says("desk.rejected", changes=changes, why=visit.words)
