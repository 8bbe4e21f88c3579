"""Past: how an entry stood before, as far as it was written down."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.broadcast import Standing
from bot.core.calendar import PartialDate


@dataclass(frozen=True, slots=True)
class Turn:
    """One dated change. Who made it is nobody's business and not known here."""

    before: Standing | None  # how it stood until then; None: it was new here
    after: Standing
    date: PartialDate  # of the status or its newest source; else the day on which the change was made or told
    publisher: str = ""  # of the newest source; without address or title, which may have been withheld since


@dataclass(frozen=True, slots=True)
class Past:
    """An entry's changes, newest first."""

    turns: tuple[Turn, ...] = ()
    whole: bool = True  # False: what is older was not looked at
