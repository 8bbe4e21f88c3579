"""Listing: what was understood is said, nothing is answered with everything, and pages make up the whole list."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

import handlers
from bot.core.content import Content
from bot.core.entry import Entry
from bot.core.messages import Button, Request
from bot.core.query import Filter, Query
from bot.core.text import Style, Text
from handlers.card import ROOM
from handlers.figures import Figure
from handlers.listing import MOST, _asked, named, page, spoken, turned
from handlers.prisoners import Prisoner
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack, person

KINDS = [kind for kind in handlers.kinds if kind.facets]
LISTS = ["prisoners", "laws", "recommendations", "claims", "figures"]
PEOPLE = {
    "prisoners/sok-vanna.yaml": person("Sok Vanna", aliases="[Vanna the reporter, វណ្ណា]"),
    "prisoners/sok-dara.yaml": person("Sok Dara", custody="free", category="union", arrested="'2020'"),
    "prisoners/chan-dara.yaml": person("Chan Dara", arrested="{from: '2020', to: '2021'}"),
}


def known(content: Content, kind: type[Entry]) -> list[Filter]:
    """Every filter that the kind's vocabulary knows, in a stable order."""
    filters = set(content.vocabularies[kind.noun].phrases.values())
    return sorted(filters, key=lambda each: (each.facet, each.value))


# ---------------------------------------------------------------------------- what was understood


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "km"])
def test_every_filter_is_read_back_and_answered_with_those_it_fits(kind: type[Entry], language: str) -> None:
    reader = Reader(language)
    content, total = reader.content, len(reader.content.of(kind))
    for each in known(content, kind)[:: 1 + len(content.of(kind)) // 25]:
        words = _asked(each, kind, reader.context)
        if content.read(kind, words) != Query((each,)) or named(words, reader.context, kind):
            continue  # by all its names another filter is meant, or an entry
        fitting = content.select(kind, [each], TODAY)
        answer = reader.asks(f"/{kind.command} {words}")
        if not fitting:
            answer.says(reader.phrase("list.nothing", what=spoken(each, reader.context, kind)))
            assert not {one.id for one in fitting} & set(answer.shown)
            assert each.value in answer.shown or each.value not in content.entries  # the law under which is no case
        elif len(fitting) > 1:
            count = reader.phrase(f"{kind.noun}.count", n=len(fitting), total=total)
            answer.says(spoken(each, reader.context, kind), count)
            assert 1 < len(answer.shown) <= len(fitting)
            assert set(answer.shown) <= {one.id for one in fitting}
        else:
            answer.says(fitting[0].heading)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "km"])
def test_no_pair_of_filters_that_fits_nobody_is_answered_with_everything(kind: type[Entry], language: str) -> None:
    reader = Reader(language)
    content = reader.content
    some = [each for each in known(content, kind) if each.facet not in ("theme", "state", "paragraph", "law")]
    for one, other in combinations(some[:12], 2):
        words = f"{spoken(one, reader.context, kind)} {spoken(other, reader.context, kind)}"
        query = content.read(kind, words)
        assert query, words
        if not query.words and not content.select(kind, query.filters, TODAY):
            answer = reader.asks(f"/{kind.command} {words}")
            assert answer.shown == [], words
            assert answer.text.startswith(reader.phrase("list.nothing", what="\0").partition("\0")[0])


@pytest.mark.parametrize("command", [*LISTS, "act"])
def test_an_unknown_filter_is_never_answered_with_everything(command: str) -> None:
    for words in ("xyzzy", "xyzzy detained", "1999", "arrested 1999", "from atlantis", "ក្ស្វ"):
        answer = Reader().asks(f"/{command} {words}")
        answer.says("Nothing here fits")
        assert answer.shown == []


def test_a_reading_line_says_how_many_of_how_many() -> None:
    reader = Reader()
    cases = reader.content.of(Prisoner)
    detained = {case.id for case in cases if case.custody_on(TODAY) == "detained"}
    fitting = [case for case in cases if case.id in detained and case.category == "journalist"]
    line = f"detained · journalist — {len(fitting)} of {len(cases)} documented cases here"
    answer = reader.asks("/prisoners detained journalist").says(line)
    assert "detained · journalist" in answer.marked(Style.BOLD)
    assert answer.shown == [case.id for case in fitting]


@pytest.mark.parametrize(
    "words",
    [
        "detained journalist",
        "journalist detained",
        "journalists in prison",
        "the JOURNALISTS, detained",
        "press in jail",
    ],
)
def test_filter_words_come_in_any_order_and_any_shape(words: str) -> None:
    reader = Reader()
    assert reader.asks(f"/prisoners {words}").shown == reader.asks("/prisoners detained journalist").shown


def test_filters_of_both_languages_mix() -> None:
    reader = Reader("km")
    journalist, detained = reader.content.label("category", "journalist"), reader.content.label("custody", "detained")
    wanted = Reader().asks("/prisoners detained journalist").shown
    for words in (f"{journalist} detained", f"journalist {detained}", f"{detained}{journalist}"):
        assert reader.asks(f"/prisoners {words}").shown == wanted


def test_khmer_digits_and_commands_are_understood() -> None:
    wanted = Reader().asks("/prisoners arrested 2020").shown
    assert Reader("km").asks("/prisoners arrested ២០២០").shown == wanted
    word = next(word for word, name in Reader().content.commands.items() if name == "prisoners" and not word.isascii())
    assert Reader("km").asks(f"/{word} ២០២០").shown == wanted
    assert Reader("km").asks(f"{word} ២០២០").shown == wanted


def test_without_filters_everything_is_listed_under_an_overview() -> None:
    for command in LISTS:
        reader = Reader()
        first, second = reader.asks(f"/{command}"), reader.asks(f"/{command} page 2")
        assert first.items
        assert second.items
        assert len(second.text) < len(first.text) + ROOM
        assert "Filter by" not in second.text


# ---------------------------------------------------------------------------- names


def test_a_name_gives_the_card_at_once(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    for words in ("Sok Vanna", "sok vanna", "SOK-VANNA", "sok-vanna", "Vanna the reporter", "វណ្ណា"):
        assert reader.asks(f"/prisoners {words}").text.startswith("Sok Vanna\nDetained. ")


def test_a_part_of_a_name_gives_the_card_with_how_it_was_read(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    reader.asks("/prisoners vanna").says("“vanna” — 1 of 3 documented cases here", "Sok Vanna", "Detained.")


def test_when_several_fit_the_bot_asks_which(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    answer = reader.asks("/prisoners dara").says("“dara” — 2 of 3 documented cases here", "Chan Dara", "Sok Dara")
    assert answer.shown == ["chan-dara", "sok-dara"]
    reader.presses("Sok Dara").says("Sok Dara", "Free.")


def test_a_name_that_two_share_is_asked_about(tmp_path: Path) -> None:
    twins = {f"prisoners/{name}.yaml": person("Sok Dara") for name in ("one", "two")}
    assert Reader(pack=pack(tmp_path, twins)).asks("/prisoners sok dara").shown == ["one", "two"]


@pytest.mark.parametrize("words", ["sok vana", "sok vannaa", "sokvanna", "vanan"])
def test_a_misspelt_name_is_found_and_said_to_be_the_nearest(tmp_path: Path, words: str) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    reader.asks(f"/prisoners {words}").says("Sok Vanna", "Detained.")


def test_what_is_only_near_says_so(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    reader.asks("/prisoners sok vana").says("Nearest to “sok vana” — 1 of 3 documented cases here", "Sok Vanna")


def test_a_name_and_a_filter_must_both_fit(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    reader.asks("/prisoners dara free").says("free · “dara” — 1 of 3", "Sok Dara")
    nothing = reader.asks("/prisoners vanna free").says("Nothing here fits free · “vanna”.", "free alone: 1")
    assert nothing.commands == ["prisoners free"]


def test_a_filter_can_be_left_out(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    reader.asks("/prisoners not free").says("not free — 2 of 3 documented cases here", "Chan Dara", "Sok Vanna")
    reader.asks("/prisoners without journalists").says("not journalist — 1 of 3", "Sok Dara")
    nothing = reader.asks("/prisoners not union not journalist").says("Nothing here fits not union · not journalist.")
    assert nothing.commands == ["prisoners not union", "prisoners not journalist"]
    reader.presses("not union").says("not union — 2 of 3")


# ---------------------------------------------------------------------------- nothing fits


def test_when_nothing_fits_each_filter_alone_is_counted_and_offered(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    answer = reader.asks("/prisoners union detained house arrest").says(
        "Nothing here fits union · detained · house arrest.",
        "union alone: 1",
        "detained alone: 2",
        "house arrest alone: 0",
        reader.phrase("prisoner.how"),
    )
    assert answer.commands == ["prisoners union", "prisoners detained"]
    reader.presses("detained").says("detained — 2 of 3 documented cases here")


def test_a_single_filter_that_fits_nobody_is_not_counted_again(tmp_path: Path) -> None:
    answer = Reader(pack=pack(tmp_path, PEOPLE)).asks("/prisoners abroad").says("Nothing here fits abroad.")
    assert answer.hides("alone").commands == []


def test_a_misspelt_filter_is_suggested(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    answer = reader.asks("/prisoners exild").says("Nothing here fits “exild”.", "Did you mean “exile”?")
    assert answer.commands == ["prisoners exile"]
    reader.presses("exile").says("Nothing here fits abroad.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "km"])
def test_a_filter_that_is_offered_alone_is_read_the_same_again(kind: type[Entry], language: str) -> None:
    reader = Reader(language)
    read = reader.content.read
    for each in known(reader.content, kind):
        if read(kind, spoken(each, reader.context, kind)) == Query(
            (each,)
        ):  # else by this name another filter is meant
            assert read(kind, _asked(each, kind, reader.context)) == Query((each,))


def test_a_filter_that_shares_its_name_with_another_is_offered_by_more_than_its_name() -> None:
    answer = Reader().asks("/prisoners case unknown journalist").says("Nothing here fits case not known · journalist.")
    assert answer.commands == ["prisoners case unknown", "prisoners journalist"]


# ---------------------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("command", "language"),
    [
        *((command, "en") for command in ("prisoners", "laws", "recommendations noted", "claims", "figures")),
        *((command, "km") for command in ("prisoners", "laws", "prisoners detained")),
    ],
)
def test_pages_make_up_the_whole_list_without_gap_or_overlap(command: str, language: str) -> None:
    reader = Reader(language)
    kind = next(kind for kind in KINDS if kind.command == command.partition(" ")[0])
    pages = list(reader.pages(f"/{command}"))
    shown = [name for answer in pages for name in answer.shown]
    query = reader.content.read(kind, command.partition(" ")[2])
    wanted = [each.id for each in reader.content.select(kind, query.filters, TODAY)]
    assert sorted(set(shown)) == sorted(wanted)
    assert shown == list(dict.fromkeys(shown)) or kind is Figure  # a series has an item for each of its counts
    for number, answer in enumerate(pages, 1):
        answer.says(reader.phrase("list.page", page=number, pages=len(pages)))
        assert len(answer.items) == len(answer.shown) <= MOST
        assert answer.reply.replaces == (number > 1)


def test_one_can_turn_back() -> None:
    reader = Reader()
    first = reader.asks("/prisoners detained")
    reader.presses("Next ›")
    assert reader.presses("‹ Previous").shown == first.shown
    assert reader.answers[-1].reply.replaces


def test_a_page_beyond_the_last_is_the_last() -> None:
    reader = Reader()
    *_, last = reader.pages("/laws")
    beyond = reader.asks("/laws page 999")
    assert beyond.shown == last.shown
    assert beyond.labels[-1] == "‹ Previous"
    assert reader.asks("/laws page 0").shown == reader.asks("/laws").shown


def test_a_page_may_be_asked_for_in_any_language() -> None:
    reader = Reader("km")
    second = reader.asks("/prisoners detained page 2")
    word = next(" ".join(page) for page in _pages(reader.content) if not page[0].isascii())
    spelled = reader.asks(f"/prisoners detained {word.replace(' ', '')} ២")
    assert spelled.shown == second.shown
    assert reader.presses(reader.phrase("turn.next.label")).shown == reader.asks("/prisoners detained page 3").shown


def _pages(content: Content) -> list[tuple[str, ...]]:
    return list(content.vocabularies["prisoner"].pages)


def test_a_page_holds_what_a_phone_shows_but_at_least_one_item() -> None:
    reader = Reader()
    items = [Text("x" * size) for size in (ROOM + 1, ROOM // 2, ROOM // 2, 1, *[1] * MOST, ROOM)]
    buttons = [Button(str(n), f"show {n}", listed=True) for n in range(len(items))]
    shown = []
    for number in range(1, 6):
        reply = page(Request(reader.chat, "list", f"page {number}"), reader.context, None, items, buttons, number)
        shown.append([int(button.label) for button in reply.buttons if button.listed])
    assert shown == [[0], [1, 2], [3, 4, 5, 6, 7, 8], [9], [10]]


def test_an_empty_list_is_one_empty_page() -> None:
    reader = Reader()
    reply = page(Request(reader.chat, "list"), reader.context, Text("None."), [], [], 3)
    assert (str(reply.text), reply.rows, reply.replaces) == ("None.", (), False)


@pytest.mark.parametrize(
    ("argument", "asked", "number"),
    [
        ("", "", 1),
        ("page 2", "", 2),
        ("kem-sokha page 2", "kem-sokha", 2),
        ("kem-sokha page 0", "kem-sokha", 1),
        ("homepage 2", "homepage 2", 1),
        ("page 12345", "page 12345", 1),
        ("page 2 of", "page 2 of", 1),
    ],
)
def test_the_page_is_taken_off_an_argument(argument: str, asked: str, number: int) -> None:
    assert turned(Request(Reader().chat, "sources", argument)) == (asked, number)


def test_turning_keeps_what_was_asked_in_every_language() -> None:
    for language in ("en", "km"):
        reader = Reader(language)
        answer = reader.asks("/prisoners detained")
        turn = answer.reply.buttons[-1]
        assert turn.command == "prisoners detained page 2"
        assert turn.words == tuple(reader.phrase("turn.next.words").split())
        assert not turn.listed


def test_more_than_fifty_are_counted_as_many_as_they_are(tmp_path: Path) -> None:
    many = {f"prisoners/p{n}.yaml": person(f"Person {n}", role="A gardener") for n in range(61)}
    note = {"background/gardens.yaml": entry(title="On gardens", text="A gardener writes.")}
    reader = Reader(pack=pack(tmp_path, {**many, **note}))
    reader.asks("/prisoners gardener").says("“gardener” — 61 of 61 documented cases here")
    reader.asks("gardener").says("Prisoners 61", "Background 1")


# ---------------------------------------------------------------------------- what there is instead


def test_a_law_under_which_there_is_no_case_is_known_and_opened() -> None:
    answer = Reader().asks("/prisoners charged under lango")
    answer.says("Nothing here fits charged under NGO law (LANGO).", "NGO law (LANGO) itself is here:")
    assert answer.commands == ["show lango-2015"]


def test_a_number_that_there_is_not_is_answered_with_those_there_are() -> None:
    reader = Reader()
    reader.asks("/recommendations cycle 5").says("Nothing here fits cycle 5.", "cycle 1, cycle 2, cycle 3, and cycle 4")
    for words in ("2nd cycle", "second upr", "2014"):
        reader.asks(f"/recommendations {words}").says("cycle 2 — ", "Cycle 2 (2014): 205 received")


def test_those_whose_date_is_not_known_closely_enough_are_counted_beside(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, PEOPLE))
    answer = reader.asks("/prisoners arrested september 2020")
    answer.says("Nothing here fits arrested September 2020.", "2 more may fit")
    reader.asks("/prisoners not arrested september 2020").says("not arrested September 2020 — 1 of 3")
    reader.asks("/prisoners arrested before 2021 dara").hides("may fit")


def test_a_time_from_one_year_to_another_is_read_back() -> None:
    reader = Reader()
    for words in ("between 2019 and 2021", "from 2019 to 2021", "2019-2021"):
        reader.asks(f"/prisoners arrested {words}").says("arrested from 2019 to 2021 — ")


def test_the_second_page_of_everything_says_how_many_there_are() -> None:
    reader = Reader()
    total = len(reader.content.of(Prisoner))
    reader.asks("/prisoners page 2").says(f"{total} documented cases here", "Page 2 of")
