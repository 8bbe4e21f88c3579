"""Service: it listens, answers, remembers how far it came, and ends without losing a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.clock import Clock
from bot.core.change import Forget, SetLanguage
from bot.core.content import Snapshot
from bot.core.messages import Button, Chat, Context, Prefs, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import Text
from bot.platforms import Capabilities, Gone, Push, Unavailable
from bot.privacy import Keys
from bot.service import Service
from bot.store import Store
from tests.clock import START, QuickClock
from tests.packs import pack
from tests.platforms.paper import BUTTONS, PLAIN, READER, Paper
from tests.storage import rows

KEYS = Keys(bytes(32), bytes(range(32)))
OTHER = Chat("paper", "2")
GROUP = Chat("paper", "-3", private=False)

router = Router()


@router.command("echo")
def echo(request: Request, context: Context) -> Reply:
    return Reply(Text(f"{request.argument}, {context.content.locale.code}"))


@router.command("search", bare=Bare.NEVER)
def search(request: Request, _: Context) -> Reply:
    return Reply(Text(f"Searched for {request.argument}"))


@router.command("speak")
def speak(request: Request, _: Context) -> Reply:
    return Reply(Text("As you like"), changes=(SetLanguage(request.argument),))


@router.command("forget")
def forget(_: Request, __: Context) -> Reply:
    return Reply(Text("Forgotten"), changes=(Forget(),))


@router.command("about")
def about(_: Request, context: Context) -> Reply:
    return Reply(Text(f"I am {context.me}; it is {context.now:%H:%M %z}"))


@router.command("break")
def fall(request: Request, _: Context) -> Reply:
    raise KeyError(f"cannot do {request.argument}")


@router.command("list")
def offer(_: Request, __: Context) -> Reply:
    return Reply(Text("Which?"), ((Button("One", "echo first"), Button("Two", "echo second")),), replaces=True)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pack(tmp_path_factory.mktemp("content"), {}, "en", "km")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(f"sqlite+aiosqlite:///{tmp_path}/pratip.db") as opened:
        yield opened


async def nothing() -> Snapshot:
    """The content does not change."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


@pytest.fixture
def service(snapshot: Snapshot, store: Store) -> Service:
    return Service(router, snapshot, store, KEYS, QuickClock(), changes=nothing)


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


@asynccontextmanager
async def running(service: Service, *papers: Paper) -> AsyncIterator[Service]:
    """The service at work on these platforms, and stopped at the end."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run(papers))
        yield service
        service.stop()


async def comes_true(check: Any) -> None:
    """Wait for something that the service is about to do."""
    for _ in range(10_000):
        if check():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


# --- answering


async def test_a_question_is_noted_answered_and_behind_us(service: Service, store: Store) -> None:
    paper = Paper()
    paper.asks("/echo hello")
    async with running(service, paper):
        sheet = await paper.reads()
    assert (sheet.chat, sheet.text, sheet.key) == (READER, "hello, en", "in:1#0")
    assert (paper.acknowledged, await store.cursor("paper")) == (["in:1"], "1")
    assert (paper.entered, paper.left) == (1, 1)


async def test_it_goes_on_from_where_it_had_come_to(service: Service, store: Store) -> None:
    await store.save_cursor("paper", "17")
    paper = Paper()
    async with running(service, paper):
        await comes_true(lambda: paper.cursors == ["17"])
        paper.asks("/echo hello")
        await comes_true(lambda: paper.cursors == ["17", "1"])
        paper.brings()
        await comes_true(lambda: paper.cursors == ["17", "1", "1"])
    assert await store.cursor("paper") == "1"


async def test_a_handler_knows_the_bots_name_and_the_time_where_its_readers_are(service: Service) -> None:
    paper = Paper()
    paper.asks("/about")
    async with running(service, paper):
        assert (await paper.reads()).text == "I am PaperBot; it is 19:00 +0700"
    assert START.hour == 12


async def test_where_the_machine_does_not_know_the_zone_it_is_universal_time(snapshot: Snapshot, store: Store) -> None:
    view = snapshot.view()
    there = replace(view, pack=view.pack.model_copy(update={"time_zone": "Mars/Base"}))
    paper = Paper()
    paper.asks("/about")
    async with running(Service(router, replace(snapshot, views={"en": there}), store, KEYS, QuickClock()), paper):
        assert (await paper.reads()).text == "I am PaperBot; it is 12:00 +0000"


async def test_a_chat_is_answered_in_order_also_across_polls(service: Service) -> None:
    paper = Paper(Capabilities(buttons=True))
    service.answer_seconds = 0.01
    paper.closed = {READER.id}
    paper.asks(*(f"/echo {number}" for number in range(3)))
    paper.asks(*(f"/echo {number}" for number in range(3, 6)))
    async with running(service, paper):
        await comes_true(lambda: len(paper.cursors) == 3)
        assert len(paper.tried) == 1
        paper.open()
        await paper.reads(6)
    assert paper.texts == [f"{number}, en" for number in range(6)]


async def test_a_slow_chat_holds_up_nobody_else_in_its_batch_nor_those_who_come_after(service: Service) -> None:
    paper = Paper()
    service.answer_seconds = 0.01
    paper.closed = {READER.id}
    slow, quick = paper.envelope("/echo slow"), paper.envelope("/echo quick", OTHER)
    paper.brings(slow, quick)
    async with running(service, paper):
        assert (await paper.reads()).text == "quick, en"
        paper.asks("/echo later", chat=OTHER)
        assert (await paper.reads(2)).text == "later, en"
        paper.open()
        assert (await paper.reads(3)).text == "slow, en"


async def test_a_chat_that_floods_us_is_answered_so_many_times_and_nobody_else_suffers(
    service: Service, store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    service.answer_seconds = 0.01
    paper.closed = {READER.id}
    thread = replace(READER, thread="1")
    for chat in (READER, thread, READER):
        paper.asks(*(f"/echo {number}" for number in range(150)), chat=chat)
    async with running(service, paper):
        paper.asks("/echo other", chat=OTHER)
        assert (await paper.reads()).text == "other, en"
        paper.open()
        await paper.reads(201)
        await comes_true(lambda: not service._unanswered)
        assert sorted(sheet.text for sheet in paper.sheets if sheet.chat == READER) == sorted(
            f"{number}, en" for number in range(150)
        )
        assert [sheet.text for sheet in paper.sheets if sheet.chat == thread] == [f"{n}, en" for n in range(50)]
        paper.asks("/echo again")
        assert (await paper.reads(202)).text == "again, en"
    assert await store.cursor("paper") == "452"
    flood = {"event": "flood", "log_level": "warning", "platform": "paper"}
    assert logged == [{**flood, "passed_over": 100}, {**flood, "passed_over": 150}]


async def test_a_chat_that_asks_very_much_is_answered_more_slowly_and_no_less(service: Service) -> None:
    paper, clock = Paper(), service.clock
    assert isinstance(clock, QuickClock)
    paper.asks(*(f"/echo {number}" for number in range(35)))
    async with running(service, paper):
        await paper.reads(35)
    assert paper.texts == [f"{number}, en" for number in range(35)]
    assert [round(each, 3) for each in clock.slept if each] == [2.0] * 5


async def test_chats_that_are_slowed_down_hold_up_nobody_else(service: Service) -> None:
    class Waiting(QuickClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(3600)

    service.clock = Waiting()
    service.answer_seconds = 0.01
    paper = Paper()
    for number in range(15):
        paper.asks(*(f"/echo {each}" for each in range(220)), chat=Chat("paper", f"crowd {number}"))
    async with running(service, paper):
        paper.asks("/echo hello", chat=OTHER)
        await comes_true(lambda: any(sheet.chat == OTHER for sheet in paper.sheets))
        assert service._unanswered.total() <= 15 * 200
        service.drain_seconds = 0.0


async def test_who_reads_from_a_pipe_waits_for_no_pace(service: Service) -> None:
    paper, clock = Paper(Capabilities(patient=True)), service.clock
    assert isinstance(clock, QuickClock)
    paper.asks(*(f"/echo {number}" for number in range(100)))
    async with running(service, paper):
        await paper.reads(100)
    assert clock.passed == 0


async def test_a_crowd_is_answered_before_more_is_taken_in(service: Service) -> None:
    paper = Paper()
    service.answer_seconds = 0.01
    crowd = [Chat("paper", f"crowd {number}") for number in range(2001)]
    paper.closed = {chat.id for chat in crowd}
    paper.brings(*(paper.envelope("/echo hello", chat) for chat in crowd))
    paper.asks("/echo next")
    async with running(service, paper):
        await comes_true(lambda: paper.tried)
        await asyncio.sleep(0.1)
        assert len(paper.cursors) == 1
        paper.open()
        await paper.reads(2002, within=50)
        assert "next, en" in paper.texts


async def test_a_platform_that_is_patient_waits_for_every_answer(service: Service) -> None:
    paper = Paper(Capabilities(patient=True))
    service.answer_seconds = 0.01
    paper.closed = {READER.id}
    paper.asks("/echo one")
    paper.asks("/echo two")
    async with running(service, paper):
        await comes_true(lambda: paper.tried)
        await asyncio.sleep(0.05)
        assert len(paper.cursors) == 1
        paper.open()
        await paper.reads(2)
    assert paper.texts == ["one, en", "two, en"]


async def test_another_bots_command_in_a_group_is_met_with_silence(service: Service, store: Store) -> None:
    paper = Paper()
    paper.asks("/unknown", chat=GROUP)
    paper.asks("/unknown")
    async with running(service, paper):
        assert (await paper.reads()).chat == READER
    assert len(paper.sheets) == 1
    assert await store.cursor("paper") == "2"


async def test_each_platform_has_its_own_cursor_and_its_own_troubles(service: Service, store: Store) -> None:
    one, two = Paper(), Paper(PLAIN, "letter")
    one.fails(Unavailable("down"))
    one.asks("/echo one")
    two.asks("/echo two")
    two.asks("/echo three")
    async with running(service, one, two):
        await one.reads()
        await two.reads(2)
    assert (await store.cursor("paper"), await store.cursor("letter")) == ("1", "2")
    assert (one.left, two.left) == (1, 1)


# --- what is remembered


async def test_a_language_is_chosen_for_a_chat_and_forgotten_on_request(service: Service, store: Store) -> None:
    paper = Paper()
    paper.asks("/echo 1", "/speak km", "/echo 2")
    paper.asks("/forget", "/echo 3")
    paper.asks("/echo 4", chat=OTHER, language="km-KH")
    async with running(service, paper):
        await paper.reads(6)
    assert [text for text in paper.texts if text[0].isdigit()] == ["1, en", "2, km", "3, en", "4, km"]
    assert await store.subscribers.prefs(KEYS.place(READER)) == Prefs()


async def test_one_who_only_asks_leaves_no_row(service: Service, tmp_path: Path) -> None:
    paper = Paper()
    paper.asks("/echo 1", "/list", "anything")
    async with running(service, paper):
        await paper.reads(3)
    for table in ("preference", "subscriber", "subscription", "delivery", "moderator"):
        assert rows(tmp_path / "pratip.db", f"SELECT * FROM {table}") == []  # noqa: S608 (the names stand above)


async def test_a_language_asked_for_at_start_holds_in_its_chat_until_another_is_chosen(
    service: Service, store: Store
) -> None:
    await store.subscribers.choose_language(KEYS.place(READER), "en")
    store.subscribers.assume_language(KEYS.place(READER), "km")
    paper = Paper()
    paper.asks("/echo 1", "/speak en", "/echo 2")
    paper.asks("/echo 3", chat=OTHER)
    async with running(service, paper):
        await paper.reads(4)
    assert paper.texts == ["1, km", "As you like", "2, en", "3, en"]


async def test_a_list_is_answered_by_number_where_there_are_no_buttons(service: Service) -> None:
    paper = Paper(PLAIN)
    paper.asks("/list", "2", "words")
    async with running(service, paper):
        await paper.reads(3)
        paper.asks("1", "talk of the group", chat=GROUP)
        paper.asks("/echo end")
        await paper.reads(4)
    assert [text.splitlines()[0] for text in paper.texts] == ["Which?", "second, en", "Searched for words", "end, en"]


async def test_what_was_offered_is_forgotten_with_the_chat(service: Service) -> None:
    paper = Paper(PLAIN)
    paper.asks("/list")
    async with running(service, paper):
        await paper.reads()
        assert service._menus._lists
        paper.asks("/forget")
        await paper.reads(2)
        assert not service._menus._lists


async def test_the_platform_forgets_the_chat_once_the_farewell_is_sent(service: Service) -> None:
    paper = Paper()
    paper.asks("/echo 1", "/forget", "/echo 2")
    async with running(service, paper):
        await paper.reads(3)
    assert paper.forgotten == [(READER, 2)]


async def test_the_platform_forgets_the_chat_also_where_the_farewell_is_lost(service: Service) -> None:
    paper = Paper()
    paper.refuses(Gone("blocked"))
    paper.asks("/forget")
    async with running(service, paper):
        await comes_true(lambda: paper.forgotten == [(READER, 0)])


async def test_a_pressed_button_turns_the_message_it_stands_under(service: Service) -> None:
    paper = Paper(BUTTONS)
    paper.asks("/list")
    async with running(service, paper):
        first = await paper.reads()
        paper.asks("/list", refers=first.message)
        await comes_true(lambda: first.edits == 1)
    assert len(paper.sheets) == 1


# --- what goes wrong


async def test_a_question_that_fails_is_answered_with_one_apology_and_logged_without_its_words(
    service: Service, snapshot: Snapshot, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.asks("/break my neighbour Dara", "/echo next")
    async with running(service, paper):
        await paper.reads(2)
    assert paper.texts == [str(snapshot.view().say("bad.failed")), "next, en"]
    (line,) = logged
    assert (line["event"], line["log_level"], line["command"]) == ("handler_failed", "error", "break")
    assert "Dara" not in str({**line, "exc_info": type(line["exc_info"])})  # the log says its class alone


async def test_a_command_nobody_knows_is_not_named_in_the_log(
    snapshot: Snapshot, store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    bare = Router()

    @bare.command("search")
    def search_badly(_: Request, __: Context) -> Reply:
        raise RuntimeError

    paper = Paper()
    paper.asks("my neighbour Dara")
    async with running(Service(bare, snapshot, store, KEYS, QuickClock()), paper):
        await paper.reads()
    assert [line["command"] for line in logged] == ["?"]


async def test_a_question_that_fails_outside_its_handler_ends_nothing_and_is_behind_us(
    service: Service, store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    class Torn(Paper):
        async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
            if "Dara" in reply.text.plain:
                raise ZeroDivisionError(reply.text.plain)
            return await super().send(chat, reply, key=key)

    paper = Torn()
    paper.asks("/echo my neighbour Dara", "/echo next")
    async with running(service, paper):
        await paper.reads()
        await comes_true(lambda: len(paper.cursors) == 2)
    assert (paper.texts, await store.cursor("paper")) == (["next, en"], "2")
    (line,) = logged
    assert (line["event"], line["platform"], type(line["exc_info"])) == ("request_failed", "paper", ZeroDivisionError)


async def test_a_platform_that_asks_for_an_hour_is_asked_again_after_minutes(service: Service) -> None:
    paper = Paper()
    paper.fails(Unavailable("a proxy's error page", 3600))
    paper.asks("/echo back")
    async with running(service, paper):
        assert (await paper.reads()).text == "back, en"
    clock = service.clock
    assert isinstance(clock, QuickClock)
    assert clock.slept == [300]


async def test_a_poll_that_fails_is_tried_again_after_growing_pauses_with_a_line_each_and_one_at_the_end(
    service: Service, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.fails(Unavailable("down"), Unavailable("down"), Unavailable("slow down", 17.5), Unavailable("down"))
    paper.asks("/echo back")
    async with running(service, paper):
        assert (await paper.reads()).text == "back, en"
        paper.asks("/echo again")
        await paper.reads(2)
    assert [(line["event"], line.get("reason")) for line in logged] == [
        ("unavailable", "down"),
        ("unavailable", "down"),
        ("unavailable", "slow down"),
        ("unavailable", "down"),
        ("recovered", None),
    ]
    clock = service.clock
    assert isinstance(clock, QuickClock)
    first, second, asked, fourth = clock.slept
    assert (0.5 <= first <= 1, 1 <= second <= 2, asked, 4 <= fourth <= 8) == (True, True, 17.5, True)
    assert [line["pause_seconds"] for line in logged[:4]] == [round(pause, 1) for pause in clock.slept]


async def test_a_platform_may_be_down_for_days(service: Service) -> None:
    paper = Paper()
    paper.fails(*(Unavailable("down") for _ in range(1100)))
    paper.asks("/echo back")
    async with running(service, paper):
        assert (await paper.reads()).text == "back, en"
    clock = service.clock
    assert isinstance(clock, QuickClock)
    assert 15 <= min(clock.slept[10:]) <= max(clock.slept) <= 30


async def test_what_was_passed_over_is_counted_in_the_log(
    service: Service, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.brings(skipped={"not for us": 2, "a sticker": 1})
    paper.asks("/echo on")
    async with running(service, paper):
        await paper.reads()
    assert logged == [{"event": "skipped", "log_level": "debug", "platform": "paper", "not for us": 2, "a sticker": 1}]


async def test_a_platform_that_breaks_takes_the_program_with_it(service: Service) -> None:
    broken, sound = Paper(), Paper(name="sound")
    broken.fails(ZeroDivisionError("a mistake of ours"))
    with pytest.raises(ExceptionGroup) as group:
        await service.run([broken, sound])
    assert [type(problem) for problem in group.value.exceptions] == [ZeroDivisionError]
    assert (broken.left, sound.left) == (1, 1)


# --- the end


async def test_it_ends_when_nothing_will_come_any_more(service: Service) -> None:
    paper = Paper(Capabilities(patient=True))
    paper.brings(paper.envelope("/echo last"), over=True)
    async with asyncio.timeout(10):
        await service.run([paper])
    assert (paper.texts, paper.cursors) == (["last, en"], [None])


async def test_it_ends_at_once_while_nobody_asks_anything(service: Service) -> None:
    paper, other = Paper(), Paper(name="other")
    async with running(service, paper, other):
        await comes_true(lambda: paper.cursors and other.cursors)
    assert (paper.left, other.left) == (1, 1)


async def test_it_ends_at_once_while_it_waits_for_a_platform_to_come_back(snapshot: Snapshot, store: Store) -> None:
    paper = Paper()
    paper.fails(Unavailable("down", 3600))
    async with running(Service(router, snapshot, store, KEYS, Clock()), paper):
        await comes_true(lambda: paper.cursors)
    assert paper.left == 1


async def test_it_may_be_stopped_before_it_has_begun(service: Service) -> None:
    service.stop()
    paper = Paper()
    async with asyncio.timeout(10):
        await service.run([paper])
    assert (paper.entered, paper.left, paper.cursors) == (1, 1, [])


async def test_replies_on_their_way_still_go_out_and_the_cursor_is_saved(service: Service, store: Store) -> None:
    paper = Paper()
    paper.closed = {READER.id, OTHER.id}
    paper.brings(paper.envelope("/echo one"), paper.envelope("/echo two"), paper.envelope("/echo three", OTHER))
    async with running(service, paper):
        await comes_true(lambda: len(paper.tried) == 2)
        service.stop()
        await asyncio.sleep(0.01)
        assert (paper.texts, await store.cursor("paper")) == ([], None)
        paper.open()
    assert sorted(paper.texts) == ["one, en", "three, en", "two, en"]
    assert await store.cursor("paper") == "3"
    assert len(paper.cursors) == 1


async def test_a_reply_that_takes_too_long_is_left_and_asked_for_again_next_time(
    service: Service, store: Store, logged: list[MutableMapping[str, Any]]
) -> None:
    service.drain_seconds = 0.05
    paper = Paper()
    paper.closed = {READER.id}
    paper.asks("/echo stuck")
    async with running(service, paper):
        await comes_true(lambda: paper.tried)
    assert [(line["event"], line["log_level"]) for line in logged] == [("stopped_before_all_was_answered", "warning")]
    assert (paper.left, await store.cursor("paper")) == (1, None)


async def test_one_who_left_is_behind_us_too(service: Service, store: Store) -> None:
    paper = Paper()
    paper.refuses(Gone("blocked"))
    paper.asks("/echo hello")
    async with running(service, paper):
        await comes_true(lambda: len(paper.cursors) == 2)
    assert await store.cursor("paper") == "1"
