"""Workbench: what moderators do with the content on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

from bot.chronicle import Chronicle
from bot.clock import Clock
from bot.content import ContentBroken, export
from bot.content.archive import Archive
from bot.content.form import Form
from bot.content.repository import Shelf, opened
from bot.content.staleness import Stale, stale
from bot.core.content import Content
from bot.core.entry import Entry
from bot.core.messages import Context, Request
from bot.core.past import Past
from bot.core.router import Router
from bot.core.subscription import zone
from bot.core.text import Text, lines
from bot.platforms.console import CHAT
from bot.store import Store
from bot.terminal import Terminal, plain

_PAGES = 200  # of a history, at most


class Halted(Exception):
    """It cannot be done; the message says why."""


class Workbench:
    """A content folder, and the terminal in front of it."""

    def __init__(
        self, folder: Path, kinds: Sequence[type[Entry]], router: Router, terminal: Terminal, language: str = ""
    ) -> None:
        self._folder, self._kinds, self._router = folder, kinds, router
        self._terminal, self._language = terminal, language

    @cached_property
    def _shelf(self) -> Shelf:
        """The content. Raises Halted."""
        try:
            return opened(self._folder, self._kinds)
        except ContentBroken as broken:
            raise Halted("\n".join(str(each) for each in broken.problems if not each.warning)) from None

    @cached_property
    def _content(self) -> Content:
        views = self._shelf.snapshot.views
        if self._language and self._language not in views:
            raise Halted(f"The pack has no language {self._language}: use one of {', '.join(views)}")
        return self._shelf.snapshot.view(self._language)

    @property
    def _now(self) -> datetime:
        return Clock().now().astimezone(zone(self._content.pack.time_zone))

    # -- new

    def new(self, noun: str) -> int:
        """Ask for what a new entry needs, and write its file. Raises Halted."""
        kind = self._kind(noun)
        form = Form(kind, self._shelf, self._content, self._now.date(), self._terminal.ask, self._terminal.tell)
        try:
            path = form.filled()
        except EOFError:
            raise Halted(plain(self._content.say("new.ended"))) from None
        except OSError as problem:
            raise Halted(f"The file cannot be written ({problem.strerror})") from None
        file = path.relative_to(self._shelf.files.root).as_posix()
        self._terminal.tell(plain(self._content.say("new.written", file=file)))
        return self._look(file)

    def _kind(self, noun: str) -> type[Entry]:
        kinds = {name: kind for kind in self._kinds for name in (kind.folder, kind.noun)}
        if noun not in kinds:
            known = ", ".join(kind.noun for kind in self._kinds)
            raise Halted(plain(self._content.say("new.kinds", word=noun, kinds=known)))
        return kinds[noun]

    def _look(self, file: str) -> int:
        """What `check` says of a file; 1 where it has errors."""
        try:
            problems = opened(self._folder, self._kinds).files.problems
        except ContentBroken as broken:
            problems = list(broken.problems)
        ours = [each for each in problems if each.file == file]
        self._terminal.tell(plain(self._content.say("new.rest" if ours else "new.whole")))
        for each in ours:
            self._terminal.tell(str(each))
        return int(any(not each.warning for each in problems))

    # -- history

    def tells_from_git(self, name: str) -> bool:
        """Say what git knows of an entry's past, or that there is no such entry; False where it knows nothing."""
        known = name in self._content.entries
        past = Archive(self._folder, self._kinds).past(name, self._shelf.snapshot) if known else Past()
        if past is None:
            return False
        self._tell(name, past)
        return True

    async def tell(self, name: str, store: Store) -> None:
        """Say what subscribers were told of an entry."""
        self._tell(name, await Chronicle(store).past(name, self._shelf.snapshot, self._now.tzinfo))

    def _tell(self, name: str, past: Past) -> None:
        """All pages of the answer in chat."""
        for number in range(1, _PAGES):
            request = Request(CHAT, "history", f"{name} page {number}" if number > 1 else name)
            reply = self._router.dispatch(request, Context(self._content, self._now, past=past))
            if reply:
                self._terminal.say(reply.text)
            onward = f"page {number + 1}"
            if reply is None or not any(button.command.endswith(onward) for button in reply.buttons):
                return

    # -- what is old

    def stale(self, form: str) -> int:
        """List what needs review, the oldest first."""
        found = stale(self._shelf, self._now.date())
        if form == "json":
            self._terminal.tell(json.dumps([self._plainly(each) for each in found], ensure_ascii=False, indent=1))
            return 0
        lead = self._content.say("stale.lead" if found else "stale.none", n=len(found))
        self._terminal.say(lines(lead, *map(self._line, found)))
        return 0

    def _line(self, each: Stale) -> Text:
        name, reason = self._name(each), self._reason(each)
        return self._content.say("stale.line", file=each.file, id=each.entry.id, name=name, reason=reason)

    def _name(self, each: Stale) -> Text:
        return self._content.entries[each.entry.id].heading.shortened(60)

    def _reason(self, each: Stale) -> Text:
        return self._content.say(f"stale.{each.reason}", date=each.since or "")

    def _plainly(self, each: Stale) -> dict[str, str]:
        return {
            "id": each.entry.id,
            "kind": each.entry.noun,
            "file": each.file,
            "name": str(self._name(each)),
            "reason": each.reason,
            "since": str(each.since or ""),
            "words": str(self._reason(each)),
        }

    # -- what is taken away

    def export(self, form: str, output: Path) -> int:
        """Write the whole pack to a new file. Raises Halted."""
        path = output / export.name(form, self._now) if output.is_dir() else output
        data = export.exported(self._shelf, form, self._now)
        with _writing(path), path.open("xb") as file:
            file.write(data)
        self._terminal.tell(str(path))
        return 0

    def unpack(self, file: Path, folder: Path) -> int:
        """Make a content folder of an export. Raises Halted."""
        with _writing(folder):
            number = export.unpack(file.read_bytes(), folder)
        self._terminal.tell(f"{folder}: {number}")
        return 0


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise Halted(f"{path} is there already: name a new one") from None
    except export.Unreadable as problem:
        raise Halted(f"This cannot be unpacked: {problem}") from None
    except OSError as problem:
        raise Halted(f"{problem.filename}: {problem.strerror}") from None
