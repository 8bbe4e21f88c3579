"""Newsroom: what has changed in the content since it was last looked at becomes drafts, one for each topic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from bot.clock import Clock
from bot.core.broadcast import Broadcast, Item, Kind, Standing, State
from bot.core.content import Content, Snapshot
from bot.core.entry import Entry, News
from bot.core.messages import Context
from bot.core.subscription import zone
from bot.core.text import Style
from bot.store import Draft, Published, Revision, Store

_PENDING = 1_000  # drafts that may wait


@dataclass(frozen=True, slots=True)
class _Seen:
    """A pack as the newsroom sees it on a day: who makes news, and how."""

    view: Content  # in the pack's own language
    now: datetime  # where the pack is
    entries: Mapping[str, Entry]
    news: Mapping[str, News]

    def published(self) -> dict[str, Published]:
        """What to remember of it."""
        return {
            name: Published(each.noun, each.standing(), _print(each), each.evidence())
            for name, each in self.entries.items()
        }


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A draft that waits for approval, and its items by the names that their entries have now."""

    draft: Broadcast
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class _Findings:
    """What a look at the content found out."""

    renamed: Mapping[str, str]  # new ids by old ones
    entries: Mapping[str, Published]  # what to remember
    drafts: tuple[Draft, ...]
    revised: Mapping[int, Revision]  # what waits, where it says something else now


class Newsroom:
    """Compares the content with what was published last, which is kept in the store: a restart misses nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.revised: tuple[int, ...] = ()  # drafts that say something else since the last look

    async def compare(self, snapshot: Snapshot) -> tuple[int, ...]:
        """Draft what is news, bring what waits up to date, and return the numbers of new drafts.

        The first look at a pack announces nothing.
        """
        view = snapshot.views[snapshot.default]
        now = self._clock.now().astimezone(zone(view.pack.time_zone))
        mark = f"{snapshot.version} {now.date()}"
        last = await self._store.cursor("content")
        self.revised = ()
        if last == mark:
            return ()
        findings = await self._findings(_look(snapshot, view, now), first=last is None)
        for old, new in findings.renamed.items():
            await self._store.subscribers.renamed(old, new)
        revised = findings.revised
        self.revised = tuple(number for number, revision in revised.items() if revision.items)
        return await self._store.broadcasts.record(
            findings.entries, findings.drafts, revised=revised, cursor=mark, at=now
        )

    async def foreseen(self, snapshot: Snapshot) -> tuple[Draft, ...]:
        """What would be drafted if the content were compared now; nothing is noted.

        Nothing where it was never compared: the first look announces nothing.
        """
        view = snapshot.views[snapshot.default]
        now = self._clock.now().astimezone(zone(view.pack.time_zone))
        first = await self._store.cursor("content") is None
        return (await self._findings(_look(snapshot, view, now), first=first)).drafts

    async def _findings(self, seen: _Seen, *, first: bool) -> _Findings:
        """What a pack says otherwise than what was published; at the first look, nothing."""
        before = await self._store.broadcasts.published()
        renamed = _renamed(before, seen)
        pending = await self._pending(renamed)
        told = {item.entry: item for waiting in pending for item in waiting.items}
        known = _known({renamed.get(name, name): each for name, each in before.items()}, told, seen)
        items = [] if first else [item for item in _items(known, seen) if item.entry not in told]
        drafts = _drafts(await self._unannounced(items, seen), seen)
        return _Findings(renamed, {**known, **seen.published()}, tuple(drafts), _revised(pending, seen))

    async def _pending(self, renamed: Mapping[str, str]) -> list[_Waiting]:
        """The drafts of news that wait, their entries by the names they have now."""
        drafts = await self._store.broadcasts.newest(_PENDING, {State.DRAFT})
        return [
            _Waiting(draft, tuple(replace(item, entry=renamed.get(item.entry, item.entry)) for item in draft.items))
            for draft in drafts
            if draft.kind is Kind.NEWS
        ]

    async def _unannounced(self, items: Iterable[Item], seen: _Seen) -> list[Item]:
        """Those that no draft has told: a file that comes and goes is told of once."""
        named = {_key(item, seen): item for item in items}
        known = await self._store.broadcasts.announced(named)
        return [item for key, item in named.items() if key not in known]


def _look(snapshot: Snapshot, view: Content, now: datetime) -> _Seen:
    news = {entry.id: each for entry in view.entries.values() if (each := entry.news(now.date()))}
    ready = {name: each for name, each in news.items() if _is_written(name, each, snapshot, now)}
    return _Seen(view, now, {name: view.entries[name] for name in ready}, ready)


def _is_written(name: str, news: News, snapshot: Snapshot, now: datetime) -> bool:
    """Whether it is there in all the languages that it needs before it may go out."""
    views = [snapshot.views[code] for code in news.languages if code in snapshot.views]
    texts = (view.entries[name].announced(Context(view, now)) for view in views)
    return len(views) == len(news.languages) and not any(text.has(Style.FALLBACK) for text in texts)


def _renamed(before: Mapping[str, Published], seen: _Seen) -> dict[str, str]:
    """New ids by old ones: what is known by the same as an entry that is no longer here."""
    gone = {(each.kind, each.print): name for name, each in before.items() if name not in seen.view.entries}
    new = {(each.noun, _print(each)): name for name, each in seen.entries.items() if name not in before}
    return {gone[key]: name for key, name in new.items() if key in gone}


def _items(known: Mapping[str, Published], seen: _Seen) -> Iterable[Item]:
    """What stands otherwise than it stood; what is gone is no news, and remembered for when it comes back."""
    for name, entry in seen.entries.items():
        before, now = known.get(name), entry.standing()
        if before is None or before.standing != now:
            yield Item(name, before.standing, now, before.evidence) if before else Item(name, None, now)


def _known(published: Mapping[str, Published], told: Mapping[str, Item], seen: _Seen) -> Mapping[str, Published]:
    """How entries stood. One that went away while a draft told of it stands as it did before, for nobody heard."""
    gone = [item for item in told.values() if item.entry in published and item.entry not in seen.entries]
    unheard = {item.entry: replace(published[item.entry], standing=item.before) for item in gone if item.before}
    stays = {name: each for name, each in published.items() if name not in {item.entry for item in gone}}
    return {**stays, **unheard}


def _revised(pending: Iterable[_Waiting], seen: _Seen) -> dict[int, Revision]:
    """What pending drafts say now, where it is something else: news is told once, from the start to the end."""
    revised: dict[int, Revision] = {}
    for waiting in pending:
        items = tuple(_now(waiting.items, seen))
        revision = Revision(items, _end(items, seen), tuple(_key(item, seen) for item in items))
        if (items, revision.expires_at) != (waiting.draft.items, waiting.draft.expires_at):
            revised[waiting.draft.number] = revision
    return revised


def _now(items: Iterable[Item], seen: _Seen) -> Iterable[Item]:
    """A draft's items as they stand now; what has changed back, or is there no more, is no news."""
    for item in items:
        entry = seen.entries.get(item.entry)
        if entry and item.before != entry.standing():
            yield replace(item, after=entry.standing())


def _drafts(items: Iterable[Item], seen: _Seen) -> list[Draft]:
    """One draft for all that goes out in the same way."""
    ways: dict[News, list[Item]] = {}
    for item in items:
        ways.setdefault(seen.news[item.entry], []).append(item)
    return [_draft(news, tuple(some), seen) for news, some in ways.items()]


def _draft(news: News, items: tuple[Item, ...], seen: _Seen) -> Draft:
    keys = tuple(sorted(_key(item, seen) for item in items))
    return Draft(
        _digest(*keys),
        Kind.NEWS,
        topics=news.topics,
        items=items,
        urgent=news.urgent,
        policy=news.policy,
        expires_at=_end(items, seen),
        changes=keys,
    )


def _end(items: Sequence[Item], seen: _Seen) -> datetime | None:
    """The end of the last day on which all of it may go out, where the pack is."""
    last = min((day.last for item in items if (day := seen.news[item.entry].expires)), default=None)
    if last is None:
        return None
    return datetime.combine(last + timedelta(days=1), time(), seen.now.tzinfo).astimezone(UTC)


def _key(item: Item, seen: _Seen) -> str:
    """What names a change, whatever the entry's id: all it says when it is new, or from what to what as of when."""
    entry = seen.entries[item.entry]
    if item.before is None:
        return _digest(_print(entry), entry.search_text())
    return _digest(_print(entry), _plain(item.before), _plain(item.after), str(entry.as_of or ""))


def _print(entry: Entry) -> str:
    """What an entry is known by, its id left out."""
    return _digest(entry.noun, entry.identity)


def _plain(standing: Standing) -> str:
    return json.dumps(dict(standing), sort_keys=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
