"""Router: each name has one handler, in every language; what nobody answers to is suggested or passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

import handlers
from bot.core.messages import Chat, Context, Mishap, Reply, Request, Role
from bot.core.router import LONGEST_ARGUMENT, Bare, Router
from bot.core.text import Style, Text
from tests.conversation import ME, Reader
from tests.packs import pack

GROUP = Chat("telegram", "-1", private=False)
router = Router()


def echo(request: Request, context: Context) -> Reply:
    """What the router made of the request."""
    return Reply(Text(f"{request.command}({request.argument})" if context.commands else "which commands?"))


def mixed(request: Request, context: Context) -> Reply:
    """An answer in words of one or two kinds."""
    foreign, draft = Text("English").styled(Style.FALLBACK, "en"), Text("draft").styled(Style.DRAFT)
    own = Text(context.content.locale.code)
    return Reply({"": own, "foreign": foreign, "draft": draft}.get(request.argument, foreign + " " + draft))


router.command("prisoners")(echo)
router.command("laws", bare=Bare.ALWAYS)(echo)
router.command("approve", needs=Role.MODERATOR)(echo)
router.command("hidden", bare=Bare.NEVER, listed=False)(echo)
router.command("search", bare=Bare.ALWAYS)(echo)
router.command("mixed", bare=Bare.NEVER)(mixed)
router.mishap(Mishap.CHOICE)(echo)


def reader(language: str = "", role: Role = Role.READER, chat: Chat | None = None) -> Reader:
    return Reader(language, role=role, chat=chat, router=router)


# ---------------------------------------------------------------------------- names


def test_a_name_that_is_taken_stops_the_boot() -> None:
    twice = Router()
    twice.command("help")(echo)
    with pytest.raises(ValueError, match="two handlers answer to /help"):
        twice.command("help")(mixed)


def test_a_router_that_is_included_may_not_take_a_name_either() -> None:
    both, other = Router(), Router()
    both.command("help")(echo)
    other.command("help")(mixed)
    with pytest.raises(ValueError, match="two handlers answer to /help"):
        both.include(other)


def test_an_included_router_brings_its_commands() -> None:
    both = Router()
    both.include(router)
    assert (both.commands, both.mishaps) == (router.commands, router.mishaps)


def test_what_came_in_place_of_a_question_has_one_handler_too() -> None:
    both, other = Router(), Router()
    both.include(router)
    other.mishap(Mishap.CHOICE)(mixed)
    with pytest.raises(ValueError, match="two handlers answer to what is choice"):
        both.include(other)


def test_what_came_in_place_of_a_question_cannot_be_typed() -> None:
    there = Request(GROUP, "", "9", mishap=Mishap.CHOICE, addressed=False)
    answer = reader(chat=GROUP).gets(there)
    assert answer
    assert answer.text == "(9)"
    reader().asks("/choice 9").hides("(9)")


def test_a_command_answers_to_its_name_in_any_case_and_language() -> None:
    reader().asks("/prisoners x").says("prisoners(x)")
    reader().asks("!PRISONERS x").says("prisoners(x)")
    reader().asks("/cases x").says("prisoners(x)")


def test_every_word_for_a_command_leads_to_it() -> None:
    known = Reader().content.commands
    assert {name for name in known.values() if name not in handlers.router.commands} == set()
    for word, name in {name: (word, name) for word, name in known.items()}.values():
        request = Request(Chat("console", "1"), word)
        assert Reader().gets(request) == Reader().gets(Request(Chat("console", "1"), name))


def test_a_handler_is_told_which_commands_the_reader_may_use() -> None:
    assert list(router.listed()) == ["prisoners", "laws", "search", "mixed"]
    assert list(router.listed(Role.MODERATOR)) == ["prisoners", "laws", "approve", "search", "mixed"]


def test_what_needs_a_role_does_not_exist_for_others() -> None:
    reader(role=Role.MODERATOR).asks("/approve").says("approve()")
    reader().asks("/approve").hides("approve()").says(reader().phrase("bad.unknown"))


def test_khmer_may_be_written_on_without_a_space() -> None:
    word = next(word for word, name in Reader().content.commands.items() if name == "prisoners" and not word.isascii())
    reader("km").asks(f"/{word}កឹមសុខា").says("prisoners(កឹមសុខា)")
    reader("km").asks(f"/{word}កឹម សុខា").says("prisoners(កឹម សុខា)")
    reader("km").asks(f"/{word}").says("prisoners()")
    reader("km").asks("/ក្ស្វកឹមសុខា").says(reader("km").phrase("bad.unknown"))


# ---------------------------------------------------------------------------- free text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("prisoners", "prisoners()"),
        (" Prisoners  ", "prisoners()"),
        ("prisoners sokha", "search(prisoners sokha)"),
        ("laws", "laws()"),
        ("laws 2018", "laws(2018)"),
        ("hidden", "search(hidden)"),
        ("kem sokha", "search(kem sokha)"),
        ("", "search()"),
    ],
)
def test_free_text_is_a_command_where_its_name_alone_says_so_and_else_a_search(words: str, answer: str) -> None:
    assert reader().asks(words).text == answer


# ---------------------------------------------------------------------------- what nobody answers to


def test_a_misspelt_command_is_suggested_with_its_argument() -> None:
    answer = reader().asks("/prisonners sokha")
    answer.says("/prisoners")
    assert answer.marked(Style.COMMAND) == ["/prisoners"]
    assert answer.labels == ["/prisoners sokha"]
    assert reader().pushes(answer.reply.buttons[0]).text == "prisoners(sokha)"


def test_a_misspelt_word_for_a_command_is_suggested_by_the_commands_name() -> None:
    assert reader().asks("/detaines").commands == ["prisoners"]


def test_a_command_like_no_other_gets_the_way_to_all_of_them() -> None:
    answer = reader().asks("/xyzzy")
    assert answer.text == reader().phrase("bad.unknown")
    assert answer.commands == ["help"]


def test_what_is_not_for_this_reader_is_not_suggested_either() -> None:
    assert reader().asks("/aprove").commands == ["help"]
    assert reader(role=Role.MODERATOR).asks("/aprove").commands == ["approve"]
    assert reader().asks("/hiddn").commands == ["help"]


def test_in_a_group_an_unknown_command_is_somebody_elses() -> None:
    assert reader(chat=GROUP).hears("/xyzzy") is None
    assert reader(chat=GROUP).hears("/prisonners") is None
    assert reader(chat=GROUP).hears("/xyzzy@OtherBot") is None
    assert reader(chat=GROUP).hears("prisoners") is None


def test_in_a_group_a_known_command_or_our_name_is_answered() -> None:
    reader(chat=GROUP).asks("/prisoners").says("prisoners()")
    reader(chat=GROUP).asks(f"/xyzzy@{ME}").says(reader().phrase("bad.unknown"))


def test_a_question_may_be_long_but_not_endless() -> None:
    reader().asks("/laws " + "x" * (LONGEST_ARGUMENT - 5)).says("xxx")
    for words in ("/laws " + "x" * (LONGEST_ARGUMENT - 4), "x" * 100_000, "/xyzzy " + "x" * 100_000):
        assert reader().asks(words).text == reader().phrase("bad.long", n=LONGEST_ARGUMENT)


# ---------------------------------------------------------------------------- what every answer has in common


def test_an_answer_in_the_readers_own_words_has_no_note() -> None:
    assert reader("km").asks("/mixed").text == "km"


@pytest.mark.parametrize(
    ("argument", "phrase"),
    [("foreign", "note.fallback"), ("draft", "note.draft"), ("both", "note.both")],
)
def test_what_is_in_another_language_or_unchecked_is_said_once(argument: str, phrase: str) -> None:
    answer = reader("km").asks(f"/mixed {argument}")
    body, _, note = answer.text.partition("\n\n")
    assert "\n" not in body
    assert note == reader("km").phrase(phrase)
    assert note in answer.marked(Style.ITALIC)


def test_the_shipped_router_has_a_summary_for_every_listed_command() -> None:
    for language in ("en", "km"):
        content = Reader(language).content
        assert all(content.say(f"command.{name}") for name in handlers.router.listed())


def test_a_pack_may_call_a_command_by_other_names(tmp_path: Path) -> None:
    own = {"strings/en.yaml": "commands: {prisoners: {summary: who is held, words: [captives]}}\n"}
    Reader(pack=pack(tmp_path, own), router=router).asks("/captives x").says("prisoners(x)")
