"""Answering: who asks decides what may be done; what was sent can be read again; nobody's mishap is another's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.core.messages import Chat
from bot.platforms import Unavailable
from tests.desk import FREED, GROUP, KEYS, ONE, READER, TWO, Desk, until
from tests.storage import change

TOPIC = Chat("paper", "-1", "5", private=False)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def sent(desk: Desk) -> None:
    """One update was sent, to nobody."""
    await desk.says(TWO, "/start")
    await desk.says(ONE, "/start")
    desk.edits(FREED)
    for who in (ONE, TWO):
        await desk.hears(who)
    await desk.approve(1)
    for who in (ONE, TWO):
        await desk.hears(who)


# --- what was sent


async def test_whoever_missed_an_update_reads_it_later(desk: Desk) -> None:
    async with desk.working():
        await sent(desk)
        latest = await desk.says(READER, "/latest")
        assert "news 1" in [button.command for button in latest.reply.buttons]
        assert "custody: detained → free" in (await desk.says(READER, "/news 1")).text
        assert "custody: detained → free" not in (await desk.says(READER, "/language km", "/news 1")).text
        assert "Kem Sokha" in (await desk.says(READER, "/news 1")).text


async def test_a_draft_is_nobodys_news_yet(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        assert "free" not in (await desk.says(READER, "/news 1")).text
        assert "news 1" not in [button.command for button in (await desk.says(READER, "/latest")).reply.buttons]


# --- groups


async def test_a_group_is_subscribed_by_its_administrators_alone(desk: Desk) -> None:
    desk.paper.administrators.add("3")
    async with desk.working() as store:
        refused = await desk.says("4", "/subscribe@PaperBot prisoners", chat=GROUP)
        assert "administrator" in refused.text
        assert not (await store.subscribers.prefs(KEYS.place(GROUP))).subscriptions
        await desk.says("3", "/subscribe@PaperBot prisoners", chat=GROUP)
        assert set((await store.subscribers.prefs(KEYS.place(GROUP))).subscriptions.topics) == {"prisoners"}
        assert "administrator" in (await desk.says("4", "/unsubscribe@PaperBot prisoners", chat=GROUP)).text
        await desk.says("4", "/stop@PaperBot", chat=GROUP)
        assert (await store.subscribers.prefs(KEYS.place(GROUP))).subscriptions


async def test_who_speaks_for_the_group_decides_for_it_and_in_the_topic_where_it_was_asked(desk: Desk) -> None:
    async with desk.working() as store:
        await desk.says("", "/subscribe@PaperBot prisoners", chat=TOPIC, speaks_for_chat=True)
        assert (await store.subscribers.prefs(KEYS.place(TOPIC))).subscriptions
        assert not (await store.subscribers.prefs(KEYS.place(GROUP))).subscriptions
        await sent(desk)
        assert "custody: detained → free" in (await desk.hears(TOPIC)).text


async def test_where_nobody_can_say_who_decides_nobody_does(desk: Desk) -> None:
    desk.paper.administrators.add("3")
    async with desk.working() as store:
        desk.paper.refuses(Unavailable("busy"))
        assert "administrator" in (await desk.says("3", "/subscribe@PaperBot prisoners", chat=GROUP)).text
        assert not (await store.subscribers.prefs(KEYS.place(GROUP))).subscriptions


async def test_in_private_everybody_decides_for_themselves(desk: Desk) -> None:
    async with desk.working() as store:
        await desk.says(READER, "/follow kem-sokha", "/subscribe prisoners")
        place = KEYS.place(Chat("paper", READER))
        subscriptions = (await store.subscribers.prefs(place)).subscriptions
        assert (set(subscriptions.topics), subscriptions.follows) == ({"prisoners"}, ("kem-sokha",))
        await desk.says(READER, "/stop")
        assert not (await store.subscribers.prefs(place)).subscriptions


# --- each update once


async def test_who_subscribes_and_follows_hears_it_once_and_who_stopped_not_at_all(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha", "/subscribe prisoners")
        await desk.says("8", "/follow kem-sokha", "/stop")
        await sent(desk)
        await desk.hears(READER)
    assert [desk.unread(who) for who in (READER, "8")] == [[], []]


async def test_a_discreet_message_names_nobody_and_is_opened_on_request(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha", "/set discreet on")
        await sent(desk)
        sheet = await desk.hears(READER)
        assert "Sokha" not in sheet.text
        (button,) = sheet.reply.buttons
        assert "custody: detained → free" in (await desk.says(READER, f"/{button.command}")).text


# --- in the person's hands


async def test_mydata_shows_what_is_kept_as_it_is(desk: Desk) -> None:
    async with desk.working():
        assert (await desk.says(READER, "/mydata")).text == "Nothing is kept of this chat: no row, no code, no address."
        await desk.says(READER, "/follow kem-sokha")
        said = (await desk.says(READER, "/mydata")).text
        assert f"chat: {KEYS.place(Chat('paper', READER)).chat[:8]}…, private" in said
        assert "follows: kem-sokha" in said
        assert "name: paper:1" in (await desk.says(ONE, "/mydata")).text


async def test_panic_erases_everything_takes_back_what_was_said_and_is_silent(desk: Desk) -> None:
    chat = Chat("paper", READER)
    async with desk.working() as store:
        await desk.says(READER, "/language km", "/follow kem-sokha", "/laws")
        await desk.says("8", "/laws")
        for _ in range(2):
            written = len(desk.paper.acknowledged)
            desk.paper.asks("/panic", chat=chat, sender=READER)
            await until(lambda: len(desk.paper.acknowledged) > written)  # noqa: B023 (it is awaited here)
        assert [sheet.deleted for sheet in desk.sheets(READER)] == [True, True, True]
        assert [sheet.deleted for sheet in desk.sheets("8")] == [False]
        assert not await store.subscribers.kept(KEYS.place(chat))
        assert store.tombstones.since(store.tombstones.today) == frozenset({KEYS.place(chat).chat})
    assert desk.paper.forgotten == [(chat, 4)] * 2
    assert desk.unread(READER) == []


async def test_what_was_sent_unasked_is_taken_back_too(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha")
        await sent(desk)
        await desk.hears(READER)
        desk.paper.asks("/panic", chat=Chat("paper", READER), sender=READER)
        await until(lambda: all(sheet.deleted for sheet in desk.sheets(READER)))
    assert len(desk.sheets(READER)) == 2


async def test_who_was_forgotten_has_nothing_left_to_take_back(desk: Desk) -> None:
    chat = Chat("paper", READER)
    async with desk.working():
        await desk.says(READER, "/laws", "/forget")
        desk.paper.asks("/panic", chat=chat, sender=READER)
        await until(lambda: len(desk.paper.forgotten) == 2)
    assert [sheet.deleted for sheet in desk.sheets(READER)] == [False, False]


async def test_where_it_could_not_be_erased_that_is_said_and_panic_can_be_tried_again(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha")
        await asyncio.to_thread(  # it may be writing, and must be able to end that
            change,
            desk.folder / "pratip.db",
            "CREATE TRIGGER full BEFORE DELETE ON subscriber BEGIN SELECT RAISE(FAIL, ''); END",
        )
        said = await desk.says(READER, "/panic")
        assert said.text == str(desk.snapshot.view().say("bad.failed"))
        await asyncio.to_thread(change, desk.folder / "pratip.db", "DROP TRIGGER full")
        desk.paper.asks("/panic", chat=Chat("paper", READER), sender=READER)
        await until(lambda: all(sheet.deleted for sheet in desk.sheets(READER)))


@pytest.mark.parametrize("word", ["/forget", "/panic"])
async def test_a_moderator_is_forgotten_too_until_the_next_word(desk: Desk, word: str) -> None:
    async with desk.working() as store:
        await desk.says(ONE, "/drafts")
        assert await store.moderators.reachable()
        desk.paper.asks(word, chat=Chat("paper", ONE), sender=ONE)
        await until(lambda: len(desk.paper.forgotten) == 1)
        assert not await store.moderators.reachable()
        desk.paper.asks("/drafts", chat=Chat("paper", ONE), sender=ONE)
        while not await store.moderators.reachable():  # noqa: ASYNC110 (the database sets no event)
            await asyncio.sleep(0.01)


async def test_in_a_group_its_administrators_alone_see_and_erase_what_is_kept(desk: Desk) -> None:
    desk.paper.administrators.add("3")
    async with desk.working() as store:
        await desk.says("3", "/subscribe@PaperBot prisoners", chat=GROUP)
        for word in ("/mydata@PaperBot", "/panic@PaperBot"):
            assert "administrator" in (await desk.says("4", word, chat=GROUP)).text
        assert "Updates" in (await desk.says("3", "/mydata@PaperBot", chat=GROUP)).text
        desk.paper.asks("/panic@PaperBot", chat=GROUP, sender="3")
        await until(lambda: all(sheet.deleted for sheet in desk.sheets(GROUP)))
        assert not await store.subscribers.kept(KEYS.place(GROUP))
