"""Newsroom: what has changed in the content since it was last looked at becomes drafts, one for each topic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.clock import Clock
from bot.core.broadcast import Broadcast, Item, Kind, Standing, State
from bot.core.content import Snapshot
from bot.core.entry import Entry, News
from bot.core.messages import Context
from bot.core.subscription import zone
from bot.core.text import Style
from bot.store import Draft, Published, Revision, Store

_PENDING = 1_000  # drafts that may wait


@dataclass(frozen=True, slots=True)
class _Seen:
    """A pack as the newsroom sees it on a day: who makes news, and how."""

    snapshot: Snapshot
    today: date
    entries: Mapping[str, Entry]
    news: Mapping[str, News]

    def published(self) -> dict[str, Published]:
        """What to remember of it."""
        return {name: Published(each.noun, each.standing(), _print(each)) for name, each in self.entries.items()}


class Newsroom:
    """Compares the content with what was published last, which is kept in the store: a restart misses nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def compare(self, snapshot: Snapshot) -> tuple[int, ...]:
        """Draft what is news, bring what waits up to date, and return the numbers of new drafts.

        The first look at a pack announces nothing.
        """
        now = self._clock.now()
        seen = _look(snapshot, now)
        mark = f"{snapshot.version} {seen.today}"
        last = await self._store.cursor("content")
        if last == mark:
            return ()
        before = await self._store.broadcasts.published()
        renamed = _renamed(before, seen)
        for new, old in renamed.items():
            await self._store.subscribers.renamed(old, new)
        revised, covered = await self._revised(seen, {old: new for new, old in renamed.items()})
        items = [] if last is None else [item for item in _items(before, seen, renamed) if item.entry not in covered]
        fresh = await self._unannounced(items, seen)
        drafts = _drafts(fresh, seen)
        return await self._store.broadcasts.record(
            seen.published(), drafts, revised=revised, changes=list(fresh), cursor=mark, at=now
        )

    async def _unannounced(self, items: Iterable[Item], seen: _Seen) -> dict[str, Item]:
        """Those that were never drafted, by what names them: a file that comes and goes is told of once."""
        named = {_key(item, seen): item for item in items}
        known = await self._store.broadcasts.announced(named)
        return {key: item for key, item in named.items() if key not in known}

    async def _revised(self, seen: _Seen, renamed: Mapping[str, str]) -> tuple[dict[int, Revision], set[str]]:
        """What pending drafts say now, and whose news they tell: it is told once, from the start to the end."""
        revised: dict[int, Revision] = {}
        covered: set[str] = set()
        for draft in await self._store.broadcasts.newest(_PENDING, {State.DRAFT}):
            if draft.kind is Kind.NEWS:
                items = tuple(_now(draft, seen, renamed))
                covered |= {item.entry for item in items}
                if items != draft.items:
                    revised[draft.number] = Revision(items, draft.expires_at)
        return revised, covered


def _look(snapshot: Snapshot, now: datetime) -> _Seen:
    view = snapshot.views[snapshot.default]
    today = now.astimezone(zone(view.pack.time_zone)).date()
    news = {entry.id: each for entry in view.entries.values() if (each := entry.news(today))}
    ready = {name: each for name, each in news.items() if _is_written(name, each, snapshot, now)}
    return _Seen(snapshot, today, {name: view.entries[name] for name in ready}, ready)


def _is_written(name: str, news: News, snapshot: Snapshot, now: datetime) -> bool:
    """Whether it is there in all the languages that it needs before it may go out."""
    views = [snapshot.views[code] for code in news.languages if code in snapshot.views]
    texts = (view.entries[name].announced(Context(view, now)) for view in views)
    return len(views) == len(news.languages) and not any(text.has(Style.FALLBACK) for text in texts)


def _renamed(before: Mapping[str, Published], seen: _Seen) -> dict[str, str]:
    """New ids of entries that had another: the same kind and name, and nothing of the old id any more."""
    here = seen.snapshot.views[seen.snapshot.default].entries
    gone = {(each.kind, each.print): name for name, each in before.items() if name not in here}
    new = {name: entry for name, entry in seen.entries.items() if name not in before}
    return {name: gone[key] for name, entry in new.items() if (key := (entry.noun, _print(entry))) in gone}


def _items(before: Mapping[str, Published], seen: _Seen, renamed: Mapping[str, str]) -> Iterable[Item]:
    for name, entry in seen.entries.items():
        known, now = before.get(renamed.get(name, name)), entry.standing()
        if known is None or known.standing != now:
            yield Item(name, known.standing if known else None, now)


def _now(draft: Broadcast, seen: _Seen, renamed: Mapping[str, str]) -> Iterable[Item]:
    """A draft's items as they stand now; what has changed back, or is there no more, is no news."""
    for item in draft.items:
        name = renamed.get(item.entry, item.entry)
        entry = seen.entries.get(name)
        if entry and item.before != entry.standing():
            yield Item(name, item.before, entry.standing())


def _drafts(items: Mapping[str, Item], seen: _Seen) -> list[Draft]:
    """One draft for all that goes out in the same way."""
    ways: dict[News, dict[str, Item]] = {}
    for key, item in items.items():
        ways.setdefault(seen.news[item.entry], {})[key] = item
    return [
        Draft(
            _digest(*sorted(some)),
            Kind.NEWS,
            topics=news.topics,
            items=tuple(some.values()),
            urgent=news.urgent,
            policy=news.policy,
            expires_at=_end(news, seen),
        )
        for news, some in ways.items()
    ]


def _end(news: News, seen: _Seen) -> datetime | None:
    """The end of the last day on which it may go out, where the pack is."""
    if news.expires is None:
        return None
    here = zone(seen.snapshot.views[seen.snapshot.default].pack.time_zone)
    return datetime.combine(news.expires.last + timedelta(days=1), time(), here).astimezone(UTC)


def _key(item: Item, seen: _Seen) -> str:
    """What names a change, whatever the entry's id: what it is new of once, or from what to what as of when."""
    entry = seen.entries[item.entry]
    if item.before is None:
        return _digest(entry.noun, _print(entry))
    return _digest(entry.noun, _print(entry), _plain(item.before), _plain(item.after), str(entry.as_of or ""))


def _print(entry: Entry) -> str:
    """What an entry is, its id left out: a renamed file is known again by it."""
    return _digest(entry.noun, str(entry.heading))


def _plain(standing: Standing) -> str:
    return json.dumps(dict(standing), sort_keys=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
