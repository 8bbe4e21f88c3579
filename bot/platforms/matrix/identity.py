"""The identity: the three cross-signing keys, what they sign, and what a signature proves."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nio.api import Api

ROLES = ("master", "self_signing", "user_signing")
_SEED_BYTES = 32  # Ed25519, RFC 8032
_ASIDE = ("signatures", "unsigned")  # no signature covers these


class Identity:
    """Who the account is to others: a master key, and the two that it signs."""

    def __init__(self, user_id: str, seeds: Mapping[str, bytes]) -> None:
        """The seeds by role. Raises KeyError, ValueError where they are none."""
        self.user_id = user_id
        self.seeds = {role: bytes(seeds[role]) for role in ROLES}
        self._keys = {role: Ed25519PrivateKey.from_private_bytes(seed) for role, seed in self.seeds.items()}

    @classmethod
    def new(cls, user_id: str) -> Self:
        """An identity that nobody had before."""
        return cls(user_id, {role: secrets.token_bytes(_SEED_BYTES) for role in ROLES})

    def public(self, role: str = "master") -> str:
        """A public key, in unpadded base64."""
        return unpadded(self._keys[role].public_key().public_bytes_raw())

    def published(self, role: str) -> dict[str, Any]:
        """A public key as the homeserver shows it to others, signed by the master key unless it is that."""
        key = self.public(role)
        statement = {"user_id": self.user_id, "usage": [role], "keys": {f"ed25519:{key}": key}}
        return statement if role == "master" else self.sign(statement, "master")

    def sign(self, thing: Mapping[str, Any], role: str) -> dict[str, Any]:
        """The thing with this one signature."""
        signature = unpadded(self._keys[role].sign(signable(thing)))
        kept = {name: value for name, value in thing.items() if name not in _ASIDE}
        return {**kept, "signatures": {self.user_id: {f"ed25519:{self.public(role)}": signature}}}


def signed(thing: Mapping[str, Any], user_id: str, key: str) -> bool:
    """Whether the owner of a public key has signed a thing; False whatever is wrong with either."""
    with suppress(InvalidSignature, LookupError, TypeError, ValueError, RecursionError):
        signature = decoded(thing["signatures"][user_id][f"ed25519:{key}"])
        Ed25519PublicKey.from_public_bytes(decoded(key)).verify(signature, signable(thing))
        return True
    return False


def signable(thing: Mapping[str, Any]) -> bytes:
    """What a signature of a thing covers: canonical JSON without the signatures."""
    return Api.to_canonical_json({name: value for name, value in thing.items() if name not in _ASIDE}).encode()


def unpadded(raw: bytes) -> str:
    """Base64 without padding: clients drop a key whose name has any."""
    return base64.b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Base64 with or without padding. Raises ValueError."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (AttributeError, binascii.Error):
        raise ValueError("this is no base64") from None


def chunked(key: str) -> str:
    """A key in groups of four, to be read aloud and compared."""
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))
