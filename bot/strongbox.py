"""Strongbox: whoever has a public key closes it; only the private key, which is kept elsewhere, opens it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)  # RFC 9180, base mode
_PRIVATE, _PUBLIC = "pratip-private", "pratip-public"
_CHECK_BYTES = 4  # a key that was copied wrong would close boxes that nobody can open


class WrongKey(Exception):
    """This is no such key, or not the one that opens this box."""


def pair() -> tuple[str, str]:
    """A new private key and its public key, as they are written down."""
    private = X25519PrivateKey.generate()
    return _written(_PRIVATE, private.private_bytes_raw()), _written(_PUBLIC, private.public_key().public_bytes_raw())


def close(plain: bytes, public: str, purpose: str) -> bytes:
    """Encrypt for the holder of the private key. Raises WrongKey where this is no public key."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(_read(_PUBLIC, public)), purpose.encode())


def unlock(box: bytes, private: str, purpose: str) -> bytes:
    """Decrypt; the private key may stand anywhere in the text. Raises WrongKey, also where the box was changed."""
    try:
        return _SUITE.decrypt(box, X25519PrivateKey.from_private_bytes(_read(_PRIVATE, private)), purpose.encode())
    except (InvalidTag, ValueError):
        raise WrongKey("it does not open with this key, or it was changed") from None


def _written(kind: str, key: bytes) -> str:
    return f"{kind}-{base64.b32encode(key + _check(kind, key)).decode().rstrip('=').lower()}"


def _read(kind: str, text: str) -> bytes:
    found = re.search(rf"\b{kind}-([a-z2-7]{{58}})\b", text)
    try:
        whole = base64.b32decode(found[1].upper() + "======") if found else b""
    except binascii.Error:
        whole = b""
    key, check = whole[:-_CHECK_BYTES], whole[-_CHECK_BYTES:]
    if not key or check != _check(kind, key):
        raise WrongKey(f"this is no {kind} key, or it was copied wrong: pratip keys backup makes a pair")
    return key


def _check(kind: str, key: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + key).digest()[:_CHECK_BYTES]
