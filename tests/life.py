"""Life: everything that can be asked of a store, once at least, from its first start to new keys, written down."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from bot.core.broadcast import Item, Kind, Outcome, Policy, State
from bot.core.messages import Chat
from bot.core.subscription import Pace, Quiet, Settings
from bot.privacy import Keys, Place
from bot.store import Channel, Conflict, Draft, Lane, Published, Result, Revision, Store
from bot.store.schema import metadata
from tests.storage import BODIES, MODERATORS, MONTH, NOON, ZONE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSER, FORGIVEN, GROUP = 6, 7, 8  # numbers of subscribers
NOTE, REJECTED, LATE, URGENT, ONE, TWO = range(5, 11)  # of broadcasts
NOBODY = 99
BOOT, NEXT_BOOT = "boot", "next boot"


class SameKeys(Keys):
    """Keys that seal the same the same way, so that two databases can be compared."""

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt, with a nonce that follows from what is encrypted."""
        nonce = sha256(purpose.encode() + plain).digest()[:12]
        return nonce + AESGCM(self.address).encrypt(nonce, plain, purpose.encode())


KEYS = SameKeys(b"a" * 32, b"l" * 32)
NEW_KEYS = KEYS.followed(b"A" * 32, b"L" * 32)


def chat(name: str, thread: str = "") -> Chat:
    """Whose name begins with t is on Telegram."""
    return Chat("telegram" if name.startswith("t") else "matrix", name, thread)


def at(name: str, thread: str = "") -> Place:
    """Where somebody of this name is."""
    return KEYS.place(chat(name, thread))


def sealed(name: str, thread: str = "") -> bytes:
    """Their address."""
    return KEYS.sealed(chat(name, thread))


@dataclass(frozen=True, slots=True)
class Diary:
    """A store or a room of it; what is asked of it, and what it answers, is written down by name."""

    room: Any
    name: str
    pages: list[tuple[str, Any]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.room, name)
        if not inspect.iscoroutinefunction(member):
            return Diary(member, f"{self.name}{name}.", self.pages)
        return self._kept(f"{self.name}{name}", member)

    def _kept(self, name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def asked(*values: Any, **named: Any) -> Any:
            try:
                answer = await method(*values, **named)
            except Conflict as conflict:
                answer = str(conflict)
            self.pages.append((name, answer))
            return answer

        return asked

    async def copy(self) -> None:
        """Write down every row of every table, in no order."""
        for name, table in metadata.tables.items():
            found = await self.room._database.rows(select(table))
            self.pages.append((name, sorted(map(repr, map(tuple, found)))))


def questions(store: Store) -> Iterator[str]:
    """Everything that can be asked of a store and of its rooms in the database, by name."""
    rooms = {name: room for name, room in vars(store).items() if hasattr(room, "_database")}
    for prefix, room in {"": store, **{f"{name}.": room for name, room in rooms.items()}}.items():
        for name, _ in inspect.getmembers(room, inspect.iscoroutinefunction):
            if not name.startswith("_"):
                yield prefix + name


async def life(store: Store) -> list[tuple[str, Any]]:
    """Live through all of it; every question and answer in turn, and how the tables stood between."""
    diary = Diary(store, "")
    for chapter in (
        _people,
        _refusals,
        _moves,
        _silence,
        _news,
        _drafts,
        _deliveries,
        _digests,
        _changes,
        _ends,
        _last,
    ):
        await chapter(diary)
        await diary.copy()
    return diary.pages


# ---------------------------------------------------------------------------- people


async def _subscribe(store: Any, *names: str, pace: Pace = Pace.NOW, topics: Collection[str] = ("laws",)) -> None:
    for name in names:
        await store.subscribers.subscribe(at(name), sealed(name), "en", topics, pace, MONTH)


async def _people(store: Any) -> None:
    people = store.subscribers
    await store.sealing.mark()
    await store.sealing.note(KEYS.mark)
    await store.sealing.holds_people()
    await store.cursor("telegram")
    for value in ("700", "12"):
        await store.save_cursor("telegram", value)
    await store.cursor("telegram")
    await _subscribe(store, "tom", "tida", "mary", "leaver", "stranger")
    await _subscribe(store, "tom", pace=Pace.DAILY, topics=["laws", "prisoners"])
    for entry in ("kem-sokha", "kemley", "Kem", "ឆាយ"):  # people, bytes and languages sort them differently
        await people.follow(at("mary"), sealed("mary"), "km", entry, MONTH)
    await people.choose_language(at("tida"), "km")
    await people.choose_language(at("tida"), "en")
    await people.choose_language(at("leaver"), "km")
    await people.configure(at("tida"), Settings("Europe/Paris", Quiet(60, 120), True, True, 9, 3))
    await people.configure(at("nobody"), Settings())
    await people.unsubscribe(at("tom"), ["prisoners"])
    await people.unfollow(at("mary"), "kemley")
    await people.forget(at("leaver"))
    await people.forget(at("nobody"))
    await people.stop(at("stranger"))
    for name in ("tom", "tida", "mary", "leaver", "stranger"):
        await people.prefs(at(name))
    for name in ("mary", "tida", "nobody"):
        await people.kept(at(name))
    await people.counts(["laws"], ["kem-sokha", "nothing"])
    await people.counts([], [])
    await store.sealing.holds_people()


async def _refusals(store: Any) -> None:
    people = store.subscribers
    await _subscribe(store, "refuser", "forgiven")
    for number in (REFUSER, FORGIVEN, NOBODY):
        for day in ("2026-11-21", "2026-11-21", "2026-11-22"):
            await people.refused(number, day)
    await people.heard(at("forgiven"), "2026-12")
    await people.heard(at("nobody"), "2026-12")
    for number in (REFUSER, FORGIVEN):
        await people.refused(number, "2026-11-23")


async def _silence(store: Any) -> None:
    people = store.subscribers
    await people.subscribe(at("silent"), sealed("silent"), "en", ["laws"], Pace.NOW, "2025-01")
    await people.subscribe(at("back"), sealed("back"), "en", ["laws"], Pace.NOW, "2025-01")
    for after in (0, 50):
        for each in await people.silent("matrix", "2025-11", after):
            await people.asked(each.number, "2026-01-02")
    await people.asked(NOBODY, "2026-01-02")
    await people.heard(at("back"), MONTH)
    for _ in range(2):
        await people.lapse("2026-02-02")


async def _moves(store: Any) -> None:
    people = store.subscribers
    await _subscribe(store, "group", "tsuper", topics=["laws", "prisoners"])
    await people.choose_language(at("group"), "km")
    await people.moved(GROUP, at("tsuper"), sealed("tsuper"))
    await people.moved(GROUP, at("tsuper"), sealed("tsuper"))
    await people.moved(NOBODY, at("tsuper"), sealed("tsuper"))
    await people.follow(at("tom"), sealed("tom"), "en", "kem-sokha", MONTH)
    await people.renamed("kem-sokha", "kem-sokha-2")
    await people.renamed("kem-sokha", "kem-sokha-2")
    channels = [Channel(at(name), sealed(name), "km", topic) for name in ("tlaws", "all") for topic in ("laws", "acts")]
    await people.channels(channels)
    await people.channels(channels[1:])
    await people.channels(channels[1:2])
    await people.counts(["laws", "acts"], ["kem-sokha-2"])
    for name in ("tom", "group", "tsuper"):
        await people.prefs(at(name))


# ---------------------------------------------------------------------------- what is published


def _draft(dedupe: str, **options: Any) -> Draft:
    return Draft(dedupe, **{"kind": Kind.NOTE, "topics": ("laws",), "author": MODERATORS[0], **options})


async def _news(store: Any) -> None:
    room, item = store.broadcasts, Item("kem-sokha-2", {"state": "jailed"}, {"state": "free"})
    entries = {name: Published("person", {"state": name}, "print") for name in ("one", "two", "three")}
    news = [
        _draft(name, kind=Kind.NEWS, items=(item,), changes=(f"change of {name}", "change of both"), author="")
        for name in ("first", "second")
    ]
    await room.record(entries, news, revised={}, cursor="pack 1", at=NOON)
    await room.announced(["change of first", "change of both", "change of nothing"])
    entries = {"one": Published("person", {"state": "new"}, "print"), "two": entries["two"]}
    revised = {1: Revision((), changes=()), 2: Revision((item, item), NOON + DAY, ("new change",)), 99: Revision(())}
    await room.record(entries, [*news, _draft("third", kind=Kind.NEWS)], revised=revised, cursor="pack 2", at=NOON)
    await room.announced(["change of first", "change of both", "new change"])
    await room.announced([])
    await room.published()
    await store.cursor("content")


async def _approve(store: Any, number: int, *moderators: str, digest: str = "digest", needed: int = 2) -> None:
    options: Any = {"needed": needed, "allowed": MODERATORS, "renderings": BODIES, "at": NOON}
    for moderator in moderators:
        await store.broadcasts.approve(number, moderator, digest, **options)


async def _drafts(store: Any) -> None:
    room, name = store.broadcasts, MODERATORS[1]
    for moderator, language in ((MODERATORS[1], "en"), ("matrix:@B:x", "km"), (MODERATORS[0], "en")):
        await store.moderators.met(moderator, KEYS.seal(b"address", f"moderator {moderator}"), language)
    await store.moderators.reachable()
    for dedupe in ("note", "note", "rejected", "late"):
        await room.compose(_draft(dedupe, words={"en": "Words."}, expires_at=NOON + HOUR), NOON)
    await room.compose(_draft("correction", kind=Kind.CORRECTION, original=2), NOON)
    await room.seen(NOTE, name)
    for digest in ("old digest", "digest"):
        await room.shown(NOTE, name, digest, NOON)
    await room.seen(NOTE, name)
    await _approve(store, NOTE, name, digest="old digest")
    await _approve(store, NOTE, "telegram:3", MODERATORS[0], MODERATORS[0], name, name)
    await _approve(store, NOBODY, name)
    for _ in range(2):
        await room.reject(REJECTED, name, "no", NOON)
    for act in (room.resume, room.cancel):
        await act(REJECTED, name, NOON)
    for _ in range(2):
        await room.expire_drafts(NOON + 2 * HOUR)
    for number in (1, NOTE, REJECTED, LATE, NOBODY):
        await room.one(number)


# ---------------------------------------------------------------------------- the wire


async def _expand(store: Any, number: int, chunk: int = 5_000) -> None:
    while await store.ledger.expand(number, now=NOON, zone=ZONE, chunk=chunk):
        pass


async def _sent(store: Any, dedupe: str, **options: Any) -> int:
    number: int = await store.broadcasts.compose(_draft(dedupe, **options), NOON)
    await _approve(store, number, *MODERATORS)
    await store.ledger.unexpanded()
    await _expand(store, number)
    return number


async def _deliveries(store: Any) -> None:
    ledger = store.ledger
    await _subscribe(store, *(f"t{number}" for number in range(12)), *map(str, range(6)))
    await _sent(store, "urgent", urgent=True, policy=Policy.RESEND)
    await _expand(store, NOTE, chunk=3)
    for platform in ("telegram", "matrix", "paper"):
        await ledger.next_due(platform)
    first = await ledger.claim("telegram", NOON, BOOT, 5)
    await ledger.settle([Result(each, Outcome.SENT, b"message") for each in first[:3]])
    again = [Result(each, Outcome.QUEUED, due=NOON + HOUR, doubtful=True) for each in first[3:]]
    await ledger.settle([*again, *again])
    await ledger.settle([])
    await ledger.late(URGENT, NOON)
    await ledger.claim("telegram", NOON + HOUR, BOOT, 4)
    await ledger.claim("matrix", NOON, BOOT, 3)
    for _ in range(2):
        await ledger.recover(NEXT_BOOT, "telegram", repeatable=False, now=NOON + HOUR)
        await ledger.recover(NEXT_BOOT, "matrix", repeatable=True, now=NOON + HOUR)
    rest = [each for name in ("telegram", "matrix") for each in await ledger.claim(name, NOON + HOUR, NEXT_BOOT, 99)]
    outcomes = (Outcome.SENT, Outcome.FAILED, Outcome.GONE, Outcome.UNKNOWN)
    sealed_ones = [KEYS.seal(b"message", f"message {each.subscriber}") for each in rest]
    results = [Result(each, outcomes[n % 4], sealed_ones[n]) for n, each in enumerate(rest)]
    for _ in range(2):
        await ledger.settle(results)
    for number in (NOTE, URGENT, NOBODY):
        await ledger.tally(number)


async def _digests(store: Any) -> None:
    ledger, evening = store.ledger, NOON + 20 * HOUR
    await _subscribe(store, "tom", "tida", "tdigest", "6", pace=Pace.DAILY)
    await store.subscribers.configure(at("6"), Settings(quiet=Quiet(11 * 60, 13 * 60)))
    await ledger.outlook(NOTE, now=NOON, zone=ZONE)
    for dedupe in ("one", "two"):
        await _sent(store, dedupe)
    await ledger.late(ONE, NOON)
    digests = await ledger.claim("telegram", evening, BOOT, 99)
    await ledger.settle([Result(each, Outcome.QUEUED) for each in digests if each.digest])
    again = await ledger.claim("telegram", evening, BOOT, 99)
    await ledger.settle([Result(each, Outcome.SENT, b"message") for each in [*digests, *again]])
    await ledger.tally(TWO)


async def _changes(store: Any) -> None:
    room, name = store.broadcasts, MODERATORS[0]
    for _ in range(2):
        await room.pause(ONE, name, "wait", NOON)
    await room.pause(REJECTED, name, "wait", NOON)
    await store.ledger.next_due("matrix")
    for _ in range(2):
        await room.resume(ONE, name, NOON)
    await _sent(store, "of the note", kind=Kind.CORRECTION, original=NOTE)
    await store.ledger.claim("matrix", NOON, BOOT, 99)
    await _sent(store, "of the urgent", kind=Kind.CORRECTION, original=URGENT)
    await store.ledger.recover(NEXT_BOOT, "matrix", repeatable=False, now=NOON)
    number = await room.withdraw(TWO, name, BODIES, NOON)
    for each in (TWO, number):
        await room.withdraw(each, name, BODIES, NOON)
    await room.withdraw(REJECTED, name, BODIES, NOON)
    for number in await store.ledger.unexpanded():
        await _expand(store, number)
    await store.ledger.claim("matrix", NOON, NEXT_BOOT, 99)
    for _ in range(2):
        await room.cancel(ONE, name, NOON)
    await room.standing([NOTE, URGENT, TWO, NOBODY])
    await room.told("kem-sokha", 9)
    await room.recent(9, NOON + DAY)
    await room.recent(1, NOON + 31 * DAY)
    await room.newest(99)
    await room.newest(2, [State.SENDING, State.ENDED])
    await room.renderings(NOTE)


# ---------------------------------------------------------------------------- the end


async def _ends(store: Any) -> None:
    ledger, later = store.ledger, NOON + 5000 * DAY  # in 2040
    number = await _sent(store, "far", expires_at=later + DAY)
    await _sent(store, "short", expires_at=NOON + DAY)
    for name in ("tom", "tida", "t1"):
        await store.subscribers.stop(at(name))
    for now in (NOON + DAY, NOON + 20 * DAY, later):
        await ledger.expire(now)
        await ledger.end(now)
    for platform in ("telegram", "matrix"):
        claims = await ledger.claim(platform, later, NEXT_BOOT, 99)
        await ledger.settle([Result(each, Outcome.QUEUED, due=later) for each in claims])
        await ledger.recover(BOOT, platform, repeatable=True, now=later)
    for _ in range(2):
        await ledger.end(later)
    await ledger.tally(number)
    for now in (NOON + 3 * DAY, NOON + 8 * DAY, later):
        await ledger.drop_references(now)
    await ledger.lane("telegram")
    for pause in (NOON, later):
        await ledger.save_lane("telegram", Lane(29.5, pause))
        await ledger.lane("telegram")


async def _last(store: Any) -> None:
    ledger, sealing = store.ledger, store.sealing
    for name in ("k1", "k2"):
        await store.moderators.met(name, b"does not open", "en")
    await store.moderators.keep([*MODERATORS, "k1"])
    for _ in range(2):
        await store.moderators.forget("k1")
    await _subscribe(store, "broken")
    await store.subscribers.choose_language(at("6"), "km")
    await _sent(store, "last")
    claims = await ledger.claim("matrix", NOON, BOOT, 99)
    await ledger.settle([Result(each, Outcome.SENT, KEYS.seal(b"m", f"message {each.subscriber}")) for each in claims])
    for _ in range(2):
        await sealing.renew(KEYS, NEW_KEYS)
    await sealing.mark()
    for _ in range(2):
        await ledger.fold(NOON + 6000 * DAY)
    for number in (NOTE, URGENT, ONE):
        await ledger.tally(number)
    for _ in range(2):
        await ledger.prune_audit(NOON + 366 * DAY)
    await store.broadcasts.newest(99)
    await store.moderators.reachable()
