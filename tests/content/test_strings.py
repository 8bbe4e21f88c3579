"""Strings: a language's file of words, as phrases, command names and filter words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content import document, strings
from bot.content.strings import FilterWords, Strings, foreign, placeholders
from bot.core.text import Mark, Style, Text, parse


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "en.yaml"


def read(file: Path, text: str) -> tuple[Strings, list[str]]:
    """The strings of such a file and what is wrong with it."""
    file.write_text(text, "utf-8")
    written = document.read(file, "strings/en.yaml")
    words = strings.read("en", written)
    return words, [str(problem) for problem in sorted(written.problems)]


def plain(words: Strings) -> dict[str, str | dict[str, str]]:
    return {
        name: str(phrase) if isinstance(phrase, Text) else {form: str(text) for form, text in phrase.items()}
        for name, phrase in words.phrases.items()
    }


def test_phrases_are_named_by_the_way_to_them(file: Path) -> None:
    words, wrong = read(file, "phrases:\n  a:\n    b:\n      c: Deep\n  d: Flat\n  2019: Year\n")
    assert (plain(words), wrong) == ({"a.b.c": "Deep", "d": "Flat", "2019": "Year"}, [])
    assert words.places["a.b.c"] == ("phrases", "a", "b", "c")


def test_a_phrase_with_plural_forms_is_one_phrase(file: Path) -> None:
    words, _ = read(file, 'phrases:\n  found: {one: "{n} case", other: "{n} cases"}\n')
    assert plain(words) == {"found": {"one": "{n} case", "other": "{n} cases"}}


def test_phrases_carry_marks_and_lose_the_line_end_of_a_block(file: Path) -> None:
    words, _ = read(file, "phrases:\n  hint: |\n    Ask */about* it.\n  year: 2019\n")
    assert words.phrases == {"hint": parse("Ask */about* it."), "year": Text("2019")}


@pytest.mark.parametrize(("written", "draft"), [("true", True), ("false", False), ("", False)])
def test_every_phrase_of_a_draft_is_marked_so(file: Path, written: str, draft: bool) -> None:
    words, wrong = read(file, f"draft: {written}\nphrases: {{a: A, n: {{one: B, other: C}}}}\n")
    marked = [
        form
        for phrase in words.phrases.values()
        for form in ([phrase] if isinstance(phrase, Text) else phrase.values())
    ]
    assert [form.has(Style.DRAFT) for form in marked] == [draft] * 3
    assert wrong == []


def test_commands_have_a_summary_and_other_names(file: Path) -> None:
    words, _ = read(
        file,
        "commands:\n  laws: Texts\n  help: {summary: Aid, words: [aid, 911]}\n  act: {summary: Do, words: do}\n",
    )
    assert plain(words) == {"command.laws": "Texts", "command.help": "Aid", "command.act": "Do"}
    assert words.commands == {"laws": (), "help": ("aid", "911"), "act": ("do",)}


def test_filters_have_lead_words_and_names_for_their_values(file: Path) -> None:
    words, _ = read(
        file,
        "filters:\n"
        "  custody:\n"
        "    lead: [held, status]\n"
        "    values: {detained: in prison, free: {name: free, words: [released, out]}}\n"
        "  year: {lead: in}\n",
    )
    assert words.filters == {
        "custody": FilterWords(("held", "status"), {"detained": ("in prison",), "free": ("released", "out", "free")}),
        "year": FilterWords(("in",), {}),
    }
    assert plain(words) == {"custody.detained": "in prison", "custody.free": "free"}


def test_little_words_are_noise_or_turn_the_page_or_turn_the_meaning(file: Path) -> None:
    words, _ = read(file, "name: English\nwords: {noise: [from, who were], page: page, negation: [not, 'no']}\n")
    assert (words.name, words.noise, words.page) == ("English", ("from", "who were"), ("page",))
    assert words.negation == ("not", "no")


def test_an_empty_file_of_strings_has_no_words_and_is_called_by_its_code(file: Path) -> None:
    words, _ = read(file, "phrases:\ncommands:\nfilters:\nwords:\nname:\n")
    assert words == Strings("en", "en")


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("- a\n", ["1:1: this is no mapping: write name: words lines"]),
        ("phrases: hello\n", ["1:1: phrases is no mapping: write name: words lines"]),
        ("phrases: [a]\n", ["1:1: phrases is no mapping: write name: words lines"]),
        ("commands: [help]\n", ["1:1: commands is no mapping: write name: words lines"]),
        ("words: [from]\n", ["1:1: words is no mapping: write name: words lines"]),
        ("filters:\n  custody: [a]\n", ["2:3: custody is no mapping: write name: words lines"]),
        ("filters:\n  custody:\n    values: [a]\n", ["3:5: values is no mapping: write name: words lines"]),
        ("phrses:\n  a: A\n", ["1:1: there is no field phrses here: did you mean phrases?"]),
        ("colours: red\n", ["1:1: there is no field colours here: remove it"]),
        ("draft: no\n", ["1:1: draft cannot be 'no': write true or false"]),
        ("phrases:\n  a:\n  b: B\n", ["2:3: a has no words: write them, in quotes"]),
        ("phrases:\n  a: {b: ' '}\n", ["2:7: b has no words: write them, in quotes"]),
        ("phrases:\n  a: true\n", ["2:3: a has no words: write them, in quotes"]),
        ("phrases:\n  a: [A]\n", ["2:3: a has no words: write them, in quotes"]),
        ("phrases:\n  a: {one: A, other: }\n", ["2:3: a has no words: write them, in quotes"]),
        ("commands:\n  help:\n", ["2:3: summary has no words: write them, in quotes"]),
        ("commands:\n  help: {words: [aid]}\n", ["2:3: summary has no words: write them, in quotes"]),
        (
            "commands:\n  help:\n    summary: {one: Help}\n",
            ["3:5: summary has no form for every number: add other, the form for all the rest"],
        ),
        (
            "commands:\n  help:\n    summary: {other: Help, lots: Help}\n",
            ["3:5: summary has no form for every number: add other, the form for all the rest"],
        ),
        ("filters:\n  custody:\n    values:\n      free: []\n", ["4:7: name has no words: write them, in quotes"]),
        (
            "phrases: 5\ncommands: 5\nfilters: 5\n",
            [
                "1:1: phrases is no mapping: write name: words lines",
                "2:1: commands is no mapping: write name: words lines",
                "3:1: filters is no mapping: write name: words lines",
            ],
        ),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(file: Path, text: str, complaints: list[str]) -> None:
    assert read(file, text)[1] == [f"strings/en.yaml:{complaint}" for complaint in complaints]


def test_a_packs_own_words_go_before_the_shipped_ones(file: Path) -> None:
    shipped, _ = read(
        file,
        "name: English\nphrases: {a: A, b: B}\ncommands: {help: {summary: H, words: [aid]}}\n"
        "filters: {year: {lead: [in]}}\nwords: {noise: [from], page: [page], negation: [not]}\n",
    )
    own, _ = read(file, "phrases: {b: Ours}\nwords: {page: [leaf]}\n")
    both = shipped.under(own)
    assert plain(both) == {"a": "A", "b": "Ours", "command.help": "H"}
    assert (both.name, both.noise, both.page, both.negation) == ("English", ("from",), ("leaf",), ("not",))
    assert (both.commands, both.filters) == ({"help": ("aid",)}, {"year": FilterWords(("in",), {})})
    named, _ = read(file, "name: Anglais\nwords: {noise: [de]}\n")
    assert (shipped.under(named).name, shipped.under(named).noise, shipped.under(named).page) == (
        "Anglais",
        ("de",),
        ("page",),
    )


def test_placeholders_are_those_of_every_form_and_of_addresses() -> None:
    assert placeholders(parse("{a} [b](https://example.org/{c})")) == {"a", "c"}
    assert placeholders({"one": Text("{n} of {m}"), "other": Text("all of {m}")}) == {"n", "m"}
    assert placeholders(Text("{ } {A} none")) == frozenset()


def test_a_phrase_from_another_language_says_so() -> None:
    assert foreign(Text("One"), "en") == Text("One", (Mark(0, 3, Style.FALLBACK, "en"),))
    assert foreign({"other": Text("One")}, "en") == {"other": Text("One", (Mark(0, 3, Style.FALLBACK, "en"),))}
