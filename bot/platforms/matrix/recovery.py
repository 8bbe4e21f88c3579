"""Recovery: the recovery key as people write it, and secrets sealed with it on the homeserver (4S)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from functools import reduce
from operator import xor
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.platforms.matrix.identity import chunked, decoded, unpadded

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
KEY_BYTES = 32
_PREFIX = b"\x8b\x01"  # Matrix specification, appendices, cryptographic key representation
_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # base58: none looks like another
_ZEROES = bytes(32)


class KeyWrong(Exception):
    """What was typed is no recovery key, or another one's; the message says which."""


def written(key: bytes) -> str:
    """A key as people write it: base58 in groups of four, with a check against slips of the pen."""
    plain = _PREFIX + key
    number = int.from_bytes(plain + bytes([reduce(xor, plain)]))  # the first byte is never zero
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return chunked(digits)


def read(words: str) -> bytes:
    """The key that was written. Raises KeyWrong."""
    number = 0
    for letter in "".join(words.split()):
        if letter not in _DIGITS:
            raise KeyWrong("this is no recovery key: it has letters and digits only, and no 0, O, I or l")
        number = number * len(_DIGITS) + _DIGITS.index(letter)
    plain = number.to_bytes((number.bit_length() + 7) // 8)
    if len(plain) != len(_PREFIX) + KEY_BYTES + 1 or plain[:2] != _PREFIX or reduce(xor, plain):
        raise KeyWrong("this is no recovery key, or it was mistyped")
    return plain[2:-1]


def description(key: bytes) -> dict[str, Any]:
    """What the homeserver keeps about a key, so that others can tell whether they have it."""
    sealed = seal(key, "", _ZEROES)
    return {"name": "Pratip", "algorithm": ALGORITHM, "iv": sealed["iv"], "mac": sealed["mac"]}


def fits(key: bytes, described: Mapping[str, Any]) -> bool:
    """Whether it is the key that is described; where nothing tells, it may be."""
    if "mac" not in described:
        return True
    aes, mac = _keys(key, "")
    code = hmac.digest(mac, _crypted(aes, decoded(described["iv"]), _ZEROES), "sha256")
    return hmac.compare_digest(code, decoded(described["mac"]))


def seal(key: bytes, name: str, secret: bytes) -> dict[str, str]:
    """A secret of that name, encrypted."""
    aes, mac = _keys(key, name)
    start = bytearray(secrets.token_bytes(16))
    start[8] &= 0x7F  # bit 63 is zero: implementations of AES-CTR differ beyond
    ciphertext = _crypted(aes, bytes(start), secret)
    parts = {"iv": bytes(start), "ciphertext": ciphertext, "mac": hmac.digest(mac, ciphertext, "sha256")}
    return {part: unpadded(raw) for part, raw in parts.items()}


def opened(key: bytes, name: str, sealed: Mapping[str, Any]) -> bytes:
    """A secret of that name. Raises KeyWrong; LookupError, TypeError, ValueError where nothing is sealed."""
    aes, mac = _keys(key, name)
    ciphertext = decoded(sealed["ciphertext"])
    if not hmac.compare_digest(hmac.digest(mac, ciphertext, "sha256"), decoded(sealed["mac"])):
        raise KeyWrong("this recovery key does not open what the homeserver keeps")
    return _crypted(aes, decoded(sealed["iv"]), ciphertext)


def _keys(key: bytes, name: str) -> tuple[bytes, bytes]:
    both = HKDF(SHA256(), 64, salt=_ZEROES, info=name.encode()).derive(key)
    return both[:32], both[32:]


def _crypted(key: bytes, start: bytes, data: bytes) -> bytes:
    """AES-CTR, which is its own inverse."""
    stream = Cipher(AES(key), CTR(start)).encryptor()
    return stream.update(data) + stream.finalize()
