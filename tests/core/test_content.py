"""Content: words in several languages, what every entry answers, and a pack as one language's readers see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.content import load
from bot.core.calendar import PartialDate
from bot.core.content import (
    Entry,
    Languages,
    Model,
    Name,
    Pack,
    References,
    Source,
    Term,
    Words,
    references,
)
from bot.core.messages import Context
from bot.core.query import Filter
from bot.core.text import Style, Text
from handlers.laws import Law
from handlers.prisoners import Prisoner
from handlers.recommendations import Recommendation
from tests.conversation import TODAY, Reader, shipped
from tests.packs import entry, write

ENGLISH = Languages("en", "en", ("en", "km"))
KHMER = Languages("km", "en", ("en", "km"))
SOURCE = {"title": "A report", "publisher": "A publisher", "url": "https://example.org/"}


class Note(Entry):
    """The smallest kind there can be."""

    noun: ClassVar[str] = "note"
    folder: ClassVar[str] = "notes"

    title: Words
    by: Name | None = None
    near: References = ()

    @property
    def heading(self) -> Text:
        """Its title."""
        return self.title

    def card(self, context: Context) -> Text:
        """Its title again."""
        return self.title


def note(languages: Languages = ENGLISH, **fields: Any) -> Note:
    return Note.model_validate({"id": "a-note", "title": "A *note*", "sources": [SOURCE], **fields}, context=languages)


def objection(**fields: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        note(**fields)
    return str(refused.value)


# ---------------------------------------------------------------------------- words in several languages


def test_words_are_those_of_the_reader_and_their_markup_is_read() -> None:
    title = {"en": "A *note*", "km": "*កំណត់ចំណាំ*"}
    assert str(note(title=title).title) == "A note"
    khmer = note(KHMER, title=title).title
    assert str(khmer) == "កំណត់ចំណាំ"
    assert khmer.has(Style.BOLD)
    assert not khmer.has(Style.FALLBACK)


def test_a_gap_is_filled_from_the_reference_language_and_marked_so() -> None:
    title = note(KHMER, title={"en": "A note"}).title
    assert [(mark.style, mark.target) for mark in title.marks] == [(Style.FALLBACK, "en")]
    assert note(KHMER, title="A note").title == title
    assert not note(title="A note").title.marks


def test_a_translation_that_nobody_read_is_marked_so() -> None:
    assert note(KHMER, title={"en": "A", "km": {"text": "ក", "draft": True}}).title.has(Style.DRAFT)
    assert not note(KHMER, title={"en": "A", "km": {"text": "ក", "draft": False}}).title.marks
    assert not note(KHMER, title={"en": "A", "km": {"text": "ក"}}).title.marks


def test_a_name_holds_no_markup_and_a_missing_one_is_no_gap() -> None:
    by = note(KHMER, by="*Sok* _Vanna_").by
    assert by == Text("*Sok* _Vanna_")
    assert (draft := note(KHMER, by={"en": "A", "km": {"text": "ក", "draft": True}}).by)
    assert draft.has(Style.DRAFT)


def test_a_number_is_words_too() -> None:
    assert str(note(title=2019).title) == "2019"


def test_a_model_can_be_made_from_one_that_was_read() -> None:
    one = note(by="Sok Vanna")
    assert note(**{name: getattr(one, name) for name in Note.model_fields}) == one


@pytest.mark.parametrize(
    ("title", "objected"),
    [
        ({"en": "A", "fr": "B"}, "no such language: fr (the pack has en, km)"),
        ({"km": "ក"}, "the reference language is missing: add en"),
        ("  ", "expected words"),
        ({"en": {"text": "A", "note": "B"}}, "expected words"),
        ({"en": True}, "expected words"),
        ({"en": None}, "expected words"),
        ({"en": {"text": "A", "draft": "perhaps"}}, "draft says neither true nor false"),
        (["A"], "expected words"),
    ],
)
def test_words_that_are_none_are_refused(title: object, objected: str) -> None:
    assert objected in objection(title=title)


def test_words_without_a_language_to_read_them_in_are_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="context=Languages"):
        TypeAdapter(Words).validate_python("A")


# ---------------------------------------------------------------------------- what every entry answers


@pytest.mark.parametrize("name", ["An-Id", "an--id", "-id", "id-", "i.d", "", "a" * 49])
def test_an_id_is_lower_case_letters_digits_and_single_hyphens(name: str) -> None:
    assert "id" in objection(id=name)


def test_an_entry_needs_a_source_and_knows_no_other_fields() -> None:
    assert "sources" in objection(sources=[])
    assert "colour" in objection(colour="red")
    assert "url" in objection(sources=[{**SOURCE, "url": "javascript:alert(1)"}])


def test_a_source_has_an_address_or_says_why_not() -> None:
    with pytest.raises(ValidationError, match="there is no address"):
        Source(title="A", publisher="B")
    assert Source(title="A", publisher="B", withheld="it would name a child").url is None


def test_a_kind_must_say_what_its_entries_are_called_and_show() -> None:
    bare = Entry.model_validate({"id": "a", "sources": [SOURCE]}, context=ENGLISH)
    with pytest.raises(NotImplementedError):
        assert bare.heading
    with pytest.raises(NotImplementedError):
        bare.card(Reader().context)


def test_what_a_kind_does_not_say_is_nothing() -> None:
    context = Reader().context
    one = note()
    assert one.line(context) == one.title
    assert (one.facts(context), one.events(context), one.onward(context)) == ((), (), ())
    assert one.values(TODAY) == {}
    assert one.means() is None
    assert one.names() == ("A note", "a-note")
    assert note(aliases=["ក"]).names() == ("A note", "ក", "a-note")


def test_an_entry_is_found_by_its_words_and_not_by_what_its_sources_are_called() -> None:
    one = note(
        notes=["Some *words*"],
        related=["kem-sokha"],
        as_of="2024-05",
        disputed=[{"point": "A point", "sides": [{"says": "A side", "source": SOURCE}]}],
    )
    words = one.search_text()
    assert "Some words" in words
    assert "A point A side" in words
    assert "kem sokha" in words
    assert "2024-05" in words
    assert "report" not in words
    assert "a-note" not in words


def test_words_of_another_language_are_not_found_twice() -> None:
    assert "A note" in note(title="A note").search_text()
    assert "A note" not in note(KHMER, title="A note").search_text()


def test_a_difference_is_a_field_that_changed() -> None:
    older, newer = note(), note(title="Another note", as_of="2024")
    assert newer.differences(older) == ("as_of", "title")
    assert older.differences(older) == ()


def test_every_reference_is_found_and_says_what_it_names() -> None:
    found = references(note(related=["one", "two"], near="three", themes=["torture"]))
    assert {str(name): name.names for name in found} == {
        "one": "entry",
        "two": "entry",
        "three": "entry",
        "torture": "theme",
    }


def test_a_new_kind_is_one_class(tmp_path: Path) -> None:
    files = {"notes/one.yaml": entry(title="One", related="[two]"), "notes/two.yaml": entry(title="Two")}
    content = load(write(tmp_path, files), (Note,), TODAY)[0].view("en")
    one, two = content.of(Note)
    assert content.linked(one, Note) == (two,)
    assert content.linked(two, Note) == (one,)
    assert [hit.id for hit in content.search("two") if hit.named] == ["two"]


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


def test_models_are_frozen_and_strict() -> None:
    with pytest.raises(ValidationError):
        note().title = Text("Another")
    with pytest.raises(ValidationError):
        Model.model_validate({"a": 1})


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
    assert content.of(Note) == ()


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
