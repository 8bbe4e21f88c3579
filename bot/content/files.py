"""Files: the documents of a content folder, read once, with all their problems and one digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from bot.content import document as yaml_document
from bot.content.document import Document
from bot.content.problem import Problem


class Files:
    """A content folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.documents: dict[str, Document] = {}

    def read(self, name: str) -> Document:
        """A file by its name below the folder; a missing one is a document with that problem."""
        if name not in self.documents:
            self.documents[name] = yaml_document.read(self.root / name, name)
        return self.documents[name]

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
        return sorted(path.stem for path in (self.root / folder).glob("*.yaml"))

    def inside(self, folder: str) -> Iterator[Document]:
        """The YAML files of a folder, by name; unreadable ones are left out, their problems kept."""
        for path in sorted((self.root / folder).glob("*.yaml")):
            document = self.read(f"{folder}/{path.name}")
            if document.data is not None:
                yield document

    def strays(self, known: set[str]) -> Iterator[Problem]:
        """Files that nothing reads: a misspelt folder or ending would hide facts without a word."""
        for path in sorted(self.root.rglob("*.*")):
            name = path.relative_to(self.root).as_posix()
            hidden = any(part.startswith(".") for part in path.relative_to(self.root).parts)
            if path.suffix.lower() in (".yaml", ".yml") and name not in self.documents and not hidden:
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
