"""Content: a pack as one language's readers see it."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import ValidationError

from bot.core.calendar import PartialDate
from bot.core.content import Pack, Term
from bot.core.entry import Entry, Languages
from bot.core.query import Filter
from bot.core.text import Text
from handlers.laws import Law
from handlers.prisoners import Prisoner
from handlers.recommendations import Recommendation
from tests.conversation import TODAY, Reader, shipped

ENGLISH = Languages("en", "en", ("en", "km"))
KHMER = Languages("km", "en", ("en", "km"))


class Stranger(Entry):
    """A kind that no pack has entries of."""

    noun: ClassVar[str] = "stranger"


# ---------------------------------------------------------------------------- the pack


def test_a_pack_speaks_its_default_and_its_reference_language() -> None:
    least = {"title": "A", "languages": ["en"], "default_language": "en", "time_zone": "Asia/Phnom_Penh"}
    assert str(Pack.model_validate(least, context=ENGLISH).title) == "A"
    for field in ("default_language", "reference_language"):
        with pytest.raises(ValidationError, match="km is not among the languages: add it"):
            Pack.model_validate({**least, field: "km"}, context=ENGLISH)


def test_a_term_has_a_name_in_each_language() -> None:
    term = Term.model_validate({"id": "viet-nam", "name": {"en": "Viet Nam", "km": "វៀតណាម"}}, context=KHMER)
    assert str(term.name) == "វៀតណាម"


# ---------------------------------------------------------------------------- a language's view


def test_a_sentence_takes_its_values_as_the_language_writes_them() -> None:
    content = shipped().view("en")
    assert str(content.say("card.confirmed.recent", date=PartialDate.parse("2024-08"))) == "Last confirmed August 2024."
    assert str(content.say("bad.long", n=1_000)).count("1,000") == 1
    assert str(content.say("list.words", words=Text("a"))) == "“a”"
    with pytest.raises(KeyError):
        content.say("no.such.phrase")


def test_the_number_decides_the_plural_form() -> None:
    content = shipped().view("en")
    one, many = (str(content.say("law.used", n=n)) for n in (1, 2))
    assert one.endswith("1 documented case here")
    assert many.endswith("2 documented cases here")
    assert "other" not in str(content.say("law.used", n="?"))


def test_a_language_without_the_form_uses_the_general_one() -> None:
    content = shipped().view("km")
    assert str(content.say("law.used", n=1)).count("១") + str(content.say("law.used", n=1)).count("1") == 1


@pytest.mark.parametrize(
    ("facet", "value", "label"),
    [
        ("custody", "house-arrest", "house arrest"),
        ("theme", "torture-detention", str(shipped().view("en").terms["themes"]["torture-detention"].name)),
        ("law", "lese-majeste-2018", "Royal insult law (lese-majeste)"),
        ("arrested", "2024", "2024"),
        ("colour", "dark-red", "dark red"),
        ("law", "used", "used"),
    ],
)
def test_a_value_is_called_by_a_phrase_a_term_an_entry_or_itself(facet: str, value: str, label: str) -> None:
    assert shipped().view("en").label(facet, value) == label


def test_entries_are_given_by_kind_and_all_together() -> None:
    content = shipped().view("en")
    assert {type(each) for each in content.of(Prisoner)} == {Prisoner}
    assert set(content.of(Entry)) >= set(content.of(Law))
    assert len(content.of(Entry)) == len(content.entries)
    assert content.of(Stranger) == ()


def test_links_count_on_both_sides() -> None:
    content = shipped().view("en")
    for case in content.of(Prisoner):
        for law in content.linked(case, Law):
            assert case in content.linked(law, Prisoner)


def test_a_selection_fits_any_value_of_a_facet_and_all_facets() -> None:
    content = shipped().view("en")
    supported, noted = Filter("response", "supported"), Filter("response", "noted")
    second = Filter("cycle", "2")
    one, other, both = (
        content.select(Recommendation, some, TODAY) for some in ([supported], [noted], [supported, noted])
    )
    assert len(one) + len(other) == len(both)
    assert {each.cycle for each in content.select(Recommendation, [supported, second], TODAY)} == {2}
    assert content.select(Recommendation, [], TODAY) == list(content.of(Recommendation))
    assert content.select(Recommendation, [Filter("colour", "red")], TODAY) == []


def test_a_selection_leaves_out_what_is_not_wanted() -> None:
    content = shipped().view("en")
    noted, without = Filter("response", "noted"), Filter("response", "noted", without=True)
    every = content.of(Recommendation)
    some, others = (content.select(Recommendation, [each], TODAY) for each in (noted, without))
    assert [each for each in every if each not in some] == others
    assert content.select(Recommendation, [noted, without], TODAY) == []


def test_an_entry_is_called_by_any_of_its_names_and_mentioned_among_other_words() -> None:
    content, khmer = shipped().view("en"), shipped().view("km")
    kem_sokha = content.entries["kem-sokha"]
    assert all(content.called(name) == [kem_sokha] for name in ("Kem Sokha", "kem-sokha", "KÉM SOKHA"))
    assert all([each.id for each in khmer.called(name)] == ["kem-sokha"] for name in ("កឹម សុខា", "កឹមសុខា"))
    assert content.called("sokha") == []
    assert content.mentioned("where is kem sokha today?") == ("kem-sokha",)
    assert set(content.mentioned("kem sokha or theary seng")) == {"kem-sokha", "theary-seng"}
    assert content.mentioned("sokha") == ()
    assert content.mentioned("nobody that is known here") == ()


def test_events_name_their_entry() -> None:
    context = Reader().context
    events = [event for each in context.content.of(Entry) for event in each.events(context)]
    assert {event.entry for event in events} <= context.content.entries.keys()


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ((), "en"),
        (("km",), "km"),
        (("km-KH",), "km"),
        (("KM_kh",), "km"),
        (("fr", "km"), "km"),
        (("", "fr"), "en"),
        (("en-GB", "km"), "en"),
    ],
)
def test_the_first_wish_that_can_be_granted_is(wishes: tuple[str, ...], code: str) -> None:
    assert shipped().view(*wishes).locale.code == code


def test_every_language_has_every_entry_and_every_phrase() -> None:
    english, khmer = (shipped().view(code) for code in ("en", "km"))
    assert english.entries.keys() == khmer.entries.keys()
    assert english.phrases.keys() <= khmer.phrases.keys()
    assert english.languages == khmer.languages
