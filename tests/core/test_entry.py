"""Entry: words in several languages, and what an entry of any kind answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.content import load
from bot.core.calendar import PartialDate
from bot.core.entry import Entry, Languages, Model, Name, Reference, References, Source, Words, inside
from bot.core.messages import Context
from bot.core.text import Line, Style, Text
from tests.conversation import TODAY, Reader
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
    near: References[Reference] = ()

    @property
    def heading(self) -> Text:
        """Its title."""
        return self.title

    def card(self, context: Context) -> list[Line]:
        """Its title again."""
        return [self.title]


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
    assert note().dates() == ()


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


def test_a_kind_makes_no_news_unless_it_has_a_topic() -> None:
    assert note().news(TODAY) is None
    assert note().standing() == {}


def test_everything_of_a_type_is_found_with_its_place() -> None:
    one = note(related=["one", "two"], near="three", themes=["torture"], notes=["A *note*"], as_of="2024-05")
    assert {place: (str(name), name.names) for place, name in inside(one, Reference)} == {
        ("related", 0): ("one", "entry"),
        ("related", 1): ("two", "entry"),
        ("near", 0): ("three", "entry"),
        ("themes", 0): ("torture", "theme"),
    }
    assert (("notes", 0), "A note") in {(place, text.plain) for place, text in inside(one, Text)}
    assert (("as_of",), "2024-05") in {(place, str(date)) for place, date in inside(one, PartialDate)}


def test_a_new_kind_is_one_class(tmp_path: Path) -> None:
    files = {"notes/one.yaml": entry(title="One", related="[two]"), "notes/two.yaml": entry(title="Two")}
    content = load(write(tmp_path, files), (Note,), TODAY)[0].view("en")
    one, two = content.of(Note)
    assert content.linked(one, Note) == (two,)
    assert content.linked(two, Note) == (one,)
    assert [hit.id for hit in content.search("two") if hit.named] == ["two"]


def test_models_are_frozen_and_strict() -> None:
    with pytest.raises(ValidationError):
        note().title = Text("Another")
    with pytest.raises(ValidationError):
        Model.model_validate({"a": 1})
