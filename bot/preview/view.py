"""View: the pack as one reader of the page looks at it: which entries, in which languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.content import Problem
from bot.core.content import Content, Snapshot
from bot.core.entry import Entry
from bot.core.text import Style
from bot.preview.address import Address
from bot.preview.bubble import Bubble, Measure
from bot.preview.office import Office
from bot.preview.place import Places
from bot.preview.translation import Translation, translation

_FOUND = 500  # entries that a search gives at most
Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Group:
    """Messages in one language."""

    language: str
    name: str
    bubbles: Sequence[Bubble]
    card: Measure | None = None
    translation: Translation | None = None


@dataclass(frozen=True)
class View:
    """A whole snapshot, what the folder's problems are now, and what is asked of them."""

    office: Office
    snapshot: Snapshot
    content: Content  # in the language of the page
    address: Address
    problems: Sequence[Problem]

    @cached_property
    def places(self) -> Places:
        """Where the entries stand."""
        return self.office.places(self.snapshot)

    @cached_property
    def by_entry(self) -> Mapping[str, Sequence[Problem]]:
        """The problems of each entry that has any."""
        return self.places.by_entry(self.problems)

    @cached_property
    def spoken(self) -> Sequence[Content]:
        """The languages of the messages: the one that is asked for, else all."""
        chosen = self.snapshot.views.get(self.address.speech)
        return [chosen] if chosen else list(self.snapshot.views.values())

    def group(self, content: Content, bubbles: Sequence[Bubble], entry: Entry | None = None) -> Group:
        """Messages under the name of their language, with what is known of the entry they are about."""
        code = content.locale.code
        made = translation(content.entries[entry.id]) if entry else None
        return Group(code, content.languages.get(code, code), bubbles, translation=made)

    def kind(self, entry: Entry) -> str:
        """What an entry's kind is called."""
        return str(self.content.say(f"{entry.noun}.kind"))

    def language(self, entry: Entry) -> str:
        """The language in which an entry's name is shown."""
        filled = (mark.target for mark in entry.heading.marks if mark.style is Style.FALLBACK)
        return next(filled, self.content.locale.code)

    # -- which entries

    def entries(self) -> list[Entry]:
        """Those that fit all that is asked; found by words, the best first, else in the order of the pack."""
        fitting = [entry for entry in self.content.of(Entry) if self._fits(entry)]
        if not self.address.q:
            return fitting
        hits = self.content.search(self.address.q, within={entry.id for entry in fitting}, limit=_FOUND)
        return [self.content.entries[hit.id] for hit in hits]

    def _fits(self, entry: Entry) -> bool:
        if self.address.kind not in ("", entry.noun) or self.address.theme not in ("", *entry.themes):
            return False
        only: Mapping[str, Fits] = {
            "problems": lambda name: name in self.by_entry,
            "long": self.is_long,
            "missing": lambda name: any(each.missing for each in self._translations(name)),
            "draft": lambda name: any(each.drafts for each in self._translations(name)),
        }
        return self.address.only not in only or only[self.address.only](entry.id)

    def is_long(self, entry: str) -> bool:
        """Whether an entry's card is more than a phone shows, in one of the languages."""
        return any(self.office.measure(entry, content).over for content in self.spoken)

    def _translations(self, entry: str) -> Iterator[Translation]:
        return (translation(content.entries[entry]) for content in self.spoken)
