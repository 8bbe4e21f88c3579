"""Query: filters are found in any order, in every language of the pack; the rest is searched for."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.query import Filter, Query, Vocabulary
from handlers.laws import Law
from handlers.prisoners import Category, Prisoner
from handlers.recommendations import Recommendation
from tests.conversation import shipped

DETAINED, JOURNALIST = Filter("custody", "detained"), Filter("category", "journalist")
UNION, TRADE_UNION = Filter("category", "union"), Filter("law", "trade-union-law")
SMALL = Vocabulary(
    phrases={
        ("detained",): DETAINED,
        ("in", "prison"): DETAINED,
        ("journalist",): JOURNALIST,
        ("union",): UNION,
        ("trade", "union", "law"): TRADE_UNION,
        ("អ្ន", "ក", "កា", "សែ", "ត"): JOURNALIST,
    },
    leads={("arrested",): "arrested", ("arrested", "in"): "arrested", ("cycle",): "cycle"},
    noise={("the",), ("who", "were")},
    pages={("page",), ("ទំ", "ព័", "រ")},
    negations={("not",), ("other", "than")},
    year_facet="arrested",
)


@pytest.mark.parametrize(
    ("argument", "query"),
    [
        ("", Query()),
        ("the", Query()),
        ("detained journalist", Query((DETAINED, JOURNALIST))),
        ("Journalist, DETAINED!", Query((JOURNALIST, DETAINED))),
        ("the journalist who were in prison", Query((JOURNALIST, DETAINED))),
        ("detained in prison", Query((DETAINED,))),
        ("trade union law", Query((TRADE_UNION,))),
        ("trade union", Query((UNION,), "trade")),
        ("kem sokha detained", Query((DETAINED,), "kem sokha")),
        ("arrested in 2024", Query((Filter("arrested", "2024"),))),
        ("arrested ២០២៤", Query((Filter("arrested", "2024"),))),
        ("2024", Query((Filter("arrested", "2024"),))),
        ("1850 12345", Query((), "1850 12345")),
        ("cycle 3", Query((Filter("cycle", "3"),))),
        ("cycle", Query()),
        ("in the", Query((), "in")),
        ("អ្នកកាសែត", Query((JOURNALIST,))),
        ("កឹម សុខា x", Query((), "កឹមសុខា x")),
        ("detained page 2", Query((DETAINED,), page=2)),
        ("not detained", Query((Filter("custody", "detained", without=True),))),
        ("journalist not in prison", Query((JOURNALIST, Filter("custody", "detained", without=True)))),
        ("other than arrested 2020", Query((Filter("arrested", "2020", without=True),))),
        ("not not detained", Query((DETAINED,))),
        ("not sokha", Query((), "not sokha")),
        ("not", Query((), "not")),
        ("page 0", Query(page=1)),
        ("page 123456789", Query(page=1234)),
        ("page", Query((), "page")),
        ("ទំព័រ ៣", Query(page=3)),
    ],
)
def test_an_argument_is_read_as_it_is_meant(argument: str, query: Query) -> None:
    assert SMALL.read(argument) == query


def test_a_query_without_filters_and_words_asks_for_everything() -> None:
    assert not Query(page=3)
    assert Query((DETAINED,))
    assert Query(words="sokha")


def test_without_a_vocabulary_every_word_is_searched_for() -> None:
    assert Vocabulary().read("detained 2024") == Query((), "detained 2024")


@given(st.text(st.characters()))
def test_reading_never_fails(argument: str) -> None:
    query = SMALL.read(argument)
    assert query.page >= 1
    assert all(each in SMALL.phrases.values() or each.value.isdecimal() for each in query.filters)


ENGLISH = {  # one word of each facet, and what it is
    "detained": DETAINED,
    "journalist": JOURNALIST,
    "convicted": Filter("case", "convicted"),
    "women": Filter("gender", "female"),
    "arrested 2020": Filter("arrested", "2020"),
    "lese-majeste": Filter("law", "lese-majeste-2018"),
}
KHMER = {  # the same, as the Khmer strings call it
    shipped().view("km").label(each.facet, each.value): each
    for each in ENGLISH.values()
    if f"{each.facet}.{each.value}" in shipped().view("km").phrases
}
NOISE = ["the", "who were", "all", "list of"]


@given(st.permutations(list(ENGLISH)), st.integers(0, len(ENGLISH)), st.lists(st.sampled_from(NOISE), max_size=3))
def test_the_order_of_filter_words_does_not_matter(words: list[str], some: int, noise: list[str]) -> None:
    argument = " ".join([*noise, *words[:some]])
    query = shipped().view("en").read(Prisoner, argument)
    assert set(query.filters) == {ENGLISH[word] for word in words[:some]}
    assert query.words == ""


@given(st.permutations([*ENGLISH, *KHMER]), st.integers(0, 4))
def test_filter_words_of_all_languages_mix(words: list[str], some: int) -> None:
    query = shipped().view("km").read(Prisoner, " ".join(words[:some]))
    assert set(query.filters) == {{**KHMER, **ENGLISH}[word] for word in words[:some]}
    assert query.words == ""


@pytest.mark.parametrize("language", ["en", "km"])
@pytest.mark.parametrize("kind", [Prisoner, Law, Recommendation])
def test_a_filter_is_read_under_every_one_of_its_names(
    kind: type[Prisoner | Law | Recommendation], language: str
) -> None:
    content = shipped().view(language)
    known = set(content.vocabularies[kind.noun].phrases.values())
    called = {each: content.label(each.facet, each.value) for each in known if each.facet in ("custody", "category")}
    assert {each: content.read(kind, name).filters for each, name in called.items()} == {
        each: (each,) for each in called
    }


def test_every_value_a_case_may_have_can_be_asked_for() -> None:
    known = set(shipped().view("en").vocabularies["prisoner"].phrases.values())
    assert known >= {Filter("category", value) for value in get_args(Category)}


# ---------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ("before 2018", "..2017"),
        ("arrested before september 2024", "..2024-08"),
        ("before 1 March 2020", "..2020-02-29"),
        ("after 2020", "2021.."),
        ("arrested since 2021", "2021.."),
        ("until 2019", "..2019"),
        ("arrested between 2019 and 2021", "2019..2021"),
        ("from 2019 to 2021", "2019..2021"),
        ("2019-2021", "2019..2021"),
        ("2019–2021", "2019..2021"),
        ("2019..2021", "2019..2021"),
        ("arrested after 2018 before 2021", "2019..2020"),
        ("before 2021 after 2018", "2019..2020"),
        ("september 2024", "2024-09"),
        ("arrested in sep 2024", "2024-09"),
        ("2024 september", "2024-09"),
        ("5th July 2019", "2019-07-05"),
        ("July 5, 2019", "2019-07-05"),
        ("2018 July 2019", None),
        ("2019-07", "2019-07"),
        ("2019-07-05", "2019-07-05"),
        ("arrested 2024-09..", "2024-09.."),
        ("ចាប់ខ្លួនក្នុងខែកញ្ញា ឆ្នាំ២០២៤", "2024-09"),
        ("មុនឆ្នាំ ២០១៨", "..2017"),
        ("ពីឆ្នាំ២០១៩ ដល់ឆ្នាំ២០២១", "2019..2021"),
        ("តាំងពី កក្កដា ២០១៩", "2019-07.."),
    ],
)
def test_a_time_is_read_however_it_is_said(words: str, period: str | None) -> None:
    query = shipped().view("en").read(Prisoner, words)
    several = ("2018", "2019-07")  # a month's name stands before its year
    assert query == Query(tuple(Filter("arrested", each) for each in ((period,) if period else several)))


@pytest.mark.parametrize("words", ["may", "september", "2018 to sokha", "2019-13", "before", "from sokha"])
def test_what_is_half_a_time_is_none(words: str) -> None:
    read = shipped().view("en").read(Prisoner, words)
    assert all(".." not in each.value and len(each.value) == 4 for each in read.filters)


def test_a_day_that_there_is_not_is_left_to_be_searched_for() -> None:
    read = shipped().view("en").read(Prisoner, "31 february 2019")
    assert read == Query((Filter("arrested", "2019-02"),), "31")


YEARS = st.integers(1990, 2030).map(str)
DATES = (
    YEARS
    | st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 1, 1)).map(lambda day: str(day)[:7])
    | st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 1, 1)).map(str)
)
PERIODS = DATES | DATES.map(lambda one: f"{one}..") | DATES.map(lambda one: f"..{one}")


@given(PERIODS, st.sampled_from(["en", "km"]), st.sampled_from([Prisoner, Law]))
def test_a_time_is_read_back_the_same_as_it_is_written_and_said(
    written: str, language: str, kind: type[Prisoner | Law]
) -> None:
    content = shipped().view(language)
    asked = Query((Filter(kind.year_facet, written),))
    assert content.read(kind, written) == asked
    assert content.read(kind, str(content.period(written))) == asked


def test_two_times_are_either_where_they_do_not_face_one_another() -> None:
    read = shipped().view("en").read
    assert len(read(Prisoner, "arrested 2019 or 2021").filters) == 2
    assert read(Prisoner, "arrested 2019 arrested 2019").filters == (Filter("arrested", "2019"),)
    assert len(read(Prisoner, "before 2018 after 2020").filters) == 2


# ---------------------------------------------------------------------------- what is left


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("human rights watch", "human rights watch"),
        ("human rights", "human rights"),
        ("rights", ""),
        ("freedom of movement", "movement"),
        ("kem sokha and theary seng", "kem sokha and theary seng"),
        ("what about sokha in cambodia", "sokha"),
        ("Cambodian students", "students"),
        ("students detained in battambang", "students battambang"),
        ("ទេព វន្នី", "ទេពវន្នី"),  # what is noise alone may be part of a name
        ("តើកម្ពុជាទេ", ""),
    ],
)
def test_what_is_left_is_said_as_it_was_typed_without_what_says_nothing(words: str, left: str) -> None:
    assert shipped().view("en").read(Prisoner, words).words == left
