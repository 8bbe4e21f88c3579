"""Vocabulary: what a list can be asked for, in every language at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, ClassVar

from bot.content.strings import FilterWords, Strings
from bot.content.vocabulary import Terms, command_words, tokens, vocabularies
from bot.core.content import Term
from bot.core.entry import Entry, Languages, Name
from bot.core.query import Filter, Query, Vocabulary
from bot.core.text import Text

TODAY = date(2026, 11, 23)
SOURCE = {"title": "T", "publisher": "P", "url": "https://example.org/a"}


class Bird(Entry):
    noun: ClassVar[str] = "bird"
    facets: ClassVar[tuple[str, ...]] = ("colour", "theme", "nest", "year")
    year_facet: ClassVar[str] = "year"

    name: Name
    colour: str = "grey"
    nest: str = ""
    year: str = ""

    @property
    def heading(self) -> Text:
        return self.name

    def values(self, today: date) -> Mapping[str, Collection[str]]:
        return {"colour": {self.colour}, "nest": {self.nest}, "year": {self.year}, "theme": set(self.themes)}


class Nest(Entry):
    noun: ClassVar[str] = "nest"
    name: Name

    @property
    def heading(self) -> Text:
        return self.name

    def means(self) -> Filter | None:
        return Filter("nest", self.id)


ENGLISH = Strings(
    "en",
    filters={
        "colour": FilterWords(
            ("coloured",), {"red": ("red", "scarlet"), "blue": ("blue",), "pink": ("pink", "scarlet")}
        ),
        "year": FilterWords(("seen",), {}),
    },
    noise=("the", "who were"),
    page=("page",),
    negation=("not", "other than"),
    commands={"birds": ("bird", "Fowl")},
)
KHMER = Strings(
    "km", filters={"colour": FilterWords(("ពណ៌",), {"red": ("ក្រហម",)})}, page=("ទំព័រ",), commands={"birds": ("បក្សី",)}
)
THEMES = {"themes": {"song": Term(id="song", name=Text("Singing"), aliases=("music",))}}


def entries(*given: tuple[type[Entry], dict[str, Any]], code: str = "en") -> dict[str, Entry]:
    languages = Languages(code, "en", ("en", "km"))
    models = (kind.model_validate({"sources": [SOURCE], **fields}, context=languages) for kind, fields in given)
    return {entry.id: entry for entry in models}


BOTH = (
    (Bird, {"id": "crow", "name": {"en": "Crow", "km": "ក្អែក"}, "colour": "black", "themes": ["song"], "year": "1999"}),
    (Bird, {"id": "heron", "name": "Heron", "nest": "old-oak"}),
    (Nest, {"id": "old-oak", "name": {"en": "Old oak", "km": "ដើមឈើ"}, "aliases": ["The Oak Law"]}),
)


def birds() -> Vocabulary:
    views: list[tuple[Strings, Mapping[str, Entry], Terms]] = [
        (ENGLISH, entries(*BOTH), THEMES),
        (KHMER, entries(*BOTH, code="km"), {"themes": {"song": Term(id="song", name=Text("ចម្រៀង"))}}),
    ]
    return vocabularies((Bird, Nest), views, TODAY)["bird"]


def asked(words: str) -> Query:
    return birds().read(words)


def filters(words: str) -> list[str]:
    return [f"{each.facet}={each.value}" for each in asked(words).filters]


def test_a_value_has_the_names_of_every_language() -> None:
    assert [filters(words) for words in ("red", "Scarlet", "ក្រហម", "red ក្រហម")] == [["colour=red"]] * 4


def test_a_value_that_occurs_needs_no_name_and_one_that_is_named_need_not_occur() -> None:
    assert filters("black") == ["colour=black"]
    assert filters("blue") == ["colour=blue"]
    assert (filters("green"), asked("green").words) == ([], "green")


def test_a_lead_word_may_stand_before_a_name_of_either_language() -> None:
    assert filters("coloured red") == filters("ពណ៌ red") == filters("coloured ក្រហម") == ["colour=red"]


def test_of_two_values_of_one_name_the_first_is_meant_with_a_lead_word_or_without() -> None:
    assert [filters(words) for words in ("scarlet", "coloured scarlet", "ពណ៌ scarlet")] == [["colour=red"]] * 3


def test_a_bare_number_is_no_name_but_a_lead_word_makes_it_one() -> None:
    assert Filter("year", "1999") not in birds().phrases.values()
    assert filters("seen 1999") == ["year=1999"]
    assert filters("1999") == ["year=1999"]  # as the kind's years are meant by a bare year
    assert (filters("seen 12"), asked("seen 12").words) == ([], "12")  # no year, and no other time


def test_a_term_is_known_by_its_name_and_its_aliases_in_every_language() -> None:
    assert [filters(words) for words in ("singing", "music", "song", "ចម្រៀង")] == [["theme=song"]] * 4


def test_the_names_of_an_entry_stand_for_what_is_under_it() -> None:
    assert [filters(words) for words in ("old oak", "the oak law", "old-oak", "ដើមឈើ")] == [["nest=old-oak"]] * 4


def test_noise_is_passed_over_and_a_page_is_turned_in_either_language() -> None:
    assert asked("who were the red page 2") == Query((Filter("colour", "red"),), "", 2)
    assert asked("ទំព័រ ៣").page == 3


def test_a_negation_of_either_language_leaves_a_value_out() -> None:
    without = (Filter("colour", "red", without=True),)
    assert [asked(words).filters for words in ("not red", "other than ក្រហម")] == [without] * 2


def test_a_kind_that_nothing_can_be_asked_of_has_the_little_words_only() -> None:
    nests = vocabularies((Nest,), [(ENGLISH, entries(*BOTH), THEMES)], TODAY)["nest"]
    assert (nests.phrases, nests.leads, nests.year_facet) == ({}, {}, "")
    assert (nests.noise, nests.pages) == ({("the",), ("who", "were")}, {("page",)})


def test_what_is_subscribed_to_goes_by_the_names_of_every_language_though_no_entry_has_it() -> None:
    topics = {"topics": {"laws": Term(id="laws", name=Text("Laws and bills"), aliases=("acts",))}}
    khmer = {"topics": {"laws": Term(id="laws", name=Text("ច្បាប់"))}}
    paced = Strings("en", filters={"pace": FilterWords((), {"daily": ("every day",)})})
    asked = vocabularies((), [(paced, {}, topics), (KHMER, {}, khmer)], TODAY)["subscription"]
    laws, daily = Filter("topic", "laws"), Filter("pace", "daily")
    assert [asked.read(words).filters for words in ("laws", "acts", "ច្បាប់", "laws and bills")] == [(laws,)] * 4
    assert asked.read("every day ច្បាប់") == Query((daily, laws))


def test_commands_go_by_every_name_in_every_language() -> None:
    assert command_words([ENGLISH, KHMER]) == {"bird": "birds", "fowl": "birds", "បក្សី": "birds"}


def test_words_are_read_as_the_search_reads_them() -> None:
    assert tokens("Kem Sokha's ៣ ចម្រៀង") == ("kem", "sokha", "3", "ច", "ម្រៀ", "ង")
    assert tokens("…") == ()
