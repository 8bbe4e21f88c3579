"""Progress: an answer about what is still being sent stays true, within bounds, until that has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import handlers
from bot.core.broadcast import Kind
from bot.core.content import Content, Snapshot
from bot.core.messages import Button, Chat, Reply
from bot.core.subscription import Pace
from bot.core.text import Text
from bot.delivery.lane import Lanes
from bot.delivery.outbox import Outbox
from bot.delivery.rendering import frozen
from bot.platforms import Allowance, Envelope, Past, Platform
from bot.platforms.menu import Menus
from bot.privacy import Keys
from bot.progress import Progress
from bot.service import Service
from bot.store import Draft, Store
from tests.clock import QuickClock
from tests.packs import pack
from tests.platforms.paper import BUTTONS, PLAIN, READER, Paper

OTHER = Chat("paper", "2")
AMENDING = replace(PLAIN, amend=True)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    files = {"topics.yaml": "- {id: laws, name: Laws}\n"}
    return pack(tmp_path_factory.mktemp("content"), files, "en", "km")


async def settled(until: Callable[[], bool]) -> None:
    """Let everything happen that can, until this is so."""
    for _ in range(50_000):
        if until():
            return
        await asyncio.sleep(0)


class Desk:
    """Somebody who asks, an answer that changes, and the time that passes."""

    def __init__(self, snapshot: Snapshot, paper: Paper) -> None:
        self.paper, self.content = paper, snapshot.view()
        self.clock = QuickClock()
        self.outbox = Outbox(self.clock, Menus(self.clock.monotonic), Lanes(self.clock))
        self.progress = Progress(self.clock, self.outbox, self.again)
        self.next: list[Reply | Exception | None] = []  # what is answered when it is asked again
        self.asked = 0

    async def again(self, platform: Platform, envelope: Envelope) -> tuple[Reply, Content] | None:
        self.asked += 1
        reply = self.next.pop(0) if len(self.next) > 1 else self.next[0]
        if isinstance(reply, Exception):
            raise reply
        return None if reply is None else (reply, self.content)

    async def asks(self, reply: Reply, chat: Chat = READER, refers: str = "") -> None:
        envelope = self.paper.envelope("/broadcasts", chat, refers)
        envelope = replace(envelope, arrived=self.clock.monotonic())
        message = await self.outbox.reply(self.paper, envelope, reply, self.content)
        self.progress.answered(self.paper, envelope, envelope.request, reply, message)

    async def lives(self) -> None:
        """Until nothing is live any more."""
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.progress.run())
            await settled(lambda: not self.progress._live)
            running.cancel()
        assert not self.progress._live


def told(words: str, *, live: bool = True) -> Reply:
    return Reply(Text(words), live=live)


@pytest.fixture
def desk(snapshot: Snapshot) -> Desk:
    return Desk(snapshot, Paper())


async def test_it_is_edited_every_five_seconds_and_a_last_time_at_the_end(desk: Desk) -> None:
    await desk.asks(told("10 %"))
    desk.next = [told("50 %"), told("50 %"), told("90 %"), told("ended", live=False)]
    await desk.lives()
    (sheet,) = desk.paper.sheets
    assert (sheet.text, sheet.amends) == ("ended", 3)
    assert (desk.asked, desk.clock.passed) == (4, 20)


async def test_a_chat_that_is_forgotten_keeps_nothing_live_in_any_thread(desk: Desk) -> None:
    for chat in (READER, replace(READER, thread="5"), OTHER):
        await desk.asks(told("10 %"), chat)
    desk.progress.forget(READER)
    desk.next = [told("ended", live=False)]
    await desk.lives()
    assert [(sheet.chat, sheet.amends) for sheet in desk.paper.sheets if sheet.amends] == [(OTHER, 1)]


async def test_what_did_not_change_is_not_sent_again(desk: Desk) -> None:
    await desk.asks(told("10 %"))
    desk.next = [*[told("10 %")] * 30, None]
    await desk.lives()
    assert desk.paper.sheets[0].amends == 0


async def test_an_answer_that_shows_nothing_live_or_took_several_messages_is_left_alone(desk: Desk) -> None:
    await desk.asks(told("ended", live=False))
    await desk.asks(told("long " * 2_000))
    assert len(desk.paper.sheets) > 2
    await desk.lives()
    assert desk.asked == 0


async def test_where_nothing_can_be_changed_nothing_is_tried(snapshot: Snapshot) -> None:
    desk = Desk(snapshot, Paper(PLAIN))
    await desk.asks(told("10 %"))
    await desk.lives()
    assert desk.asked == 0


async def test_after_two_hundred_edits_it_stays_as_it_is(desk: Desk) -> None:
    await desk.asks(told("0"))
    desk.next = [told(str(number)) for number in range(1, 300)]
    await desk.lives()
    assert (desk.paper.sheets[0].text, desk.paper.sheets[0].amends) == ("200", 200)


async def test_the_newest_of_a_chat_takes_the_place_of_an_older_one(desk: Desk) -> None:
    await desk.asks(told("first"))
    await desk.asks(told("second"))
    await desk.asks(told("elsewhere"), OTHER)
    desk.next = [told("over", live=False)]
    await desk.lives()
    assert desk.paper.texts == ["first", "over", "over"]


async def test_what_takes_its_place_in_the_same_message_is_not_overwritten(desk: Desk) -> None:
    await desk.asks(told("10 %"))
    await desk.asks(replace(told("drafts", live=False), replaces=True), refers="m1")
    await desk.lives()
    assert (desk.paper.texts, desk.asked) == (["drafts"], 0)


async def test_a_page_turned_in_the_same_message_is_the_one_that_lives(desk: Desk) -> None:
    await desk.asks(told("page 1"))
    await desk.asks(replace(told("page 2"), replaces=True), refers="m1")
    desk.next = [told("page 2, ended", live=False)]
    await desk.lives()
    assert desk.paper.texts == ["page 2, ended"]


async def test_a_message_that_cannot_be_changed_any_more_or_fails_is_let_go_and_the_others_live(desk: Desk) -> None:
    for chat in (READER, OTHER, Chat("paper", "3")):
        await desk.asks(told("10 %"), chat)
    desk.next = [told("20 %"), KeyError("lost"), told("20 %", live=False)]
    desk.paper.refuses(Past("too old"))
    await desk.lives()
    assert desk.paper.texts == ["10 %", "10 %", "20 %"]


async def test_a_slow_platform_is_not_filled_with_edits(snapshot: Snapshot) -> None:
    desk = Desk(snapshot, Paper(replace(BUTTONS, allowance=Allowance(rate=0.5))))
    await desk.asks(told("10 %"))
    desk.next = [told("20 %"), told("ended", live=False)]
    await desk.lives()
    assert 40 <= desk.clock.passed < 60


async def test_where_there_are_no_buttons_its_numbers_go_on_meaning_what_they_meant(snapshot: Snapshot) -> None:
    desk = Desk(snapshot, Paper(AMENDING))
    await desk.asks(replace(told("10 %"), rows=((Button("Pause", "pause 1"),),)))
    desk.next = [replace(told("waits", live=False), rows=((Button("Resume", "resume 1"),),))]
    await desk.lives()
    assert "Pause" in desk.paper.texts[0]
    assert "waits" in desk.paper.texts[0]


async def test_no_more_than_twenty_messages_are_live(desk: Desk) -> None:
    for number in range(25):
        await desk.asks(told("10 %"), Chat("paper", str(number)))
    desk.next = [told("ended", live=False)]
    await desk.lives()
    assert desk.paper.texts == [*["10 %"] * 5, *["ended"] * 20]


# --- in the service


MODERATOR = "paper:42"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(f"sqlite+aiosqlite:///{tmp_path}/pratip.db") as opened:
        yield opened


@asynccontextmanager
async def running(service: Service, paper: Paper) -> AsyncIterator[None]:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run([paper]))
        yield
        service.stop()


@pytest.mark.parametrize("asked", ["/broadcasts", "/broadcast 1"])
async def test_a_moderators_answer_follows_a_broadcast_until_it_is_cancelled(
    snapshot: Snapshot, store: Store, asked: str
) -> None:
    clock, paper, keys = QuickClock(), Paper(), Keys(bytes(32), bytes(range(32)))
    place, address = keys.place(OTHER), keys.sealed(OTHER)
    await store.subscribers.subscribe(place, address, "en", ["laws"], Pace.NOW, "2026-11")
    draft = Draft("d", Kind.NOTE, ("laws",), words={"en": "Words."}, author="paper:7")
    number = await store.broadcasts.compose(draft, clock.now())
    assert await store.broadcasts.approve(
        number, MODERATOR, "x", needed=1, allowed=[MODERATOR], renderings={"en": frozen(Text("Words."))}, at=clock.now()
    )
    service = Service(
        handlers.router, snapshot, store, keys, clock, moderators=[MODERATOR], approvals=1, sends_updates=False
    )
    paper.asks(asked, sender="42")
    async with running(service, paper):
        sheet = await paper.reads()
        assert "no deliveries so far" in sheet.text
        await store.ledger.expand(number, now=clock.now(), zone="Asia/Phnom_Penh")
        await settled(lambda: "queued 1" in sheet.text)
        assert "queued 1" in sheet.text
        await store.broadcasts.cancel(number, MODERATOR, clock.now())
        await settled(lambda: "cancelled 1" in sheet.text)
        assert "cancelled 1" in sheet.text
        await settled(lambda: not service._answering.progress._live)
        assert not service._answering.progress._live
    assert len(paper.sheets) == 1
