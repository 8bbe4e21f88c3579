"""Reference: what names a message that was sent, and what stands in it, while it can be changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Self


@dataclass(frozen=True, slots=True)
class Digest:
    """The updates of a digest, and the day that stands above them."""

    numbers: tuple[int, ...]
    day: date


@dataclass(frozen=True, slots=True)
class Reference:
    """A message by the platform's name for it."""

    message: str
    digest: Digest | None = None  # None: it holds one update

    def written(self) -> bytes:
        """As the ledger keeps it, once sealed: the name alone, or a list with the day and the numbers of a digest."""
        if self.digest is None:
            return self.message.encode()
        return json.dumps([self.message, self.digest.day.isoformat(), *self.digest.numbers]).encode()

    @classmethod
    def read(cls, written: bytes) -> Self:
        """What written() gives."""
        if not written.startswith(b"["):
            return cls(written.decode())
        message, day, *numbers = json.loads(written)
        return cls(message, Digest(tuple(numbers), date.fromisoformat(day)))
