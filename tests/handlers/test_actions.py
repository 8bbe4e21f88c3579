"""Actions: what a supporter can do now; what is over is left out, and caution is always said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from handlers.actions import Action
from tests.conversation import TODAY, Reader
from tests.packs import entry, pack


def action(title: str, **fields: str) -> str:
    return entry(title=title, ask="Ask the *government* for it.", **fields)


FILES = {
    "actions/standing.yaml": action("A standing demand"),
    "actions/open.yaml": action("A letter", expires="'2026-11'"),
    "actions/over.yaml": action("A petition", expires="'2026-11-22'"),
}


def test_expired_actions_are_left_out(tmp_path: Path) -> None:
    snapshot = pack(tmp_path, FILES)
    answer = Reader(pack=snapshot).asks("/act").says("2 things you can ask for now.", "until November 2026")
    assert answer.shown == ["open", "standing"]
    assert "over" in Reader(pack=snapshot, today=date(2026, 11, 22)).asks("/act").shown
    assert Reader(pack=snapshot, today=date(2026, 12, 1)).asks("/act").says("1 thing you can").shown == ["standing"]


def test_an_action_that_is_over_says_so_on_its_card(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, FILES))
    reader.asks("/show over").says("A petition", "This action ended on 22 November 2026.", "Ask the government")
    reader.asks("/act a petition").says("This action ended on 22 November 2026.")
    reader.asks("/show open").hides("ended on")
    reader.asks("/show standing").hides("ended on")


def test_an_action_says_what_to_ask_of_whom_and_in_which_words(tmp_path: Path) -> None:
    fields = {
        "demands": "[First., Second.]",
        "addressed_to": "[The government, The embassy]",
        "sample": "I ask you.",
    }
    reader = Reader(pack=pack(tmp_path, {"actions/a.yaml": action("A letter", **fields)}))
    card = reader.asks("/act a letter").says("A letter\nAsk the government for it.\n• First.\n• Second.")
    card.says("To: The government; The embassy", "Words you can use: I ask you.")
    reader.presses("Full record").says("Action\nAsk the government", "• Second.")


def test_every_list_of_actions_says_why_to_be_careful() -> None:
    reader = Reader()
    for answer in reader.pages("/act"):
        answer.says(reader.content.caution())
    open_now = [each.id for each in reader.content.of(Action) if each.open_on(reader.today)]
    assert [name for answer in reader.pages("/act") for name in answer.shown] == open_now


def test_words_choose_among_the_actions_that_are_open(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, FILES))
    assert reader.asks("/act letter").says("“letter”").shown == ["open"]
    nothing = reader.asks("/act petition to sign").says("Nothing here fits “petition to sign”.")
    assert nothing.shown == []
    reader.presses(reader.phrase("button.act")).says("2 things you can ask for now.")


def test_where_there_is_nothing_to_do_it_says_so(tmp_path: Path) -> None:
    answer = Reader(pack=pack(tmp_path, {"actions/over.yaml": FILES["actions/over.yaml"]})).asks("/act")
    assert answer.says("0 things you can ask for now").shown == []


def test_what_is_shipped_is_open_today() -> None:
    reader = Reader(today=TODAY)
    assert all(each.open_on(reader.today) for each in reader.content.of(Action))
