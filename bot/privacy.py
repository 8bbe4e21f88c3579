"""Privacy: the two keys, and what they do: seal, unseal, look up, derive."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.core.messages import Chat

KEY_BYTES = 32
_NONCE_BYTES = 12  # AES-GCM, NIST SP 800-38D


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
    """Two secrets of 32 bytes: one seals what must be readable again, one looks up what need not be.

    A new lookup key is applied to what the former ones gave: so a hash in the database can be made anew without the
    id that nobody keeps, and who holds only former keys, or only the newest, can try no ids.
    """

    address: bytes
    lookup: bytes
    former: tuple[bytes, ...] = ()  # lookup keys of earlier generations, the oldest first

    @classmethod
    def generate(cls) -> Self:
        """Two new keys."""
        return cls(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))

    @property
    def generation(self) -> int:
        """How often there were new keys; 1 is the first."""
        return len(self.former) + 1

    def followed(self, address: bytes, lookup: bytes) -> Self:
        """The next generation, of these two keys."""
        return type(self)(address, lookup, (*self.former, self.lookup))

    def succeeded(self) -> Self:
        """The next generation, of two new keys."""
        return self.followed(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))

    @property
    def mark(self) -> str:
        """A name for these keys that tells nothing about them: what they sealed carries it."""
        return self._name("keys", self.derive("mark").hex())

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
        return self._name("chat", chat.platform, chat.id)

    def place(self, chat: Chat) -> Place:
        """A chat, and its thread, by their keyed hashes."""
        key = self._name("place", chat.platform, chat.id, chat.thread)
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
        return self._name("message", *parts)

    def rehashed(self, name: str) -> str:
        """What one generation earlier was the name of something, as these keys name it."""
        return _digest(self.lookup, name)

    def _name(self, *parts: str) -> str:
        name = "\0".join(parts)
        for key in (*self.former, self.lookup):
            name = _digest(key, name)
        return name

    def derive(self, purpose: str) -> bytes:
        """32 more secret bytes for another lock (HKDF-SHA-256, RFC 5869)."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.address)


def _digest(key: bytes, message: str) -> str:
    digest = hmac.digest(key, message.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest).decode().rstrip("=").lower()
