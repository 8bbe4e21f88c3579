"""Form: a new entry is asked for question by question; a wrong answer is asked for again, and the file is valid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import handlers
from bot.content import load
from bot.content.form import Form
from bot.content.repository import SHIPPED, opened
from bot.core.content import Content
from tests.conversation import TODAY
from tests.packs import entry, person, write

SCHEMA = "# yaml-language-server: $schema=../schema/prisoner.json\n"
TOPICS = {"topics.yaml": "[{id: prisoners, name: Prisoners}, {id: laws, name: Laws}]"}
SOURCE = ("A title", "CamboJA", "2026-10-01", "https://example.org/a")
PERSON = ("A reporter", "journalist", "detained", "charged", "2026-10")


class Asked:
    """Somebody who answers in this order, and what was said to them."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.questions, self.told = list(answers), list[str](), list[str]()

    def ask(self, question: str) -> str:
        self.questions.append(question)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


def filled(folder: Path, noun: str, asked: Asked, *languages: str) -> Path:
    shelf = opened(folder, handlers.kinds, TODAY)
    kind = next(kind for kind in handlers.kinds if kind.noun == noun)
    content: Content = shelf.snapshot.view(*languages)
    path = Form(kind, shelf, content, TODAY, asked.ask, asked.told.append).filled()
    assert asked.answers == []
    return path


def new(folder: Path, noun: str, *answers: str) -> str:
    """The file that these answers make; it is valid."""
    asked = Asked(*answers)
    path = filled(folder, noun, asked)
    assert asked.told == []
    assert path.stem in load(folder, handlers.kinds, TODAY)[0].views["en"].entries
    return path.read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {**TOPICS, "prisoners/old.yaml": SCHEMA + person()}, "en", "km")


def test_a_case_is_written_in_the_order_of_the_others_with_the_line_for_editors(folder: Path) -> None:
    assert new(folder, "prisoner", "Sok Dara", "សុខ ដារ៉ា", *PERSON, *SOURCE, "") == (
        SCHEMA + 'name:\n  en: Sok Dara\n  km: "សុខ ដារ៉ា"\nrole: A reporter\ncategory: journalist\ncustody: detained\n'
        'case: charged\nas_of: "2026-10"\nsources:\n  - title: A title\n    publisher: CamboJA\n'
        '    date: "2026-10-01"\n    url: https://example.org/a\n'
    )
    assert (folder / "prisoners/sok-dara.yaml").exists()


@pytest.mark.parametrize(
    ("noun", "answers"),
    [
        ("law", ("A law", "", "draft", "draft", "2026-10", *SOURCE, "")),
        ("recommendation", ("2", "Portugal; Viet Nam", "Do it.", *SOURCE, "")),
        ("claim", ("There are none.", "A minister", "2026-10", *SOURCE, "")),
        ("figure", ("A count", "", "2026", "LICADHO", "12", "people held", "https://example.org/b", *SOURCE, "")),
        ("action", ("Write", "", "Ask for it.", *SOURCE, "")),
        ("event", ("It happened", "", "2026-10", "Some words.", *SOURCE, "")),
        ("update", ("2026-10", "prisoners; laws", "News", "", "Some words.", *SOURCE, "")),
        ("background", ("How it is", "", "Some words.", *SOURCE, "")),
        ("review", ("4", "2024-05-08", "46", *SOURCE, "a-review")),
    ],
)
def test_every_kind_can_be_written(tmp_path: Path, noun: str, answers: Sequence[str]) -> None:
    folder = write(tmp_path, TOPICS, "en", "km")
    kind = next(kind for kind in handlers.kinds if kind.noun == noun)
    order = [name for name in kind.model_fields if kind.model_fields[name].is_required()]
    assert "sources" in order
    new(folder, noun, *answers)


def test_of_the_shipped_pack_every_kind_asks_for_what_it_needs_alone() -> None:
    shelf = opened(SHIPPED, handlers.kinds, TODAY)
    for kind in handlers.kinds:
        asked = Asked()
        form = Form(kind, shelf, shelf.snapshot.views["en"], TODAY, asked.ask, asked.told.append)
        with pytest.raises(EOFError):
            form.filled()
        assert len(asked.questions) == 1


@pytest.mark.parametrize(
    ("place", "wrong", "said"),
    [
        (0, "", "This is needed."),
        (0, "call 012 345 678", "this looks like a phone number"),
        (3, "journalst", "journalist"),
        (4, "imprisoned", "use one of detained"),
        (6, "last week", "2019-05-30"),
        (6, "2026-02-30", "there is no such day"),
        (6, "2027", "2027 is a day to come"),
        (10, "example.org", "is no address"),
    ],
)
def test_a_wrong_answer_is_said_to_be_one_and_asked_for_again(folder: Path, place: int, wrong: str, said: str) -> None:
    right = ["Sok Dara", "", *PERSON, *SOURCE, ""]
    asked = Asked(*right[:place], wrong, *right[place:])
    filled(folder, "prisoner", asked)
    (told,) = asked.told
    assert said in told
    assert asked.questions[place] == asked.questions[place + 1]


def test_what_a_reference_names_must_be_there(tmp_path: Path) -> None:
    folder = write(tmp_path, TOPICS)
    asked = Asked("2026-10", "prisoner", "prisoners", "News", "Some words.", *SOURCE, "")
    filled(folder, "update", asked)
    assert asked.told == ["there is no topic prisoner: did you mean prisoners?"]


def test_a_source_without_an_address_says_why(folder: Path) -> None:
    written = new(folder, "prisoner", "Sok Dara", "", *PERSON, "A title", "CamboJA", "", "", "It names the family.", "")
    assert written.endswith("publisher: CamboJA\n    withheld: It names the family.\n")


def test_the_id_is_proposed_and_one_that_is_taken_or_odd_is_not_accepted(folder: Path) -> None:
    asked = Asked("Sok Dara", "", *PERSON, *SOURCE, "old", "Sok Dara", "dara")
    assert filled(folder, "prisoner", asked).stem == "dara"
    assert asked.questions[-1] == "id [sok-dara]:"
    assert asked.told[0] == "There is an entry old already: write another id."
    assert len(asked.told) == 2


def test_a_name_without_latin_letters_proposes_no_id(folder: Path) -> None:
    asked = Asked("សុខ ដារ៉ា", "", *PERSON, *SOURCE, "", "sok-dara")
    filled(folder, "prisoner", asked)
    assert asked.questions[-1] == "id:"
    assert (folder / "prisoners/old.yaml").read_text("utf-8") == SCHEMA + person()


def test_where_the_answers_end_nothing_is_written(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    for number in range(len(PERSON) + len(SOURCE)):
        with pytest.raises(EOFError):
            filled(folder, "prisoner", Asked(*("Sok Dara", "", *PERSON, *SOURCE)[:number]))
    assert sorted(folder.rglob("*")) == before


def test_the_questions_are_in_the_language_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path, {"events/a.yaml": entry(title="A", date="2019", text="B")}, "en", "km")
    asked = Asked()
    with pytest.raises(EOFError):
        filled(folder, "update", asked, "km")
    assert asked.questions == ["date (2019, 2019-05 ឬ 2019-05-30):"]
