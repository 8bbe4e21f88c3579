"""Address: what the page shows, as it stands in the address bar: whoever is sent a link sees the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import urlencode

LOOKS = ("auto", "light", "dark", "both")
ONLY = ("problems", "long", "missing", "draft")
_LONGEST = 400  # characters of a value


@dataclass(frozen=True, slots=True)
class Address:
    """One view of the pack. Empty values are those of a first visit, and are left out when it is written."""

    path: str = "/"
    q: str = ""  # words to search for
    kind: str = ""  # the noun of a kind
    theme: str = ""
    only: str = ""  # one of ONLY
    page: str = ""  # of the list; a number
    ask: str = ""  # the command whose answer is shown
    form: str = ""  # "news": the entry as subscribers would be told of it
    speech: str = ""  # the language of the messages; all where it is empty
    look: str = ""  # of the phones: one of LOOKS
    lang: str = ""  # the language of the page itself

    @classmethod
    def read(cls, path: str, query: Mapping[str, str]) -> Self:
        """What somebody's browser asks for; what we do not know is passed over."""
        known = {each.name for each in fields(cls)} - {"path"}
        return cls(path, **{name: value[:_LONGEST].strip() for name, value in query.items() if name in known})

    def with_(self, path: str = "", **changes: str) -> str:
        """The address of a view that differs in some values."""
        new = replace(self, path=path or self.path, **changes)
        kept = {each.name: getattr(new, each.name) for each in fields(new)[1:] if getattr(new, each.name)}
        return f"{new.path}?{urlencode(kept)}" if kept else new.path

    def asking(self, command: str) -> str:
        """The address at which a command is asked, without a prefix."""
        return self.with_("/", ask=f"/{command}", form="")

    @property
    def number(self) -> int:
        """The page of the list, from 1."""
        return max(1, int(self.page)) if self.page.isdecimal() and len(self.page) < 6 else 1

    @property
    def looks(self) -> tuple[str, ...]:
        """How each phone is drawn: as the device is set, or light, dark, or one of each."""
        look = self.look if self.look in LOOKS else LOOKS[0]
        return ("light", "dark") if look == "both" else (look,)
