"""Strongbox: anybody closes it, one key opens it, and a key copied wrong is known at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import strongbox
from bot.strongbox import WrongKey

PRIVATE, PUBLIC = strongbox.pair()


@given(st.binary(max_size=300))
def test_what_is_closed_for_a_key_opens_with_its_other_half_and_shows_nothing(plain: bytes) -> None:
    box = strongbox.close(plain, PUBLIC, "backup")
    assert strongbox.unlock(box, PRIVATE, "backup") == plain
    assert len(box) == len(plain) + 32 + 16  # a key of its own, and a tag
    assert len(plain) < 4 or plain not in box


def test_no_two_pairs_and_no_two_boxes_are_alike() -> None:
    assert len({key for _ in range(20) for key in strongbox.pair()}) == 40
    assert len({strongbox.close(b"", PUBLIC, "backup") for _ in range(20)}) == 20


def test_a_key_is_one_line_that_says_which_half_it_is() -> None:
    assert re.fullmatch(r"pratip-private-[a-z2-7]{58}", PRIVATE)
    assert re.fullmatch(r"pratip-public-[a-z2-7]{58}", PUBLIC)


def test_the_private_key_is_found_among_other_words() -> None:
    box = strongbox.close(b"words", PUBLIC, "backup")
    assert strongbox.unlock(box, f"Of the server in the cellar:\n  {PRIVATE}\n\n{PUBLIC}\n", "backup") == b"words"


@pytest.mark.parametrize("place", [0, 31, 32, 40, -1])
def test_a_changed_box_does_not_open(place: int) -> None:
    box = bytearray(strongbox.close(b"some words", PUBLIC, "backup"))
    box[place] ^= 1
    with pytest.raises(WrongKey, match=r"^it does not open with this key, or it was changed$"):
        strongbox.unlock(bytes(box), PRIVATE, "backup")


def test_another_key_another_purpose_and_half_a_box_open_nothing() -> None:
    box = strongbox.close(b"words", PUBLIC, "backup")
    tries = [(box, strongbox.pair()[0], "backup"), (box, PRIVATE, "else"), (box[:-1], PRIVATE, "backup")]
    for each in [*tries, (b"", PRIVATE, "backup"), (bytes(48), PRIVATE, "backup")]:
        with pytest.raises(WrongKey, match="it does not open with this key"):
            strongbox.unlock(*each)


def test_what_is_no_private_key_is_said_to_be_none() -> None:
    for text in ("", "key", PUBLIC, PRIVATE[:-1], f"{PRIVATE}b", PRIVATE.upper(), f"pratip-private-{'a' * 58}"):
        with pytest.raises(WrongKey, match=r"^this is no pratip-private key, or it was copied wrong: "):
            strongbox.unlock(b"", text, "backup")


def test_a_public_key_with_one_letter_wrong_closes_nothing() -> None:
    for place in range(len("pratip-public-"), len(PUBLIC) - 1):
        wrong = f"{PUBLIC[:place]}{'a' if PUBLIC[place] != 'a' else 'b'}{PUBLIC[place + 1 :]}"
        with pytest.raises(WrongKey, match=r"^this is no pratip-public key, or it was copied wrong: "):
            strongbox.close(b"", wrong, "backup")
