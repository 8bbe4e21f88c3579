"""My data: whoever asks sees every column of every row that is kept of the chat, and what cannot be read is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.kept import Kept, Row
from bot.core.messages import Chat, Role
from bot.core.subscription import Pace, Quiet, Settings, Subscriptions
from bot.store.schema import LIFE, metadata
from tests.conversation import Reader

SETTINGS = Settings("Asia/Tokyo", Quiet(61, 122), urgent_breaks_quiet=True, discreet=True, digest_hour=13, digest_day=4)
HEARS = Subscriptions({"laws": Pace.WEEKLY, "prisoners": Pace.NOW}, ("kem-sokha", "gone"), SETTINGS)
PLACE, CHAT = "0123456789abcdef", "fedcba9876543210"
ROW = Row(471, PLACE, CHAT, "matrix", True, "km", HEARS, "2026-07", 2, "2026-08-09", "2026-10-11", 38)

# What each column of a chat's rows is to somebody who reads the answer.
SHOWN = {
    "preference": {"chat": "fedcba98…", "language": "language: ខ្មែរ"},
    "subscriber": {
        "id": "row: 471",
        "place": "place: 01234567…",
        "chat": "chat: fedcba98…, private",
        "platform": "platform: matrix",
        "address": "address: encrypted",
        "private": "private",
        "channel": "",  # a channel has no chat in which somebody could ask
        "language": "language: ខ្មែរ",
        "zone": "Time zone: Asia/Tokyo",
        "quiet_from": "Quiet hours: 1:01",
        "quiet_until": "–2:02",
        "urgent_breaks_quiet": "Urgent news in quiet hours: on",
        "discreet": "Discreet mode: on",
        "digest_hour": "Digest: Friday, 13:00",
        "digest_day": "Friday",
        "contact": "month of the last word here: 2026-07",
        "failures": "days that failed since then: 2",
        "failed_on": "last of these days: 2026-08-09",
    },
    "subscription": {"subject": "follows: kem-sokha, gone", "subscriber": "row: 471", "pace": "weekly"},
    "asked": {"subscriber": "row: 471", "day": "asked whether to go on: 2026-10-11"},
    "delivery": {"subscriber": "deliveries lately: 38"},
    "moderator": {"name": "name: telegram:42", "address": "address: encrypted"},
    "audit": {"moderator": "what you did as one: 12 months"},
}
# Of a delivery and of what moderators did the number or name is a person's, and the rest is about a broadcast.
NUMBERED = {"delivery", "moderator", "audit"}


def asks(kept: Kept | None, language: str = "en", **options: object) -> str:
    reader = Reader(language, **options)  # type: ignore[arg-type]  # as the reader takes them
    reader.kept = kept
    return reader.asks("/mydata").text


def test_of_who_only_asks_nothing_is_kept_and_that_is_said() -> None:
    for nothing in (None, Kept(CHAT)):
        assert asks(nothing) == "Nothing is kept of this chat: no row, no code, no address."


def test_every_column_of_every_table_with_somebody_in_it_is_shown() -> None:
    said = asks(Kept(CHAT, "km", (ROW,), "telegram:42"))
    assert [words for table in SHOWN.values() for words in table.values() if words not in said] == []
    of_somebody = {name for name, ends in LIFE.items() if ends.startswith(("of a chat", "of a subscriber", "of a mod"))}
    assert of_somebody == SHOWN.keys()
    for name in SHOWN.keys() - NUMBERED:
        assert SHOWN[name].keys() == set(metadata.tables[name].c.keys()), name


def test_each_thread_of_a_chat_has_a_row_of_its_own() -> None:
    other = replace(ROW, number=472, private=False, subscriptions=Subscriptions(), failed_on="", asked_on="")
    said = asks(Kept(CHAT, rows=(ROW, other)))
    assert [said.count(part) for part in ("Updates\n", "Language\n", "Moderator\n")] == [2, 0, 0]
    assert all(words in said for words in ("row: 471", "row: 472", "group", "last of these days: –", "follows: –"))


@pytest.mark.parametrize("language", ["en", "km"])
def test_a_phone_shows_each_column_in_a_line(language: str) -> None:
    said = asks(Kept(CHAT, "km", (ROW,), "telegram:42"), language)
    body = said.split("\n\n")[1:4]
    assert [line for part in body for line in part.splitlines() if len(line) > 44] == []
    assert len(body) == 3


def test_in_a_group_its_administrators_alone_see_it() -> None:
    group = Chat("telegram", "-1", private=False)
    kept = Kept(CHAT, "km", (ROW,))
    assert "row: 471" not in asks(kept, chat=group)
    assert "row: 471" in asks(kept, chat=group, role=Role.ADMIN)
