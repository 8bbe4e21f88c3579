"""Kept: the rows of a chat as they stand in the database, for the person whose they are."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.subscription import Subscriptions

_SHOWN = 8  # characters of a keyed hash; enough to know it again


def shortened(code: str) -> str:
    """The beginning of a keyed hash."""
    return f"{code[:_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class Row:
    """A place that updates go to. Its sealed address is not here: nobody could read it."""

    number: int
    place: str  # keyed hashes
    chat: str
    platform: str
    private: bool
    language: str
    subscriptions: Subscriptions
    contact: str  # the month of the last word from there: "2026-11"
    failures: int  # days on which it refused us since then
    failed_on: str  # the last of them: "2026-11-23"
    asked_on: str  # the day on which it was asked whether updates shall go on
    deliveries: int  # of the last days, that name its number


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything."""

    code: str  # the keyed hash of the chat
    language: str = ""  # that was chosen
    rows: tuple[Row, ...] = ()
    moderator: str = ""  # the name in the log of what moderators did

    def __bool__(self) -> bool:
        return bool(self.language or self.rows or self.moderator)
