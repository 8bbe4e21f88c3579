"""Outbox: it splits, edits, waits and tries again, so that platforms need not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.content import Content
from bot.core.messages import Button, Chat, Mishap, Reply, Request
from bot.core.text import Limit, Style, Text
from bot.delivery.lane import Lanes
from bot.delivery.outbox import Outbox
from bot.platforms import (
    Capabilities,
    Envelope,
    Gone,
    Moved,
    Past,
    Platform,
    Push,
    Refusal,
    Rejected,
    Unavailable,
    Unknown,
)
from bot.platforms.menu import Menus
from tests.clock import QuickClock
from tests.packs import pack
from tests.platforms.paper import BUTTONS, PLAIN, READER, Paper

ASKED = Envelope(Request(READER, "laws"), "in:1")
PRESSED = Envelope(Request(READER, "laws"), "in:2", refers="m1")
CHOICE = ((Button("Law", "show law"), Button("Case", "show case")), (Button("→", "laws page 2", words=("next",)),))
OTHER = Chat("paper", "99")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    return pack(tmp_path_factory.mktemp("content"), {}).view()


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


class Post:
    """An outbox with a clock, the lists it offered, and one platform."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.clock = QuickClock()
        self.menus = Menus(self.clock.monotonic)
        self.outbox = Outbox(self.clock, self.menus, Lanes(self.clock))

    async def sends(
        self, paper: Paper, reply: Reply | str, envelope: Envelope = ASKED, waited_seconds: float = 0
    ) -> None:
        reply = Reply(Text(reply)) if isinstance(reply, str) else reply
        envelope = replace(envelope, arrived=self.clock.monotonic() - waited_seconds)
        await self.outbox.reply(paper, envelope, reply, self.content)


@pytest.fixture
def post(content: Content) -> Post:
    return Post(content)


def test_paper_is_a_platform() -> None:
    platform: Platform = Paper()
    assert (platform.name, platform.me) == ("paper", "PaperBot")


async def test_a_reply_is_sent_once_under_a_key_made_from_the_question(post: Post) -> None:
    paper = Paper()
    await post.sends(paper, "Hello")
    assert [(sheet.chat, sheet.text, sheet.key) for sheet in paper.sheets] == [(READER, "Hello", "in:1#0")]
    assert (len(paper.tried), post.clock.slept) == (1, [])


# --- trying again


async def test_one_who_asks_to_wait_is_waited_for_as_long_as_asked(post: Post) -> None:
    paper = Paper()
    paper.refuses(Unavailable("busy", 7.5), Unavailable("busy", 30))
    await post.sends(paper, "Hello")
    assert (paper.texts, post.clock.slept) == (["Hello"], [7.5, 30])
    assert {key for _, key, _ in paper.tried} == {"in:1#0"}


async def test_one_who_does_not_say_how_long_is_waited_for_longer_each_time(post: Post) -> None:
    paper = Paper()
    paper.refuses(*(Unavailable("down") for _ in range(6)))
    await post.sends(paper, "Hello")
    assert paper.texts == ["Hello"]
    assert [0.1 <= pause <= 0.5 * 2**attempt for attempt, pause in enumerate(post.clock.slept)] == [True] * 6


async def test_a_reply_that_would_come_after_two_minutes_is_given_up_with_a_line_in_the_log(
    post: Post, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.refuses(*(Unavailable("busy", 50) for _ in range(9)))
    await post.sends(paper, "Hello")
    assert (paper.texts, len(paper.tried), post.clock.slept) == ([], 3, [50, 50])
    assert logged == [
        {"event": "reply_lost", "log_level": "error", "platform": "paper", "refusal": "Unavailable", "reason": "busy"}
    ]


async def test_nobody_waits_for_what_would_be_too_late_anyway(post: Post) -> None:
    paper = Paper()
    paper.refuses(Unavailable("flood", 121))
    await post.sends(paper, "Hello")
    assert (paper.texts, post.clock.slept) == ([], [])


async def test_the_two_minutes_begin_when_the_question_comes_and_not_when_its_turn_does(post: Post) -> None:
    paper = Paper()
    paper.refuses(Unavailable("busy", 30))
    await post.sends(paper, "Late", waited_seconds=91)
    assert (paper.texts, len(paper.tried), post.clock.slept) == ([], 1, [])


async def test_two_minutes_are_enough_for_one_who_asks_for_half_a_minute(post: Post) -> None:
    paper = Paper()
    paper.refuses(Unavailable("busy", 30))
    await post.sends(paper, "In time", waited_seconds=90)
    assert (paper.texts, post.clock.slept) == (["In time"], [30])


async def test_what_comes_late_is_sent_where_nobody_asks_to_wait_and_else_given_up(
    post: Post, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    await post.sends(paper, "Late", waited_seconds=500)
    assert paper.texts == ["Late"]
    paper.refuses(Unavailable("flood", 600, chat_only=True))
    await post.sends(paper, "Refused")
    await post.sends(paper, "Too late")
    assert (paper.texts, len(paper.tried), post.clock.slept) == (["Late"], 2, [])
    assert [line["reason"] for line in logged] == ["flood", "no turn is near"]


async def test_one_who_asks_to_come_back_at_once_is_asked_once_a_second_for_two_minutes(post: Post) -> None:
    paper = Paper()
    paper.refuses(*(Unavailable("busy", 0) for _ in range(2000)))
    await post.sends(paper, "Hello")
    assert (paper.texts, max(post.clock.slept) <= 1.1) == ([], True)
    assert 100 <= len(paper.tried) <= 121


async def test_however_often_nobody_says_how_long_the_pauses_stay_short(post: Post) -> None:
    paper = Paper()
    paper.refuses(*(Unavailable("busy") for _ in range(2000)))
    await post.sends(paper, "Hello")
    assert (paper.texts, max(post.clock.slept) <= 30) == ([], True)


async def test_what_may_have_arrived_is_sent_once_more_and_no_oftener(
    post: Post, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.refuses(Unknown("no answer"))
    await post.sends(paper, "Hello")
    assert (paper.texts, len(paper.tried), logged) == (["Hello"], 2, [])
    paper.refuses(Unknown("no answer"), Unavailable("down"), Unknown("no answer"))
    await post.sends(paper, "Again")
    assert (paper.texts, len(paper.tried)) == (["Hello"], 5)
    assert [(line["event"], line["refusal"]) for line in logged] == [("reply_lost", "Unknown")]


async def test_what_is_malformed_is_not_sent_again(post: Post, logged: list[MutableMapping[str, Any]]) -> None:
    paper = Paper()
    paper.refuses(Rejected("entities overlap"))
    await post.sends(paper, "Something I would rather not see in a log")
    assert (paper.texts, len(paper.tried), post.clock.slept) == ([], 1, [])
    assert [(line["refusal"], line["reason"]) for line in logged] == [("Rejected", "entities overlap")]
    assert "rather" not in str(logged)


async def test_one_who_has_left_is_not_followed(post: Post, logged: list[MutableMapping[str, Any]]) -> None:
    paper = Paper()
    paper.refuses(Gone("blocked"))
    await post.sends(paper, "Hello")
    assert (paper.texts, len(paper.tried), logged) == ([], 1, [])


async def test_a_chat_that_moved_is_followed_with_all_that_is_left_to_say(content: Content) -> None:
    post, paper = Post(content), Paper(Capabilities(limit=Limit(40)))
    paper.refuses(None, Moved("upgraded", "99"))
    await post.sends(paper, Reply(Text("First part of it. " * 2 + "Second part of it. " * 2), CHOICE))
    assert [sheet.chat for sheet in paper.sheets] == [READER, *[OTHER] * (len(paper.sheets) - 1)]
    assert len(paper.sheets) > 2
    asked = post.menus.chosen(Request(OTHER, "", "2"))
    assert asked == Request(OTHER, "show", "case")


async def test_a_chat_that_moves_again_and_again_is_given_up(
    post: Post, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    paper.refuses(Moved("upgraded", "99"), Moved("upgraded", "100"))
    await post.sends(paper, "Hello")
    assert (paper.texts, [chat.id for chat, _, _ in paper.tried]) == ([], ["1", "99"])
    assert [line["refusal"] for line in logged] == ["Moved"]


# --- editing

TURNED = Reply(Text("Page 2"), CHOICE, replaces=True)


@pytest.fixture
async def shown(post: Post) -> Paper:
    """A platform on which page 1 is shown."""
    paper = Paper()
    await post.sends(paper, Reply(Text("Page 1"), CHOICE))
    paper.tried.clear()
    return paper


async def test_a_page_is_turned_in_its_place(post: Post, shown: Paper) -> None:
    shown.refuses(Unavailable("busy", 2), Unknown("no answer"))
    await post.sends(shown, TURNED, PRESSED)
    assert [(sheet.text, sheet.labels, sheet.edits) for sheet in shown.sheets] == [("Page 2", ["Law", "Case", "→"], 1)]
    assert post.clock.slept[0] == 2


@pytest.mark.parametrize(
    "refusals",
    [
        [Rejected("too old to edit")],
        [Moved("upgraded", "99")],
        [Unknown("no answer"), Unknown("no answer")],
    ],
    ids=lambda refusals: type(refusals[0]).__name__,
)
async def test_a_page_that_cannot_be_turned_is_sent(post: Post, shown: Paper, refusals: list[Refusal]) -> None:
    shown.refuses(*refusals)
    await post.sends(shown, TURNED, PRESSED)
    assert shown.texts == ["Page 1", "Page 2"]
    assert shown.sheets[1].labels == ["Law", "Case", "→"]


async def test_a_page_that_has_to_wait_too_long_is_neither_turned_nor_sent(post: Post, shown: Paper) -> None:
    shown.refuses(Unavailable("flood", 500))
    await post.sends(shown, TURNED, PRESSED)
    assert (shown.texts, len(shown.tried)) == (["Page 1"], 1)


async def test_no_page_is_turned_for_one_who_has_left(post: Post, shown: Paper) -> None:
    shown.refuses(Gone("blocked"))
    await post.sends(shown, TURNED, PRESSED)
    assert (shown.texts, len(shown.tried)) == (["Page 1"], 1)


@pytest.mark.parametrize(
    ("can", "reply", "envelope"),
    [
        (BUTTONS, Reply(Text("Page 2"), replaces=True), ASKED),
        (BUTTONS, Reply(Text("Page 2")), PRESSED),
        (Capabilities(buttons=True), Reply(Text("Page 2"), replaces=True), PRESSED),
        (Capabilities(edit=True, limit=Limit(5)), Reply(Text("Page 2"), replaces=True), PRESSED),
    ],
    ids=["typed", "new", "cannot edit", "too long"],
)
async def test_what_takes_no_place_is_sent(post: Post, can: Capabilities, reply: Reply, envelope: Envelope) -> None:
    paper = Paper(can)
    await post.sends(paper, reply, envelope)
    assert (" ".join(paper.texts), paper.sheets[0].edits) == ("Page 2", 0)


# --- splitting


async def test_a_long_reply_is_several_messages_with_the_buttons_under_the_last(post: Post) -> None:
    paper = Paper(Capabilities(buttons=True, limit=Limit(30)))
    text = Text("A first sentence. And a second one. ") + Text("Then a third.").styled(Style.BOLD)
    await post.sends(paper, Reply(text, CHOICE, replaces=True))
    assert [(sheet.text, sheet.labels, sheet.key) for sheet in paper.sheets] == [
        ("A first sentence.", [], "in:1#0"),
        ("And a second one.", [], "in:1#1"),
        ("Then a third.", ["Law", "Case", "→"], "in:1#2"),
    ]
    assert paper.sheets[2].reply.text.has(Style.BOLD)


async def test_where_a_part_is_lost_the_rest_is_not_sent(post: Post) -> None:
    paper = Paper(Capabilities(limit=Limit(20)))
    paper.refuses(None, Rejected("no"))
    await post.sends(paper, Reply(Text("A first sentence. And a second one. Then a third."), CHOICE))
    assert paper.texts == ["A first sentence."]
    assert post.menus.chosen(Request(READER, "", "1")) == Request(READER, "", "1", mishap=Mishap.EXPIRED)


async def test_a_reply_without_words_is_not_an_empty_message(post: Post) -> None:
    paper = Paper()
    await post.sends(paper, Reply(Text(" \n"), CHOICE))
    assert [(sheet.text, sheet.labels) for sheet in paper.sheets] == [("…", ["Law", "Case", "→"])]


async def test_where_there_are_no_buttons_they_are_written_out_and_remembered(post: Post, content: Content) -> None:
    paper = Paper(PLAIN)
    await post.sends(paper, Reply(Text("Choose."), CHOICE))
    (sheet,) = paper.sheets
    assert sheet.text == f"Choose.\n\n1. Law\n2. Case\n\n{content.say('menu.or_words', words='next')}"
    assert sheet.reply.rows == ()
    group = Chat("paper", "1", private=False)
    for words, refers, asked in (("2", "", "show case"), ("next", "", "laws page 2"), ("1", sheet.message, "show law")):
        chosen = post.menus.chosen(Request(READER, "", words), refers)
        assert chosen is not None
        assert chosen.line == asked
    assert post.menus.chosen(Request(group, "", "1")) is None


# --- many at once


async def test_no_more_are_on_the_wire_at_once_than_the_window_holds(post: Post) -> None:
    paper = Paper(Capabilities(buttons=True, window=3))
    chats = [Chat("paper", str(number)) for number in range(12)]
    await asyncio.gather(*(post.sends(paper, "Hello", Envelope(Request(chat, "laws"), chat.id)) for chat in chats))
    assert (paper.most_in_flight, {sheet.chat for sheet in paper.sheets}) == (3, set(chats))


async def test_a_chat_that_has_to_wait_takes_no_place_in_the_window(content: Content) -> None:
    waiting = asyncio.Event()

    class Waits(QuickClock):
        """A clock on which a minute does not pass by itself."""

        async def sleep(self, seconds: float) -> None:
            await waiting.wait()
            await super().sleep(seconds)

    post, paper = Post(content), Paper(Capabilities(buttons=True, window=1))
    clock = Waits()
    post.outbox = Outbox(clock, post.menus, Lanes(clock))
    paper.refuses(Unavailable("flood", 60, chat_only=True))
    slow = asyncio.ensure_future(post.sends(paper, "Slow"))
    await asyncio.sleep(0.01)
    await post.sends(paper, "Quick", Envelope(Request(OTHER, "laws"), "in:9"))
    assert paper.texts == ["Quick"]
    waiting.set()
    await slow
    assert paper.texts == ["Quick", "Slow"]


async def test_each_platform_has_a_window_of_its_own(post: Post) -> None:
    narrow, wide = Paper(Capabilities(buttons=True, window=1)), Paper(Capabilities(buttons=True, window=8), "wide")
    narrow.closed = {READER.id}
    stuck = asyncio.ensure_future(post.sends(narrow, "Stuck"))
    await asyncio.sleep(0)
    await post.sends(wide, "Free")
    assert (narrow.texts, wide.texts) == ([], ["Free"])
    narrow.open()
    await stuck
    assert narrow.texts == ["Stuck"]


async def test_a_problem_that_is_no_refusal_is_not_swallowed(post: Post) -> None:
    class Torn(Paper):
        async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await post.sends(Torn(), "Hello")


# --- what is deleted on request

THREAD = replace(READER, thread="5")
PANIC = Envelope(Request(READER, "panic"), "in:9")


async def test_what_a_chat_got_lately_is_deleted_newest_first_in_all_its_threads_and_nowhere_else(post: Post) -> None:
    paper = Paper(replace(BUTTONS, limit=Limit(20)))
    await post.sends(paper, "one word and another that need two messages")
    await post.sends(paper, "in a thread", replace(ASKED, request=Request(THREAD, "laws")))
    await post.sends(paper, "elsewhere", replace(ASKED, request=Request(OTHER, "laws")))
    await post.outbox.delete(paper, PANIC)
    assert [sheet.text for sheet in paper.sheets if not sheet.deleted] == ["elsewhere"]
    deleted = [(chat, text) for chat, key, text in paper.tried if key == "in:9"]
    assert deleted == [(THREAD, ""), *[(READER, "")] * (len(deleted) - 1)]
    await post.outbox.delete(paper, PANIC)
    assert len([key for _, key, _ in paper.tried if key == "in:9"]) == len(deleted)


async def test_what_cannot_be_deleted_stays_and_the_rest_goes(
    post: Post, logged: list[MutableMapping[str, Any]]
) -> None:
    paper = Paper()
    for words in ("one", "two", "three", "four"):
        await post.sends(paper, words)
    paper.refuses(Unavailable("busy", 1.0), None, Past("too old"), Rejected("no such message"), None)
    await post.outbox.delete(paper, PANIC)
    assert [sheet.text for sheet in paper.sheets if not sheet.deleted] == ["two", "three"]
    assert [line["refusal"] for line in logged if line["event"] == "message_not_deleted"] == ["Past", "Rejected"]


async def test_in_a_chat_that_we_were_thrown_out_of_no_more_is_tried(post: Post) -> None:
    paper = Paper()
    for words in ("one", "two"):
        await post.sends(paper, words)
    paper.refuses(Gone("blocked"))
    await post.outbox.delete(paper, PANIC)
    assert [sheet.deleted for sheet in paper.sheets] == [False, False]
    assert [key for _, key, _ in paper.tried].count("in:9") == 1


async def test_where_nothing_can_be_deleted_no_name_is_kept(post: Post) -> None:
    await post.sends(Paper(PLAIN), "one")
    assert post.outbox.sent.taken(READER, post.clock.monotonic()) == []
