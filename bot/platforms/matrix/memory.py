"""Memory: the last so many of something, so that nobody can fill it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Keys with a word on each; the oldest go first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: dict[str, T] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter(tuple(self._items.items()))

    def get(self, key: str) -> T | None:
        """The word on a key, if it is known."""
        return self._items.get(key)

    def put(self, key: str, word: T) -> None:
        """Remember it as the newest."""
        self.drop(key)
        if len(self._items) >= self._size:
            del self._items[next(iter(self._items))]
        self._items[key] = word

    def drop(self, key: str) -> None:
        """Forget it, if it is known."""
        self._items.pop(key, None)
