"""Updates: what would be sent to subscribers: its words, whom it would reach, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil

from bot.core import announcement
from bot.core.broadcast import Broadcast, Item, Kind, Outcome, State
from bot.core.calendar import PartialDate
from bot.core.content import Content, Snapshot
from bot.core.entry import Entry, News
from bot.core.messages import Context
from bot.delivery.message import opened, private
from bot.newsroom import Newsroom
from bot.preview.bubble import Bubble, on_matrix, on_telegram
from bot.preview.office import Office
from bot.preview.view import View
from bot.store import Audience, Draft, Store, StoreFailed, StoreUnusable

_DRAFTS = 100  # that wait in the database, shown at once


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom an update would reach; groups are told apart only where none of them is small."""

    people: int | None  # None: a few
    topics: Mapping[str, int] = field(default_factory=dict)  # who hear of each
    platforms: Mapping[str, int] = field(default_factory=dict)
    channels: int = 0
    seconds: int = 0  # until the last has it


@dataclass(frozen=True, slots=True)
class Update:
    """An update that is not sent yet."""

    broadcast: Broadcast
    reach: Reach | None = None  # None: there is no database to count in
    original_at: datetime | None = None  # when what it corrects was sent
    entry: str = ""  # the file it is written in, where it is one
    due: PartialDate | None = None  # its own day, where it has one


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that may be sent next."""

    drafts: tuple[Update, ...] = ()  # that wait for approval
    foreseen: tuple[Update, ...] = ()  # that the bot would make of the content as it is now
    written: tuple[Update, ...] = ()  # the files of updates, newest first
    trouble: str = ""  # why nothing can be counted


async def outlook(office: Office, snapshot: Snapshot) -> Outlook:
    """What may be sent next, with its audience where there is a database."""
    written = _written(office, snapshot)
    try:
        async with Store(office.database).reading() as store:
            drafts = await store.broadcasts.newest(_DRAFTS, {State.DRAFT})
            foreseen = await Newsroom(store, office.clock).foreseen(snapshot)
            now = office.clock.now()
            return Outlook(
                tuple([await _counted(office, store, Update(each)) for each in drafts]),
                tuple([await _counted(office, store, Update(_broadcast(each, now))) for each in foreseen]),
                tuple([await _counted(office, store, each) for each in written]),
            )
    except (StoreUnusable, StoreFailed) as problem:
        return Outlook(written=tuple(written), trouble=str(problem))


def _written(office: Office, snapshot: Snapshot) -> list[Update]:
    """The files of updates, newest first."""
    content = snapshot.views[snapshot.default]
    context = office.context(content)
    posts = [entry for entry in content.of(Entry) if entry.noun == "update"]
    dated = [(event.date, post) for post in posts for event in post.events(context)]
    dated.sort(key=lambda each: each[0].first, reverse=True)
    found = ((day, post.id, as_news(post, context)) for day, post in dated)
    return [Update(broadcast, entry=name, due=day) for day, name, broadcast in found if broadcast]


def as_news(entry: Entry, context: Context) -> Broadcast | None:
    """An entry as its subscribers would be told if it were new; None where it makes no news."""
    today = context.now.date()
    days = (event.date.first for event in entry.events(context) if event.date.first > today)
    news = next(filter(None, map(entry.news, (today, *days))), None)
    return _new(entry, news, context) if news else None


def _new(entry: Entry, news: News, context: Context) -> Broadcast:
    items = (Item(entry.id, None, entry.standing()),)
    return Broadcast(0, State.DRAFT, Kind.NEWS, context.now, news.topics, items, urgent=news.urgent, policy=news.policy)


def _broadcast(draft: Draft, now: datetime) -> Broadcast:
    """A draft that nobody has written down yet."""
    return Broadcast(
        0,
        State.DRAFT,
        draft.kind,
        now,
        draft.topics,
        draft.items,
        urgent=draft.urgent,
        policy=draft.policy,
        expires_at=draft.expires_at,
    )


# ---------------------------------------------------------------------------- its audience


async def _counted(office: Office, store: Store, update: Update) -> Update:
    broadcast = update.broadcast
    if broadcast.original:
        original = await store.broadcasts.one(broadcast.original)
        tally = original.tally if original else {}
        people = {name: each.get(Outcome.SENT, 0) + each.get(Outcome.UNKNOWN, 0) for name, each in tally.items()}
        reach = _reach(Audience(people), {}, office.rates)
        return replace(update, reach=reach, original_at=original.sent_at if original else None)
    entries = [item.entry for item in broadcast.items]
    topics = {topic: await store.subscribers.counts([topic], []) for topic in broadcast.topics}
    audience = await store.subscribers.counts(broadcast.topics, entries)
    return replace(update, reach=_reach(audience, topics, office.rates))


def _reach(audience: Audience, topics: Mapping[str, Audience], rates: Mapping[str, float]) -> Reach:
    """Numbers of people, none of which tells a small group apart from others."""
    there = {name: n for name, n in audience.people.items() if n}
    by_topic = {topic: sum(each.people.values()) for topic, each in topics.items()}
    total = sum(there.values())
    return Reach(
        None if announcement.few(total) else total,
        _apart(by_topic),
        _apart(there),
        audience.channels,
        max((ceil(n / rates[name]) for name, n in there.items() if name in rates), default=0),
    )


def _apart(groups: Mapping[str, int]) -> Mapping[str, int]:
    """The groups, where none of them is small."""
    return {} if any(map(announcement.few, groups.values())) else groups


# ---------------------------------------------------------------------------- its words


def bubbles(view: View, update: Update, content: Content) -> tuple[Bubble, ...]:
    """An update as a subscriber to it receives it, at once and not discreetly, on each platform."""
    body = announcement.text(update.broadcast, view.office.context(content), update.original_at)
    rows = opened([update.broadcast], content)
    return (
        on_telegram(private(body, rows, content, buttons=True), content, view.address.asking),
        on_matrix(private(body, rows, content, buttons=False), content),
    )
