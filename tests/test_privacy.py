"""Privacy: a key file nobody else can read, and what the keys in it do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages import Chat
from bot.privacy import Keys, SealBroken

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))
OTHER = Keys(bytes(32), bytes(32))


# --- the keys


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
