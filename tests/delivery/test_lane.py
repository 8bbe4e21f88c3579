"""Lane: no message comes too early, whatever the network does; answers first; what is refused teaches the pace."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.messages import Chat
from bot.delivery.lane import Lane, Lanes, Later
from bot.platforms import Allowance, Unavailable
from tests.clock import LeapingClock, LeapingLoop, leaping
from tests.platforms.paper import BUTTONS, Paper

TELEGRAM = Allowance(rate=30)
ONE, TWO = Chat("paper", "1"), Chat("paper", "2")


@dataclass
class Server:
    """Counts what arrives in sliding windows, as the Bot API does, and how much of it is too much."""

    random: Random
    slowest: float  # seconds that a message or its answer may travel
    quickest: float = 0.0
    arrived: deque[float] = field(default_factory=deque)
    by_chat: defaultdict[Chat, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    refused: list[str] = field(default_factory=list)

    async def takes(self, chat: Chat) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self.random.uniform(self.quickest, self.slowest))
        self._count(loop.time(), chat)
        await asyncio.sleep(self.random.uniform(self.quickest, self.slowest))

    def _count(self, now: float, chat: Chat) -> None:
        most, seconds = (1, 1.0) if chat.private else (20, 60.0)
        for name, times, n, window in (("bot", self.arrived, 30, 1.0), ("chat", self.by_chat[chat], most, seconds)):
            times.append(now)
            while now - times[0] >= window:
                times.popleft()
            if len(times) > n:
                self.refused.append(name)


async def _pushed(lane: Lane, server: Server, chat: Chat) -> None:
    while True:
        try:
            async with lane.push(chat):
                await server.takes(chat)
                return
        except Later as later:
            await asyncio.sleep(later.seconds)


async def _replied(lane: Lane, server: Server, chat: Chat, after: float) -> None:
    await asyncio.sleep(after)
    async with lane.reply(chat):
        await server.takes(chat)


def _leapt(traffic: Coroutine[None, None, None]) -> None:
    """Let it happen in a loop that waits for nothing but time."""
    with asyncio.Runner(loop_factory=partial(LeapingLoop, threads=False)) as runner:
        runner.run(traffic)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.01, 0.1, 0.6, 0.95]))
def test_no_message_is_ever_refused(seed: int, slowest: float) -> None:
    random = Random(seed)
    server = Server(random, slowest)

    async def traffic() -> None:
        lane = Lane(LeapingClock(), TELEGRAM)
        chats = [Chat("paper", str(number), private=number % 9 > 0) for number in range(90)]
        async with asyncio.TaskGroup() as tasks:
            for chat in random.choices(chats, k=150):
                tasks.create_task(_pushed(lane, server, chat))
            for number in range(40):
                asker = Chat("paper", f"asker {number}")
                tasks.create_task(_replied(lane, server, asker, random.uniform(0, 5)))

    _leapt(traffic())
    assert server.refused == []


@pytest.mark.parametrize("seed", range(20))
def test_the_first_messages_of_a_start_are_no_measure_of_the_way(seed: int) -> None:
    server = Server(Random(seed), slowest=0.04, quickest=0.02)

    async def traffic() -> None:
        lane = Lane(LeapingClock(), TELEGRAM)
        async with asyncio.TaskGroup() as tasks:
            for number in range(120):
                tasks.create_task(_pushed(lane, server, Chat("paper", str(number))))

    _leapt(traffic())
    assert server.refused == []


@pytest.mark.parametrize(("seed", "slowest"), list(enumerate([0.002, 0.01, 0.1, 0.6, 0.95] * 2)))
def test_a_start_right_after_another_at_full_pace_oversteps_no_allowance(seed: int, slowest: float) -> None:
    random = Random(seed)
    server = Server(random, slowest)

    async def delivered(lane: Lane, chat: Chat, sent: list[asyncio.Task[None]]) -> None:
        with suppress(Later):
            async with lane.push(chat):
                sent.append(asyncio.create_task(server.takes(chat)))  # what is on the wire arrives, whoever is killed
                await asyncio.shield(sent[-1])

    async def start(seconds: float, sent: list[asyncio.Task[None]]) -> int:
        lane, chats = Lane(LeapingClock(), TELEGRAM), random.sample(range(1000), 150)
        tasks = [asyncio.create_task(delivered(lane, Chat("paper", str(chat)), sent)) for chat in chats]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        return len(sent)

    async def killed_and_started_again() -> None:
        sent: list[asyncio.Task[None]] = []
        before = await start(2.5 + random.random() / 2, sent)
        assert before >= 30  # the pace was full
        assert await start(2.5, sent) >= before + 30
        await asyncio.gather(*sent)

    _leapt(killed_and_started_again())
    assert server.refused == []


@leaping
async def test_the_allowance_is_used_whole() -> None:
    lane, server, loop = Lane(LeapingClock(), TELEGRAM), Server(Random(1), 0.05), asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for number in range(300):
            tasks.create_task(_pushed(lane, server, Chat("paper", str(number))))
    assert 300 / 30 <= loop.time() - begun <= 300 / 30 * 1.1 + 1.0  # the first second belongs to an earlier start


@leaping
async def test_answers_go_before_updates() -> None:
    lane, server, loop = Lane(LeapingClock(), TELEGRAM), Server(Random(1), 0.05), asyncio.get_running_loop()
    waits = []

    async def asks(number: int) -> None:
        await asyncio.sleep(2 + number / 10)
        begun = loop.time()
        async with lane.reply(Chat("paper", f"asker {number}")):
            waits.append(loop.time() - begun)

    async with asyncio.TaskGroup() as tasks:
        for number in range(300):
            tasks.create_task(_pushed(lane, server, Chat("paper", str(number))))
        for number in range(50):
            tasks.create_task(asks(number))
    assert max(waits) < 0.1


@leaping
async def test_where_nothing_else_goes_out_an_answer_waits_for_nothing() -> None:
    lane = Lane(LeapingClock(), TELEGRAM)
    begun = asyncio.get_running_loop().time()
    for _ in range(40):
        async with lane.reply(ONE):
            pass
    assert asyncio.get_running_loop().time() == begun


@leaping
async def test_a_refusal_of_the_whole_bot_halves_the_pace_and_stops_everything() -> None:
    lane = Lane(LeapingClock(), TELEGRAM)
    for _ in range(3):
        lane.heed(ONE, Unavailable("flood", 5))
    assert (lane.rate, lane.paused_seconds, lane.capacity) == (15, 5, 15)
    with pytest.raises(Later) as later:
        async with lane.push(TWO):
            pass
    assert later.value.seconds == pytest.approx(5)
    begun = asyncio.get_running_loop().time()
    async with lane.reply(TWO):
        assert asyncio.get_running_loop().time() - begun == pytest.approx(5, abs=0.01)
    lane.heed(ONE, Unavailable("flood", 5))
    with pytest.raises(Later):
        async with lane.reply(TWO, longest=4):
            pass


@leaping
async def test_the_pace_is_never_lowered_below_the_slowest() -> None:
    lane = Lane(LeapingClock(), Allowance(rate=4, slowest=2))
    for _ in range(4):
        lane.heed(ONE, Unavailable("flood", 1))
        await asyncio.sleep(2)
    assert lane.rate == 2


@leaping
async def test_one_chats_refusal_stops_it_alone() -> None:
    lane = Lane(LeapingClock(), TELEGRAM)
    lane.heed(ONE, Unavailable("slow mode", 30, chat_only=True))
    assert (lane.rate, lane.paused_seconds) == (30, 0)
    with pytest.raises(Later) as later:
        async with lane.push(ONE):
            pass
    assert later.value.seconds == 30
    async with lane.push(TWO):
        pass


@pytest.mark.parametrize(("apart", "paused"), [(1.5, True), (2.5, False)])
def test_two_chats_refused_at_once_mean_all(apart: float, paused: bool) -> None:
    @leaping
    async def refusals() -> None:
        lane = Lane(LeapingClock(), TELEGRAM)
        for chat in (ONE, TWO):
            await asyncio.sleep(apart)
            lane.heed(chat, Unavailable("flood", 30, chat_only=True))
        assert (lane.paused_seconds > 0, lane.rate) == (paused, 15 if paused else 30)

    refusals()


@leaping
async def test_what_does_not_say_how_long_teaches_nothing() -> None:
    lane = Lane(LeapingClock(), TELEGRAM)
    lane.heed(ONE, Unavailable("down"))
    assert (lane.rate, lane.paused_seconds) == (30, 0)


@leaping
async def test_after_a_minute_without_a_refusal_the_pace_grows_again_up_to_the_allowance() -> None:
    lane = Lane(LeapingClock(), TELEGRAM, rate=28, paused_seconds=1)
    rates = []
    for number in range(5):
        await asyncio.sleep(61)
        async with lane.push(Chat("paper", str(number))):
            rates.append(lane.rate)
    assert rates == [29, 30, 30, 30, 30]


@leaping
async def test_a_slow_server_gets_one_message_in_so_many_seconds() -> None:
    lane, times = Lane(LeapingClock(), Allowance(rate=0.8, slowest=0.01)), []
    for number in range(4):
        async with lane.push(Chat("paper", str(number))):
            times.append(asyncio.get_running_loop().time())
    assert all(1.25 <= later - sooner < 1.3 for sooner, later in pairwise(times))


@leaping
async def test_memory_is_bounded() -> None:
    lanes, paper = Lanes(LeapingClock()), Paper()
    lane = lanes.of(paper)
    assert lanes.of(paper) is lane
    for number in range(7000):
        async with lane.reply(Chat("paper", str(number))):
            pass
    for _ in range(100):
        async with lane.reply(ONE):
            pass
    assert len(lane._chats) == 5000
    assert [len(each._answered) + len(each._wire) for each in (lane._turns, lane._chats["1"].window)] == [1000, 1]
    assert lanes.of(Paper(replace(BUTTONS, allowance=TELEGRAM), "other")).rate == 30
