"""Renewal: after a year without a word one question, and after another month without one nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.content import Snapshot
from bot.core.messages import Chat
from bot.core.subscription import Quiet, Settings
from bot.delivery import renewal
from bot.delivery.lane import Lanes
from bot.delivery.renewal import Renewal
from bot.delivery.sent import Sent
from bot.platforms import Gone, Moved, Push, Rejected, Unavailable, Unknown
from bot.store import Channel
from tests.clock import LeapingClock, leaping
from tests.delivery.office import KEYS, Office, chat, office
from tests.packs import pack
from tests.platforms.paper import BUTTONS, PLAIN, READER, Paper
from tests.storage import change, rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GROUP = chat("-1", private=False)
LONG_AGO = "2025-10"  # a whole year before November 2026
ASKED = (
    "Nobody has written to me here for a year. Shall the updates go on? Send /keep, or anything else to me;"
    " otherwise I erase the address and settings of this chat on 24 December 2026.\n\n/settings · /stop"
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pack(tmp_path_factory.mktemp("content"), {}, "en", "km")


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


class Resting(LeapingClock):
    """Counts how often somebody rests."""

    rests = 0

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        self.rests += 1
        await super().until(event, seconds)


@asynccontextmanager
async def bureau(folder: Path, snapshot: Snapshot) -> AsyncIterator[Office]:
    """An office that shows when it rests."""
    async with office(folder, snapshot) as desk:
        desk.clock = Resting()
        yield desk


@asynccontextmanager
async def asking(desk: Office, paper: Paper) -> AsyncIterator[Renewal]:
    """The questions of a start of the program, to its stop."""
    renewals = Renewal(paper, desk.store, KEYS, desk.clock, Lanes(desk.clock), Sent(), lambda: desk.snapshot)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(renewals.run())
        await asyncio.sleep(0)
        yield renewals
        renewals.stop()


async def passes(desk: Office, time: timedelta = HOUR) -> None:
    """So much time, most of it by the calendar alone, to the end of the next look."""
    clock = desk.clock
    assert isinstance(clock, Resting)
    rests = clock.rests
    clock.ahead += time - HOUR
    await asyncio.sleep(HOUR.total_seconds() + 1)
    await desk.until(lambda: clock.rests > rests)


def people(desk: Office) -> int:
    return len(rows(desk.file, "SELECT id FROM subscriber"))


@leaping
async def test_who_has_not_written_for_a_year_is_asked_once_and_then_erased(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk:
        await desk.subscribe(READER, month=LONG_AGO)
        await desk.subscribe(GROUP, month=LONG_AGO, language="km")
        await desk.subscribe(chat("2"), month="2025-11")
        async with asking(desk, paper):
            await passes(desk)
            await passes(desk, DAY)
            assert [sheet.chat for sheet in paper.sheets] == [READER, GROUP]
        first, second = paper.sheets
        assert (first.text, first.labels, first.push) == (ASKED, ["Go on"], Push())
        assert second.text.startswith("មួយឆ្នាំ")
        async with asking(desk, paper):
            await passes(desk, 29 * DAY)
            assert people(desk) == 3
            await passes(desk, 2 * DAY)
            assert people(desk) == 1
        assert len(paper.sheets) == 2 + 1  # in December, whose year was over then
        assert desk.store.tombstones.since(desk.store.tombstones.today)


@leaping
async def test_one_word_and_nothing_is_erased_for_another_year(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, month=LONG_AGO)
        await passes(desk)
        await desk.store.subscribers.heard(KEYS.place(READER), "2026-11")
        await passes(desk, 60 * DAY)
        assert (people(desk), len(paper.sheets)) == (1, 1)
        await passes(desk, 330 * DAY)
        assert (people(desk), len(paper.sheets)) == (1, 2)


@leaping
async def test_the_first_hour_is_spent_listening(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk:
        await desk.subscribe(READER, month=LONG_AGO)
        async with asking(desk, paper):
            await passes(desk)
        desk.clock.ahead += 40 * DAY
        async with asking(desk, paper):
            await asyncio.sleep(3000)
            assert people(desk) == 1
            await desk.store.subscribers.heard(KEYS.place(READER), "2027-01")
            await passes(desk)
        assert (people(desk), len(paper.sheets)) == (1, 1)


@leaping
async def test_a_question_waits_for_the_end_of_quiet_hours_and_is_discreet_where_others_may_look(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        noon = desk.clock.now().hour * 60
        settings = Settings("UTC", Quiet(noon, noon + 150), discreet=True)
        await desk.subscribe(READER, month=LONG_AGO, settings=settings)
        await passes(desk)
        await passes(desk)
        assert paper.sheets == []
        await passes(desk)
        (sheet,) = paper.sheets
        assert sheet.text.startswith("Nobody has written here for a year. Shall this go on? Send /keep;")
        assert "update" not in sheet.text


@leaping
async def test_an_announcement_channel_is_never_asked(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.store.subscribers.channels([Channel(KEYS.place(GROUP), KEYS.sealed(GROUP), "en", "laws")])
        await passes(desk, 500 * DAY)
        assert (paper.sheets, people(desk)) == ([], 1)


@leaping
async def test_where_there_are_no_buttons_the_words_say_it(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper(PLAIN)
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, month=LONG_AGO)
        await passes(desk)
    assert [(sheet.text, sheet.labels) for sheet in paper.sheets] == [(ASKED, [])]


@leaping
async def test_the_run_that_leads_asks_and_no_other(
    tmp_path: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "_LOOK_SECONDS", 30.0)
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk:
        await desk.subscribe(READER, month=LONG_AGO)
        async with asyncio.TaskGroup() as tasks:
            await desk.dispatch.start([paper], tasks, leads=False)
            await asyncio.sleep(60)
            desk.dispatch.stop()
        assert paper.sheets == []
        async with desk.open(paper):
            await paper.reads(within=600)
        assert [sheet.text for sheet in paper.sheets] == [ASKED]


# --- what comes between


@leaping
async def test_who_refuses_us_is_asked_another_day_and_erased_on_the_third(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, chat("2"), month=LONG_AGO)
        for number in (1, 2, 3):
            paper.refuses(Gone("blocked"))
            await passes(desk, DAY)
            await passes(desk)
            assert len([each for each, _, _ in paper.tried if each == READER]) == number
        assert rows(desk.file, "SELECT id FROM subscriber") == [(2,)]
        assert [sheet.chat for sheet in paper.sheets] == [chat("2")]


@leaping
async def test_a_refusal_and_then_a_question(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, month=LONG_AGO)
        paper.refuses(Gone("blocked"))
        await passes(desk)
        await passes(desk, DAY)
        await passes(desk, DAY)
        assert len(paper.sheets) == 1


@pytest.mark.parametrize("refusal", [Unknown("lost"), Rejected("malformed")])
@leaping
async def test_what_may_not_have_arrived_is_asked_again_another_day(
    tmp_path: Path, snapshot: Snapshot, refusal: Exception
) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, month=LONG_AGO)
        paper.refuses(refusal)  # type: ignore[arg-type]  # both are refusals
        await passes(desk)
        await passes(desk)
        assert (len(paper.tried), paper.sheets) == (1, [])
        await passes(desk, DAY)
        assert (len(paper.tried), len(paper.sheets)) == (2, 1)


@leaping
async def test_what_is_malformed_is_not_tried_with_everybody(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, chat("2"), chat("3"), month=LONG_AGO)
        paper.refuses(Rejected("malformed"))
        await passes(desk)
        assert (len(paper.tried), len(paper.sheets)) == (1, 0)
    assert [line["refusal"] for line in logged if line["event"] == "renewal_failed"] == ["Rejected"]


@leaping
async def test_where_a_platform_is_down_it_is_asked_an_hour_later_and_one_busy_chat_holds_up_nobody(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, chat("2"), month=LONG_AGO)
        paper.refuses(Unavailable("down"))
        await passes(desk)
        assert len(paper.tried) == 1
        paper.refuses(Unavailable("slow down", 5.0, chat_only=True))
        await passes(desk)
        assert [sheet.chat for sheet in paper.sheets] == [chat("2")]
        await passes(desk)
        assert [sheet.chat for sheet in paper.sheets] == [chat("2"), READER]


@leaping
async def test_while_everything_must_wait_nobody_is_asked(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, chat("2"), month=LONG_AGO)
        paper.refuses(Unavailable("flood", 2 * 3600.0))
        await passes(desk)
        await passes(desk)
        assert (len(paper.tried), paper.sheets) == (1, [])
        await passes(desk)
        assert len(paper.sheets) == 2


@leaping
async def test_a_chat_that_moved_is_asked_where_it_is_now(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, month=LONG_AGO)
        paper.refuses(Moved("upgraded", to="9"))
        await passes(desk)
        await passes(desk)
        assert [sheet.chat for sheet in paper.sheets] == [Chat("paper", "9")]


@leaping
async def test_an_address_that_does_not_open_is_passed_over(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, chat("2"), month=LONG_AGO)
        change(desk.file, "UPDATE subscriber SET address = x'00' WHERE id = 1")
        await passes(desk)
        assert [sheet.chat for sheet in paper.sheets] == [chat("2")]
    assert [line["refusal"] for line in logged if line["event"] == "renewal_failed"] == ["SealBroken"]


@leaping
async def test_where_the_database_fails_nobody_is_asked_twice_in_a_day(
    tmp_path: Path, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper(replace(BUTTONS, amend=False))
    async with bureau(tmp_path, snapshot) as desk, asking(desk, paper):
        await desk.subscribe(READER, chat("2"), month=LONG_AGO)
        change(desk.file, "CREATE TRIGGER full BEFORE INSERT ON asked BEGIN SELECT RAISE(FAIL, 'full'); END")
        for _ in range(3):
            await passes(desk)
        assert [sheet.chat for sheet in paper.sheets] == [READER, chat("2")]
    assert {line["event"] for line in logged} >= {"renewals_failed"}


@leaping
async def test_a_stop_ends_the_asking(tmp_path: Path, snapshot: Snapshot) -> None:
    paper = Paper()
    async with bureau(tmp_path, snapshot) as desk:
        await desk.subscribe(READER, chat("2"), month=LONG_AGO)
        async with asking(desk, paper) as renewals:
            paper.closed.add(READER.id)
            await asyncio.sleep(3600)
            await desk.until(lambda: bool(paper.tried))
            renewals.stop()
            paper.open()
        assert [sheet.chat for sheet in paper.sheets] == [READER]
