"""Broadcaster: what is due goes to the wire once, at the platform's pace, and the ledger knows what came of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.broadcast import Kind, Policy
from bot.core.content import Snapshot
from bot.core.messages import Chat, Reply
from bot.core.subscription import Pace, Quiet, Settings
from bot.platforms import Allowance, Gone, Moved, Past, Push, Refusal, Rejected, Unavailable, Unknown
from bot.store import Channel, StoreFailed
from bot.store import Lane as Saved
from tests.clock import leaping
from tests.delivery.office import KEYS, MONTH, TEXT, Office, chat, office
from tests.packs import pack
from tests.platforms.paper import BUTTONS, PLAIN, READER, Paper
from tests.storage import change, rows

DAY = 24 * 3600.0
OTHERS = [chat(str(number)) for number in range(2, 5)]
SAID = f"{TEXT}\n\n/settings · /stop"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pack(tmp_path_factory.mktemp("content"), {}, "en", "km")


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


def events(logged: list[MutableMapping[str, Any]]) -> list[str]:
    return [line["event"] for line in logged]


@leaping
async def test_everybody_gets_it_once_under_a_key_of_its_own(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, *OTHERS)
        await desk.send(urgent=True)
        await desk.ended(within=10)
        assert desk.outcomes() == {"sent": 4}
    assert {sheet.chat for sheet in paper.sheets} == {READER, *OTHERS}
    assert {sheet.text for sheet in paper.sheets} == {SAID}
    assert {sheet.key for sheet in paper.sheets} == {f"update:1:{number}#0" for number in range(1, 5)}
    assert all(sheet.push == Push(urgent=True) for sheet in paper.sheets)


@leaping
async def test_urgent_updates_go_first(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(READER)
        await desk.send("Routine.")
        await desk.send("Urgent!", urgent=True)
        async with desk.open(paper):
            await desk.ended(1)
    assert [text.split("\n")[0] for text in paper.texts] == ["Urgent!", "Routine."]


class Slow(Paper):
    """Some messages take longer, and some are refused for a while."""

    def __init__(self, seed: int, refused: float = 0.0) -> None:
        super().__init__()
        self._random, self._refused = random.Random(seed), refused

    async def _travel(self, chat: Chat, key: str, text: str) -> None:
        await asyncio.sleep(self._random.uniform(0.0, 1.5))
        if self._random.random() < self._refused:
            raise Unavailable("busy", retry_after=self._random.choice([None, 1.0, 5.0]), chat_only=True)
        await super()._travel(chat, key, text)

    def read_in(self, chat: Chat) -> list[str]:
        """What one chat got, in order."""
        return [sheet.text.split("\n")[0] for sheet in self.sheets if sheet.chat == chat]


@leaping
@pytest.mark.parametrize("refused", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
async def test_what_was_held_up_reaches_each_chat_in_order(
    tmp_path: Path, snapshot: Snapshot, seed: int, refused: float
) -> None:
    paper = Slow(seed, refused)
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        quiet = Settings(quiet=Quiet(19 * 60, 19 * 60 + 5))  # five minutes from now, in Phnom Penh
        await desk.subscribe(READER, *OTHERS, settings=quiet)
        for words in ("1", "2", "3"):
            await desk.send(words)
        await desk.send("4", urgent=True)
        await desk.send("2, corrected", kind=Kind.CORRECTION, original=2)
        await desk.until(lambda: len(paper.sheets) == 16)
    for each in (READER, *OTHERS):
        assert paper.read_in(each) == ["4", "1", "3", "2, corrected"]


@leaping
async def test_a_chat_whose_updates_are_slow_holds_up_no_other(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Slow(1)
    paper.closed.add(READER.id)
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        for number in range(1, 11):
            await desk.send(str(number))
        await desk.until(lambda: bool(paper.tried))
        await desk.subscribe(*OTHERS)
        await desk.send("11")
        await desk.until(lambda: len(paper.sheets) == 3, within=60)
        await asyncio.sleep(30)
        assert paper.read_in(READER) == []
        paper.open()
        await desk.until(lambda: len(paper.sheets) == 14, within=600)
    assert paper.read_in(READER) == [str(number) for number in range(1, 12)]


# --- refusals


@leaping
async def test_one_that_says_how_long_is_tried_again_then(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    paper.refuses(Unavailable("flood", 300, chat_only=True))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.send()
        await desk.ended()
        assert 300 <= desk.seconds < 310
        assert desk.outcomes() == {"sent": 1}
    assert len(paper.tried) == 2


@leaping
async def test_one_that_does_not_is_tried_again_longer_each_time(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    paper.refuses(*(Unavailable("down") for _ in range(6)))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.send()
        await desk.ended()
    assert (len(paper.tried), paper.texts) == (7, [SAID])


@leaping
async def test_who_refuses_us_on_three_days_is_erased(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.refuses(*(Gone("blocked") for _ in range(3)))
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(READER)
        for number in range(1, 4):
            assert rows(desk.file, "SELECT failures FROM subscriber") == [(number - 1,)]
            async with desk.open(paper):
                await desk.send(f"Number {number}.")
                await desk.ended(number)
            await asyncio.sleep(DAY)
        assert rows(desk.file, "SELECT * FROM subscriber") == []
        assert "subscriber_erased" in events(logged)
    assert (paper.texts, len(paper.tried)) == ([], 3)


@leaping
async def test_once_refused_they_are_not_tried_again_that_day_and_a_word_clears_it(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    paper.refuses(Gone("blocked"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.send("One.")
        await desk.ended(1)
        await desk.send("Two.")
        await desk.ended(2)
        assert (desk.outcomes(1), desk.outcomes(2), len(paper.tried)) == ({"gone": 1}, {"gone": 1}, 1)
        await desk.store.subscribers.heard(KEYS.place(READER), MONTH)
        await desk.send("Three.")
        await desk.ended(3)
        assert (desk.outcomes(3), len(paper.sheets)) == ({"sent": 1}, 1)


@leaping
async def test_a_channel_that_refuses_us_is_somebodys_to_mend_and_never_erased(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper, room = Paper(), chat("news", private=False)
    paper.refuses(Gone("not a member"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.store.subscribers.channels([Channel(KEYS.place(room), KEYS.sealed(room), "en", "laws")])
        await desk.send()
        await desk.ended()
        assert (desk.alarms, desk.outcomes()) == ([(1, "channel")], {"gone": 1})
        await desk.send("Again.")
        await desk.ended(2)
    assert paper.texts == ["Again."]


@leaping
async def test_a_chat_that_moved_is_followed(tmp_path: Path, snapshot: Snapshot) -> None:
    paper, group, there = Paper(), chat("-1", private=False), chat("-100", private=False)
    paper.refuses(Moved("upgraded", "-100"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(group)
        await desk.send()
        await desk.ended()
        assert desk.outcomes() == {"sent": 1}
        assert (await desk.store.subscribers.prefs(KEYS.place(there))).subscriptions
    assert [sheet.chat for sheet in paper.sheets] == [there]


@leaping
async def test_what_two_chats_cannot_be_shown_stops_and_is_told_once(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=2)))
    paper.refuses(*(Rejected("entities overlap") for _ in range(4)))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(*(chat(str(number)) for number in range(20)))
        await desk.send()
        await desk.until(lambda: bool(desk.alarms))
        await asyncio.sleep(120)
        assert (await desk.one(1)).state == "paused"
        assert desk.alarms == [(1, "refused")]
        assert desk.outcomes()["queued"] >= 16
        await desk.store.broadcasts.resume(1, "telegram:1", desk.clock.now())
        desk.dispatch.wake()
        await desk.until(lambda: len(desk.alarms) == 2 or bool(desk.ends))
    assert set(desk.alarms) == {(1, "refused")}


@leaping
async def test_a_mistake_of_ours_that_meets_two_stops_before_it_meets_all(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    class Torn(Paper):
        async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
            raise ZeroDivisionError

    async with office(tmp_path, snapshot) as desk, desk.open(Torn(replace(BUTTONS, allowance=Allowance(rate=2)))):
        await desk.subscribe(*(chat(str(number)) for number in range(20)))
        await desk.send()
        await desk.until(lambda: bool(desk.alarms))
        assert (await desk.one(1)).state == "paused"
        assert desk.alarms == [(1, "refused")]
        assert desk.outcomes()["queued"] >= 16
    assert events(logged).count("delivery_failed") >= 2


@leaping
async def test_what_was_cancelled_meanwhile_needs_no_stop(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    paper.closed = {READER.id, OTHERS[0].id}
    paper.refuses(Rejected("no"), Rejected("no"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, OTHERS[0])
        await desk.send()
        await desk.until(lambda: len(paper.tried) == 2)
        await desk.store.broadcasts.cancel(1, "telegram:1", desk.clock.now())
        paper.open()
        await desk.until(lambda: desk.outcomes() == {"failed": 2})
        assert ((await desk.one(1)).state, desk.alarms) == ("cancelled", [])


@leaping
async def test_one_chat_that_cannot_be_shown_it_stops_nothing(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    paper.refuses(Rejected("no"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, *OTHERS)
        await desk.send()
        await desk.ended()
        assert (desk.outcomes(), desk.alarms) == ({"failed": 1, "sent": 3}, [])


@pytest.mark.parametrize(
    ("can", "policy", "outcome", "doubt"),
    [
        (BUTTONS, Policy.HOLD, "unknown", None),
        (BUTTONS, Policy.RESEND, "sent", True),
        (replace(BUTTONS, repeatable=True), Policy.HOLD, "sent", False),
    ],
    ids=["hold", "resend", "repeatable"],
)
@leaping
async def test_what_may_have_arrived_is_held_said_again_or_repeated_without_harm(
    tmp_path: Path, snapshot: Snapshot, can: Any, policy: Policy, outcome: str, doubt: bool | None
) -> None:
    paper = Paper(can)
    paper.refuses(Unknown("no answer"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.send(policy=policy)
        await desk.ended()
        assert desk.outcomes() == {outcome: 1}
    assert [("(may repeat)" in text) for text in paper.texts] == ([] if doubt is None else [doubt])
    assert len({key for _, key, _ in paper.tried}) == 1


# --- corrections


@leaping
async def test_a_correction_changes_what_was_sent_or_follows_it_up(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, OTHERS[0])
        await desk.send()
        await desk.ended(1)
        paper.refuses(Past("too old to edit"))
        await desk.send("It is in force tomorrow.", kind=Kind.CORRECTION, original=1)
        await desk.ended(2)
        assert desk.outcomes(2) == {"sent": 2}
    assert [sheet.amends for sheet in paper.sheets] in ([0, 1, 0], [1, 0, 0])
    assert sum("tomorrow" in text for text in paper.texts) == 2


@leaping
async def test_a_correction_follows_up_where_nothing_can_be_changed(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper(PLAIN)
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.send()
        await desk.ended(1)
        await desk.send("Corrected.", kind=Kind.CORRECTION, original=1)
        await desk.ended(2)
    assert [text.split("\n")[0] for text in paper.texts] == [TEXT, "Corrected."]


@leaping
async def test_a_correction_waits_for_what_is_on_the_wire_without_spinning(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    paper.closed = {READER.id}
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.send()
        await desk.until(lambda: bool(paper.tried))
        asked = 0
        expand = desk.store.ledger.expand

        async def counted(number: int, **options: Any) -> bool:
            nonlocal asked
            asked += 1
            return await expand(number, **options)

        desk.store.ledger.expand = counted  # type: ignore[method-assign]  # counts, and asks the real one
        await desk.send("Corrected.", kind=Kind.CORRECTION, original=1, urgent=True)
        await asyncio.sleep(20)
        assert 2 <= asked <= 25
        paper.open()
        await desk.ended(2)
    assert [(sheet.amends, "Corrected." in sheet.text) for sheet in paper.sheets] == [(1, True)]


@leaping
async def test_a_withdrawal_deletes_what_was_sent_where_it_still_can(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, OTHERS[0])
        await desk.send()
        await desk.ended(1)
        paper.refuses(Past("too old to delete"))
        await desk.withdraw(1)
        await desk.ended(2)
        assert desk.outcomes(2) == {"deleted": 1, "sent": 1}
    told = [sheet.text.partition("\n")[0] for sheet in paper.sheets if not sheet.deleted]
    assert sorted(told) == [TEXT, "An update was withdrawn."]


@asynccontextmanager
async def sent_together(desk: Office, paper: Paper, *words: str) -> AsyncIterator[None]:
    """A digest of some updates is in the reader's hands."""
    await desk.subscribe(READER, pace=Pace.DAILY, settings=Settings(digest_hour=20))  # in an hour, in Phnom Penh
    await asyncio.sleep(3500)
    async with desk.open(paper):
        for each in words:
            await desk.send(each)
        await desk.ended(len(words))
        yield


@leaping
async def test_a_digest_is_changed_where_one_of_its_updates_is_corrected_or_withdrawn(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk, sent_together(desk, paper, "One.", "Two.", "Three."):
        await desk.withdraw(2)
        await desk.ended(4)
        await desk.send("Three, corrected.", kind=Kind.CORRECTION, original=3)
        await desk.ended(5)
        gone = desk.snapshot.views["en"].say("news.gone")
        (sheet,) = paper.sheets
        assert sheet.text == f"3 updates, 23 November 2026\n\nOne.\n\n{gone}\n\nThree, corrected.\n\n/settings · /stop"
        assert (desk.outcomes(4), desk.outcomes(5)) == ({"deleted": 1}, {"sent": 1})
        for number in (1, 3):
            await desk.ended(await desk.withdraw(number))
        assert sheet.deleted
    assert len(paper.sheets) == 1


@leaping
async def test_where_a_change_leaves_traces_the_digest_goes_whole_and_the_reader_is_told(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper(replace(BUTTONS, traces=True))
    async with office(tmp_path, snapshot) as desk, sent_together(desk, paper, "One.", "Two."):
        await desk.send("Two, corrected.", kind=Kind.CORRECTION, original=2)
        await desk.ended(3)
        assert "One.\n\nTwo, corrected." in paper.texts[0]
        await desk.withdraw(1)
        await desk.ended(4)
        assert desk.outcomes(4) == {"sent": 1}
    assert [sheet.deleted for sheet in paper.sheets] == [True, False]
    swept = snapshot.views["en"].say("news.swept")
    assert paper.texts[1] == f"An update was withdrawn.\n\n{swept}\n\n/settings · /stop"


@leaping
async def test_a_digest_of_those_who_are_discreet_names_nothing_also_when_it_is_changed(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk, sent_together(desk, paper, "One.", "Two."):
        await desk.store.subscribers.configure(KEYS.place(READER), Settings(discreet=True))
        await desk.withdraw(1)
        await desk.ended(3)
    (sheet,) = paper.sheets
    assert sheet.text == "There is news.\n\n/settings · /stop"
    assert [button.command for button in sheet.reply.buttons] == ["news 2"]


@leaping
async def test_what_is_left_of_a_discreet_digest_is_opened_as_it_stands_now(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper(replace(BUTTONS, traces=True))
    async with office(tmp_path, snapshot) as desk, sent_together(desk, paper, "One.", "Two.", "Three."):
        await desk.store.subscribers.configure(KEYS.place(READER), Settings(discreet=True))
        await desk.send("Two, corrected.", kind=Kind.CORRECTION, original=2)
        await desk.ended(4)
        assert [button.command for button in paper.sheets[0].reply.buttons] == ["news 1 2 3"]
        await desk.ended(await desk.withdraw(1))
    assert [sheet.deleted for sheet in paper.sheets] == [True, False]
    assert [button.command for button in paper.sheets[1].reply.buttons] == ["news 1 2 3"]


# --- hours and digests


@leaping
async def test_digests_collect_into_one_message_at_their_hour(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(READER, pace=Pace.DAILY, settings=Settings(digest_hour=20))  # in an hour, in Phnom Penh
        await asyncio.sleep(3300)
        async with desk.open(paper):
            await desk.send("One.")
            await asyncio.sleep(100)
            await desk.send("Two.")
            await desk.ended(2)
        assert 3600 <= desk.seconds < 3700
        assert (desk.outcomes(1), desk.outcomes(2)) == ({"sent": 1}, {"sent": 1})
    (text,) = paper.texts
    assert text.startswith("2 updates, 23 November 2026\n\nOne.\n\nTwo.\n\n")


@leaping
async def test_a_digest_whose_hour_passed_while_the_bot_was_down_goes_out_once_and_late(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(READER, pace=Pace.DAILY, settings=Settings(digest_hour=20))
        await desk.send("One.")
        await desk.store.ledger.expand(1, now=desk.clock.now(), zone="Asia/Phnom_Penh")
        await asyncio.sleep(3 * DAY)
        for _ in range(2):
            async with desk.open(paper):
                await asyncio.sleep(200)
    assert len(paper.texts) == 1


@leaping
async def test_quiet_hours_end_first_unless_it_is_urgent_and_may_break_them(tmp_path: Path, snapshot: Snapshot) -> None:
    paper, quiet = Paper(), Settings(quiet=Quiet(18 * 60, 19 * 60 + 5))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, settings=quiet)
        await desk.subscribe(OTHERS[0], settings=replace(quiet, urgent_breaks_quiet=True))
        await desk.send(urgent=True)
        await asyncio.sleep(60)
        assert [sheet.chat for sheet in paper.sheets] == [OTHERS[0]]
        await desk.ended()
        assert 300 <= desk.seconds < 400


# --- moderators


@leaping
async def test_paused_nothing_goes_out_resumed_the_rest_does_and_cancelled_never(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=1)))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(*(chat(str(number)) for number in range(30)))
        await desk.send()
        await desk.until(lambda: len(paper.sheets) >= 5)
        await desk.store.broadcasts.pause(1, "telegram:1", "", desk.clock.now())
        desk.dispatch.wake()
        await asyncio.sleep(10)
        stood = len(paper.sheets)
        await asyncio.sleep(600)
        assert len(paper.sheets) == stood <= 10
        await desk.store.broadcasts.resume(1, "telegram:1", desk.clock.now())
        desk.dispatch.wake()
        await desk.until(lambda: len(paper.sheets) >= 15)
        await desk.store.broadcasts.cancel(1, "telegram:1", desk.clock.now())
        await asyncio.sleep(600)
        outcomes = desk.outcomes()
    assert outcomes == {"sent": len(paper.sheets), "cancelled": 30 - len(paper.sheets)}
    assert len({sheet.chat for sheet in paper.sheets}) == len(paper.sheets) < 20


@leaping
async def test_what_has_expired_is_sent_no_more(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER)
        await desk.subscribe(OTHERS[0], pace=Pace.WEEKLY)
        await desk.send(expires_at=desk.clock.now() + timedelta(minutes=5))
        await desk.ended()
        assert desk.outcomes() == {"sent": 1, "expired": 1}


# --- what goes wrong


@leaping
async def test_a_database_that_fails_for_a_while_holds_everything_up_and_loses_nothing(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=5)))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(*(chat(str(number)) for number in range(30)))
        await desk.send()
        await desk.until(lambda: len(paper.sheets) >= 7)
        change(desk.file, "CREATE TRIGGER full BEFORE UPDATE ON delivery BEGIN SELECT RAISE(FAIL, 'full'); END")
        await asyncio.sleep(60)
        stood = len(paper.sheets)
        assert stood <= 7 + 5 + 5
        await asyncio.sleep(60)
        assert len(paper.sheets) == stood
        change(desk.file, "DROP TRIGGER full")
        await desk.ended()
        assert desk.outcomes() == {"sent": 30}
    assert len(paper.sheets) == len({sheet.chat for sheet in paper.sheets}) == 30
    assert {"deliveries_not_noted"} <= set(events(logged))


@leaping
async def test_what_the_database_will_not_say_of_one_delivery_is_asked_again(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        renderings, failures = desk.store.broadcasts.renderings, [StoreFailed("busy"), StoreFailed("busy")]

        async def failing(number: int) -> Any:
            if failures:
                raise failures.pop()
            return await renderings(number)

        desk.store.broadcasts.renderings = failing  # type: ignore[method-assign]  # fails twice
        async with desk.open(paper):
            await desk.subscribe(READER)
            await desk.send()
            await desk.ended()
            assert desk.outcomes() == {"sent": 1}
    assert (paper.texts, failures) == ([SAID], [])


@leaping
async def test_a_mistake_of_ours_in_one_delivery_is_counted_and_the_others_go_on(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    class Torn(Paper):
        async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
            if chat == READER:
                raise ZeroDivisionError
            return await super().send(chat, reply, key=key, push=push)

    async with office(tmp_path, snapshot) as desk, desk.open(Torn()):
        await desk.subscribe(READER, *OTHERS)
        await desk.send()
        await desk.ended()
        assert desk.outcomes() == {"failed": 1, "sent": 3}
    assert [type(line["exc_info"]) for line in logged if line["event"] == "delivery_failed"] == [ZeroDivisionError]


@leaping
async def test_an_address_that_does_not_open_is_counted_as_failed(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(READER)
        change(desk.file, "UPDATE subscriber SET address = x'00'")
        async with desk.open(paper):
            await desk.send()
            await desk.ended()
            assert desk.outcomes() == {"failed": 1}
    assert paper.tried == []
    assert "delivery_failed" in events(logged)


@leaping
async def test_addresses_that_do_not_open_stop_nothing_until_they_are_more_than_one_in_twenty(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=30)))
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(*(chat(str(number)) for number in range(300)))
        change(desk.file, "UPDATE subscriber SET address = x'00' WHERE id <= 10")
        async with desk.open(paper):
            await desk.send("One.")
            await desk.ended()
            assert (desk.outcomes(), desk.alarms) == ({"sent": 290, "failed": 10}, [])
            change(desk.file, "UPDATE subscriber SET address = x'00' WHERE id > 150 AND id <= 161")
            await desk.send("Two.")
            await desk.until(lambda: bool(desk.alarms))
            await asyncio.sleep(60)
            assert ((await desk.one(2)).state, desk.alarms) == ("paused", [(2, "failing")])
            assert desk.outcomes(2)["failed"] >= 11
            assert desk.outcomes(2)["queued"] > 100
            await desk.store.broadcasts.resume(2, "telegram:1", desk.clock.now())
            desk.dispatch.wake()
            await desk.ended(2)
            assert (desk.outcomes(2), desk.alarms) == ({"sent": 279, "failed": 21}, [(2, "failing")])


# --- the lane


@leaping
async def test_while_the_platform_pauses_us_nothing_is_claimed_and_a_restart_remembers(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=8)))
    paper.refuses(Unavailable("flood", 600))
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(*(chat(str(number)) for number in range(40)))
        async with desk.open(paper):
            await desk.send()
            await asyncio.sleep(60)
            saved = await desk.store.ledger.lane("paper")
            assert saved
            assert saved.rate == 4
            assert 595 <= (saved.paused_until - desk.clock.now()).total_seconds() + 60 <= 605
            tries = sum(n for (n,) in rows(desk.file, "SELECT attempts FROM delivery") if isinstance(n, int))
            stood = len(paper.tried)
            await asyncio.sleep(60)
            after = sum(n for (n,) in rows(desk.file, "SELECT attempts FROM delivery") if isinstance(n, int))
            assert (after, len(paper.tried), tries <= 8) == (tries, stood, True)
        async with desk.open(paper):
            assert desk.lanes.of(paper).rate == 4
            await asyncio.sleep(300)
            assert len(paper.tried) == stood
            await desk.ended()
            assert desk.outcomes() == {"sent": 40}
            assert desk.seconds > 600


@leaping
async def test_the_pace_that_was_saved_is_taken_up(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=30)))
    async with office(tmp_path, snapshot) as desk:
        until = desk.clock.now() + timedelta(seconds=40)
        await desk.store.ledger.save_lane("paper", Saved(3.0, until))
        async with desk.open(paper):
            lane = desk.lanes.of(paper)
            assert (lane.rate, round(lane.paused_seconds)) == (3.0, 40)


# --- the end


@leaping
async def test_a_stop_settles_what_is_on_the_wire_and_gives_back_what_waits(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper(replace(BUTTONS, allowance=Allowance(rate=10)))
    chats = [chat(str(number)) for number in range(30)]
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(*chats)
        async with desk.open(paper):
            await desk.send()
            await desk.until(lambda: len(paper.sheets) >= 3)
            begun = desk.clock.monotonic()
        assert desk.clock.monotonic() - begun < 1
        assert desk.outcomes() == {"sent": len(paper.sheets), "queued": 30 - len(paper.sheets)}
        async with desk.open(paper):
            await desk.ended()
        assert desk.outcomes() == {"sent": 30}
    assert sorted(sheet.chat.id for sheet in paper.sheets) == sorted(each.id for each in chats)


@leaping
async def test_what_an_earlier_start_left_on_the_wire_is_taken_up(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    async with office(tmp_path, snapshot) as desk:
        await desk.subscribe(READER)
        await desk.send(policy=Policy.RESEND)
        await desk.store.ledger.expand(1, now=desk.clock.now(), zone="Asia/Phnom_Penh")
        assert await desk.store.ledger.claim("paper", desk.clock.now(), "another boot", 9)
        async with desk.open(paper):
            await desk.ended()
    assert ["(may repeat)" in text for text in paper.texts] == [True]
    assert [(each["queued"], each["unknown"]) for each in logged if each["event"] == "recovered_deliveries"] == [(1, 0)]


REFUSALS: list[type[Refusal]] = [Gone, Past, Rejected, Unknown]


@pytest.mark.parametrize("refusal", REFUSALS)
@leaping
async def test_whatever_is_refused_every_row_ends(tmp_path: Path, snapshot: Snapshot, refusal: type[Refusal]) -> None:
    paper = Paper()
    paper.refuses(refusal("no"))
    async with office(tmp_path, snapshot) as desk, desk.open(paper):
        await desk.subscribe(READER, *OTHERS)
        await desk.send()
        await desk.ended()
        assert sum(desk.outcomes().values()) == 4
        assert desk.outcomes()["sent"] == 3
