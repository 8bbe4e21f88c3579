"""Stranger: somebody who only asks, whatever it is, leaves nothing on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

import handlers
from bot.core.messages import Chat, Mishap, Request
from bot.platforms import Envelope
from bot.store.schema import metadata
from tests.desk import KEYS, Desk, until
from tests.storage import bytes_of, rows

STRANGER = Chat("paper", "kch4marker77", "kch4thread")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


QUESTIONS = ("kem sokha", "xyzzy", "next", "2", "/mydata", "/keep", "/stop", "/forget", "/panic", "/weather")
CHANGING = ("language km", "subscribe prisoners", "follow kem-sokha")  # these are no questions


def tables(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row there is, but how far each platform was answered."""
    return {name: rows(file, f"SELECT * FROM {name}") for name in metadata.tables if name != "cursor"}  # noqa: S608 (ours)


async def test_who_asks_every_command_leaves_no_row_no_tombstone_and_not_a_byte(desk: Desk) -> None:
    file = desk.folder / "pratip.db"
    words = [*(f"/{name}" for name in handlers.router.commands), *QUESTIONS, *(f"/{each}" for each in QUESTIONS[:4])]
    words += [f"/{each.split()[0]}" for each in CHANGING]
    async with desk.working():
        before = tables(file)
        desk.paper.asks(*words, chat=STRANGER, sender="kch4sender")
        desk.paper.brings(*(Envelope(Request(STRANGER, "", mishap=each), str(each)) for each in Mishap))
        await until(lambda: len(desk.paper.acknowledged) == len(words) + len(Mishap))
        assert tables(file) == before
        place = KEYS.place(STRANGER)
        secrets = [each.encode() for each in ("kch4", place.key, place.chat)]
        assert [each in bytes_of(file) for each in secrets] == [False] * len(secrets)
    assert [each in bytes_of(file) for each in secrets] == [False] * len(secrets)
    assert not (desk.folder / "tombstones").exists()


async def test_the_same_words_with_a_choice_in_them_leave_one(desk: Desk) -> None:
    file = desk.folder / "pratip.db"
    for number, words in enumerate(CHANGING):
        async with desk.working():
            chat = Chat("paper", f"kch4marker{number}")
            await desk.says(chat.id, f"/{words}")
            assert KEYS.place(chat).chat.encode() in bytes_of(file)
