"""Files: the documents of a content folder, read once, with all their problems and one digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.content import disclosure
from bot.content import document as yaml_document
from bot.content.document import Document
from bot.content.problem import Problem

Status = tuple[int, int, int]  # a file's inode, time of change and size


class Files:
    """A content folder. Of what was read before, that is kept which has not changed since."""

    def __init__(self, root: Path, before: Files | None = None) -> None:
        self.root = root
        self.documents: dict[str, Document] = {}
        self._before: Mapping[str, Document] = before.documents if before else {}
        self._seen: Mapping[str, Status | None] = before.status if before else {}
        self.status: dict[str, Status | None] = {}

    def read(self, name: str) -> Document:
        """A file by its name below the folder; a missing one is a document with that problem."""
        if name not in self.documents:
            self.status[name] = status(f"{self.root}/{name}")  # before it is read: it may change meanwhile
            self.documents[name] = self._kept(name) or self._read(name)
        return self.documents[name]

    def _kept(self, name: str) -> Document | None:
        if self.status[name] is None or self._seen.get(name) != self.status[name]:
            return None
        document = self._before[name]
        document.renew()
        return document

    def _read(self, name: str) -> Document:
        document, before = yaml_document.read(self.root / name, name), self._before.get(name)
        if before and before.digest == document.digest and document.data is not None:
            before.renew()
            return before
        document.once(disclosure.check, lambda: disclosure.check(document))
        return document

    def has(self, name: str) -> bool:
        """Whether something of that name is there, readable or not."""
        try:
            (self.root / name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def named(self, folder: str) -> list[str]:
        """What the YAML files of a folder are called, without the ending."""
        try:
            found = os.listdir(self.root / folder)  # noqa: PTH208 (a Path for each of thousands of files takes far longer)
        except OSError:
            return []
        return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))

    def inside(self, folder: str) -> Iterator[Document]:
        """The YAML files of a folder, by name; unreadable ones are left out, their problems kept."""
        for name in self.named(folder):
            document = self.read(f"{folder}/{name}.yaml")
            if document.data is not None:
                yield document

    def strays(self, known: set[str]) -> Iterator[Problem]:
        """Files that nothing reads: a misspelt folder or ending would hide facts without a word."""
        for name in sorted(names(self.root)):
            if name.lower().endswith((".yaml", ".yml")) and name not in self.documents:
                mend = f"put it into one of {', '.join(sorted(known))} and end its name in .yaml"
                yield Problem(name, 1, 1, "nothing reads this file", mend)

    @property
    def unreadable(self) -> list[Document]:
        """Documents that hold nothing, whose entries are there all the same."""
        return [document for document in self.documents.values() if document.data is None]

    @property
    def problems(self) -> list[Problem]:
        """All problems of all documents read so far, in order, each once."""
        return sorted({problem for document in self.documents.values() for problem in document.problems})

    @property
    def digest(self) -> str:
        """One name for the state of all files read."""
        parts = (f"{name}\0{document.digest}" for name, document in sorted(self.documents.items()))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def names(root: Path) -> Iterator[str]:
    """All that is in a folder, however deep, by its name below it; what is hidden is left out."""
    start = len(f"{root}/")
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (f"{folder}/{name}"[start:] for name in (*folders, *files) if not name.startswith("."))


def status(path: str) -> Status | None:
    """What tells whether a file has changed; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a Path for each of thousands of files takes far longer)
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size
