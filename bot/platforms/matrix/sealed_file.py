"""The sealed file: a few values on disk that nobody reads without the keys, replaced whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.disk import put_in_place
from bot.privacy import Keys


class SealedFile:
    """A small file sealed for one purpose; private to the user."""

    def __init__(self, path: Path, purpose: str, keys: Keys) -> None:
        self._path = path
        self._purpose = purpose
        self._keys = keys

    def read(self) -> dict[str, Any]:
        """What it holds; empty where there is none. Raises SealBroken."""
        if not self._path.exists():
            return {}
        values: dict[str, Any] = json.loads(self._keys.unseal(self._path.read_bytes(), self._purpose))
        return values

    def write(self, values: Mapping[str, Any]) -> None:
        """Replace what it holds; on the disk when this returns."""
        scratch = self._path.with_suffix(".new")
        scratch.touch(0o600)
        scratch.write_bytes(self._keys.seal(json.dumps(values).encode(), self._purpose))
        put_in_place(scratch, self._path)
