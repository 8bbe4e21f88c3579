"""Console: the terminal as a platform."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from bot.core.messages import Chat, Reply, read
from bot.core.text import Limit, Text
from bot.platforms import Allowance, Batch, Capabilities, Envelope, Gone, Push
from bot.terminal import Terminal

CHAT = Chat("console", "console")  # there is no other
_PROMPT = "› "
_CLEARED = "\r\x1b[J"  # back to the beginning of the line, and nothing stands there any more
_AMENDED = "✎"
_STANDARD_INPUT = 0


class Console:
    """A conversation in the terminal, or the questions of --ask, one after the other."""

    name = "console"
    me = ""
    can = Capabilities(
        amend=True,
        limit=Limit(1_000_000),
        window=1,
        patient=True,
        allowance=Allowance(private=(100, 1.0), group=(100, 1.0)),
    )

    def __init__(self, asks: Iterable[str] = ()) -> None:
        self._asks = list(asks)
        self._interactive = not self._asks
        self._greeting = ["/start"] if self._interactive else []
        self._terminal = Terminal()
        self._keyboard = bool(self._interactive and sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())
        self._mode: list[Any] | None = None
        self._prompting = False  # the keyboard is listened to
        self._count = 0

    async def __aenter__(self) -> Self:
        if self._keyboard:
            import readline  # noqa: F401, PLC0415 (for its effect: arrow keys and a history, in memory only)

            self._mode = termios.tcgetattr(sys.stdin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was: whoever is interrupted while somebody types does not put it back."""
        if self._mode:
            self._terminal.print()
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._mode)

    async def poll(self, cursor: str | None) -> Batch:
        """The next line that is typed, or the next question asked for."""
        words = await self._next()
        self._count += 1
        if words is None:
            return Batch(None, over=True)
        request = read(CHAT, words)
        done = not self._interactive and not self._asks
        envelopes = (
            (Envelope(request, f"{self._count}"),) if request and (request.argument or request.command or done) else ()
        )
        return Batch(None, envelopes, over=done)

    async def _next(self) -> str | None:
        if self._greeting:
            return self._greeting.pop(0)
        if self._asks:
            return self._asks.pop(0)
        if not self._interactive:
            return None
        self._prompting = self._keyboard
        try:
            return await _heard(_typed if self._keyboard else _line)
        finally:
            self._prompting = False

    async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
        """Print it; what comes while somebody types stands above the line they type in."""
        try:
            if self._prompting:
                self._terminal.file.write(_CLEARED)
            self._terminal.say(reply.text)
            if self._prompting:
                self._terminal.file.write(_PROMPT + _half_typed())
                self._terminal.file.flush()
        except BrokenPipeError:
            raise Gone("nobody reads the output any more") from None
        return key

    async def edit(self, chat: Chat, message: str, reply: Reply) -> None:
        """Paper cannot be edited: print it again."""
        await self.send(chat, reply, key=message)

    async def amend(self, chat: Chat, message: str, reply: Reply, *, key: str) -> None:
        """Print it anew, under a pencil: what is printed stays."""
        await self.send(chat, Reply(Text(f"{_AMENDED}\n") + reply.text), key=key)

    async def delete(self, chat: Chat, message: str, *, key: str) -> None:
        """What is printed cannot be taken back, and to say so would only point at it."""

    async def administers(self, envelope: Envelope) -> bool:
        """Whoever sits at the terminal decides for it."""
        return True

    async def hindrance(self, chat: Chat) -> str:
        """Nothing: whatever is written here is printed."""
        return ""

    async def check(self) -> None:
        """A terminal is always there."""

    async def acknowledge(self, envelope: Envelope) -> None:
        """It was typed here."""

    async def forget(self, chat: Chat) -> None:
        """Nothing is kept here."""


async def _heard(listen: Callable[[], str | None]) -> str | None:
    """The next line; a daemon thread waits for it, so that the program may end meanwhile."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def wait() -> None:
        words = listen()
        with suppress(RuntimeError):  # the program has ended meanwhile
            loop.call_soon_threadsafe(_settle, line, words)

    threading.Thread(target=wait, daemon=True).start()
    return await line


def _typed() -> str | None:
    """A line from the keyboard; None at its end."""
    try:
        return input(_PROMPT)
    except UnicodeDecodeError:
        return ""
    except (EOFError, OSError):
        return None


def _half_typed() -> str:
    """What stands behind the prompt."""
    import readline  # noqa: PLC0415 (loaded already, where there is a prompt)

    return readline.get_line_buffer()


def _line() -> str | None:
    """A line of a pipe or file; None at its end. Without sys.stdin, whose lock in a waiting thread aborts the exit."""
    words, byte = b"", b" "
    with suppress(OSError):
        while byte not in (b"", b"\n"):
            byte = os.read(_STANDARD_INPUT, 1)
            words += byte
    return words.decode("utf-8", "replace") if words else None


def _settle(line: asyncio.Future[str | None], typed: str | None) -> None:
    if not line.done():
        line.set_result(typed)
