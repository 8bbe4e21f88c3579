"""Shell: what moderators do in chat, on the command line: the same words, and never two voices."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import handlers
from bot.clock import Clock
from bot.core import announcement
from bot.core.broadcast import Kind, Outcome, State
from bot.core.change import Approve
from bot.core.content import Snapshot
from bot.core.subscription import Pace
from bot.moderation import Moderation
from bot.privacy import Keys
from bot.shell import Order, Refused, Shell
from bot.store import Draft, Store
from bot.terminal import Terminal
from tests.packs import pack, write
from tests.program import Program, on_a_terminal
from tests.storage import MONTH, place
from tests.telegram_server import TOKEN, TelegramServer

FILES = {"topics.yaml": "- {id: laws, name: Laws}\n"}
KEYS = Keys(bytes(32), bytes(range(32)))
MODERATORS = ("telegram:1", "telegram:2")
ZONE = "Asia/Phnom_Penh"


class Desk:
    """A shell at a real store; who it woke, and what it printed."""

    def __init__(self, folder: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.store, self.capsys = folder, store, capsys
        self.woken = 0
        self.runs = True

    def content(self) -> Snapshot:
        return pack(self.folder, FILES, "en", "km")

    def wake(self) -> bool:
        self.woken += self.runs
        return self.runs

    async def draft(self, author: str = "telegram:1", english: str = "Some *words*.", kind: Kind = Kind.NOTE) -> int:
        words = {"en": english, "km": "ពាក្យ"}
        draft = Draft(english, kind, ("laws",), words=words, author=author)
        return await self.store.broadcasts.compose(draft, Clock().now())

    async def says(
        self, action: str, number: int = 0, words: str = "", *, sure: bool = True, follow: bool = False, code: str = ""
    ) -> str:
        """What it prints. Raises Refused."""
        snapshot = self.content()
        rates = {"paper": 2.0}
        moderation = Moderation(self.store, KEYS, Clock(), lambda: snapshot, MODERATORS, 2, rates=rates)
        shell = Shell(handlers.router, self.store, moderation, Clock(), Terminal(), self.content, self.wake, code)
        self.capsys.readouterr()
        await shell.obey(Order(action, number, words, sure, follow))
        return self.capsys.readouterr().out

    async def refused(self, action: str, number: int = 0, words: str = "", *, sure: bool = True) -> str:
        with pytest.raises(Refused) as refusal:
            await self.says(action, number, words, sure=sure)
        return str(refusal.value)

    async def state(self, number: int) -> State:
        broadcast = await self.store.broadcasts.one(number)
        assert broadcast
        return broadcast.state

    async def approved_by_another(self, number: int) -> None:
        """The word of a moderator in chat."""
        snapshot = self.content()
        moderation = Moderation(self.store, KEYS, Clock(), lambda: snapshot, MODERATORS, 2)
        broadcast = await self.store.broadcasts.one(number)
        assert broadcast
        digest = announcement.digest(await moderation.texts(broadcast))
        await moderation.apply(Approve(number, digest), "telegram:2")

    async def sent(self, *, subscribers: int = 0) -> int:
        """The number of a broadcast that is being sent."""
        for each in range(subscribers):
            await self.store.subscribers.subscribe(place(str(each)), b"sealed", "en", ["laws"], Pace.NOW, MONTH)
        number = await self.draft()
        await self.approved_by_another(number)
        await self.says("approve", number)
        await self.store.ledger.expand(number, now=Clock().now(), zone=ZONE)
        return number


@pytest.fixture
async def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Desk]:
    async with Store(f"sqlite+aiosqlite:///{tmp_path}/pratip.db") as store:
        yield Desk(tmp_path / "content", store, capsys)


# --- looking


async def test_the_list_has_drafts_first_and_how_far_everything_is(desk: Desk) -> None:
    assert await desk.says("list") == "0 drafts wait.\n\n"
    number = await desk.sent(subscribers=2)
    waits = await desk.draft(english="Other words.")
    rejected = await desk.draft(english="Wrong words.")
    await desk.says("reject", rejected, "it is not true")
    assert (await desk.says("list")).splitlines() == [
        "1 draft waits.",
        "",
        f"Draft {waits} · Laws · Other words. · approvals: 0 of 2",
        f"Draft {rejected} · Laws · Wrong words. · rejected · it is not true",
        f"Broadcast {number} · Laws · Some words. · being sent · queued 2",
    ]


async def test_a_draft_is_shown_as_every_language_says_it_with_audience_time_and_approvals(desk: Desk) -> None:
    await desk.store.subscribers.subscribe(place("1"), b"sealed", "en", ["laws"], Pace.NOW, MONTH)
    shown = await desk.says("show", await desk.draft())
    for words in ("Some words.", "ពាក្យ", "1 subscriber, about 1 s", "approvals: 0 of 2"):
        assert words in shown
    assert desk.woken == 0


async def test_what_is_being_sent_is_shown_with_its_words_and_totals(desk: Desk) -> None:
    shown = await desk.says("show", await desk.sent(subscribers=3))
    for words in ("being sent", "queued 3", "0 %", "Some words.", "ពាក្យ"):
        assert words in shown


async def test_it_speaks_the_language_asked_for(desk: Desk) -> None:
    assert "សេចក្តីព្រាង" in await desk.says("show", await desk.draft(), code="km")


@pytest.mark.parametrize("action", ["show", "approve", "reject", "pause", "resume", "cancel", "withdraw"])
async def test_a_number_that_there_is_not_is_refused(desk: Desk, action: str) -> None:
    assert await desk.refused(action, 99, "why") == "There is no draft and no broadcast 99."
    assert desk.woken == 0


# --- deciding


async def test_the_shell_is_one_voice_and_a_moderator_the_other(desk: Desk) -> None:
    number = await desk.draft()
    assert "Approved: 1 of 2. Draft 1 waits for the others." in await desk.says("approve", number)
    assert await desk.refused("approve", number) == "You have approved draft 1 already: 1 of 2."
    assert desk.capsys.readouterr().out == ""  # one clear answer, and not the whole draft again
    assert await desk.state(number) is State.DRAFT
    await desk.approved_by_another(number)
    assert await desk.state(number) is State.SENDING
    assert await desk.refused("approve", number) == "Approved. Broadcast 1 goes out now."
    assert desk.capsys.readouterr().out == ""
    assert desk.woken == 1


async def test_without_a_terminal_nothing_is_approved_or_withdrawn_unless_one_says_yes(desk: Desk) -> None:
    refusal = "Nobody is here to be asked: add --yes to {} it without a question"
    assert await desk.refused("approve", await desk.draft(), sure=False) == refusal.format("approve")
    assert desk.woken == 0
    number = await desk.sent()
    woken = desk.woken
    assert await desk.refused("withdraw", number, sure=False) == refusal.format("withdraw")
    assert desk.woken == woken


@pytest.mark.parametrize("sure", [True, False])
async def test_nobody_is_asked_about_what_cannot_be_done(desk: Desk, sure: bool) -> None:
    for action in ("approve", "withdraw"):
        assert await desk.refused(action, 99, sure=sure) == "There is no draft and no broadcast 99."
    draft = await desk.draft(english="Other.")
    assert "it is still a draft" in await desk.refused("withdraw", draft, sure=sure)
    await desk.says("approve", draft)
    assert await desk.refused("approve", draft, sure=sure) == "You have approved draft 1 already: 1 of 2."


async def test_one_can_let_it_wait_go_on_end_and_be_withdrawn_and_nothing_twice(desk: Desk) -> None:
    number = await desk.sent(subscribers=1)
    assert "Broadcast 1 waits." in await desk.says("pause", number, "a word is wrong")
    assert "a word is wrong" in await desk.says("show", number)
    assert await desk.refused("pause", number) == "That cannot be done with 1 now: it is paused."
    assert "Broadcast 1 goes on." in await desk.says("resume", number)
    assert "nothing more is sent" in await desk.says("cancel", number)
    assert await desk.refused("cancel", number) == "That cannot be done with 1 now: it is cancelled."
    assert "Broadcast 1 is being withdrawn." in await desk.says("withdraw", number)
    for sure in (True, False):
        assert await desk.refused("withdraw", number, sure=sure) == "Broadcast 1 was withdrawn already, by broadcast 2."
    assert await desk.refused("withdraw", await desk.draft(english="Other.")) == (
        "That cannot be done with 3 now: it is still a draft."
    )


async def test_where_no_run_sends_it_that_is_said(desk: Desk) -> None:
    desk.runs = False
    number = await desk.draft()
    await desk.approved_by_another(number)
    assert "No pratip run works on this data folder now" in await desk.says("approve", number)


# --- following


async def test_without_a_terminal_each_change_is_a_line_until_it_ends(desk: Desk) -> None:
    number = await desk.sent(subscribers=2)

    async def sends() -> None:
        await asyncio.sleep(0.8)
        await desk.store.broadcasts.cancel(number, "telegram:1", Clock().now())

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(sends())
        shown = await desk.says("show", number, follow=True)
    assert shown.splitlines()[-2:] == [
        "0 % · being sent · queued 2",
        f"100 % · cancelled · {Outcome.CANCELLED} 2",
    ]


async def test_whoever_has_seen_enough_presses_a_key(desk: Desk) -> None:
    number = await desk.sent(subscribers=1)

    async def presses() -> None:
        await asyncio.sleep(0.5)
        signal.raise_signal(signal.SIGINT)

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(presses())
        shown = await desk.says("show", number, follow=True)
    assert shown.endswith("0 % · being sent · queued 1\n")


# --- as a program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    home = tmp_path / "home"
    home.mkdir()
    content = write(tmp_path / "pack", FILES, "en", "km")
    return Program(home, {"CONTENT": str(content), "MODERATORS": "telegram:1 telegram:2"})


async def drafted(program: Program, english: str = "Some words.") -> None:
    program.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with Store(f"sqlite+aiosqlite:///{program.data}/pratip.db") as store:
        draft = Draft(english, Kind.NOTE, ("laws",), words={"en": english}, author="telegram:1")
        await store.broadcasts.compose(draft, Clock().now())


async def test_it_ends_with_0_where_it_was_done_1_where_it_was_refused_and_2_where_it_was_not_understood(
    program: Program,
) -> None:
    await drafted(program)
    assert "Draft 1 · Laws" in program.run("broadcast", "list").out
    assert "approvals: 0 of 2" in program.run("broadcast", "show", "#1").out
    said = program.run("broadcast", "approve", "1", code=1)
    assert (said.out, said.err) == ("", "Nobody is here to be asked: add --yes to approve it without a question\n")
    assert "Approved: 1 of 2" in program.run("broadcast", "approve", "1", "--yes").out
    said = program.run("broadcast", "approve", "1", code=1)
    assert (said.out, said.err) == ("", "You have approved draft 1 already: 1 of 2.\n")
    assert program.run("broadcast", "pause", "1", code=1).err.startswith("That cannot be done with 1 now")
    assert "The pack has no language fr" in program.run("broadcast", "list", "--language", "fr", code=1).err
    for wrong in (["show", "one"], ["reject", "1"], ["send", "1"], ["show"], []):
        assert "usage: pratip broadcast" in program.run("broadcast", *wrong, code=2).err


def test_what_nobody_reads_is_not_approved(program: Program) -> None:
    asyncio.run(drafted(program))
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        program.command("broadcast", "approve", "1", "--yes"),
        cwd=program.home,
        env=program.environment,
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (1, b"")
    assert "approvals: 0 of 2" in program.run("broadcast", "list").out


async def test_on_a_terminal_one_is_asked_and_what_changed_meanwhile_is_shown_anew(program: Program) -> None:
    await drafted(program)
    with on_a_terminal(program, "broadcast", "approve", "1") as (screen, process):
        screen.shows("Approve exactly this? [y/N]")
        screen.types("n\n")
        screen.shows("Nothing was done")
        assert process.wait(60) == 1
    with on_a_terminal(program, "broadcast", "approve", "1") as (screen, process):
        screen.shows("Approve exactly this? [y/N]")
        pack_yaml = Path(program.settings["CONTENT"]) / "topics.yaml"
        pack_yaml.write_text("- {id: laws, name: Laws and bills}\n")
        screen.types("y\n")
        screen.shows("It has changed since you saw it.")
        screen.shows("News: Laws and bills")
        assert process.wait(60) == 1
    with on_a_terminal(program, "broadcast", "approve", "1") as (screen, process):
        screen.shows("Approve exactly this? [y/N]")
        screen.types("y\n")
        screen.shows("Approved: 1 of 2.")
        assert process.wait(60) == 0


async def test_a_key_that_ends_it_is_taken_at_the_first_press(program: Program) -> None:
    await drafted(program)
    for words in ("approvals: 0 of 2", "[y/N]"):  # while the question is on its way, and once it is asked
        for key, code in (("\x03", 130), ("\x04", 1)):
            with on_a_terminal(program, "broadcast", "approve", "1") as (screen, process):
                screen.shows(words)
                screen.types(key)
                assert process.wait(60) == code


async def test_a_run_beside_it_hears_of_it_at_once_and_a_bar_fills(program: Program) -> None:
    program.settings["APPROVALS"] = "1"
    async with TelegramServer() as server:
        server.longest_poll = 0.2
        program.settings |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url}
        reader = server.user(7)
        async with program.running("run"):
            await server.called("getUpdates", within=20)
            await reader.says("/subscribe laws")
            await reader.hears(within=10)
            await drafted(program)
            done = asyncio.to_thread(_approved_on_a_terminal, program)
            update = asyncio.create_task(reader.hears(within=20))
            screen = await done
            assert "Some words." in (await update).text
    assert "100%" in screen


def _approved_on_a_terminal(program: Program) -> str:
    with on_a_terminal(program, "broadcast", "approve", "1") as (screen, process):
        screen.shows("[y/N]")
        screen.types("y\n")
        screen.shows("goes out now")
        screen.shows("100%")
        assert process.wait(60) == 0
        return "100%"
