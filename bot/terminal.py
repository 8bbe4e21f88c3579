"""Terminal: words on the screen: rich where somebody reads along, plain text where a program does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console as Screen
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.style import Style as Look
from rich.text import Text as Rich

from bot.core.text import Style, Text

_LOOKS = {
    Style.BOLD: Look(bold=True),
    Style.ITALIC: Look(italic=True, dim=True),
    Style.CODE: Look(color="cyan"),
    Style.COMMAND: Look(color="cyan"),
}
_STEPS = 500  # of very many small ones, between two looks at the bar
_YES = ("y", "yes")
Shown = Callable[[int, int, str], None]  # so many of so many, and in words


class Terminal(Screen):
    """Standard output, or what goes beside it."""

    def __init__(self, *, errors: bool = False) -> None:
        stream = sys.stderr if errors else sys.stdout
        super().__init__(highlight=False, soft_wrap=not stream.isatty(), stderr=errors)

    def on_broken_pipe(self) -> None:
        """As rich has it, but the end is for the caller to make; nothing more is written, not even at exit."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BrokenPipeError

    def say(self, text: Text) -> None:
        """Print it, and an empty line. Raises BrokenPipeError where nobody reads any more."""
        self.print(_rich(text) if self.is_terminal else Rich(plain(text)))
        self.print()

    def tell(self, words: str) -> None:
        """Print it as it is. Raises BrokenPipeError where nobody reads any more."""
        self.print(Rich(words))

    @property
    def asks(self) -> bool:
        """Whether somebody is there to answer a question."""
        return bool(sys.stdin and sys.stdin.isatty() and self.is_terminal)

    def ask(self, question: str) -> str:
        """What is typed, or comes from a pipe, in answer. Raises EOFError where nothing comes any more."""
        self.print(Rich(f"{question} "), end="")
        typed = sys.stdin.readline() if sys.stdin else ""
        if not typed:
            raise EOFError
        if not self.asks:
            self.print()
        return typed.strip()

    async def confirms(self, question: str) -> bool:
        """Whether somebody types yes. Raises KeyboardInterrupt."""
        with _keyboard() as line_typed:
            self.print(f"{question} [y/N] ", end="", markup=False)
            if not await line_typed:
                raise KeyboardInterrupt
            return sys.stdin.readline().strip().casefold() in _YES

    @contextmanager
    def progress(self) -> Iterator[Shown]:
        """A bar that lives while it is shown anew; a line for each change where no terminal is."""
        if not self.is_terminal:
            yield _lines(self)
            return
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
        with Progress(*columns, console=self, auto_refresh=False) as bar:
            task = bar.add_task("", total=None)

            def show(done: int, total: int, words: str) -> None:
                bar.update(task, completed=done, total=total or None, description=words, refresh=True)

            yield show

    @contextmanager
    def counting(self) -> Iterator[Callable[[int, int], None]]:
        """A bar for very many small steps; nothing where no terminal is."""
        if not self.is_terminal:
            yield lambda _, __: None
            return
        with self.progress() as shown:

            def count(done: int, total: int) -> None:
                if done % _STEPS == 0 or done == total:
                    shown(done, total, f"{done:,} rows")

            yield count


@contextmanager
def _keyboard() -> Iterator[asyncio.Future[bool]]:
    """Whether a line is typed, or Control-C is pressed (False).

    A read that blocks misses a Control-C that comes right before it; what the loop waits for together misses none.
    """
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
    line_typed: asyncio.Future[bool] = loop.create_future()

    def heard(line: bool) -> None:  # noqa: FBT001 (the loop calls it)
        if not line_typed.done():
            line_typed.set_result(line)

    loop.add_signal_handler(signal.SIGINT, heard, False)
    loop.add_reader(sys.stdin, heard, True)
    try:
        yield line_typed
    finally:
        loop.remove_reader(sys.stdin)
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


def _lines(terminal: Terminal) -> Shown:
    last = ""

    def show(done: int, total: int, words: str) -> None:
        nonlocal last
        line = f"{done * 100 // total} % · {words}" if total else words
        if line != last:
            terminal.tell(line)
        last = line

    return show


def _rich(text: Text) -> Rich:
    """Marks as terminal styles, links clickable."""
    shown = Rich(text.plain)
    for mark in text.marks:
        if mark.style is Style.LINK:
            shown.stylize(Look(underline=True, link=mark.target), mark.start, mark.end)
        elif mark.style in _LOOKS:
            shown.stylize(_LOOKS[mark.style], mark.start, mark.end)
    return shown


def plain(text: Text) -> str:
    """The words alone, with each link's address behind its label."""
    words = text.plain
    links = (mark for mark in text.marks if mark.style is Style.LINK and mark.target)
    for mark in sorted(links, key=lambda mark: mark.end, reverse=True):
        words = f"{words[: mark.end]} <{mark.target}>{words[mark.end :]}"
    return words
