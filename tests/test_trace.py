"""Trace: the searcher itself: what is there is found, however it is spelt."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import struct
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.trace import KHMER, STEM, bare_hashes, bytes_under, chat_id, traces

ONE, OTHER, GROUP = chat_id(7), chat_id(4_711), -chat_id(300)
AROUND = b"\x00\x9c{'harmless': 1186}"
SPELT = {
    "a word": f"Sok {STEM} Dara".encode(),
    "a word in capitals": STEM.upper().encode(),
    "a word in Khmer": f"លោក{KHMER}លោក".encode(),
    "UTF-16": f"id {STEM}".encode("utf-16-le"),
    "UTF-16, the other way round": KHMER.encode("utf-16-be"),
    "hexadecimal": f"x{STEM}".encode().hex().encode(),
    "HEXADECIMAL": f"x{STEM}".encode().hex().upper().encode(),
    "JSON": json.dumps({"text": f"!{KHMER}!"}).encode(),
    "an address": quote(f"/{KHMER}/").encode(),
    "Python": repr(f"{KHMER}".encode()).encode(),
    "backwards": STEM[::-1].encode(),
    "an id": f"chat={ONE}".encode(),
    "a group's id": f"chat={GROUP}".encode(),
    "an id in UTF-16": str(OTHER).encode("utf-16-le"),
    "an id in hexadecimal": f"{OTHER:#x}".encode(),
    "an id in base64": base64.b64encode(f'["{ONE}",""]'.encode()),
    "an id in base32": base64.b32encode(f"telegram:{ONE}".encode()),
    "a little-endian id": struct.pack("<q", OTHER),
    "a big-endian id": struct.pack(">q", ONE),
    "a group's little-endian id": struct.pack("<q", GROUP),
    "a group's big-endian id": struct.pack(">q", GROUP),
} | {f"base64, {before} bytes in": base64.b64encode(f"{'.' * before}{STEM}..".encode()) for before in range(3)}


@pytest.mark.parametrize("spelt", SPELT.values(), ids=SPELT)
def test_what_is_there_is_found_however_it_is_spelt(spelt: bytes) -> None:
    assert traces(AROUND) == []
    assert traces(AROUND + spelt + AROUND) != []


def test_further_words_are_found_like_the_stems() -> None:
    room = "!qpxRoom:home.test"
    assert traces(base64.b64encode(b"1" + room.encode()), room) != []
    assert traces(base64.b64encode(b"1" + room.encode())) == []


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512", "blake2b"])
def test_an_id_that_is_hashed_without_a_key_is_found(kind: str) -> None:
    digest = hashlib.new(kind, str(ONE).encode())
    for spelt in (digest.digest(), digest.hexdigest().encode(), base64.b64encode(digest.digest())):
        assert bare_hashes(AROUND + spelt, [str(ONE)]) != []
        assert bare_hashes(AROUND + spelt, [str(OTHER)]) == []


def test_files_are_searched_with_their_names_and_a_database_with_what_it_deleted(tmp_path: Path) -> None:
    (tmp_path / "matrix").mkdir()
    (tmp_path / "matrix" / f"{STEM}.db").write_bytes(b"")
    assert traces(bytes_under(tmp_path)) != []
    assert traces(bytes_under(tmp_path, tmp_path / "matrix")) == []
    connection = sqlite3.connect(tmp_path / "careless.db", isolation_level=None)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, chat INTEGER)")
    connection.executemany("INSERT INTO person (chat) VALUES (?)", [(ONE,), (GROUP,)])
    connection.execute("DELETE FROM person")
    connection.close()
    assert len(traces(bytes_under(tmp_path, tmp_path / "matrix"))) == 2
