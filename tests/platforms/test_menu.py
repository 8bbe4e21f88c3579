"""Menu: buttons written out as a numbered list, and what somebody chooses from it."""

from __future__ import annotations

import pytest

from bot.core.content import Content
from bot.core.messages import Button, Chat, Mishap, Reply, Request
from bot.core.text import Style, Text
from bot.platforms import menu
from bot.platforms.menu import LIFE_SECONDS, Menus, spelled
from tests.packs import pack

HERE, THERE = Chat("paper", "1"), Chat("paper", "2")
GROUP = Chat("paper", "-3", private=False)
BIRDS = (
    Button("Crow", "show crow"),
    Button("Heron", "show heron"),
    Button("→", "birds page 2", words=("next", "more")),
)
TREES = (Button("Oak", "show oak"), Button("Élm", "trees elm 2019"))


class Hands:
    """A clock's hands, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 500.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def menus(hands: Hands) -> Menus:
    return Menus(hands)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    return pack(tmp_path_factory.mktemp("content"), {}).view()


def said(words: str, chat: Chat = HERE) -> Request:
    return Request(chat, "", words, "km", addressed=False)


def line(request: Request | None) -> str | None:
    """What is asked now, as one would type it; or what came in its place."""
    if request and request.mishap:
        return f"({request.mishap.value}) {request.line}"
    return request.line if request else None


# --- choosing


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("1", "show crow"),
        (" 2. ", "show heron"),
        ("២", "show heron"),
        ("٢", "show heron"),
        ("002", "show heron"),
        ("Heron", "show heron"),
        ("HERON", "show heron"),
        ("next", "birds page 2"),
        ("More", "birds page 2"),
        ("→", "birds page 2"),
    ],
)
def test_a_number_or_a_name_is_the_choice_it_makes(menus: Menus, words: str, asked: str) -> None:
    menus.remember(HERE, "m1", BIRDS)
    assert line(menus.chosen(said(words))) == asked


def test_a_choice_keeps_who_asked_and_in_what_language(menus: Menus) -> None:
    menus.remember(HERE, "m1", TREES)
    assert menus.chosen(said("elm")) == Request(HERE, "trees", "elm 2019", "km", addressed=False)


@pytest.mark.parametrize("words", ["0", "3", "9", "999"])
def test_a_number_that_is_not_on_the_list_is_said_to_be_none(menus: Menus, words: str) -> None:
    menus.remember(HERE, "m1", BIRDS)
    assert line(menus.chosen(said(words))) == f"(choice) {int(words)}"


@pytest.mark.parametrize("words", ["eagle", "1000", "1 2", "-1", "1.5", "½", "", "kem sokha"])
def test_other_words_are_a_question_like_any_other(menus: Menus, words: str) -> None:
    menus.remember(HERE, "m1", BIRDS)
    assert menus.chosen(said(words)) == said(words)


def test_what_could_not_be_read_is_never_a_choice(menus: Menus) -> None:
    menus.remember(HERE, "m1", BIRDS)
    photo = Request(HERE, "", mishap=Mishap.UNREADABLE)
    assert menus.chosen(photo) == photo


def test_a_command_is_never_a_choice(menus: Menus) -> None:
    menus.remember(HERE, "m1", BIRDS)
    command = Request(HERE, "laws", "1")
    assert menus.chosen(command) is command


def test_a_number_without_any_list_is_answered_as_too_late(menus: Menus) -> None:
    assert line(menus.chosen(said("1"))) == "(expired) 1"
    assert line(menus.chosen(said("crow"))) == "crow"


# --- which list is meant


def test_a_number_means_the_newest_list_and_a_word_any_that_is_left(menus: Menus) -> None:
    menus.remember(HERE, "m1", BIRDS)
    menus.remember(HERE, "m2", TREES)
    assert [line(menus.chosen(said(words))) for words in ("1", "next", "heron", "oak")] == [
        "show oak",
        "birds page 2",
        "show heron",
        "show oak",
    ]


def test_a_reply_to_a_list_means_that_list_and_no_other(menus: Menus) -> None:
    menus.remember(HERE, "m1", BIRDS)
    menus.remember(HERE, "m2", TREES)
    assert line(menus.chosen(said("1"), "m1")) == "show crow"
    assert line(menus.chosen(said("oak"), "m1")) == "oak"
    assert line(menus.chosen(said("1"), "m9")) == "(expired) 1"


def test_each_chat_has_its_own_lists(menus: Menus) -> None:
    menus.remember(HERE, "m1", BIRDS)
    assert line(menus.chosen(said("1", THERE))) == "(expired) 1"


def test_in_a_group_only_a_reply_chooses_and_all_else_is_not_for_us(menus: Menus) -> None:
    menus.remember(GROUP, "m1", BIRDS)
    assert menus.chosen(said("1", GROUP)) is None
    assert menus.chosen(said("crow", GROUP)) is None
    assert menus.chosen(said("good evening", GROUP), "m1") is None
    assert line(menus.chosen(said("1", GROUP), "m1")) == "show crow"
    assert line(menus.chosen(said("more", GROUP), "m1")) == "birds page 2"
    assert line(menus.chosen(said("7", GROUP), "m1")) == "(choice) 7"
    assert line(menus.chosen(said("7", GROUP), "m9")) == "(expired) 7"


# --- how long, how many


def test_a_list_is_remembered_for_half_an_hour(menus: Menus, hands: Hands) -> None:
    menus.remember(HERE, "m1", BIRDS)
    hands.seconds += LIFE_SECONDS - 1
    assert line(menus.chosen(said("1"))) == "show crow"
    hands.seconds += 1
    assert line(menus.chosen(said("1"))) == "(expired) 1"
    assert line(menus.chosen(said("1"), "m1")) == "(expired) 1"


def test_what_has_expired_is_thrown_away_when_the_next_list_comes(menus: Menus, hands: Hands) -> None:
    menus.remember(HERE, "m1", BIRDS)
    hands.seconds += LIFE_SECONDS
    menus.remember(HERE, "m2", TREES)
    assert [each.message for each in menus._lists[HERE]] == ["m2"]


def test_of_one_chat_the_last_few_lists_are_remembered(menus: Menus) -> None:
    for number in range(menu._LISTS + 1):
        menus.remember(HERE, f"m{number}", BIRDS)
    assert line(menus.chosen(said("1"), "m0")) == "(expired) 1"
    assert line(menus.chosen(said("1"), "m1")) == "show crow"


def test_of_many_chats_those_are_forgotten_that_had_no_list_for_longest(menus: Menus) -> None:
    chats = [Chat("paper", str(number)) for number in range(menu._CHATS)]
    for chat in (*chats, chats[0], Chat("paper", "one more")):
        menus.remember(chat, "m1", BIRDS)
    assert len(menus._lists) == menu._CHATS
    assert [line(menus.chosen(said("1", chat))) for chat in chats[:3]] == ["show crow", "(expired) 1", "show crow"]


def test_a_chat_that_is_forgotten_has_no_lists_in_any_of_its_threads(menus: Menus) -> None:
    for chat in (HERE, Chat("paper", "1", "topic"), Chat("paper", "1", private=False), THERE, Chat("letter", "1")):
        menus.remember(chat, "m1", BIRDS)
    menus.forget(HERE)
    assert list(menus._lists) == [THERE, Chat("letter", "1")]
    menus.forget(HERE)


def test_what_nobody_may_use_any_more_is_tidied_away(menus: Menus, hands: Hands) -> None:
    menus.remember(HERE, "m1", BIRDS)
    hands.seconds += 60
    menus.remember(THERE, "m2", BIRDS)
    hands.seconds += LIFE_SECONDS - 60
    menus.tidy()
    assert list(menus._lists) == [THERE]
    hands.seconds += 60
    menus.tidy()
    menus.tidy()
    assert list(menus._lists) == []


# --- written out


def test_a_reply_without_buttons_stays_as_it_is(content: Content) -> None:
    reply = Reply(Text("Hello").styled(Style.BOLD))
    assert spelled(reply, content) is reply


def test_buttons_become_numbers_and_words(content: Content) -> None:
    reply = spelled(Reply(Text("Birds").styled(Style.BOLD), (BIRDS[:2], BIRDS[2:]), replaces=True), content)
    assert reply.text.plain == "Birds\n\n1. Crow\n2. Heron\n\nAnswer with a number, or: next."
    assert (reply.rows, reply.replaces, reply.text.marks[0].style) == ((), True, Style.BOLD)


@pytest.mark.parametrize(
    ("buttons", "written"),
    [
        (TREES, "T\n\n1. Oak\n2. Élm\n\nAnswer with a number."),
        (BIRDS[2:], "T\n\nAnswer: next."),
        ((*BIRDS[2:], Button("←", "birds page 1", words=("back",))), "T\n\nAnswer: next · back."),
        ((Button("Oak", "show oak", listed=True), TREES[1]), "T\n\n2. Élm\n\nAnswer with a number."),
    ],
)
def test_the_hint_says_what_can_be_answered(content: Content, buttons: tuple[Button, ...], written: str) -> None:
    assert spelled(Reply(Text("T"), (buttons,)), content).text.plain == written


def test_every_number_that_is_written_can_be_chosen(menus: Menus, content: Content) -> None:
    reply = Reply(Text("Birds"), (BIRDS,))
    menus.remember(HERE, "m1", reply.buttons)
    for written in spelled(reply, content).text.plain.splitlines()[2:4]:
        number, _, label = written.partition(". ")
        assert line(menus.chosen(said(number))) == f"show {label.lower()}"
