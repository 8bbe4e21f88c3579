"""Ledger: whatever happens, every delivery ends once, and nobody is lost."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from bot.core.broadcast import FINAL, Kind, Outcome, Outlook, Policy, State
from bot.core.subscription import Pace, Quiet, Settings
from bot.store import Channel, Claim, Conflict, Lane, Result, Store, ledger
from tests.storage import BODIES, MONTH, NOON, ZONE, approved, at, change, draft, place, rows, sent

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def subscribe(store: Store, *names: str, pace: Pace = Pace.NOW, topics: Sequence[str] = ("laws",)) -> None:
    for name in names:
        await store.subscribers.subscribe(place(name), name.encode(), "en", topics, pace, MONTH)


async def expanded(store: Store, *numbers: int, now: datetime = NOON) -> None:
    for number in numbers:
        assert not await store.ledger.expand(number, now=now, zone=ZONE)


async def news(store: Store, dedupe: str, *, now: datetime = NOON, **options: Any) -> int:
    """News of laws that is being sent and has its rows."""
    number = await sent(store, dedupe, moment=now, **{"topics": ("laws",), "items": (), **options})
    await expanded(store, number, now=now)
    return number


async def claimed(store: Store, now: datetime = NOON, boot: str = "boot", limit: int = 99) -> list[Claim]:
    return await store.ledger.claim("paper", now, boot, limit)


async def settled(store: Store, claims: Sequence[Claim], outcome: Outcome = Outcome.SENT, **options: Any) -> int:
    return await store.ledger.settle([Result(claim, outcome, **options) for claim in claims])


def names(claims: Sequence[Claim]) -> list[tuple[str, tuple[int, ...]]]:
    return [(claim.place.chat, claim.numbers) for claim in claims]


# --- who hears of it, and when


async def test_everybody_who_subscribed_before_the_approval_has_one_row_however_often_it_is_expanded(
    file: Path,
) -> None:
    async with at(file) as store:
        await subscribe(store, *"abcdefg")
        await store.subscribers.follow(place("b"), b"b", "en", "kem-sokha", MONTH)
        await store.subscribers.follow(place("z"), b"z", "en", "kem-sokha", MONTH)
        await subscribe(store, "other", topics=["prisoners"])
        assert await store.ledger.unexpanded() == ()
        number = await sent(store, "news", topics=("laws",))
        await subscribe(store, "late")
        assert await store.ledger.unexpanded() == (number,)
        more = [await store.ledger.expand(number, now=NOON, zone=ZONE, chunk=4) for _ in range(4)]
        assert more == [True, True, False, False]
        change(file, "UPDATE broadcast SET reached = 0")
        await expanded(store, number)
        assert await store.ledger.unexpanded() == ()
        assert await store.ledger.tally(number) == {"paper": {Outcome.QUEUED: 8}}
        assert [claim.address for claim in await claimed(store)] == [*(each.encode() for each in "abcdefgz")]


async def test_each_hears_of_it_at_their_hour(file: Path) -> None:
    hours = {
        "now": (Pace.NOW, Settings()),
        "daily": (Pace.DAILY, Settings(digest_hour=18)),
        "weekly": (Pace.WEEKLY, Settings(zone="Europe/Paris", digest_hour=9, digest_day=0)),
        "asleep": (Pace.NOW, Settings(quiet=Quiet(11 * 60, 13 * 60))),
        "woken": (Pace.NOW, Settings(quiet=Quiet(11 * 60, 13 * 60), urgent_breaks_quiet=True)),
        "follower": (Pace.DAILY, Settings()),
    }
    foretold: list[Outlook] = []
    async with at(file) as store:
        for name, (pace, settings) in hours.items():
            await subscribe(store, name, pace=pace)
            await store.subscribers.configure(place(name), settings)
        await store.subscribers.follow(place("follower"), b"", "en", "kem-sokha", MONTH)
        channel = Channel(place("channel"), b"", "en", "laws")
        await store.subscribers.channels([channel])
        await store.subscribers.configure(place("now"), Settings(discreet=True))
        for each in (draft("routine", topics=("laws",)), draft("urgent", topics=("laws",), items=(), urgent=True)):
            number = await store.broadcasts.compose(each, NOON)
            foretold.append(await store.ledger.outlook(number, now=NOON, zone=ZONE))
            await approved(store, number)
            await expanded(store, number)
        found = rows(
            file, "SELECT chat, broadcast, due, digest FROM delivery JOIN subscriber ON id = subscriber ORDER BY 2, 1"
        )
        assert await store.ledger.late(1, NOON) == 4
        assert await store.ledger.next_due("paper") == NOON
        assert await store.ledger.next_due("stone") is None
    assert foretold == [
        Outlook(at_once=2, quiet=2, daily=1, weekly=1, discreet=1),
        Outlook(at_once=5, quiet=1, discreet=1),
    ]
    noon, one = int(NOON.timestamp()), int((NOON + HOUR).timestamp())
    evening = int((NOON + 6 * HOUR).timestamp())
    monday = int(datetime(2026, 11, 30, 8, tzinfo=UTC).timestamp())
    routine = [("asleep", one, 0), ("channel", noon, 0), ("daily", evening, -1), ("follower", noon, 0)]
    routine += [("now", noon, 0), ("weekly", monday, -1), ("woken", one, 0)]
    urgent = [(name, one if name == "asleep" else noon, 0) for name, _, _ in routine]
    assert found == [(name, 1, *rest) for name, *rest in routine] + [(name, 2, *rest) for name, *rest in urgent]


# --- the wire


async def test_a_claim_says_all_that_sending_needs(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, "a")
        await store.subscribers.configure(place("a"), Settings(discreet=True))
        await store.subscribers.choose_language(place("a"), "km")
        assert not await store.subscribers.refused(1, "2026-11-20")
        number = await news(store, "news", urgent=True)
        assert await claimed(store) == [
            Claim(
                (number,),
                number,
                1,
                place("a"),
                b"a",
                "km",
                "boot",
                1,
                True,
                False,
                False,
                None,
                True,
                False,
                "2026-11-20",
            )
        ]


async def test_urgent_ones_are_claimed_first_then_older_ones_and_only_of_what_is_being_sent(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"ab")
        for number, urgent in enumerate((False, False, True, False), 1):
            assert await news(store, str(number), urgent=urgent) == number
        await store.broadcasts.pause(1, "telegram:1", "", NOON)
        await store.broadcasts.cancel(4, "telegram:1", NOON)
        assert names(await claimed(store, limit=3)) == [("a", (3,)), ("b", (3,)), ("a", (2,))]
        assert names(await claimed(store, limit=3)) == [("b", (2,))]
        assert await claimed(store) == await store.ledger.claim("stone", NOON, "boot", 9) == []
        await store.broadcasts.resume(1, "telegram:1", NOON)
        assert names(await claimed(store)) == [("a", (1,)), ("b", (1,))]


async def test_a_digest_is_one_message_and_goes_out_whole_under_one_name(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"ab", pace=Pace.DAILY)
        await subscribe(store, "c")
        for number in (1, 2, 3):
            await news(store, str(number))
        assert names(await claimed(store)) == [("c", (1,)), ("c", (2,)), ("c", (3,))]
        morning = NOON + DAY
        first, second = await claimed(store, morning, limit=2)
        assert names([first, second]) == [("a", (1, 2, 3)), ("b", (1, 2, 3))]
        assert (first.name, first.digest) == (1, True)
        await settled(store, [first, second], Outcome.QUEUED, due=morning + MINUTE, doubtful=True)
        await news(store, "fourth", now=morning - 2 * HOUR)
        await store.broadcasts.pause(2, "telegram:1", "", morning)
        assert names(await claimed(store, morning + DAY)) == [("c", (4,)), ("a", (4,)), ("b", (4,))]
        await store.broadcasts.resume(2, "telegram:1", morning)
        await store.broadcasts.cancel(1, "telegram:1", morning)
        again = await claimed(store, morning + DAY)
        assert [(claim.place.chat, claim.numbers, claim.name, claim.attempts, claim.doubtful) for claim in again] == [
            ("a", (2, 3), 1, 2, True),
            ("b", (2, 3), 1, 2, True),
        ]
        assert await settled(store, again, reference=b"message") == 4
    kept = rows(file, "SELECT DISTINCT broadcast, reference FROM delivery WHERE reference IS NOT NULL")
    assert kept == [(2, b"message"), (3, b"message")]


async def test_only_the_attempt_that_was_claimed_is_settled_and_only_once(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"abc")
        number = await news(store, "news")
        claims = await claimed(store)
        assert await settled(store, claims[:1], Outcome.QUEUED, due=NOON + MINUTE) == 1
        assert await settled(store, claims[:1]) == 0
        (again,) = await claimed(store, NOON + MINUTE)
        assert await settled(store, claims[:1]) == 0
        assert await settled(store, [again, claims[1]], reference=b"message") == 2
        assert await settled(store, [again], Outcome.FAILED) == 0
        await store.broadcasts.cancel(number, "telegram:1", NOON)
        assert await settled(store, claims[2:], Outcome.QUEUED) == 1
        assert await store.ledger.tally(number) == {"paper": {Outcome.SENT: 2, Outcome.CANCELLED: 1}}
        assert await store.ledger.settle([]) == 0


@pytest.mark.parametrize(
    ("repeatable", "policy", "age", "wanted"),
    [
        (True, Policy.HOLD, 22 * HOUR, (Outcome.QUEUED, False)),
        (True, Policy.RESEND, 24 * HOUR, (Outcome.UNKNOWN, False)),
        (False, Policy.RESEND, 22 * HOUR, (Outcome.QUEUED, True)),
        (False, Policy.HOLD, MINUTE, (Outcome.UNKNOWN, False)),
    ],
)
async def test_what_another_start_left_on_the_wire_is_taken_up(
    file: Path, repeatable: bool, policy: Policy, age: timedelta, wanted: tuple[Outcome, bool]
) -> None:
    async with at(file) as store:
        await subscribe(store, *"ab")
        number = await news(store, "news", policy=policy)
        old = await claimed(store, limit=1, boot="old")
        await claimed(store, NOON + age, boot="new")
        recovered = await store.ledger.recover("new", "paper", repeatable=repeatable, now=NOON + age)
        outcome, doubtful = wanted
        assert recovered == {**dict.fromkeys((Outcome.QUEUED, Outcome.UNKNOWN), 0), outcome: 1}
        assert await store.ledger.tally(number) == {"paper": {Outcome.SENDING: 1, outcome: 1}}
        assert await settled(store, old) == 0
        assert [claim.doubtful for claim in await claimed(store, NOON + age)] == [doubtful] * (
            outcome is Outcome.QUEUED
        )


# --- corrections and withdrawals


async def test_a_correction_reaches_who_has_the_original_and_who_had_not_had_it_yet(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"abcd")
        number = await news(store, "news")
        claims = await claimed(store, limit=3)
        await settled(store, claims[:1], reference=b"message")
        await settled(store, claims[1:2], Outcome.FAILED)
        correction = await sent(store, "correction", kind=Kind.CORRECTION, original=number, items=())
        assert not await store.ledger.expand(correction, now=NOON, zone=ZONE)
        assert await store.ledger.unexpanded() == (correction,)
        await settled(store, claims[2:], Outcome.UNKNOWN)
        await expanded(store, correction)
        corrections = await claimed(store)
        assert [(claim.place.chat, claim.reference) for claim in corrections] == [
            ("a", b"message"),
            ("c", None),
            ("d", None),
        ]
        await settled(store, corrections)
        again = await sent(store, "again", kind=Kind.CORRECTION, original=correction, items=())
        await expanded(store, again)
        assert [claim.reference for claim in await claimed(store)] == [b"message", None, None]
        assert await store.ledger.tally(number) == {
            "paper": {Outcome.SENT: 1, Outcome.FAILED: 1, Outcome.UNKNOWN: 1, Outcome.CANCELLED: 1}
        }


async def test_a_withdrawal_reaches_only_who_has_the_original_and_wakes_nobody(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"ab")
        number = await news(store, "news")
        await settled(store, await claimed(store, limit=1), reference=b"message")
        await store.subscribers.configure(place("a"), Settings(quiet=Quiet(0, 24 * 60 - 1)))
        withdrawal = await store.broadcasts.withdraw(number, "telegram:1", BODIES, NOON)
        await expanded(store, withdrawal)
        assert [(claim.place.chat, claim.reference) for claim in await claimed(store)] == [("a", b"message")]


async def test_who_has_it_is_known_only_when_all_rows_are_written(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"ab")
        number = await sent(store, "news", topics=("laws",))
        withdrawal = await store.broadcasts.withdraw(number, "telegram:1", BODIES, NOON)
        assert await store.ledger.unexpanded() == (number, withdrawal)
        assert not await store.ledger.expand(withdrawal, now=NOON, zone=ZONE)
        assert await store.ledger.unexpanded() == (number, withdrawal)
        await expanded(store, number, withdrawal)
        assert await store.ledger.tally(number) == {"paper": {Outcome.CANCELLED: 2}}
        assert await store.ledger.tally(withdrawal) == {}


# --- the end


async def test_a_broadcast_ends_when_nothing_of_it_waits_or_flies(file: Path) -> None:
    async with at(file) as store:
        nobody = await news(store, "nobody")
        await subscribe(store, "a")
        number = await sent(store, "news", topics=("laws",))
        assert await store.ledger.end(NOON) == (nobody,)
        await expanded(store, number)
        assert await store.ledger.end(NOON) == ()
        claims = await claimed(store)
        assert await store.ledger.end(NOON) == ()
        await settled(store, claims)
        assert await store.ledger.end(NOON) == (number,)
        assert await store.ledger.end(NOON) == ()
        found = await store.broadcasts.one(number)
        assert found
        assert (found.state, found.tally) == (State.ENDED, {"paper": {Outcome.SENT: 1}})


async def test_what_is_not_sent_in_time_expires(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *"ab")
        await news(store, "for ever")
        number = await news(store, "news", expires_at=NOON + HOUR)
        first, second = [each for each in await claimed(store) if each.numbers == (number,)]
        await settled(store, [first])
        assert await store.ledger.expire(NOON + HOUR) == ()
        await settled(store, [second], Outcome.QUEUED)
        assert await store.ledger.expire(NOON + HOUR - MINUTE) == ()
        assert await store.ledger.expire(NOON + HOUR) == (number,)
        assert await store.ledger.expire(NOON + HOUR) == ()
        assert await store.ledger.tally(number) == {"paper": {Outcome.SENT: 1, Outcome.EXPIRED: 1}}


async def test_who_cannot_be_reached_for_a_fortnight_is_not_waited_for(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, "a")
        number = await news(store, "news")
        assert await store.ledger.expire(NOON + 13 * DAY) == ()
        assert await store.ledger.expire(NOON + 14 * DAY) == (number,)
        assert await store.ledger.end(NOON + 14 * DAY) == (number,)


# --- forgetting


async def test_rows_become_totals_after_seven_days_and_small_ones_are_not_told(file: Path) -> None:
    async with at(file) as store:
        await subscribe(store, *(str(number) for number in range(13)))
        number = await news(store, "news")
        claims = await claimed(store)
        await settled(store, claims[:10], reference=b"named message")
        await settled(store, claims[10:12], Outcome.GONE)
        await store.broadcasts.cancel(number, "telegram:1", NOON)
        assert await store.ledger.fold(NOON + 7 * DAY - MINUTE) == ()
        assert await store.ledger.fold(NOON + 7 * DAY) == (number,)
        assert await store.ledger.fold(NOON + 9 * DAY) == ()
        assert await store.ledger.tally(number) == {"paper": {Outcome.SENT: 10}}
        correction = await sent(store, "correction", kind=Kind.CORRECTION, original=number, moment=NOON + 8 * DAY)
        await expanded(store, correction, now=NOON + 8 * DAY)
        assert await store.ledger.tally(correction) == {}
    assert rows(file, "SELECT * FROM delivery") == []
    totals = [(number, "paper", "en", state, n) for state, n in (("gone", None), ("sent", 10), ("unknown", None))]
    assert rows(file, "SELECT * FROM total ORDER BY state") == totals


async def test_the_name_of_a_message_goes_when_it_can_no_longer_be_changed(file: Path) -> None:
    async with at(file) as store:
        for platform in ("telegram", "matrix"):
            where = place(platform, platform=platform)
            await store.subscribers.subscribe(where, b"", "en", ["laws"], Pace.NOW, MONTH)
        await news(store, "news")
        for platform in ("telegram", "matrix"):
            await settled(store, await store.ledger.claim(platform, NOON, "boot", 1), reference=platform.encode())
        dropped = [await store.ledger.drop_references(NOON + days * DAY) for days in (1, 2, 6, 7)]
        assert dropped == [0, 1, 0, 1]


async def test_what_moderators_did_is_forgotten_after_twelve_months(file: Path) -> None:
    async with at(file) as store:
        await store.broadcasts.compose(draft("note", author="telegram:1"), NOON)
        await store.broadcasts.shown(1, "telegram:2", "digest", NOON + DAY)
        pruned = [await store.ledger.prune_audit(NOON + days * DAY) for days in (364, 365, 366)]
        assert pruned == [0, 2, 1]
        found = await store.broadcasts.one(1)
        assert found
        assert found.author == ""


async def test_the_pace_of_a_platform_survives_a_restart(file: Path) -> None:
    async with at(file) as store:
        assert await store.ledger.lane("telegram") is None
        for rate in (25.0, 12.5):
            await store.ledger.save_lane("telegram", Lane(rate, NOON))
    async with at(file) as store:
        assert await store.ledger.lane("telegram") == Lane(12.5, NOON)


# --- cost


def plan(file: Path, query: Any) -> str:
    """How SQLite goes about a query."""
    options = {"literal_binds": True, "render_postcompile": True}
    words = str(query.compile(dialect=sqlite.dialect(), compile_kwargs=options))
    return "\n".join(str(step) for *_, step in rows(file, f"EXPLAIN QUERY PLAN {words}"))


async def test_claiming_and_ending_look_only_at_what_waits_or_flies(file: Path) -> None:
    async with at(file):
        pass
    plans = [
        plan(file, ledger.waiting("paper", NOON, 32)),
        plan(file, ledger.due_rows(1, "paper", NOON, 32)),
        plan(file, ledger.collected_rows([1, 2], NOON)),
    ]
    assert [each for each in plans if "SCAN" in each] == []
    assert "delivery USING INDEX delivery_queue (broadcast=? AND platform=? AND due<?)" in plans[0]
    assert "delivery USING INDEX delivery_queue (broadcast=? AND platform=? AND due<?)" in plans[1]
    assert "delivery USING INDEX delivery_of (subscriber=? AND due<?)" in plans[2]
    end = plan(file, ledger.ending(NOON))
    assert "SEARCH delivery USING INDEX delivery_queue (broadcast=?)" in end
    assert "SCAN delivery USING INDEX delivery_claimed" in end  # which holds what is on the wire, and nothing else


# --- nobody is lost

PEOPLE = "abcdefgh"
OUTCOMES = (Outcome.SENT, Outcome.UNKNOWN, Outcome.FAILED, Outcome.GONE, Outcome.QUEUED)
STEPS = st.one_of(
    st.tuples(st.just("expand"), st.integers(1, 8), st.integers(2, 9)),
    st.tuples(st.just("claim"), st.integers(1, 9)),
    st.tuples(st.just("settle"), st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=9)),
    st.tuples(st.just("crash"), st.booleans()),
    st.tuples(st.sampled_from(["pause", "resume", "cancel", "correct"]), st.integers(1, 4)),
    st.tuples(st.sampled_from(["forget", "unsubscribe"]), st.sampled_from(PEOPLE)),
    st.tuples(st.just("wait"), st.sampled_from([MINUTE, HOUR, DAY])),
    st.tuples(st.sampled_from(["expire", "end"])),
)


class Run:
    """A life of the ledger, with an eye on everything that must hold at every moment."""

    def __init__(self, store: Store, file: Path) -> None:
        self.store, self.file, self.now, self.boot = store, file, NOON, 1
        self.flying: list[Claim] = []
        self.keys: dict[tuple[int, int], int] = {}  # the message in which each had each broadcast
        self.final: dict[tuple[object, object], object] = {}
        self.gone: set[str] = set()

    async def begin(self) -> None:
        paces = [Pace.NOW, Pace.DAILY, Pace.NOW, Pace.WEEKLY]
        for number, name in enumerate(PEOPLE):
            await subscribe(self.store, name, pace=paces[number % 4], topics=["laws", "prisoners"])
        await self.store.subscribers.configure(place("c"), Settings(quiet=Quiet(0, 23 * 60)))
        for number in range(1, 5):  # the first is expanded at once, the others by and by
            options: dict[str, Any] = {"policy": [Policy.HOLD, Policy.RESEND][number % 2], "urgent": number == 3}
            expires_at = NOON + 2 * DAY if number == 4 else None
            await sent(self.store, str(number), topics=("laws",), expires_at=expires_at, **options)
        await self.expand(1, 99)

    async def step(self, verb: str, *values: Any) -> None:
        await getattr(self, verb)(*values)
        self.look()

    def look(self) -> None:
        """No row leaves a final state, nothing flies that nobody holds, nobody is told the same in two messages."""
        found = rows(self.file, "SELECT broadcast, subscriber, state FROM delivery")
        states = {(number, subscriber): state for number, subscriber, state in found}
        assert self.final.items() <= states.items()
        self.final = {key: state for key, state in states.items() if state in FINAL}
        held = Counter((number, claim.subscriber) for claim in self.flying for number in claim.numbers)
        assert set(held.values()) <= {1}
        assert {key for key, state in states.items() if state == Outcome.SENDING} <= held.keys()

    async def expand(self, number: int, chunk: int) -> None:
        await self.store.ledger.expand(number, now=self.now, zone=ZONE, chunk=chunk)

    async def claim(self, limit: int) -> None:
        claims = await self.store.ledger.claim("paper", self.now, str(self.boot), limit)
        assert len(claims) <= limit
        for claim in claims:
            for number in claim.numbers:
                assert self.keys.setdefault((number, claim.subscriber), claim.name) == claim.name
        self.flying += claims

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        landing, self.flying = self.flying[: len(outcomes)], self.flying[len(outcomes) :]
        due = self.now + MINUTE
        results = [Result(claim, each, b"m", due) for claim, each in zip(landing, outcomes, strict=False)]
        await self.store.ledger.settle(results)

    async def crash(self, repeatable: bool) -> None:
        self.flying, self.boot = [], self.boot + 1
        await self.store.ledger.recover(str(self.boot), "paper", repeatable=repeatable, now=self.now)

    async def pause(self, number: int) -> None:
        await self.allowed(self.store.broadcasts.pause(number, "telegram:1", "", self.now))

    async def resume(self, number: int) -> None:
        await self.allowed(self.store.broadcasts.resume(number, "telegram:1", self.now))

    async def cancel(self, number: int) -> None:
        await self.allowed(self.store.broadcasts.cancel(number, "telegram:1", self.now))

    async def correct(self, number: int) -> None:
        correction = draft(f"correction {number}", kind=Kind.CORRECTION, original=number, items=())
        made = await self.store.broadcasts.compose(correction, self.now)
        found = await self.store.broadcasts.one(made)
        if found and found.state is State.DRAFT:
            await approved(self.store, made, self.now)

    async def allowed(self, change: Any) -> None:
        try:
            await change
        except Conflict:
            return

    async def forget(self, name: str) -> None:
        self.gone.add(name)
        await self.store.subscribers.forget(place(name))

    async def unsubscribe(self, name: str) -> None:
        self.gone.add(name)
        await self.store.subscribers.unsubscribe(place(name), ["laws"])

    async def wait(self, time: timedelta) -> None:
        self.now += time

    async def expire(self) -> None:
        await self.store.ledger.expire(self.now)

    async def end(self) -> None:
        await self.store.ledger.end(self.now)

    async def finish(self) -> None:
        """Everything that is left is done, and then nothing is."""
        await self.crash(repeatable=True)
        for number in range(1, 9):
            await self.resume(number)
        self.now += 9 * DAY
        while await self.store.ledger.unexpanded():
            for number in await self.store.ledger.unexpanded():
                await self.expand(number, 3)
        self.now += 9 * DAY
        for _ in range(len(PEOPLE) * 8):
            if await self.store.ledger.next_due("paper") is None:
                break
            await self.step("claim", 9)
            await self.step("settle", [Outcome.SENT] * 9)
        assert await self.store.ledger.next_due("paper") is None
        await self.end()
        states = {state for (state,) in rows(self.file, "SELECT DISTINCT state FROM broadcast")}
        assert states <= {State.ENDED, State.CANCELLED}
        assert {state for (state,) in rows(self.file, "SELECT DISTINCT state FROM delivery")} <= FINAL


@cache
def empty() -> bytes:
    """A new database, made once."""

    async def made(file: Path) -> None:
        async with at(file):
            pass

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pratip.db"
        asyncio.run(made(file))
        return file.read_bytes()


async def life(steps: Sequence[tuple[Any, ...]], file: Path) -> None:
    async with at(file) as store:
        run = Run(store, file)
        await run.begin()
        for step in steps:
            await run.step(*step)
        await run.finish()
        for number in range(1, 5):
            told = sum((await store.ledger.tally(number)).get("paper", {}).values())
            assert len(PEOPLE) - len(run.gone) <= told <= len(PEOPLE)


@settings(max_examples=25)  # each is a whole life of broadcasts
@given(st.lists(STEPS, min_size=5, max_size=40))
def test_whatever_happens_every_delivery_ends_once_and_their_sum_is_the_audience(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pratip.db"
        file.write_bytes(empty())
        asyncio.run(life(steps, file))
