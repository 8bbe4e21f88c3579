"""Moderation: what goes out goes out by the word of those who may say so, and they hear clearly how it stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import handlers
from bot.core.messages import Chat, Role
from bot.platforms import Rejected
from tests.desk import FREED, GROUP, ONE, READER, TWO, Desk, until
from tests.packs import person

COMMANDS = [name for name, command in handlers.router.commands.items() if command.needs is Role.MODERATOR]
NOTE = "/compose prisoners\nThe office is closed."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- from a change to a broadcast


async def test_moderators_are_told_once_of_a_draft_decide_on_what_they_saw_and_hear_how_it_ended(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha", "/subscribe prisoners")
        assert (
            "I cannot reach these moderators until they write to me: paper:2" in (await desk.says(ONE, "/drafts")).text
        )
        await desk.says(TWO, "/start")
        desk.edits(FREED)
        for who in (ONE, TWO):
            assert (await desk.hears(who)).text == "Draft 1 waits for 2 approvals: Kem Sokha"
            sheet = await desk.says(who, "/draft 1")
            assert "custody: detained → free" in sheet.text
            approve = next(button.command for button in sheet.reply.buttons if button.label == "Approve")
            said = (await desk.says(who, f"/{approve}", refers=sheet.message)).text
            assert said.startswith("Approved: 1 of 2." if who == ONE else "Approved. Broadcast 1 goes out now.")
        assert "custody: detained → free" in (await desk.hears(READER)).text
        for who in (ONE, TWO):
            assert (await desk.hears(who)).text.startswith("Broadcast 1 has ended: Kem Sokha")
    assert [desk.unread(who) for who in (ONE, TWO, READER)] == [[], [], []]


BROKEN = {"prisoners/kem-sokha.yaml": person("Kem Sokha", custody="jailed", **{f"odd{n}": "x" for n in range(6)})}


async def test_of_a_broken_edit_moderators_hear_once_with_its_place_and_once_that_it_is_mended(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        await desk.says(TWO, "/language km", "/start")
        desk.edits(BROKEN)
        told = (await desk.hears(ONE)).text
        assert told.startswith("The content was edited and has 7 errors. I go on answering from what it was before:")
        assert "prisoners/kem-sokha.yaml:4:1: custody cannot be 'jailed': use one of detained" in told
        assert told.count("kem-sokha.yaml") == 5
        assert "2 more: pratip check lists them." in told
        assert "prisoners/kem-sokha.yaml:4:1: custody មិនអាចជា 'jailed' បានទេ: សូមជ្រើស" in (await desk.hears(TWO)).text
        assert "Detained. Last" in (await desk.says(READER, "/show kem-sokha")).text
        desk.edits({"prisoners/kem-sokha.yaml": person("Kem Sokha", custody="jaild")})
        desk.edits(FREED)
        assert (await desk.hears(ONE)).text == "The content is whole again, and I answer from it."
        assert "មាតិកាត្រឹមត្រូវវិញហើយ" in (await desk.hears(TWO)).text
        assert (await desk.hears(ONE)).text == "Draft 1 waits for 2 approvals: Kem Sokha"


async def test_after_a_restart_nobody_is_told_again(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
    async with desk.working():
        assert "1 draft waits" in (await desk.says(ONE, "/drafts")).text
    assert desk.unread(ONE) == []


async def test_where_one_word_is_enough_one_moderator_sends_what_changed(desk: Desk) -> None:
    desk.approvals = 1
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha")
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        assert (await desk.says(ONE, "/draft 1", "/approve 1")).text == "Approved. Broadcast 1 goes out now."
        await desk.hears(READER)


@pytest.mark.parametrize("needed", [1, 2])
async def test_the_author_alone_is_never_enough(desk: Desk, needed: int) -> None:
    desk.approvals = needed
    async with desk.working() as store:
        await desk.says(TWO, "/start")
        answer = await desk.says(ONE, NOTE)
        assert "It is a draft now" in answer.text
        await desk.says(ONE, "/draft 1", "/approve 1", "/approve 1")
        draft = await store.broadcasts.one(1)
        assert draft
        assert draft.state == "draft"
        await desk.hears(TWO)
        assert (await desk.says(TWO, "/draft 1", "/approve 1")).text == "Approved. Broadcast 1 goes out now."


async def test_approving_twice_is_approving_once(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        assert (await desk.says(ONE, "/draft 1", "/approve 1")).text.startswith("Approved: 1 of 2.")
        assert (await desk.says(ONE, "/approve 1")).text == "You have approved draft 1 already: 1 of 2."


async def test_nobody_approves_what_they_have_not_seen(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        assert (await desk.says(ONE, "/approve 1")).text.startswith("You have not seen exactly these texts yet.")


async def test_what_changes_again_is_shown_anew_and_earlier_words_do_not_count(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        await desk.says(TWO, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        await desk.hears(TWO)
        await desk.says(ONE, "/draft 1", "/approve 1")
        old = await desk.says(TWO, "/draft 1")
        approve = next(button.command for button in old.reply.buttons if button.label == "Approve")
        desk.edits({name: text.replace("free", "abroad") for name, text in FREED.items()})
        await until(desk._packs.empty)
        answer = await desk.says(TWO, f"/{approve}")
        while "abroad" not in answer.text:  # the pack is taken up beside the answers
            answer = await desk.says(TWO, f"/{approve}")
        assert answer.text.startswith("It has changed since you saw it.")
        assert "approvals: 0 of 2" in answer.text
        assert (await desk.says(TWO, "/approve 1")).text.startswith("Approved: 1 of 2.")


async def test_two_who_press_at_the_same_moment_both_hear_the_truth(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha")
        for who in (ONE, TWO):
            await desk.says(who, "/start")
        desk.edits(FREED)
        for who in (ONE, TWO):
            await desk.hears(who)
            await desk.says(who, "/draft 1")
        desk.paper.brings(*(desk.paper.envelope("/approve 1", Chat("paper", who), sender=who) for who in (ONE, TWO)))
        said = [(await desk.hears(who)).text for who in (ONE, TWO)]
        await desk.hears(READER)
    assert sorted(said) == ["Approved. Broadcast 1 goes out now.", "Approved: 1 of 2. Draft 1 waits for the others."]


def decided(text: str) -> bool:
    """Whether it answers an approval: it may be sent and have ended by then."""
    return text.startswith(("Approved. Broadcast 1 goes out now.", "That cannot be done with 1 now: it is"))


async def test_of_two_who_press_the_last_word_at_once_both_hear_that_it_goes_out(desk: Desk) -> None:
    desk.approvals = 1
    async with desk.working():
        for who in (ONE, TWO):
            await desk.says(who, "/start")
        desk.edits(FREED)
        for who in (ONE, TWO):
            await desk.hears(who)
            await desk.says(who, "/draft 1")
        desk.paper.brings(*(desk.paper.envelope("/approve 1", Chat("paper", who), sender=who) for who in (ONE, TWO)))
        await until(lambda: all(any(map(decided, desk.unread(who))) for who in (ONE, TWO)))
    said = [text for who in (ONE, TWO) for text in desk.unread(who) if decided(text)]
    assert (len(said), "Approved. Broadcast 1 goes out now." in said) == (2, True)


async def test_what_is_rejected_stays_rejected_and_says_why(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        assert (await desk.says(ONE, "/reject 1")).text.startswith("Why?")
        assert (await desk.says(ONE, "/reject 1 it is not true")).text == "Draft 1 is rejected: it is not true"
        assert (await desk.says(ONE, "/approve 1")).text == "Draft 1 was rejected: it is not true"


async def test_of_a_rejection_the_others_and_the_author_are_told_once_with_its_reason(desk: Desk) -> None:
    desk.moderators = ("paper:1", "paper:2", "paper:3")
    async with desk.working():
        for who in ("3", TWO):
            await desk.says(who, "/start")
        await desk.says(TWO, "/language km")
        await desk.says(ONE, NOTE)
        for who in (ONE, TWO, "3"):
            await desk.hears(who)
        assert (await desk.says("3", "/reject 1 it is open")).text == "Draft 1 is rejected: it is open"
        assert (await desk.hears(ONE)).text == "Draft 1 was rejected: it is open\nThe office is closed."
        assert "it is open\n" in (await desk.hears(TWO)).text
        assert (await desk.says(ONE, "/reject 1 twice")).text == "Draft 1 was rejected: it is open"
    assert [desk.unread(who) for who in (ONE, TWO, "3")] == [[], [], []]


async def test_what_changed_back_says_so_in_words(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        desk.edits({name: text.replace("free", "detained") for name, text in FREED.items()})
        answer = await desk.says(ONE, "/draft 1")
        while "rejected" not in answer.text:  # the pack is taken up beside the answers
            answer = await desk.says(ONE, "/draft 1")
        assert answer.text == "Draft 1 was rejected: what it tells has changed back"


async def test_an_expired_draft_is_not_sent(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, "/compose prisoners expires 2026-11-23\nToday only.")
        await desk.says(TWO, "/draft 1")
        desk.clock.slept.append(6 * 3600)
        said = (await desk.says(TWO, "/approve 1")).text  # the clerk may have been there before
        assert said.startswith(("Draft 1 has expired and can no longer be sent.", "Draft 1 was rejected: its time was"))


# --- in their own words


async def test_a_note_is_composed_sent_corrected_and_withdrawn(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/subscribe prisoners")
        await desk.says(TWO, "/start")
        await desk.says(ONE, NOTE)
        await desk.hears(ONE)  # the author too is sent its number
        assert "Draft 1 waits for 2 approvals: The office is closed." in (await desk.hears(TWO)).text
        await desk.approve(1)
        sheet = await desk.hears(READER)
        assert "The office is closed." in sheet.text
        for who in (ONE, TWO):
            await desk.hears(who)  # it has ended
        await desk.says(ONE, "/correct 1 The office is open.")
        await desk.hears(ONE)
        assert "Draft 2 waits" in (await desk.hears(TWO)).text
        await desk.approve(2)
        await until(lambda: sheet.amends)
        assert "The office is open." in sheet.text
        for who in (ONE, TWO):
            await desk.hears(who)
        sure = await desk.says(ONE, "/withdraw 1")
        assert sure.labels == ["Yes, withdraw it"]
        await desk.says(ONE, "/withdraw 1 yes")
        await until(lambda: sheet.deleted)
    assert desk.unread(READER) == []


# --- who is a moderator


@pytest.mark.parametrize("language", ["en", "km"])
async def test_to_a_stranger_every_moderators_command_is_unknown_on_every_path(desk: Desk, language: str) -> None:
    content = desk.snapshot.views[language]
    unknown = {str(content.say("bad.unknown"))}
    unknown |= {str(content.say("bad.suggest", command=f"/{name}")) for name in handlers.router.listed(Role.ADMIN)}
    words = [word for word, name in content.commands.items() if name in COMMANDS]
    async with desk.working() as store:
        await desk.says(ONE, NOTE)
        pressed = await desk.says(READER, f"/language {language}")
        for word in (*COMMANDS, *words):
            for refers in ("", pressed.message):
                answer = await desk.says(READER, f"/{word} 1 yes", refers=refers)
                assert answer.text.partition("\n\n")[0] in unknown
        draft = await store.broadcasts.one(1)
        assert draft
        assert (draft.state, draft.approvals) == ("draft", ())


async def test_in_a_group_a_moderator_is_a_reader(desk: Desk) -> None:
    async with desk.working():
        await desk.says(ONE, NOTE)
        for who in (ONE, READER):
            answer = await desk.says(who, "/draft@PaperBot 1", chat=GROUP)
            assert "closed" not in answer.text
            assert "moderator" not in answer.text.casefold()


async def test_who_is_nobody_is_no_moderator(desk: Desk) -> None:
    desk.moderators = ("paper:",)
    async with desk.working():
        assert "draft" not in (await desk.says("", "/drafts", chat=Chat("paper", "9"))).text


async def test_the_word_of_who_is_no_moderator_any_more_does_not_count(desk: Desk) -> None:
    async with desk.working():
        await desk.says(READER, "/follow kem-sokha")
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        await desk.hears(ONE)
        await desk.says(ONE, "/draft 1", "/approve 1")
    desk.moderators = ("paper:2", "paper:3")
    async with desk.working() as store:
        assert "approvals: 0 of 2" in (await desk.says(TWO, "/draft 1")).text
        assert (await desk.says(TWO, "/approve 1")).text.startswith("Approved: 1 of 2.")
        assert (await desk.says("3", "/draft 1", "/approve 1")).text == "Approved. Broadcast 1 goes out now."
        await desk.hears(READER)
        assert set(await store.moderators.reachable()) == {"paper:2", "paper:3"}


async def test_moderators_hear_once_that_a_platform_refuses_what_is_sent(desk: Desk) -> None:
    async with desk.working():
        for who in "789":
            await desk.says(who, "/subscribe prisoners")
        await desk.says(TWO, "/start")
        await desk.says(ONE, NOTE)
        await desk.hears(ONE)
        await desk.hears(TWO)
        for who, words in ((ONE, "/draft 1"), (ONE, "/approve 1"), (TWO, "/draft 1")):
            await desk.says(who, words)
        refuse = desk.paper.send

        async def send(chat: Chat, reply: object, *, key: str, push: object = None) -> str:
            if push:
                raise Rejected("malformed")
            return await refuse(chat, reply, key=key)  # type: ignore[arg-type] # handed on as it came

        desk.paper.send = send  # type: ignore[method-assign] # a platform that refuses every update
        await desk.says(TWO, "/approve 1")
        for who in (ONE, TWO):
            assert "Broadcast 1 is stopped: a platform refuses what it says" in (await desk.hears(who)).text
        await asyncio.sleep(0.05)
    assert [text for who in (ONE, TWO) for text in desk.unread(who) if "stopped" in text] == []
