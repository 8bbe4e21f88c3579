"""Program: `python -m bot` as a process of its own, as somebody types it, in a pipe or on a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOUSE = Path(__file__).parents[1]


@dataclass
class Program:
    """The program, with a home of its own and nothing set but what a test sets."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.home / ".local/share/pratip"

    @property
    def keys(self) -> Path:
        return self.home / ".config/pratip/keys"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PRATIP_", "XDG_"))}
        ours = {f"PRATIP_{name}": value for name, value in self.settings.items()}
        return {**kept, "HOME": str(self.home), "PYTHONPATH": str(HOUSE), "NO_COLOR": "", "COLUMNS": "80", **ours}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bot", *arguments]

    def run(self, *arguments: str, says: str | bytes = b"", code: int = 0) -> Said:
        """What it writes until it ends with this code."""
        words = says.encode() if isinstance(says, str) else says
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.home,
            env=self.environment,
            input=words,
            capture_output=True,
            timeout=60,
            check=False,
        )
        said = Said(done.stdout.decode(), done.stderr.decode())
        assert done.returncode == code, said
        return said

    def asks(self, *questions: str, language: str = "") -> str:
        """The answers, one after the other."""
        asked = [word for question in questions for word in ("--ask", question)]
        said = self.run("chat", *asked, *(["--language", language] if language else []))
        assert said.err == ""
        return said.out

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The program at work, killed at the end if it has not ended by itself."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            cwd=self.home,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


@dataclass(frozen=True)
class Said:
    """What a program wrote."""

    out: str
    err: str


TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Screen:
    """A terminal as the person before it sees it."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self._text = b""

    def shows(self, words: str) -> None:
        """Wait until these words are written, after those that were waited for before."""
        while words.encode() not in self._text:
            readable, _, _ = select.select([self.ours], [], [], 30)
            assert readable, f"never written: {words!r}, after {self._text.decode(errors='replace')!r}"
            self._text += os.read(self.ours, 65_536)
        self._text = self._text.partition(words.encode())[2]

    def types(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    @property
    def mode(self) -> list[object]:
        """Whether it echoes, edits lines and so on."""
        return termios.tcgetattr(self.theirs)


@contextmanager
def on_a_terminal(program: Program, *arguments: str) -> Iterator[tuple[Screen, subprocess.Popen[bytes]]]:
    """The program as a person has it before them."""
    screen = Screen()
    with subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, *program.command(*arguments)],
        cwd=program.home,
        env={**program.environment, "TERM": "xterm-256color"},
        stdin=screen.theirs,
        stdout=screen.theirs,
        stderr=screen.theirs,
        start_new_session=True,
    ) as process:
        try:
            yield screen, process
        finally:
            process.kill()
            os.close(screen.ours)
            os.close(screen.theirs)
