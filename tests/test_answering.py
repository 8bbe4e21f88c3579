"""Answering: who asks decides what may be done; what was sent can be read again; nobody's mishap is another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.messages import Chat
from bot.platforms import Unavailable
from tests.desk import FREED, GROUP, KEYS, ONE, READER, TWO, Desk

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
