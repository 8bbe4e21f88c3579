"""Archive: how an entry stood in earlier versions of its file, as git keeps them; never who wrote them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import ValidationError

from bot.content.document import parse
from bot.content.repository import Kinds
from bot.core.broadcast import Standing
from bot.core.calendar import PartialDate
from bot.core.content import Snapshot
from bot.core.entry import Entry, Languages
from bot.core.past import Past, Turn

_VERSIONS = 100  # of a file that are looked at
_SECONDS = 10.0  # for all of them
_LARGEST = 4_000_000  # bytes of one
# A repository's own settings can name programs to run: none of these calls runs one, and nothing is fetched.
_QUIETLY = ("--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
_LOG = (
    "log", "--follow", f"--max-count={_VERSIONS + 1}", "--format=%x00%H %cs", "--name-status", "--no-ext-diff",
    "--no-textconv", "--no-show-signature",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Version:
    """An entry as a version of its file had it."""

    standing: Standing
    date: PartialDate
    publisher: str

    @property
    def said(self) -> tuple[Standing, PartialDate, str]:
        """All that a reader is told of it."""
        return self.standing, self.date, self.publisher


class Archive:
    """The repository that a content folder is in, where it is in one."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        self._folder, self._kinds = folder.resolve(), {kind.noun: kind for kind in kinds}

    def past(self, name: str, snapshot: Snapshot) -> Past | None:
        """The changes of an entry; None where git has no version of it. It takes a while: not for the loop."""
        view = snapshot.views[snapshot.default]
        entry = view.entries.get(name)
        file = self._file(entry) if entry else None
        if entry is None or file is None:
            return None
        languages = Languages(view.pack.reference_language, view.pack.reference_language, tuple(snapshot.views))
        commits = list(self._commits(file))
        versions, whole = self._versions(entry, commits, languages)
        if not versions:
            return None
        now = _version(entry, versions[0].date)
        return Past(tuple(_turns([now, *versions], whole=whole)), whole)

    def _file(self, entry: Entry) -> Path | None:
        """The file that has the entry now: its own, or a list."""
        folder = self._folder / entry.folder
        own = folder / f"{entry.id}.yaml"
        if own.is_file():
            return own
        line = re.compile(rf"^[ -]*id:\s*[\"']?{re.escape(entry.id)}[\"']?\s*(#.*)?$", re.MULTILINE)
        files = (each for each in sorted(folder.glob("*.yaml")) if line.search(each.read_text("utf-8", "replace")))
        return next(files, None)

    def _commits(self, file: Path) -> Iterator[tuple[str, str, str]]:
        """Commit, day and name of each version of a file, newest first, through renames, down to where it began."""
        log = (self._git(*_LOG, "--", str(file)) or b"").decode("utf-8", "replace")
        for part in log.split("\0")[1:]:
            head, *names = filter(None, part.splitlines())
            state, *paths = names[0].split("\t") if names else ("D",)
            if state.startswith("D"):  # what was taken out of the pack is not brought up again
                return
            commit, day = head.split()
            yield commit, day, paths[-1]

    def _versions(
        self, entry: Entry, commits: list[tuple[str, str, str]], languages: Languages
    ) -> tuple[list[_Version], bool]:
        """The versions that can be read, newest first, and whether these are all."""
        found: list[_Version] = []
        end = monotonic() + _SECONDS
        for commit, day, path in commits[:_VERSIONS]:
            data = self._data(commit, path, entry.id)
            if data is None:
                return found, True
            old = _read(self._kinds[entry.noun], data, languages)
            found += [_version(old, PartialDate.parse(day))] if old else []
            if monotonic() > end:
                return found, False
        return found, len(commits) <= _VERSIONS

    def _data(self, commit: str, path: str, name: str) -> Mapping[str, Any] | None:
        """An entry's fields in one version; None where the file did not have it."""
        text = self._git("cat-file", "blob", f"{commit}:{path}") or b""
        data = parse(text[:_LARGEST].decode("utf-8", "replace"), path).data
        if isinstance(data, dict):
            return {**data, "id": name}
        some = data if isinstance(data, list) else []
        return next((each for each in some if isinstance(each, dict) and each.get("id") == name), None)

    def _git(self, *arguments: str) -> bytes | None:
        """What git says; None where it cannot. A folder of another owner is read too: it is the one we answer from."""
        root = next((each for each in (self._folder, *self._folder.parents) if (each / ".git").exists()), None)
        if root is None:
            return None
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        command = ["git", *_QUIETLY, "-c", f"safe.directory={root}", "-C", str(root), *arguments]
        try:
            done = subprocess.run(  # noqa: S603 (no shell, and names that we made)
                command,
                env={**ours, **_ALONE},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout


def _read(kind: type[Entry], data: Mapping[str, Any], languages: Languages) -> Entry | None:
    """An old version as an entry; fields that are written otherwise today are left out."""
    try:
        return kind.model_validate(data, context=languages)
    except ValidationError as refused:
        wrong = {error["loc"][0] for error in refused.errors() if error["loc"]}
    try:
        return kind.model_validate(
            {name: value for name, value in data.items() if name not in wrong}, context=languages
        )
    except ValidationError:
        return None


def _version(entry: Entry, day: PartialDate) -> _Version:
    """How an entry stands; day is that of the change, for what has no date of its own."""
    newest = entry.newest_sources()[0]
    return _Version(entry.standing(), entry.as_of or newest.date or day, newest.publisher)


def _turns(versions: list[_Version], *, whole: bool) -> Iterator[Turn]:
    """What changed between versions, newest first; the first one is a change too, where nothing is older."""
    for new, old in pairwise(versions):
        if new.said != old.said:
            yield Turn(old.standing, new.standing, new.date, new.publisher)
    if whole:
        first = versions[-1]
        yield Turn(None, first.standing, first.date, first.publisher)
