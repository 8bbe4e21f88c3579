"""Text: marks stay on their characters, whatever is done with them, and a value never becomes markup."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.text import (
    Limit,
    Loose,
    Mark,
    Style,
    Text,
    as_text,
    clean,
    fitted,
    join,
    lines,
    literal,
    paragraphs,
    parse,
    whole,
)

Letter = tuple[str, frozenset[tuple[Style, str]]]  # a character and what lies on it

# What texts are made of: Latin, Khmer with subscripts and vowels, emoji, accents, breaks, signs that mean something.
SIGNS = "abcdefg .,;\n\u200bកសុខាន្តៈ។é😀👍🏽e\u0301ß*_`[]()/\\{}%"
plains = st.text(SIGNS, max_size=40) | st.text(max_size=20)
units = st.sampled_from(["characters", "utf16", "bytes"])
MARKUP = st.lists(
    st.sampled_from(
        ["*", "_", "`", "[", "](", ")", "\\", "/", "/help", "{n}", "a", " ", "\n", "ក", "https://a.b", "😀", "\0"]
    ),
    max_size=30,
).map("".join)


@st.composite
def texts(draw: st.DrawFn, plain: st.SearchStrategy[str] = plains) -> Text:
    letters = draw(plain)
    places = st.integers(0, len(letters))
    marks = draw(st.lists(st.tuples(places, places, st.sampled_from(Style), st.sampled_from(["", "t"])), max_size=4))
    return Text(letters, tuple(Mark(min(a, b), max(a, b), style, to) for a, b, style, to in marks if a != b))


def letters(text: Text) -> list[Letter]:
    """Every character with the styles on it: what a platform will show."""
    return [
        (sign, frozenset((m.style, m.target) for m in text.marks if m.start <= place < m.end))
        for place, sign in enumerate(text.plain)
    ]


def visible(text: Text) -> list[Letter]:
    return [letter for letter in letters(text) if not letter[0].isspace()]


def sound(text: Text) -> bool:
    return all(0 <= mark.start < mark.end <= len(text.plain) for mark in text.marks)


# ---------------------------------------------------------------------------- putting together and taking apart


@given(st.lists(texts(), max_size=4), st.sampled_from(["", ", "]))
def test_joined_texts_keep_every_mark_on_its_characters(parts: Sequence[Text], separator: str) -> None:
    joined = join(parts, separator)
    filled = [part for part in parts if part]
    apart: list[Letter] = [(sign, frozenset()) for sign in separator]
    assert joined.plain.replace(separator, "") == "".join(part.plain for part in parts).replace(separator, "")
    if len(filled) == len(parts):
        both = [[*letters(part)] for part in parts]
        assert letters(joined) == (reduce(lambda one, two: [*one, *apart, *two], both) if both else [])


@given(texts(), st.integers(-50, 50), st.integers(-50, 50))
def test_a_slice_keeps_the_marks_of_its_characters(text: Text, start: int, end: int) -> None:
    part = text[start:end]
    assert letters(part) == letters(text)[start:end]
    assert sound(part)


@given(texts())
def test_stripping_takes_white_space_and_nothing_else(text: Text) -> None:
    assert text.strip().plain == text.plain.strip()
    assert visible(text.strip()) == visible(text)


@given(texts(), texts() | plains)
def test_adding_is_joining(one: Text, other: Text | str) -> None:
    assert letters(one + other) == letters(one) + letters(as_text(other))


@given(texts(), st.sampled_from(Style))
def test_a_styled_text_carries_the_style_on_every_character(text: Text, style: Style) -> None:
    styled = text.styled(style, "t")
    assert all((style, "t") in marks for _, marks in letters(styled))
    assert styled.has(style) or not text
    assert sound(styled)


def test_an_empty_text_is_false_and_takes_no_mark() -> None:
    assert not Text().styled(Style.BOLD)
    assert Text().styled(Style.BOLD).marks == ()
    assert not Text("a").has(Style.BOLD)


def test_lines_and_paragraphs_leave_out_what_is_not_there() -> None:
    assert str(lines("a", None, "", Text(), Text("b"))) == "a\nb"
    assert str(paragraphs(None, "a", Text("b"))) == "a\n\nb"


@given(texts(), st.integers(2, 60))
def test_a_shortened_text_fits_and_is_the_beginning_of_the_whole(text: Text, size: int) -> None:
    short = text.shortened(size)
    assert len(short.plain) <= max(size, 2)
    if short != text:
        kept = visible(short)
        kept = kept[:-1] if short.plain.endswith("…") else kept
        assert kept == visible(text)[: len(kept)]


def test_a_text_is_shortened_to_whole_sentences_where_one_fits() -> None:
    text = parse("He was *held* under arts. 439 and 443. He denies it. Nothing more is known.")
    assert str(text.shortened(60)) == "He was held under arts. 439 and 443. He denies it."
    assert str(text.shortened(44)) == "He was held under arts. 439 and 443."
    assert str(parse("Held without a trial since *May*").shortened(29)) == "Held without a trial since…"
    assert text.shortened(500) is text


def test_a_text_without_a_sentence_is_shortened_to_a_clause_where_one_fits() -> None:
    text = Text("Opposition leader; president of the party at the time; earlier head of a group")
    assert str(text.shortened(40)) == "Opposition leader…"
    assert str(text.shortened(60)) == "Opposition leader; president of the party at the time…"


def test_loose_lines_share_what_room_the_others_leave() -> None:
    long = "Words and more words. " * 20
    parts = [Text("Fixed."), None, Loose(Text(long)), Loose(Text("Short.")), Loose(Text(long), weight=3)]
    fixed, first, short, second = fitted(parts, 300).plain.split("\n")
    assert (fixed, short) == ("Fixed.", "Short.")
    assert 0 < 2 * len(first) < len(second)
    assert 250 < len(fitted(parts, 300).plain) <= 300
    assert fitted(parts, 5_000) == whole(parts)


def test_the_line_around_loose_words_is_never_cut() -> None:
    line = Loose(Text("a long word. " * 9), lambda words: Text("He says: “") + words + "” (+1 more)")
    assert str(fitted([line], 50)) == "He says: “a long word. a long word.” (+1 more)"


def test_loose_words_of_no_weight_come_whole_or_not_at_all() -> None:
    parts = [Loose(Text("An official title"), weight=0), Loose(Text("Words. " * 10))]
    assert str(fitted(parts, 100)) == str(whole(parts))
    assert str(fitted(parts, 60)) == ("Words. " * 8).strip()
    assert str(fitted([parts[0]], 20)) == "An official title"
    assert str(fitted([parts[0]], 10)) == ""


@given(st.lists(texts() | st.builds(Loose, texts(), weight=st.integers(0, 4))), st.integers(0, 200))
def test_nothing_that_is_not_loose_is_ever_cut(parts: list[Text | Loose], room: int) -> None:
    shown = fitted(parts, room).plain
    assert all(part.plain in shown for part in parts if isinstance(part, Text))
    assert len(shown) <= max(2, len(whole(parts).plain))


def test_a_shortened_text_ends_in_no_stray_punctuation() -> None:
    assert str(Text("Opposition leader, party president").shortened(20)) == "Opposition leader…"


@given(texts())
@example(Text("ßa", (Mark(1, 2, Style.BOLD),)))
@example(Text("éa", (Mark(0, 1, Style.BOLD),)))
def test_a_capital_letter_moves_no_mark(text: Text) -> None:
    assert [marks for _, marks in letters(text.capitalized())] == [marks for _, marks in letters(text)]


def test_a_capital_letter_stands_where_the_script_has_one() -> None:
    assert str(Text("house arrest").capitalized()) == "House arrest"
    assert str(Text("ឃុំខ្លួន").capitalized()) == "ឃុំខ្លួន"


# ---------------------------------------------------------------------------- values


@st.composite
def templates(draw: st.DrawFn) -> list[Text | str]:
    """Parts of a template: texts, and the names of values."""
    written = texts(plains.map(lambda words: words.replace("{", "").replace("}", "")))
    return draw(st.lists(written | st.sampled_from(["who", "what", "n"]), max_size=5))


def written(parts: Sequence[Text | str]) -> list[Text]:
    """The parts as a strings file has them: a value is its name in braces."""
    return [part if isinstance(part, Text) else Text(f"{{{part}}}") for part in parts]


@given(templates(), st.fixed_dictionaries({name: texts() | MARKUP for name in ("who", "what", "n")}), st.data())
def test_a_value_brings_its_marks_and_takes_on_those_around_it(
    parts: list[Text | str], values: dict[str, Text | str], data: st.DataObject
) -> None:
    edges = [len(join(written(parts[:place])).plain) for place in range(len(parts) + 1)]
    start, end = sorted((data.draw(st.sampled_from(edges)), data.draw(st.sampled_from(edges))))
    template = join(written(parts))
    template = Text(template.plain, (Mark(start, end, Style.ITALIC, "around"), *template.marks))
    expected: list[Letter] = []
    for part, edge in zip(parts, edges, strict=False):
        around = frozenset([(Style.ITALIC, "around")] if start <= edge < end else [])
        body = part if isinstance(part, Text) else as_text(values[part])
        expected += [(sign, marks | around) for sign, marks in letters(body)]
    assert letters(template.format(**values)) == expected
    assert template.placeholders() == {part for part in parts if isinstance(part, str)}


@given(MARKUP, MARKUP | plains)
def test_a_value_never_becomes_markup(before: str, value: str) -> None:
    template = parse(f"*bold {before.replace('{', '').replace('}', '')}* {{n}} /help")
    filled = template.format(n=value)
    assert filled.plain == template.plain.replace("{n}", value)
    assert [(m.style, m.target) for m in filled.marks] == [(m.style, m.target) for m in template.marks]
    place = template.plain.index("{n}")
    assert all(marks == frozenset() for _, marks in letters(filled)[place : place + len(value)])


@given(texts(MARKUP), MARKUP)
def test_marks_that_cut_a_placeholder_in_two_stay_inside_the_text(template: Text, value: str) -> None:
    assert sound(template.format(n=value))


def test_a_value_stands_in_a_link_target_too() -> None:
    said = parse("See [the *report* of {year}](https://un.org/{year})").format(year="2019")
    assert str(said) == "See the report of 2019"
    assert (Style.LINK, "https://un.org/2019") in {(mark.style, mark.target) for mark in said.marks}
    assert parse("[a](https://un.org/{year})").placeholders() == {"year"}


def test_a_missing_value_is_an_error_and_a_needless_one_is_not() -> None:
    with pytest.raises(KeyError):
        parse("{n} cases").format()
    assert str(parse("cases").format(n="1")) == "cases"


def test_braces_that_hold_no_name_are_only_braces() -> None:
    assert str(parse("{} {0} {N} {a-b} %s {{n}}").format(n="1")) == "{} {0} {N} {a-b} %s {1}"


# ---------------------------------------------------------------------------- limits


@given(st.text(), units, st.integers(1, 30))
def test_each_unit_measures_as_its_platform_does(text: str, unit: str, size: int) -> None:
    by_hand = {"characters": len(text), "utf16": len(text.encode("utf-16-le")) // 2, "bytes": len(text.encode())}
    limit = Limit(size, unit)
    assert limit.measure(text) == by_hand[unit]
    fitting = limit.fitting(text)
    assert limit.measure(text[:fitting]) <= size or fitting == 1
    assert limit.measure(text[: fitting + 1]) > size or fitting >= len(text)


def test_half_a_character_is_measured_and_not_raised() -> None:
    assert Limit(10, "bytes").measure("\ud800") == 3


@given(texts(), units, st.integers(4, 40))
@example(Text("ក្ក្ក្ក្ក្ក្ក្ក្"), "characters", 4)
def test_split_parts_fit_and_lose_no_visible_character(text: Text, unit: str, size: int) -> None:
    parts = list(text.split(Limit(size, unit)))
    assert all(0 < Limit(size, unit).measure(part.plain) <= size for part in parts)
    assert [letter for part in parts for letter in visible(part)] == visible(text)
    assert all(sound(part) for part in parts)


def test_a_text_is_cut_at_the_widest_break_there_is() -> None:
    text = "One, two; three. Four five\nsix seven\n\neight nine"
    assert [str(part) for part in Text(text).split(Limit(45))] == [
        "One, two; three. Four five\nsix seven",
        "eight nine",
    ]
    assert str(next(Text(text).split(Limit(30)))) == "One, two; three. Four five"
    assert str(next(Text(text).split(Limit(25)))) == "One, two; three."
    assert [str(part) for part in Text("one two three").split(Limit(9))] == ["one two", "three"]


@given(st.lists(st.sampled_from(["ក្រ", "សុ", "ខា", "ម្ពុ", "ជា", "e\u0301", "x"]), max_size=30), units)
def test_no_written_syllable_is_cut_in_two(syllables: list[str], unit: str) -> None:
    text = Text("".join(syllables))
    parts = [part.plain for part in text.split(Limit(24, unit))]
    starts = {"".join(syllables[:place]) for place in range(len(syllables) + 1)}
    assert all("".join(parts[:place]) in starts for place in range(len(parts) + 1))


def test_what_cannot_be_cut_well_is_cut_anyway() -> None:
    signs = "e" + "\u0301" * 20
    assert "".join(map(str, Text(signs).split(Limit(5)))) == signs


# ---------------------------------------------------------------------------- markup


@given(MARKUP | st.text())
def test_reading_markup_never_fails_and_marks_only_what_is_there(markup: str) -> None:
    assert sound(parse(markup))


@given(st.text(st.characters(exclude_characters="*_`[]()/\\")))
def test_words_without_markup_stay_as_they_are(words: str) -> None:
    assert parse(words) == Text(words)


@pytest.mark.parametrize(
    ("markup", "plain", "marks"),
    [
        ("*bold*", "bold", [("bold", Style.BOLD, "")]),
        (
            "_italic_ `/code x`",
            "italic /code x",
            [("italic", Style.ITALIC, ""), ("/code x", Style.CODE, ""), ("/code", Style.COMMAND, "")],
        ),
        ("[a label](https://a.b/c_d)", "a label", [("a label", Style.LINK, "https://a.b/c_d")]),
        ("all: /help.", "all: /help.", [("/help", Style.COMMAND, "")]),
        ("*see /help*", "see /help", [("see /help", Style.BOLD, ""), ("/help", Style.COMMAND, "")]),
        (r"\*not\* \/help \[a\]\(b\)", r"*not* /help [a]\(b\)", []),
        ("snake_case_name 2*3*4 and/or https://a.b/help a@b/c", None, []),
        ("2 * 3 * 4 and _ b _ and *c", None, []),
    ],
)
def test_markup_is_read_as_it_is_meant(markup: str, plain: str | None, marks: list[tuple[str, Style, str]]) -> None:
    text = parse(markup)
    assert str(text) == (markup if plain is None else plain)
    assert [(text.plain[m.start : m.end], m.style, m.target) for m in text.marks] == marks


# ---------------------------------------------------------------------------- somebody else's characters


@given(st.text(st.characters()))
def test_what_is_cleaned_hides_nothing_and_can_be_sent(words: str) -> None:
    cleaned = clean(words)
    assert cleaned.encode("utf-8", "strict").decode() == cleaned
    assert not set(cleaned) & set("\0\r\x7f\u200e\u200f\u202e\u2066\ufeff")
    assert clean(cleaned) == cleaned


def test_cleaning_keeps_lines_and_what_scripts_are_joined_with() -> None:
    assert clean("a\r\nb\tc") == "a\nb\tc"
    assert clean("ក\u200bខ 👩\u200d⚖️") == "ក\u200bខ 👩\u200d⚖️"
    assert clean("\u202egnp.exe\ud800") == "gnp.exe"


@given(st.text(st.sampled_from("ab *_`[]()/\\.") | st.characters(codec="utf-8")))
def test_somebody_elses_words_say_exactly_themselves(words: str) -> None:
    assert parse(literal(words)) == Text(words)


def test_only_what_would_be_markup_is_escaped() -> None:
    assert literal("[...] (a_b) *x*") == r"[...] (a_b) \*x*"
