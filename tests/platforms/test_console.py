"""Console: the terminal as a platform; plain where a program reads along, colours and links where a person does."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.messages import Chat, Reply, Request
from bot.core.text import Style, Text, parse
from bot.platforms import Batch, Envelope, Platform, Push
from bot.platforms.console import Console
from bot.terminal import plain

HERE = Chat("console", "console")
SOME = parse("*Kem Sokha*, see [the report](https://example.org/a) or /laws; _old_ and `code`")


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a terminal that has them."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


async def seen(reply: Reply) -> str:
    """What a terminal is sent for a reply."""
    ours, theirs = pty.openpty()
    there = sys.stdout
    with os.fdopen(theirs, "w") as sys.stdout:
        await Console(["x"]).send(HERE, reply, key="1#0")
        sys.stdout.flush()
        written = os.read(ours, 100_000).decode()
    sys.stdout = there
    os.close(ours)
    return written


@contextmanager
def standard_input(words: bytes) -> Iterator[None]:
    """Standard input that holds these words and ends."""
    there, (ours, theirs) = os.dup(0), os.pipe()
    os.write(theirs, words)
    os.close(theirs)
    os.dup2(ours, 0)
    os.close(ours)
    try:
        yield
    finally:
        os.dup2(there, 0)
        os.close(there)


async def polled(console: Console) -> list[Batch]:
    """All batches until it is over."""
    batches = [await console.poll(None)]
    while not batches[-1].over:
        batches.append(await console.poll(batches[-1].cursor))
    return batches


def requests(batches: list[Batch]) -> list[str]:
    return [envelope.request.line for batch in batches for envelope in batch.envelopes]


def test_it_is_a_platform() -> None:
    platform: Platform = Console()
    assert (platform.name, platform.can.buttons, platform.can.patient, platform.can.window) == (
        "console",
        False,
        True,
        1,
    )


# --- what is asked


async def test_what_is_asked_for_comes_one_after_the_other_and_then_it_is_over() -> None:
    batches = await polled(Console(["/laws", "kem sokha", "!prisoners detained"]))
    assert [batch.envelopes for batch in batches] == [
        (Envelope(Request(HERE, "laws"), "1"),),
        (Envelope(Request(HERE, "", "kem sokha"), "2"),),
        (Envelope(Request(HERE, "prisoners", "detained"), "3"),),
    ]
    assert [(batch.over, batch.cursor) for batch in batches] == [(False, None), (False, None), (True, None)]


async def test_an_empty_question_is_passed_over_unless_it_is_the_last() -> None:
    assert requests(await polled(Console(["", "laws", " "]))) == ["laws", ""]


async def test_a_conversation_begins_with_a_greeting_and_ends_with_the_input() -> None:
    with standard_input("/laws\n\n  \nកឹម សុខា\nlast".encode()):
        batches = await polled(Console())
    assert requests(batches) == ["start", "laws", "កឹម សុខា", "last"]
    assert batches[-1].envelopes == ()


async def test_bytes_that_are_no_words_end_nothing() -> None:
    with standard_input(b"caf\xe9\nlaws\n"):
        assert requests(await polled(Console())) == ["start", "caf\ufffd", "laws"]


async def test_an_input_that_was_closed_is_at_its_end() -> None:
    there = os.dup(0)
    os.close(0)
    try:
        assert requests(await polled(Console())) == ["start"]
    finally:
        os.dup2(there, 0)
        os.close(there)


async def test_waiting_for_a_line_ends_when_nobody_wants_it_any_more() -> None:
    there, (ours, theirs) = os.dup(0), os.pipe()
    os.dup2(ours, 0)
    os.close(ours)
    console = Console()
    await console.poll(None)
    listening = asyncio.ensure_future(console.poll(None))
    await asyncio.sleep(0.05)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    os.write(theirs, b"too late\n")  # the thread that waited for it gives it to nobody
    os.close(theirs)
    await asyncio.sleep(0.05)
    os.dup2(there, 0)
    os.close(there)


# --- what is answered


async def test_a_program_reads_plain_text_with_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    async with Console(["x"]) as console:
        assert await console.send(HERE, Reply(SOME), key="1#0") == "1#0"
    assert capsys.readouterr().out == ("Kem Sokha, see the report <https://example.org/a> or /laws; old and code\n\n")


async def test_no_line_is_broken_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    words = "word " * 100 + "[bold] :smile: 123\nnext"
    await Console(["x"]).send(HERE, Reply(Text(words)), key="1#0")
    assert capsys.readouterr().out == f"{words}\n\n"


async def test_a_reply_that_should_take_anothers_place_is_printed_again(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(["x"])
    await console.edit(HERE, "1#0", Reply(Text("Page 2")))
    await console.acknowledge(Envelope(Request(HERE, "laws"), "1"))
    assert await console.check() is None  # type: ignore[func-returns-value]
    assert capsys.readouterr().out == "Page 2\n\n"


async def test_a_correction_is_printed_under_a_pencil_and_a_withdrawal_is_not_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console(["x"])
    await console.send(HERE, Reply(Text("Arrested.")), key="1", push=Push())
    await console.amend(HERE, "1", Reply(parse("*Released*.")), key="2")
    await console.delete(HERE, "1", key="3")
    assert capsys.readouterr().out == "Arrested.\n\n✎\nReleased.\n\n"


async def test_whoever_sits_at_the_terminal_decides() -> None:
    assert await Console().administers(Envelope(Request(HERE, "subscribe"), "1"))


NEWS = """
import asyncio, sys
from pathlib import Path
from bot.core.messages import Chat, Reply
from bot.core.text import Text
from bot.platforms import Push
from bot.platforms.console import Console

async def main():
    async with Console() as console:
        await console.poll(None)
        listening = asyncio.ensure_future(console.poll(None))
        await asyncio.to_thread(Path(sys.argv[1]).read_text)  # until the test has typed something
        await console.send(Chat("console", "console"), Reply(Text("News!")), key="1", push=Push())
        print((await listening).envelopes[0].request.line)

asyncio.run(main())
"""


def test_an_update_stands_above_the_line_that_somebody_types(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = [sys.executable, "-c", NEWS, str(gate)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        try:
            assert "› " in written(ours, "› ")
            os.write(ours, b"pris")
            assert "pris" in written(ours, "pris")
            gate.write_text("now")
            shown = written(ours, "› pris")
            assert shown.startswith("\r\x1b[J")
            assert shown.replace("\r", "").removeprefix("\x1b[J") == "News!\n\n› pris"
            os.write(ours, b"oners\n")
            assert "prisoners\r\n" in written(ours, "prisoners\r\n")
        finally:
            process.kill()
    os.close(ours)


def written(terminal: int, until: str) -> str:
    """What a terminal was sent, up to these words."""
    words, deadline = b"", time.monotonic() + 60
    while until.encode() not in words:
        assert time.monotonic() < deadline, words
        if select.select([terminal], [], [], 0.1)[0]:
            words += os.read(terminal, 10_000)
    return words.decode(errors="replace")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (Text("no link"), "no link"),
        (Text("one two", ()).styled(Style.LINK, "https://e.org"), "one two <https://e.org>"),
        (parse("[a](https://e.org/1) and [b](https://e.org/2)."), "a <https://e.org/1> and b <https://e.org/2>."),
        (Text("empty").styled(Style.LINK), "empty"),
        (Text("x").styled(Style.DRAFT), "x"),
    ],
)
def test_each_address_stands_behind_its_label(text: Text, words: str) -> None:
    assert plain(text) == words


async def test_a_person_sees_colours_and_links() -> None:
    written = await seen(Reply(SOME.styled(Style.FALLBACK, "en")))
    assert "\x1b[1mKem Sokha\x1b[0m" in written
    assert "https://example.org/a\x1b\\" in written  # an address to click on
    assert "\x1b[4mthe report\x1b[0m" in written
    assert "\x1b[36m/laws\x1b[0m" in written
    assert "\x1b[2;3mold\x1b[0m" in written
    assert "<https://" not in written


async def test_a_person_sees_whole_words_and_nothing_that_only_looks_like_markup() -> None:
    lines = (await seen(Reply(Text("[bold]word[/bold] " + "another " * 20)))).splitlines()
    assert lines[0].startswith("[bold]word[/bold] another")
    assert {word for line in lines for word in line.split()} == {"[bold]word[/bold]", "another"}
    assert max(map(len, lines)) <= 80
