"""Trace: whether what only a person could have brought stands in some bytes, in any way in which bytes can spell it.

All names, words and ids of a test's people share a stem, so that a handful of searches finds every one of them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from urllib.parse import quote_from_bytes

STEM = "kch4marker"  # in every name, username, word, argument, payload and title
KHMER = "ឃ្ចម្ចឆ្ចឈ្ច"  # in every word in Khmer; no word of any content
_ID_STEM = b"k\xf1\x9d\xe8"  # the first bytes of every id; text, such as a keyed hash, never has these by chance
_ID_BITS = 16  # what follows them
MOST = 5_000  # ids


def chat_id(number: int) -> int:
    """An id of 48 bits, as long as Telegram's newest; a group's is its negative."""
    assert number < MOST
    return int.from_bytes(_ID_STEM) << _ID_BITS | number


def traces(found: bytes, *more: str) -> list[str]:
    """Which of the stems, and of these further words, stand in the bytes, and how they are spelt."""
    lower = found.lower()
    ids = [f"an id, {way}" for way, form in _spelt_ids() if form in found]
    words = ((f"{word}, {way}", form.lower()) for word in (STEM, KHMER, *more) for way, form in _spelt(word.encode()))
    return ids + [name for name, form in words if form in lower]


def bare_hashes(found: bytes, words: Iterable[str]) -> list[str]:
    """Which of these words stand there hashed without a key: all ids that there are can be tried in minutes."""
    return [f"{word}, {way}" for word in words for way, form in _digests(word.encode()) if form in found]


def bytes_under(folder: Path, *without: Path) -> bytes:
    """Every byte of every file under a folder, and of its name, but for some."""
    paths = [path for path in sorted(folder.rglob("*")) if not any(path.is_relative_to(each) for each in without)]
    names = [str(path.relative_to(folder)).encode() for path in paths]
    return b"\0".join(names + [path.read_bytes() for path in paths if path.is_file()])


def _spelt_ids() -> Iterator[tuple[str, bytes]]:
    """What all ids have in common, whatever their number and sign, in each way to write one."""
    pairs = zip(str(chat_id(0)), str(chat_id(MOST - 1)), strict=True)
    digits = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)).encode()
    yield from ((f"decimal: {way}", form) for way, form in _spelt(digits))
    yield from ((f"packed: {way}", form) for way, form in _in_hexadecimal(_ID_STEM))
    for sign, number in (("", chat_id(1)), ("negative ", -chat_id(1))):
        middle = number.to_bytes(8, signed=True)[2:6]
        yield f"{sign}big-endian", middle
        yield f"{sign}little-endian", middle[::-1]


def _spelt(raw: bytes) -> Iterator[tuple[str, bytes]]:
    word = raw.decode()
    yield "as it is", raw
    yield "backwards", word[::-1].encode()
    yield "UTF-16, little-endian", word.encode("utf-16-le")
    yield "UTF-16, big-endian", word.encode("utf-16-be")
    yield "JSON", json.dumps(word)[1:-1].encode()
    yield "percent", quote_from_bytes(raw).encode()
    yield "Python", repr(raw)[2:-1].encode()
    yield from _in_hexadecimal(raw)
    yield from _in_base("base64", base64.b64encode, raw, 3, 4)
    yield from _in_base("base32", base64.b32encode, raw, 5, 8)


def _in_hexadecimal(raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "hexadecimal", raw.hex().encode()
    yield "hexadecimal, upper case", raw.hex().upper().encode()


def _in_base(
    way: str, encode: Callable[[bytes], bytes], raw: bytes, size: int, into: int
) -> Iterator[tuple[str, bytes]]:
    """A word looks different wherever in a group of bytes it begins; from each beginning its middle is the same."""
    for before in range(size):
        spelt = encode(bytes(before) + raw)
        first, last = -(-before * into // size), (before + len(raw)) * into // size
        yield f"{way}, from byte {before}", spelt[first:last]


def _digests(raw: bytes) -> Iterator[tuple[str, bytes]]:
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(name, raw).digest()
        spelt = base64.b64encode(digest)[:20], base64.b32encode(digest).lower()[:20], digest.hex().encode()[:20]
        yield from ((name, form) for form in (digest[:16], *spelt))
