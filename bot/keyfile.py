"""Key file: where the keys are kept, outside the database: private to the user, replaced whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.disk import put_in_place, settle
from bot.privacy import KEY_BYTES, Keys


class KeysUnusable(Exception):
    """The key file is missing, damaged or readable by others; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A generation of keys and, while everything is being sealed anew, the next one. All raise KeysUnusable."""

    path: Path

    @property
    def exists(self) -> bool:
        """Whether there is such a file, usable or not."""
        with _usable():
            return self.path.exists()

    def make(self) -> bool:
        """Make keys; False, and nothing done, where there are some."""
        with _usable():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._scratch(Keys.generate(), None) as scratch:
                try:
                    self.path.hardlink_to(scratch)  # unlike a rename, never replaces keys that another has just made
                except FileExistsError:
                    return False
            return True

    def load(self) -> Keys:
        """The keys that hold; made on first use."""
        if not self.exists:
            if self._is_credential:
                raise KeysUnusable("systemd was given no such credential: name the key file in LoadCredential=")
            self.make()
        return self.read()[0]

    def read(self) -> tuple[Keys, Keys | None]:
        """The keys that hold, and those that everything is being sealed with instead."""
        others = stat.S_IRWXG | stat.S_IRWXO
        if self._is_credential:
            others &= ~stat.S_IRGRP  # its access list names us alone; its mask is shown as the group's bits
        with _usable():
            if self.path.is_dir():
                raise KeysUnusable("the key file is a folder: name a file in it, or another")
            if self.path.stat().st_mode & others:
                raise KeysUnusable("others can read the key file: run chmod 600 on it")
            lines = (line.partition(":") for line in self.path.read_text("ascii", "replace").splitlines())
            return _keys({name.strip(): value.strip() for name, _, value in lines})

    def write(self, keys: Keys, following: Keys | None) -> None:
        """Replace the file: these keys hold, and everything is being sealed with the following ones."""
        if self._is_credential:
            raise KeysUnusable(
                "systemd's copy cannot be changed: run pratip keys rotate with PRATIP_KEYS as its source"
            )
        with _usable(), self._scratch(keys, following) as scratch:
            put_in_place(scratch, self.path)

    @property
    def _is_credential(self) -> bool:
        """Whether systemd hands it to this service alone: in memory, read-only (systemd.exec(5), CREDENTIALS)."""
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        return bool(folder) and self.path.parent == Path(folder or "/")

    @contextmanager
    def _scratch(self, keys: Keys, following: Keys | None) -> Iterator[Path]:
        """A private file beside it with these keys, safely on the disk; gone afterwards."""
        scratch = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")  # a container's process is always 1
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.writelines(f"{name}: {value}\n" for name, value in _fields(keys, following))
            settle(scratch)
            yield scratch
        finally:
            scratch.unlink(missing_ok=True)


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise KeysUnusable(f"the key file cannot be used ({problem.strerror}): mend it or set PRATIP_KEYS") from None


def _fields(keys: Keys, following: Keys | None) -> Iterator[tuple[str, str]]:
    yield "generation", str(keys.generation)
    yield "address", keys.address.hex()
    yield "lookup", keys.lookup.hex()
    if keys.former:
        yield "former", " ".join(key.hex() for key in keys.former)
    if following:
        yield "next-address", following.address.hex()
        yield "next-lookup", following.lookup.hex()


def _keys(fields: Mapping[str, str]) -> tuple[Keys, Keys | None]:
    try:
        address, lookup = (bytes.fromhex(fields[name]) for name in ("address", "lookup"))
        former = tuple(bytes.fromhex(each) for each in fields.get("former", "").split())
        following = [bytes.fromhex(fields[name]) for name in ("next-address", "next-lookup") if name in fields]
        generation = int(fields.get("generation", len(former) + 1))
    except (KeyError, ValueError):
        raise KeysUnusable("the key file is damaged: restore it from your backup of it") from None
    if generation != len(former) + 1:
        raise KeysUnusable("the key file is damaged: a generation is missing: restore it from your backup of it")
    if {len(key) for key in (address, lookup, *former, *following)} != {KEY_BYTES} or len(following) == 1:
        raise KeysUnusable("the key file is damaged: each key has 64 hexadecimal digits")
    keys = Keys(address, lookup, former)
    return keys, keys.followed(*following) if following else None
