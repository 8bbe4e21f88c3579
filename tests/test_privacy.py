"""Privacy: a key file nobody else can read, and what the keys in it do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages import Chat
from bot.privacy import Keys, KeysUnusable, SealBroken

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))
OTHER = Keys(bytes(32), bytes(32))
FILE = f"address: {KEYS.address.hex()}\nlookup: {KEYS.lookup.hex()}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "pratip" / "keys"


def written(file: Path, text: str | bytes, mode: int = 0o600) -> Path:
    file.parent.mkdir(parents=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return file


# --- the file


def test_the_first_start_makes_keys_that_only_the_user_can_read(file: Path) -> None:
    keys = Keys.load(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["keys"]
    assert (len(keys.address), len(keys.lookup), keys.address != keys.lookup) == (32, 32, True)


def test_the_keys_stay_the_same_ever_after_and_no_two_files_have_the_same(file: Path, tmp_path: Path) -> None:
    first, again, other = Keys.load(file), Keys.load(file), Keys.load(tmp_path / "other")
    assert first == again
    assert len({first.address, first.lookup, other.address, other.lookup}) == 4


def test_first_starts_at_the_same_moment_agree_on_one_pair_of_keys(file: Path) -> None:
    starts = 8
    together = Barrier(starts)

    def start(_: int) -> Keys:
        together.wait()
        return Keys.load(file)

    with ThreadPoolExecutor(starts) as pool:
        keys = set(pool.map(start, range(starts)))
    assert keys == {Keys.load(file)}
    assert [path.name for path in file.parent.iterdir()] == ["keys"]


def test_what_a_broken_off_start_left_behind_is_no_hindrance(file: Path) -> None:
    written(file.with_name(f"keys.{os.getpid()}"), "address: ")
    assert Keys.load(file) == Keys.load(file)


def test_a_file_is_read_as_it_was_written_or_typed(file: Path) -> None:
    assert Keys.load(written(file, FILE)) == KEYS
    file.write_text(f"# our keys\n\nlookup:{KEYS.lookup.hex().upper()}\r\naddress :  {KEYS.address.hex()}  \n")
    assert Keys.load(file) == KEYS


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_file_that_others_can_reach_is_refused(file: Path, mode: int) -> None:
    with pytest.raises(KeysUnusable, match=r"^others can read the key file: run chmod 600 on it$"):
        Keys.load(written(file, FILE, mode))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_the_user_alone_is_taken(file: Path, mode: int) -> None:
    assert Keys.load(written(file, FILE, mode)) == KEYS


# systemd shows the mask of the access list, which names the service alone, as the group's bits.
@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_a_credential_of_systemd_is_taken(file: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert Keys.load(written(file, FILE, mode)) == KEYS


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o404, 0o644])
def test_a_credential_that_everybody_can_reach_is_none(file: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    with pytest.raises(KeysUnusable, match="others can read the key file"):
        Keys.load(written(file, FILE, mode))


def test_a_file_elsewhere_is_no_credential(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeysUnusable, match="others can read the key file"):
        Keys.load(written(file, FILE, 0o440))


def test_keys_are_never_made_among_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeysUnusable, match=r"name the key file in LoadCredential=$"):
        Keys.load(tmp_path / "keys")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "restore it from your backup of it"),
        (f"address: {'ab' * 32}\n", "restore it from your backup of it"),
        (f"lookup: {'ab' * 32}\n", "restore it from your backup of it"),
        (FILE.replace("0", "g"), "restore it from your backup of it"),
        (FILE[:-2], "restore it from your backup of it"),
        (b"\xff\xfe\x00", "restore it from your backup of it"),
        (FILE[:-3], "each key has 64 hexadecimal digits"),
        ("address: ab\nlookup: ab\n", "each key has 64 hexadecimal digits"),
        ("address:\nlookup:\n", "each key has 64 hexadecimal digits"),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(file: Path, text: str | bytes, words: str) -> None:
    written(file, text)
    before = file.read_bytes()
    with pytest.raises(KeysUnusable, match=f"^the key file is damaged: {words}$"):
        Keys.load(file)
    assert file.read_bytes() == before


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(
        KeysUnusable, match=r"^the key file cannot be used \(File exists\): mend it or set PRATIP_KEYS$"
    ):
        Keys.load(blocked / "keys")
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    with pytest.raises(KeysUnusable, match="Is a directory"):
        Keys.load(folder)


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    link = tmp_path / "keys"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeysUnusable, match="No such file or directory"):
        Keys.load(link)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_keys_do_not_show_themselves() -> None:
    assert KEYS.address.hex() not in repr(KEYS)
    assert repr(KEYS.address) not in repr(KEYS)
    assert re.fullmatch(r"<bot\.privacy\.Keys object at 0x[0-9a-f]+>", repr(KEYS))


# --- seal and unseal


@given(plain=st.binary(max_size=200), purpose=st.text(max_size=20).filter(lambda text: text.isprintable()))
def test_what_is_sealed_opens_with_the_same_keys_for_the_same_purpose(plain: bytes, purpose: str) -> None:
    sealed = KEYS.seal(plain, purpose)
    assert KEYS.unseal(sealed, purpose) == plain
    assert len(sealed) == len(plain) + 12 + 16  # a nonce before, a tag behind
    with pytest.raises(SealBroken):
        KEYS.unseal(sealed, f"{purpose}!")
    with pytest.raises(SealBroken):
        OTHER.unseal(sealed, purpose)


def test_no_two_seals_are_alike_and_none_shows_the_words() -> None:
    seals = {KEYS.seal(b"chat 42", "address") for _ in range(100)}
    assert len(seals) == 100
    assert not any(b"chat" in sealed for sealed in seals)


@given(place=st.integers(0, 34), bit=st.integers(0, 7))
def test_a_seal_with_one_bit_turned_does_not_open(place: int, bit: int) -> None:
    sealed = bytearray(KEYS.seal(b"chat 42", "address"))
    sealed[place] ^= 1 << bit
    with pytest.raises(SealBroken, match=r"^the sealed address does not open with these keys$"):
        KEYS.unseal(bytes(sealed), "address")


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(27), bytes(28)])
def test_what_was_never_a_seal_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken, match=r"^the sealed matrix does not open with these keys$"):
        KEYS.unseal(sealed, "matrix")


# --- names that tell nothing


def test_a_chat_has_one_key_whatever_its_thread_and_every_chat_another() -> None:
    chats = [
        Chat("telegram", "42"),
        Chat("matrix", "42"),
        Chat("telegram", "-42"),
        Chat("telegram", ""),
        Chat("telegram\0", "42"),
    ]
    assert len({KEYS.chat_key(chat) for chat in chats}) == len(chats)
    assert KEYS.chat_key(Chat("telegram", "42", "7", private=False)) == KEYS.chat_key(Chat("telegram", "42"))


def test_a_chats_key_is_an_hmac_that_needs_the_lookup_key_and_no_other() -> None:
    chat = Chat("telegram", "42")
    digest = hmac.new(KEYS.lookup, b"chat\0telegram\x0042", hashlib.sha256).digest()
    assert KEYS.chat_key(chat) == base64.b32encode(digest).decode().rstrip("=").lower()
    assert KEYS.chat_key(chat) != OTHER.chat_key(chat)
    assert KEYS.chat_key(chat) == Keys(OTHER.address, KEYS.lookup).chat_key(chat)
    assert re.fullmatch("[a-z2-7]{52}", KEYS.chat_key(chat))


def test_a_chats_id_may_hold_what_no_encoding_can() -> None:
    assert KEYS.chat_key(Chat("matrix", "!\ud800:x")) != KEYS.chat_key(Chat("matrix", "!\ud801:x"))


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0")), max_size=3), max_size=8, unique_by=tuple))
def test_a_message_has_one_key_for_the_same_parts_and_another_for_others(parts: list[list[str]]) -> None:
    keys = [KEYS.message_key(*each) for each in parts if each]
    assert len(set(keys)) == len(keys)
    assert keys == [KEYS.message_key(*each) for each in parts if each]


def test_no_chats_key_is_a_messages_key() -> None:
    assert KEYS.message_key("chat", "telegram", "42") != KEYS.chat_key(Chat("telegram", "42"))


# --- more locks


def test_each_purpose_has_a_lock_of_its_own() -> None:
    locks = [KEYS.derive("matrix store"), KEYS.derive("matrix pickle"), KEYS.derive(""), KEYS.address, KEYS.lookup]
    assert len(set(locks)) == len(locks)
    assert {len(lock) for lock in locks} == {32}
    assert KEYS.derive("matrix store") == Keys(KEYS.address, OTHER.lookup).derive("matrix store")
    assert KEYS.derive("matrix store") != OTHER.derive("matrix store")


def test_a_lock_is_derived_as_rfc_5869_says() -> None:
    extracted = hmac.new(bytes(32), KEYS.address, hashlib.sha256).digest()
    assert KEYS.derive("matrix") == hmac.new(extracted, b"matrix\x01", hashlib.sha256).digest()
