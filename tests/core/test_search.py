"""What a search must find, and what it must not, in both scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.search import Document, Index

DOCUMENTS = (
    Document("kem-sokha", ("Kem Sokha", "កឹម សុខា"), "Opposition leader, convicted of treason. បក្សសង្គ្រោះជាតិ"),
    Document("ny-sokha", ("Ny Sokha",), "ADHOC staff; the trial of Kem Sokha was watched."),
    Document("sam-sokha", ("Sam Sokha",), "Threw a shoe at a billboard."),
    Document("sam-rainsy", ("Sam Rainsy", "សម រង្ស៊ី"), "Opposition leader in exile."),
    Document("mech-dara", ("Mech Dara",), "Journalist, charged with incitement."),
    Document("koet-sara", ("Koet Sara",), "Student."),
    Document("rong-chhun", ("Rong Chhun",), "Trade unionist."),
    Document("tep-vanny", ("Tep Vanny",), "Land activist. សិទ្ធិដីធ្លី និង លំនៅឋាន"),
    Document("theary-seng", ("Theary Seng", "Seng Chan Theary"), "Lawyer."),
    Document("phuon-keoraksmey", ("Phuon Keoraksmey",), "Mother Nature; plotting."),
    Document("kak-sovann-chhay", ("Kak Sovann Chhay",), "A minor."),
    Document("kem-sokha-case", ("The case of Kem Sokha and others",), "A summary."),
    Document("lese-majeste-2018", ("Royal insult law",), "The lèse-majesté clause, article 437; covid-19."),
    Document("ngo-law", ("NGO law", "ច្បាប់ស្តីពីសមាគម"), "ច្បាប់ដូចគ្នា។ សិទ្ធិមនុស្ស"),
    Document("khm-82.7", ("Recommendation 82.7",), "Open the people's access to lesemajestic archives."),
)
INDEX = Index(DOCUMENTS)

KHMER = "".join(map(chr, range(0x1780, 0x17DE)))
HOSTILE = st.text(
    st.characters() | st.sampled_from(KHMER + "\u200b\u200d\u17d2 -'’") | st.just("\ud800") | st.just("\0")
)
NAMES = st.from_regex(r"[a-zក-រ]{1,8}( [a-zក-ឃា-ុ]{1,8}){0,2}", fullmatch=True)


def found(query: str) -> list[str]:
    return [hit.id for hit in INDEX.search(query)]


# ---------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("kem sokha", "kem-sokha"),
        ("Sokha KEM", "kem-sokha"),
        ("kemsokha", "kem-sokha"),
        ("kem-sokha", "kem-sokha"),
        ("Kem Sokha’s", "kem-sokha"),
        ("who is kem sokha", "kem-sokha"),
        ("kem so kha", "kem-sokha"),
        ("ny sokha", "ny-sokha"),
        ("seng theary", "theary-seng"),
        ("sovannchhay", "kak-sovann-chhay"),
        ("keorak", "phuon-keoraksmey"),
        ("ron chhun", "rong-chhun"),
        ("dara", "mech-dara"),
        ("កឹម សុខា", "kem-sokha"),
        ("កឹមសុខា", "kem-sokha"),
        ("សុខា កឹម", "kem-sokha"),
        ("ក\u200bឹម\u200bសុខា", "kem-sokha"),
        ("រង្សុី", "sam-rainsy"),
        ("សុខា treason", "kem-sokha"),
    ],
)
def test_a_name_is_found_as_it_is_written(query: str, first: str) -> None:
    hit = INDEX.search(query)[0]
    assert (hit.id, hit.fuzzy) == (first, False)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("kem soka", "kem-sokha"),
        ("kem sokhaa", "kem-sokha"),
        ("kim sokha", "kem-sokha"),
        ("kemsoka", "kem-sokha"),
        ("meach dara", "mech-dara"),
        ("rong chun", "rong-chhun"),
        ("tep vany", "tep-vanny"),
        ("teary seng", "theary-seng"),
        ("phuon keoreaksmey", "phuon-keoraksmey"),
        ("keoraskmei", "phuon-keoraksmey"),
        ("tainsy", "sam-rainsy"),
        ("incitemnet", "mech-dara"),
        ("កឹមសុផា", "kem-sokha"),
        ("គឹមសុខា", "kem-sokha"),
    ],
)
def test_a_misspelt_name_is_found_and_said_to_be_misspelt(query: str, first: str) -> None:
    hit = INDEX.search(query)[0]
    assert (hit.id, hit.fuzzy) == (first, True)


def test_a_whole_name_is_first_then_longer_names_then_texts() -> None:
    assert found("kem sokha") == ["kem-sokha", "kem-sokha-case", "ny-sokha"]
    assert [hit.named for hit in INDEX.search("kem sokha")] == [True, True, False]


def test_a_name_shared_by_several_finds_them_all() -> None:
    assert found("sokha") == ["kem-sokha", "ny-sokha", "sam-sokha", "kem-sokha-case"]


@pytest.mark.parametrize("query", ["ny", "dara", "kem treason", "82.7", "rainsy exile", "437"])
def test_a_word_that_is_known_finds_no_misspelling_of_it(query: str) -> None:
    assert len(found(query)) == 1


@pytest.mark.parametrize(
    "query",
    [
        "dora sara",  # every word must match
        "kem xyzzy",
        "sxm",  # too short to be misspelt
        "vara",  # a first letter is not misspelt in a word of four
        "438",  # nor is a number ever
        "82.8",
        "so",  # too short to be unfinished
        "43",
        "sokhalaya",
        "wxyzwxyz",
    ],
)
def test_what_is_not_there_is_not_found(query: str) -> None:
    assert found(query) == []


@pytest.mark.parametrize(
    "query", ["lese majeste", "lese-majeste", "lesemajeste", "LÈSE MAJESTÉ", "covid19", "covid 19"]
)
def test_a_hyphen_may_be_a_space_or_nothing(query: str) -> None:
    assert found(query)[0] == "lese-majeste-2018"


def test_words_everybody_uses_count_only_if_there_are_no_others() -> None:
    assert found("what about the trade") == found("trade") == ["rong-chhun"]
    assert "ny-sokha" in found("the")


def test_a_search_within_some_documents_finds_no_others() -> None:
    assert [hit.id for hit in INDEX.search("sokha", within={"ny-sokha"})] == ["ny-sokha"]
    assert [hit.id for hit in INDEX.search("sokha", limit=2)] == ["kem-sokha", "ny-sokha"]


# ---------------------------------------------------------------------------- Khmer


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        ("ដី", ["tep-vanny"]),  # not the syllable that only begins like it
        ("ដូ", ["ngo-law"]),
        ("ក", []),
        ("ច្បាប់", ["ngo-law"]),
        ("ច្បាប់ស្ដី", ["ngo-law"]),
        ("សិទ្ធិ", ["tep-vanny", "ngo-law"]),
        ("សិទ្ធិ មនុស្ស", ["ngo-law"]),
        ("និងលំនៅ", ["tep-vanny"]),  # across a space
        ("គ្នាសិទ្ធិ", []),  # not across a full stop
        ("សិទ្ធិលំនៅ", ["tep-vanny"]),  # two words typed as one
        ("សិទ្ធិហហ", []),
        ("ហហហហហ", []),
        ("កឹខ្ញុំសុផា", []),  # two syllables wrong
    ],
)
def test_khmer_is_found_by_whole_syllables(query: str, documents: list[str]) -> None:
    assert found(query) == documents


def test_words_typed_as_one_are_found_in_the_fewest_pieces() -> None:
    index = Index([Document("two", (), "កខគ ។ ឃងច"), Document("three", (), "កខ ។ គឃ ។ ងច")])
    assert [hit.id for hit in index.search("កខគឃងច")] == ["two"]


# ---------------------------------------------------------------------------- suggestions


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("rong chun", "rong chhun"),
        ("កឹមសុផា", "កឹមសុខា"),
        ("rong chhun", None),
        ("kemsokha", None),
        ("rong xyzzy", None),
        ("", None),
    ],
)
def test_unknown_words_are_replaced_by_the_nearest_of_a_name(query: str, suggestion: str | None) -> None:
    assert INDEX.nearest(query) == suggestion


# ---------------------------------------------------------------------------- whatever is typed


@given(HOSTILE)
def test_nothing_that_is_typed_is_an_error(query: str) -> None:
    INDEX.search(query)
    INDEX.nearest(query)


@pytest.mark.parametrize("query", ["a" * 100_000, "ក" * 100_000, "ក្" * 50_000, "kem " * 50_000, ""])
def test_a_hostile_query_is_cut_short(query: str) -> None:
    assert INDEX.search(query) == INDEX.search(query[:200])


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True))
def test_every_document_is_found_by_its_own_name(names: list[str]) -> None:
    index = Index(Document(str(number), (name,), "") for number, name in enumerate(names))
    for number, name in enumerate(names):
        assert str(number) in [hit.id for hit in index.search(name) if not hit.fuzzy]
