"""The shipped pack: it has no errors, nothing that was compiled was dropped, and nothing was made up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

import handlers
from bot.content import Problem, load
from bot.content.repository import SHIPPED
from bot.core.calendar import PartialDate
from bot.core.content import Content, Snapshot
from bot.core.messages import Context
from bot.core.text import Style, Text
from handlers.background import Background
from handlers.claims import Claim
from handlers.figures import Count, Figure, Range
from handlers.latest import Update
from handlers.laws import Law
from handlers.prisoners import Prisoner
from handlers.recommendations import Recommendation, Review
from handlers.timeline import Happening
from tests.packs import write

TODAY = date(2026, 11, 23)
FACTS = Path(__file__).with_name("facts.txt")


@cache
def loaded() -> tuple[Snapshot, list[Problem]]:
    return load(SHIPPED, handlers.kinds, TODAY)


@pytest.fixture
def pack() -> Content:
    return loaded()[0].views["en"]


@cache
def facts() -> dict[str, list[str]]:
    """The keys of what was compiled, by kind."""
    kinds: dict[str, list[str]] = {}
    for line in FACTS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, _, key = line.partition(" ")
            kinds.setdefault(kind, []).append(key)
    return kinds


# --- sound, and as large as it says


def test_it_has_no_errors_and_its_warnings_are_known_ones() -> None:
    _, warnings = loaded()
    known = (
        "the status is of ",
        "there is one source only",
        "the address is http",
        "is not translated",
        "the review was due",
        "this expired",
    )
    assert [str(warning) for warning in warnings if not warning.warning] == []
    assert [str(warning) for warning in warnings if not any(words in warning.what for words in known)] == []


def test_it_speaks_english_and_khmer() -> None:
    snapshot, _ = loaded()
    assert (list(snapshot.views), snapshot.default) == (["en", "km"], "en")
    assert snapshot.views["en"].languages == {"en": "English", "km": "ខ្មែរ"}


def test_both_languages_have_the_same_entries_and_phrases() -> None:
    english, khmer = loaded()[0].views.values()
    assert list(english.entries) == list(khmer.entries)
    assert english.phrases.keys() == khmer.phrases.keys()
    assert not any(phrase.has(Style.FALLBACK) for phrase in english.phrases.values() if isinstance(phrase, Text))


def test_its_kinds_are_counted(pack: Content) -> None:
    sizes = {kind.noun: len(pack.of(kind)) for kind in (Recommendation, Prisoner, Law, Review, Claim)}
    assert sizes == {"recommendation": 365, "prisoner": 65, "law": 27, "review": 4, "claim": 9}
    assert sum(len(figure.series) for figure in pack.of(Figure)) == 29


def test_its_recommendations_are_counted_by_review_and_by_answer(pack: Content) -> None:
    every = pack.of(Recommendation)
    assert Counter(each.cycle for each in every) == {1: 138, 2: 205, 3: 16, 4: 6}
    assert Counter(each.response for each in every) == {"supported": 304, "noted": 43, None: 18}
    assert Counter((each.cycle, each.response) for each in every) == {
        (1, "supported"): 138,
        (2, "supported"): 163,
        (2, "noted"): 42,
        (3, "supported"): 3,
        (3, "noted"): 1,
        (3, None): 12,
        (4, None): 6,
    }


def test_its_reviews_have_their_totals_and_say_whether_they_are_complete(pack: Content) -> None:
    reviews = {review.cycle: review for review in pack.of(Review)}
    totals = {
        cycle: review.totals and (review.totals.received, review.totals.supported, review.totals.noted)
        for cycle, review in reviews.items()
    }
    assert totals == {1: (91, 91, 0), 2: (205, 163, 42), 3: (198, 173, 25), 4: None}
    assert [(each.received, each.supported, each.noted) for each in reviews[1].other_totals] == [(138, 138, 0)]
    assert {cycle: review.complete for cycle, review in reviews.items()} == {1: True, 2: True, 3: False, 4: False}


def test_what_it_does_not_know_has_no_implementation(pack: Content) -> None:
    assert [
        each.id
        for each in pack.of(Recommendation)
        if each.implementation.status != "unknown" and not each.implementation.sources
    ] == []


def test_every_entry_can_be_found_by_its_own_name_in_either_language(pack: Content) -> None:
    named = [entry for entry in pack.entries.values() if not isinstance(entry, Recommendation)]
    assert [entry.id for entry in named if entry.id not in {hit.id for hit in pack.search(str(entry.heading))}] == []


# --- nothing was dropped


def hedged(count: Count) -> str:
    """A count's number as its publisher hedges it."""
    if count.written:
        return str(count.written)
    assert not isinstance(count.number, Range)
    hedges = {"at least": count.at_least, "more than": count.more_than, "about": count.about}
    return " ".join([*(words for words, meant in hedges.items() if meant), str(count.number)])


def recommendations(pack: Content) -> Iterator[str]:
    for each in pack.of(Recommendation):
        yield f"{each.id}|{'/'.join(each.states)}|{each.response or '-'}"


def reviews(pack: Content) -> Iterator[str]:
    for each in pack.of(Review):
        totals = (each.totals.received, each.totals.supported, each.totals.noted) if each.totals else "---"
        yield "|".join(map(str, (each.cycle, *totals)))


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("recommendation", recommendations),
        ("review", reviews),
        ("case", lambda pack: (each.id for each in pack.of(Prisoner))),
        ("law", lambda pack: (each.id for each in pack.of(Law))),
    ],
)
def test_each_that_was_compiled_is_in_the_pack_once_and_no_other(
    pack: Content, kind: str, found: Callable[[Content], Iterator[str]]
) -> None:
    assert Counter(found(pack)) == Counter(facts()[kind])


def test_each_published_count_is_in_the_pack_with_its_number_and_each_measure_of_it_once(pack: Content) -> None:
    counts = [count for figure in pack.of(Figure) for count in figure.series]
    keys = [f"{count.date}|{count.publisher}|{hedged(count)}|{count.url}" for count in counts]
    assert set(keys) == set(facts()["count"])
    measured = Counter((key, str(count.measure)) for key, count in zip(keys, counts, strict=True))
    assert set(measured.values()) == {1}


def overlap(one: PartialDate, other: PartialDate) -> bool:
    return one.first <= other.last and other.first <= one.last


def speaker(entry: Claim | Happening) -> str:
    return str(entry.who).casefold() if isinstance(entry, Claim) else ""


def addresses(entry: Claim | Happening) -> set[str | None]:
    return {source.url for source in entry.sources}


@pytest.mark.parametrize(("fact", "kind", "several"), [("denial", Claim, False), ("event", Happening, True)])
def test_each_dated_statement_and_event_is_in_one_entry_and_every_entry_has_one(
    pack: Content, fact: str, kind: type[Claim | Happening], several: bool
) -> None:
    fits: Counter[str] = Counter()
    for key in facts()[fact]:
        written, who, url = key.split("|")
        start, _, end = written.partition("/")
        when = PartialDate.parse({"from": start, "to": end or start})
        dated = [each for each in pack.of(kind) if overlap(each.date, when)]
        own = [each.id for each in dated if who.casefold() in speaker(each) and url in addresses(each)]
        assert len(own) == 1, (key, own)
        fits.update(own)
    assert fits.keys() == {each.id for each in pack.of(kind)}
    assert several or set(fits.values()) == {1}


@pytest.mark.parametrize(
    ("kind", "entry"), [("guarantee", "constitutional-guarantees"), ("text", "legal-texts-not-profiled")]
)
def test_each_smaller_fact_is_a_point_of_its_entry_and_no_other(pack: Content, kind: str, entry: str) -> None:
    background = pack.entries[entry]
    assert isinstance(background, Background)
    starts = facts()[kind]
    assert [sum(str(point).startswith(f"{start}: ") for point in background.points) for start in starts] == [1] * len(
        starts
    )
    assert len(background.points) == len(starts)


# --- charges: who is charged with what, as far as a source says so

NAMED = {  # how an offence is asked for: the words in a charge that name it
    "incitement": ("incit",),
    "plotting": ("plot", "conspiracy"),
    "treason": ("treason",),
    "defamation": ("defam",),
    "public insult": ("public insult",),
    "lese-majeste": ("insulting the king", "lese-majeste"),
}
ELSEWHERE = {  # named in the charge, and rightly not in the list
    # the conspiracy is the one with a foreign power (article 443), which is not the plot of article 453
    ("plotting", "kem-sokha"),
    # an insult of officials: wherever its article is given it is 502, and the pack's entry has 305
    ("public insult", "kak-sovannchhay"),
}
OTHERWISE = {  # in the list, though the charge in our words does not name it
    # a headline among the sources of the case says treason; a note says whose
    ("treason", "sun-thun"),
    ("treason", "uon-chhin"),
    ("treason", "yeang-sothearin"),
}


def listed(pack: Content, words: str) -> set[str]:
    query = pack.read(Prisoner, f"charged under {words}")
    assert ([each.facet for each in query.filters], query.words) == (["law"], "")
    return {case.id for case in pack.select(Prisoner, query.filters, TODAY)}


def naming(pack: Content, words: tuple[str, ...]) -> set[str]:
    texts = {case.id: " ".join(str(charge.text) for charge in case.charges).casefold() for case in pack.of(Prisoner)}
    return {name for name, text in texts.items() if any(word in text for word in words)}


def test_whose_charge_names_an_offence_is_listed_under_it(pack: Content) -> None:
    missing = {(word, name) for word, words in NAMED.items() for name in naming(pack, words) - listed(pack, word)}
    assert missing == ELSEWHERE


def test_nobody_is_listed_under_an_offence_that_no_source_of_the_case_names(pack: Content) -> None:
    laws = {word: words for word, words in NAMED.items() if word != "public insult"}  # one entry with defamation
    beyond = {(word, name) for word, words in laws.items() for name in listed(pack, word) - naming(pack, words)}
    assert beyond == OTHERWISE
    assert all(any("treason" in str(note) for note in pack.entries[name].notes) for _, name in OTHERWISE)


def test_a_charge_under_an_article_that_the_pack_has_names_its_law(pack: Content) -> None:
    laws = {law.id: {each.article for each in law.articles} for law in pack.of(Law) if law.kind == "code-article"}
    for case in pack.of(Prisoner):
        for charge in case.charges:
            numbers = set(re.split(r"[-, ]+", charge.article or ""))
            assert {law for law, articles in laws.items() if articles & numbers} <= set(charge.law), case.id


def test_the_same_words_in_khmer_ask_for_the_same_offence(pack: Content) -> None:
    same = {"ញុះញង់": "incitement", "ការរួមគំនិតក្បត់": "plotting", "ក្បត់ជាតិ": "treason", "បរិហារកេរ្តិ៍": "defamation"}
    for khmer, english in same.items():
        assert listed(pack, khmer) == listed(pack, english)


def test_the_update_that_contributing_shows_is_taken_without_a_warning(tmp_path: Path) -> None:
    words = (SHIPPED.parent / "CONTRIBUTING.md").read_text("utf-8")
    example = words.partition("```yaml\n")[2].partition("```")[0]
    files = {"updates/2026-11-hearing.yaml": example, "topics.yaml": "- {id: prisoners, name: Prisoners}\n"}
    snapshot, warnings = load(write(tmp_path, files, "en", "km"), handlers.kinds, TODAY)
    assert [each for each in warnings if "updates/" in str(each)] == []
    named = {name for name in Update.model_fields if f"\n{name}:" in f"\n{example}"}
    assert named >= {"date", "topics", "urgent", "title", "text", "languages", "expires", "sources"}
    for view in snapshot.views.values():
        assert (
            not view.entries["2026-11-hearing"]
            .announced(Context(view, datetime(2026, 11, 23, tzinfo=UTC)))
            .has(Style.FALLBACK)
        )
