"""Privacy: the two keys, and what they do: seal, unseal, look up, derive."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.core.messages import Chat

_KEY_BYTES = 32
_NONCE_BYTES = 12  # AES-GCM, NIST SP 800-38D


class KeysUnusable(Exception):
    """The key file is missing, damaged or readable by others; the message says how to mend it."""


class SealBroken(Exception):
    """What was sealed does not open with these keys: it was changed, or the keys were."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody talks with the bot, as the database may know it: nothing here leads back to an id."""

    key: str  # keyed hash of platform, chat and thread
    chat: str  # keyed hash of platform and chat
    platform: str
    private: bool


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Two secrets of 32 bytes: one seals what must be readable again, one looks up what need not be."""

    address: bytes
    lookup: bytes

    @classmethod
    def generate(cls) -> Self:
        """Two new keys."""
        return cls(secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key file; made on first use, private to the user. Raises KeysUnusable."""
        try:
            if not path.exists():
                if _is_credential(path):
                    raise KeysUnusable("systemd was given no such credential: name the key file in LoadCredential=")
                _write(cls.generate(), path)
            return cls._read(path)
        except OSError as problem:
            raise KeysUnusable(
                f"the key file cannot be used ({problem.strerror}): mend it or set PRATIP_KEYS"
            ) from None

    @classmethod
    def _read(cls, path: Path) -> Self:
        others = stat.S_IRWXG | stat.S_IRWXO
        if _is_credential(path):
            others &= ~stat.S_IRGRP  # its access list names us alone; its mask is shown as the group's bits
        if path.stat().st_mode & others:
            raise KeysUnusable("others can read the key file: run chmod 600 on it")
        lines = (line.partition(":") for line in path.read_text("ascii", "replace").splitlines())
        fields = {name.strip(): value.strip() for name, _, value in lines}
        try:
            keys = cls(*(bytes.fromhex(fields[name]) for name in ("address", "lookup")))
        except (KeyError, ValueError):
            raise KeysUnusable("the key file is damaged: restore it from your backup of it") from None
        if {len(keys.address), len(keys.lookup)} != {_KEY_BYTES}:
            raise KeysUnusable("the key file is damaged: each key has 64 hexadecimal digits")
        return keys

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt (AES-256-GCM); opens only for the same purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.address).encrypt(nonce, plain, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what seal() gave. Raises SealBroken."""
        try:
            return AESGCM(self.address).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(f"the sealed {purpose} does not open with these keys") from None

    def chat_key(self, chat: Chat) -> str:
        """A chat's name in the database: HMAC-SHA-256, so that all possible ids cannot be tried without the key."""
        return _digest(self.lookup, f"chat\0{chat.platform}\0{chat.id}")

    def place(self, chat: Chat) -> Place:
        """A chat, and its thread, by their keyed hashes."""
        key = _digest(self.lookup, f"place\0{chat.platform}\0{chat.id}\0{chat.thread}")
        return Place(key, self.chat_key(chat), chat.platform, chat.private)

    def sealed(self, chat: Chat) -> bytes:
        """A chat sealed, to be written to later; it opens for its own place only."""
        return self.seal(orjson.dumps([chat.id, chat.thread]), f"address {self.place(chat).key}")

    def opened(self, address: bytes, place: Place) -> Chat:
        """The chat in a sealed address. Raises SealBroken."""
        name, thread = orjson.loads(self.unseal(address, f"address {place.key}"))
        return Chat(place.platform, name, thread, place.private)

    def message_key(self, *parts: str) -> str:
        """A name that is always the same for the same parts and tells nothing about them."""
        return _digest(self.lookup, "\0".join(("message", *parts)))

    def derive(self, purpose: str) -> bytes:
        """32 more secret bytes for another lock (HKDF-SHA-256, RFC 5869)."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(self.address)


def _is_credential(path: Path) -> bool:
    """Whether systemd hands it to this service alone: in memory, read-only (systemd.exec(5), CREDENTIALS)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.parent == Path(folder or "/")


def _write(keys: Keys, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(8)}")  # a container's process number is always 1
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        try:
            file.write(f"address: {keys.address.hex()}\nlookup: {keys.lookup.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
            path.hardlink_to(scratch)  # unlike a rename, never replaces keys that another start has just made
        except FileExistsError:
            pass
        finally:
            scratch.unlink()


def _digest(key: bytes, message: str) -> str:
    digest = hmac.digest(key, message.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest).decode().rstrip("=").lower()
