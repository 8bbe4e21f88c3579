"""Broadcasts: from what changed to what is sent, by the word of those who may say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.broadcast import Approval, Broadcast, Item, Kind, Outcome, Policy, State
from bot.core.subscription import Pace
from bot.store import Broadcasts, Conflict, Draft, Published, Revision, Store
from tests.storage import BODIES, MODERATORS, MONTH, NOON, ZONE, approved, at, draft, place, rows, sent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE, TWO = MODERATORS
JAILED, FREED = {"custody": "jail"}, {"custody": "free"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def the(store: Store, number: int) -> Broadcast:
    found = await store.broadcasts.one(number)
    assert found
    return found


async def approves(store: Store, number: int, name: str, digest: str = "digest", **options: Any) -> bool:
    given: dict[str, Any] = {"needed": 2, "allowed": MODERATORS, "renderings": BODIES, "at": NOON, **options}
    return await store.broadcasts.approve(number, name, digest, **given)


# --- content


async def test_what_the_content_says_is_noted_whole_or_not_at_all(file: Path) -> None:
    first = {"a": Published("case", JAILED, "print a"), "b": Published("law", {}, "print b")}
    then = {"a": Published("case", FREED, "print a"), "c": Published("law", {}, "print b")}
    async with at(file) as store:
        book = store.broadcasts
        assert await book.published() == {}
        assert await book.record(first, [], revised={}, cursor="pack 1", at=NOON) == ()
        assert await book.published() == first
        drafts = [draft("change of a"), draft("new c", topics=("laws",), expires_at=NOON + DAY, policy=Policy.RESEND)]
        assert await book.record(then, drafts, revised={}, cursor="pack 2", at=NOON) == (1, 2)
        assert await book.record(then, drafts, revised={}, cursor="pack 2", at=NOON) == ()
        assert (await book.published(), await store.cursor("content")) == (then, "pack 2")
        with pytest.raises(TypeError):
            await book.record({"d": Published("case", {"no": {1}}, "")}, [], revised={}, cursor="pack 3", at=NOON)  # type: ignore[dict-item]
        assert (await book.published(), await store.cursor("content")) == (then, "pack 2")
        assert await the(store, 2) == Broadcast(
            2,
            State.DRAFT,
            Kind.NEWS,
            NOON,
            ("laws",),
            (Item("kem-sokha", None, {}),),
            policy=Policy.RESEND,
            expires_at=NOON + DAY,
        )
        assert await book.one(3) is None


async def test_a_pending_draft_says_what_the_content_says_now_and_what_is_sent_stays(file: Path) -> None:
    now = Revision((Item("a", JAILED, FREED),), NOON + DAY)
    async with at(file) as store:
        number = await sent(store, "sent")
        pending = await store.broadcasts.compose(draft("pending"), NOON)
        assert not await approves(store, pending, ONE)
        await store.broadcasts.record({}, [], revised={number: now, pending: now}, cursor="", at=NOON)
        assert (await the(store, number)).items == draft("").items
        assert ((await the(store, pending)).items, (await the(store, pending)).expires_at) == (now.items, NOON + DAY)
        assert not await approves(store, pending, TWO, "digest of the new texts")
        assert await approves(store, pending, ONE, "digest of the new texts")


# --- approval


async def test_it_is_sent_by_the_word_of_enough_moderators_for_the_same_texts(file: Path) -> None:
    async with at(file) as store:
        number = await store.broadcasts.compose(draft("note", kind=Kind.NOTE, words={"en": "Hello"}), NOON)
        assert [await approves(store, number, name) for name in (ONE, ONE)] == [False, False]
        assert not await approves(store, number, TWO, "other texts")
        assert (await the(store, number)).approvals == (Approval(ONE, "digest"), Approval(TWO, "other texts"))
        assert await store.broadcasts.renderings(number) == {}
        assert await approves(store, number, TWO)
        assert (await the(store, number)).state is State.SENDING
        assert await store.broadcasts.renderings(number) == BODIES
        with pytest.raises(Conflict, match="sending"):
            await approves(store, number, TWO)


@pytest.mark.parametrize("needed", [1, 2])
async def test_the_word_of_its_author_alone_is_never_enough(file: Path, needed: int) -> None:
    async with at(file) as store:
        number = await store.broadcasts.compose(draft("note", author=ONE), NOON)
        assert not await approves(store, number, ONE, needed=needed)
        assert await approves(store, number, TWO, needed=needed, renderings={})
        assert await store.broadcasts.renderings(number) == {}


async def test_the_word_of_who_is_a_moderator_no_more_does_not_count(file: Path) -> None:
    async with at(file) as store:
        number = await store.broadcasts.compose(draft("note"), NOON)
        assert not await approves(store, number, ONE)
        assert not await approves(store, number, TWO, allowed=[TWO])
        with pytest.raises(Conflict, match="not a moderator"):
            await approves(store, number, ONE, allowed=[TWO])
        assert await approves(store, number, "telegram:3", allowed=[TWO, "telegram:3"])


async def test_a_draft_whose_time_is_over_is_not_sent(file: Path) -> None:
    async with at(file) as store:
        number = await store.broadcasts.compose(draft("note", expires_at=NOON + HOUR), NOON)
        await store.broadcasts.compose(draft("for ever"), NOON)
        with pytest.raises(Conflict, match="expired"):
            await approves(store, number, ONE, at=NOON + HOUR)
        expired = [await store.broadcasts.expire_drafts(NOON + hours * HOUR) for hours in (0, 1, 2)]
        assert expired == [(), (number,), ()]
        assert ((await the(store, number)).state, (await the(store, number)).why) == (State.REJECTED, "expired")


async def test_it_is_known_which_texts_a_moderator_saw_last(file: Path) -> None:
    async with at(file) as store:
        number = await store.broadcasts.compose(draft("note"), NOON)
        assert await store.broadcasts.seen(number, ONE) == ""
        for name, digest in ((ONE, "first"), (TWO, "other"), (ONE, "second")):
            await store.broadcasts.shown(number, name, digest, NOON)
        await approved(store, number)
        await store.broadcasts.shown(number, ONE, "too late", NOON)
        assert [await store.broadcasts.seen(number, name) for name in MODERATORS] == ["second", "other"]


# --- what may be done when

Act = Callable[[Broadcasts, int], Awaitable[object]]
ACTS: dict[str, tuple[Act, State]] = {
    "reject": (lambda book, number: book.reject(number, ONE, "wrong", NOON), State.REJECTED),
    "pause": (lambda book, number: book.pause(number, "", "refused", NOON), State.PAUSED),
    "resume": (lambda book, number: book.resume(number, ONE, NOON), State.SENDING),
    "cancel": (lambda book, number: book.cancel(number, ONE, NOON), State.CANCELLED),
}
ALLOWED = {
    State.DRAFT: {"reject"},
    State.REJECTED: {"reject"},
    State.SENDING: {"pause", "resume", "cancel"},
    State.PAUSED: {"pause", "resume", "cancel"},
    State.ENDED: set(),
    State.CANCELLED: {"cancel"},
}


async def brought(store: Store, state: State) -> int:
    """A broadcast in a state."""
    if state in {State.DRAFT, State.REJECTED}:
        number = await store.broadcasts.compose(draft("note"), NOON)
    else:
        number = await sent(store, "note")
    for name, (act, after) in ACTS.items():
        if after is state and name != "resume":
            assert await act(store.broadcasts, number) is True
    if state is State.ENDED:
        assert await store.ledger.end(NOON) == (number,)
    assert (await the(store, number)).state is state
    return number


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("verb", list(ACTS))
async def test_what_is_done_twice_is_done_once_and_what_cannot_be_done_is_refused(
    file: Path, verb: str, state: State
) -> None:
    act, after = ACTS[verb]
    async with at(file) as store:
        number = await brought(store, state)
        before = rows(file, "SELECT count(*) FROM audit")
        if verb in ALLOWED[state]:
            assert await act(store.broadcasts, number) is (state is not after)
            assert await act(store.broadcasts, number) is False
            assert (await the(store, number)).state is after
        else:
            with pytest.raises(Conflict, match=state):
                await act(store.broadcasts, number)
            assert (await the(store, number)).state is state
            assert rows(file, "SELECT count(*) FROM audit") == before
        with pytest.raises(Conflict, match="no such broadcast"):
            await act(store.broadcasts, 99)


async def test_what_moderators_did_is_noted(file: Path) -> None:
    async with at(file) as store:
        number = await sent(store, "note", author=TWO)
        await store.broadcasts.pause(number, ONE, "wait", NOON)
        assert (await the(store, number)).why == "wait"
        await store.broadcasts.resume(number, TWO, NOON + HOUR)
        assert (await the(store, number)).why == ""
        await store.broadcasts.withdraw(number, ONE, BODIES, NOON + HOUR)
    noon = int(NOON.timestamp())
    assert rows(file, "SELECT moderator, action, at - ? FROM audit ORDER BY id", noon) == [
        (TWO, "composed", 0),
        (ONE, "approved", 0),
        (TWO, "approved", 0),
        (ONE, "paused", 0),
        (TWO, "resumed", 3600),
        (ONE, "withdrawn", 3600),
    ]


async def test_composing_the_same_twice_is_composing_it_once(file: Path) -> None:
    async with at(file) as store:
        assert [await store.broadcasts.compose(draft("note", author=ONE), NOON) for _ in range(2)] == [1, 1]
    assert rows(file, "SELECT count(*) FROM audit") == [(1,)]


# --- corrections and withdrawals


async def test_only_what_was_sent_can_be_corrected_or_withdrawn(file: Path) -> None:
    async with at(file) as store:
        book = store.broadcasts
        number = await book.compose(draft("note"), NOON)
        correction = draft("correction", kind=Kind.CORRECTION, original=number)
        for act in (lambda: book.compose(correction, NOON), lambda: book.withdraw(number, ONE, BODIES, NOON)):
            with pytest.raises(Conflict, match="draft"):
                await act()
        await approved(store, number)
        pending = await book.compose(correction, NOON)
        withdrawal = await book.withdraw(number, ONE, BODIES, NOON)
        assert await book.withdraw(number, TWO, BODIES, NOON) == withdrawal
        assert not await approves(store, pending, ONE)
        with pytest.raises(Conflict, match="withdrawn"):
            await approves(store, pending, TWO)
        with pytest.raises(Conflict, match="withdrawn"):
            await book.compose(draft("another", kind=Kind.CORRECTION, original=withdrawal), NOON)
        with pytest.raises(Conflict, match="withdrawal"):
            await book.withdraw(withdrawal, ONE, BODIES, NOON)
        made = await the(store, withdrawal)
        assert (made.state, made.kind, made.original) == (State.SENDING, Kind.WITHDRAWAL, number)
        assert await book.renderings(withdrawal) == BODIES
        assert (await the(store, number)).state is State.CANCELLED


async def test_an_ended_one_stays_ended_when_it_is_withdrawn(file: Path) -> None:
    async with at(file) as store:
        number = await brought(store, State.ENDED)
        await store.broadcasts.withdraw(number, ONE, BODIES, NOON)
        assert (await the(store, number)).state is State.ENDED


# --- reading


async def test_of_each_the_words_of_its_newest_correction_stand_until_it_is_withdrawn(file: Path) -> None:
    async with at(file) as store:
        book = store.broadcasts
        for number, name in enumerate(("plain", "corrected", "withdrawn", "corrected and withdrawn", "pending"), 1):
            assert await sent(store, name) == number
        first = await sent(store, "first", kind=Kind.CORRECTION, original=2)
        last = await sent(store, "last", kind=Kind.CORRECTION, original=first)
        wrong = await sent(store, "wrong", kind=Kind.CORRECTION, original=4)
        await book.compose(draft("pending correction", kind=Kind.CORRECTION, original=5), NOON)
        await book.withdraw(3, ONE, BODIES, NOON)
        await book.withdraw(wrong, ONE, BODIES, NOON)
        assert await book.standing([5, 4, 3, 2, 1]) == {5: 5, 4: 0, 3: 0, 2: last, 1: 1}


async def test_the_newest_come_first_each_with_its_tally(file: Path) -> None:
    async with at(file) as store:
        for name in "abc":
            await store.subscribers.subscribe(place(name), b"", "en", ["laws"], Pace.NOW, MONTH)
        for number in (1, 2, 3):
            await sent(store, str(number), topics=("laws",))
            await store.ledger.expand(number, now=NOON, zone=ZONE)
        await store.broadcasts.compose(draft("draft"), NOON)
        await store.broadcasts.cancel(2, ONE, NOON)
        newest = store.broadcasts.newest
        assert [each.number for each in await newest(2)] == [4, 3]
        assert [each.number for each in await newest(9, [State.SENDING])] == [3, 1]
        tallies = [each.tally for each in await newest(9)]
        waiting, over = {"paper": {Outcome.QUEUED: 3}}, {"paper": {Outcome.CANCELLED: 3}}
        assert tallies == [{}, waiting, over, waiting]


async def test_readers_read_again_what_was_sent_lately_as_it_was_corrected(file: Path) -> None:
    async with at(file) as store:
        book = store.broadcasts
        await sent(store, "old", moment=NOON - 31 * DAY)
        for number, name in enumerate(("withdrawn", "cancelled", "corrected", "plain"), 2):
            assert await sent(store, name, moment=NOON - (10 - number) * DAY) == number
        await book.withdraw(2, ONE, BODIES, NOON)
        await book.cancel(3, ONE, NOON)
        for text, digest in (("first", "1"), ("second", "2")):
            made = await book.compose(draft(text, kind=Kind.CORRECTION, original=4), NOON)
            assert [await approves(store, made, name, digest, renderings={"en": text}) for name in MODERATORS] == [
                False,
                True,
            ]
        await book.compose(Draft("pending", Kind.CORRECTION, original=5), NOON)
        assert await book.recent(9, NOON) == ((5, NOON - 5 * DAY, BODIES), (4, NOON - 6 * DAY, {"en": "second"}))
        assert [number for number, _, _ in await book.recent(1, NOON)] == [5]
