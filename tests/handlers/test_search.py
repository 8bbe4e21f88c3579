"""Search: one question over all kinds; a name gives its card, words that describe a list give the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.text import Style
from tests.conversation import Reader
from tests.packs import entry, pack, person

FILES = {
    "prisoners/sok-vanna.yaml": person("Sok Vanna", role="A reporter in Battambang", category="journalist"),
    "prisoners/chan-dara.yaml": person("Chan Dara", role="A unionist in Battambang", custody="free", category="union"),
    "laws/press.yaml": entry(
        title="Press Law", kind="law", status="draft", as_of="'2026'", summary="It was read in Battambang."
    ),
    "events/march.yaml": entry(title="A march", date="'2018'", text="People marched."),
}


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(pack=pack(tmp_path, FILES))


def test_a_name_gives_its_card_without_a_command(reader: Reader) -> None:
    for words in ("Sok Vanna", "sok vanna", "vanna", "press law", "/search press", "search vanna"):
        assert "Last confirmed" in reader.asks(words).text
    assert reader.asks("a march").text.startswith("A march\n2018. People marched.")


def test_a_misspelt_name_gives_the_nearest_and_says_so(reader: Reader) -> None:
    reader.asks("sok vana").says("Nearest to “sok vana”:", "Sok Vanna", "Detained.")


def test_a_name_in_a_question_gives_its_card_and_says_so(reader: Reader) -> None:
    reader.asks("where is sok vanna today?").says(
        "I read “where is sok vanna today?” as a question about Sok Vanna:", "Sok Vanna", "Detained."
    )
    both = reader.asks("sok vanna and chan dara")
    assert both.hides("Nothing here fits").shown == ["sok-vanna", "chan-dara"]


def test_words_are_looked_for_in_every_kind_and_grouped(reader: Reader) -> None:
    answer = reader.asks("battambang").says("“battambang”")
    assert set(answer.marked(Style.BOLD)) == {"“battambang”", "Prisoners 2", "Laws 1"}
    assert sorted(answer.shown) == ["chan-dara", "press", "sok-vanna"]
    assert [item.partition(".")[0] for item in answer.items] == ["1", "2", "3"]


def test_words_that_describe_a_list_give_the_list(reader: Reader) -> None:
    reader.asks("detained journalists").says("detained · journalist — 1 of 2", "Sok Vanna")
    answer = reader.asks("/search detained journalists").says("Lists:", "Prisoners: detained · journalist (1)")
    assert answer.commands[-1] == "prisoners detained journalists"
    reader.presses("Prisoners").says("detained · journalist — 1 of 2", "Sok Vanna")


def test_a_list_that_fits_nobody_is_not_offered(reader: Reader) -> None:
    reader.asks("exiled journalists").hides("Lists:")


def test_a_word_that_fits_nothing_is_left_out_and_said_to_be(reader: Reader) -> None:
    answer = reader.asks("battambang xyzzy").says(
        "“battambang xyzzy”", "Nothing here fits all of it.", "without “xyzzy”:"
    )
    assert "sok-vanna" in answer.shown


def test_a_name_among_other_words_is_still_found(reader: Reader) -> None:
    answer = reader.asks("marched vanna").says("without “marched”", "Sok Vanna")
    assert answer.shown == ["sok-vanna"]


def test_what_fits_nothing_says_so_and_how_to_ask(reader: Reader) -> None:
    answer = reader.asks("xyzzy").says("Nothing here fits “xyzzy”.", reader.phrase("search.how"))
    assert answer.commands == []


def test_a_word_too_misspelt_to_be_found_is_only_suggested(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {"prisoners/sovann.yaml": person("Sovann Chea")}))
    answer = reader.asks("sovann cheaa xyzzyx").says("Sovann Chea")
    assert "xyzzyx" in answer.text


def test_no_words_get_the_way_to_ask(reader: Reader) -> None:
    assert reader.asks("/search").text == reader.phrase("search.how")
    assert reader.asks("").text == reader.phrase("search.how")


def test_a_word_that_turns_pages_is_no_question_where_no_list_is_remembered(reader: Reader) -> None:
    for words in ("next", "Previous", "more", "2", "១២"):
        reader.asks(words).says(f"I remember no list here that “{words}” could be about", "/prisoners")


def test_only_the_best_of_each_kind_are_shown_with_how_many_there_are(tmp_path: Path) -> None:
    kinds = {
        "prisoners": lambda n: person(f"Person {n}", role="A gardener"),
        "events": lambda n: entry(title=f"Event {n}", date="'2018'", text="A gardener spoke."),
        "background": lambda n: entry(title=f"Note {n}", text="A gardener wrote."),
        "claims": lambda n: entry(claim=f"Claim {n} of a gardener.", who="A. B.", date="'2018'"),
    }
    files = {f"{folder}/{folder}-{n}.yaml": file(n) for folder, file in kinds.items() for n in range(4)}
    reader = Reader(pack=pack(tmp_path, files))
    answer = reader.asks("gardener")
    assert len(answer.shown) == 8
    assert answer.items[8:] == ["9. All 4: Prisoners", "10. All 4: Claims"]
    assert len(reader.presses("All 4: Prisoners").says("“gardener” — 4 of 4").shown) == 4
    assert [head for head in answer.marked(Style.BOLD) if head.endswith(" 4")]
    assert len({name.partition("-")[0] for name in answer.shown}) == 3


# ---------------------------------------------------------------------------- the shipped pack


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("kem sokha", "Kem Sokha"),
        ("កឹម សុខា", "Kem Sokha"),
        ("theary seng", "Theary Seng"),
        ("lese majeste", "Royal insult law"),
        ("lango", None),
        ("upr 2019", None),
        ("Kong Raya", "Kong Raiya"),
    ],
)
def test_what_people_ask_for_is_found(words: str, name: str | None) -> None:
    answer = Reader().asks(words).hides("Nothing here fits")
    assert name is None or answer.text.startswith((name, "Nearest to")) or name in answer.text


def test_a_question_in_plain_words_finds_what_it_is_about() -> None:
    reader = Reader()
    reader.asks("/search detained journalists").says("Lists:", "Prisoners: detained · journalist")
    reader.asks("what did portugal recommend about the press").hides("Nothing here fits")
    reader.asks("who is in prison").says("detained — ", "documented cases here")


def test_the_same_is_found_in_both_languages() -> None:
    assert Reader("km").asks("kem sokha").commands == Reader("en").asks("កឹម សុខា").commands


def test_a_name_within_a_question_gives_its_card_and_says_how_it_was_read(reader: Reader) -> None:
    reader.asks("was sok vanna beaten").says(
        "I read “was sok vanna beaten” as a question about Sok Vanna:", "Sok Vanna", "Detained."
    )


def test_a_list_goes_before_texts_that_hold_only_some_of_the_words(reader: Reader) -> None:
    answer = reader.asks("detained opposition journalists")
    assert "without" not in answer.text
    listed = reader.asks("/search jailed reporter").hides("without")
    assert listed.commands == ["prisoners jailed reporter"]


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("which recommendations did cambodia reject in 2014", "noted · cycle 2 — "),
        ("how many recommendations were accepted in 2019", "supported · cycle 3 — "),
        ("who is in prison", "detained — "),
        ("how many journalists are detained", "journalist · detained — "),
        ("is anyone in jail for facebook posts", "detained · online speech — "),
        ("who was arrested in november 2024", "arrested November 2024 — "),
        ("laws passed in 2018", "2018 — "),
        ("cases under lese majeste", "charged under Royal insult law (lese-majeste) — "),
        ("hello, who is in prison?", "detained — "),
        ("តើអ្នកណានៅជាប់គុក", "detained — "),
        ("តើកម្ពុជាបានបដិសេធអនុសាសន៍អ្វីខ្លះក្នុងឆ្នាំ២០១៤", "noted · cycle 2 — "),
    ],
)
def test_a_question_that_describes_a_list_whole_is_answered_with_it(question: str, reading: str) -> None:
    reader = Reader()
    answer = reader.asks(question)
    assert answer.text.startswith(reading)
    assert reader.asks(question + " page 1").text == answer.text


def test_a_noun_alone_is_its_list_and_a_name_is_no_list() -> None:
    reader = Reader()
    assert reader.asks("show me all the laws").text == reader.asks("/laws").text
    reader.asks("what is the ngo law").says("as a question about NGO law (LANGO)", "In force.")
    reader.asks("what is lango").says("as a question about NGO law (LANGO)", "In force.")
    reader.asks("is kem sokha free?").says("as a question about Kem Sokha", "Status not certain.")


def test_a_name_in_no_text_is_not_taken_for_the_beginning_of_another_word() -> None:
    answer = Reader().asks("hun manet").says("Nothing here fits all of it.", "without “manet”").hides("Hungary")
    assert "hun-kosal" in answer.shown


def test_everybody_who_is_named_is_offered() -> None:
    assert Reader().asks("kem sokha and theary seng").shown == ["kem-sokha", "theary-seng"]
    assert Reader().asks("/prisoners kem sokha and theary seng").shown == ["kem-sokha", "theary-seng"]


def test_a_party_is_looked_for_in_the_texts_and_is_not_the_whole_opposition() -> None:
    reader = Reader()
    reader.asks("/prisoners cnrp").says("“cnrp” — ").hides("opposition —")
