"""Show: one entry by its id, its record and what it is linked with; what it is not called is suggested."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.text import Style
from tests.conversation import Reader
from tests.packs import entry, pack, person

FILES = {
    "prisoners/sok-vanna.yaml": person("Sok Vanna", related="[march-2018]"),
    "events/march-2018.yaml": entry(title="A march", date="'2018'", text="People marched."),
}
COMMANDS = ["show", "full", "related", "sources", "reviewed"]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(pack=pack(tmp_path, FILES))


@pytest.mark.parametrize("command", COMMANDS)
def test_an_entry_is_named_by_its_id_or_any_of_its_names(reader: Reader, command: str) -> None:
    answers = {reader.asks(f"/{command} {words}").text for words in ("sok-vanna", "Sok Vanna", "SOK_VANNA")}
    assert len(answers) == 1
    assert "Sok Vanna" in answers.pop()


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_name_the_bot_asks_which(reader: Reader, command: str) -> None:
    asks = reader.asks(f"/{command}").says(f"Which entry? For example: /{command} kem-sokha")
    assert f"/{command} kem-sokha" in asks.marked(Style.CODE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_misspelt_id_is_suggested(reader: Reader, command: str) -> None:
    answer = reader.asks(f"/{command} sok-vana")
    answer.says("I know no entry “sok-vana”. Try /search sok-vana", "Did you mean “sok-vanna”?")
    assert answer.commands == [f"{command} sok-vanna"]
    reader.presses("sok-vanna").says("Sok Vanna")


def test_what_is_like_no_id_is_only_said_to_be_unknown(reader: Reader) -> None:
    assert reader.asks("/show xyzzy").says("I know no entry “xyzzy”").commands == []


def test_what_is_linked_is_shown_with_its_kind_from_either_side(reader: Reader) -> None:
    reader.asks("/related sok-vanna").says("1 entry is linked with Sok Vanna:", "1. Events: 2018: A march")
    reader.presses("A march").says("A march", "2018. People marched.")
    reader.presses("Related (1)").says("1. Prisoners: Sok Vanna — detained")


def test_the_pages_of_a_list_about_an_entry_are_turned_too() -> None:
    reader = Reader()
    first, second, *_ = reader.pages("/related founding-statement")
    assert not set(first.shown) & set(second.shown)
    assert reader.asks("/related founding-statement page 2").shown == second.shown
