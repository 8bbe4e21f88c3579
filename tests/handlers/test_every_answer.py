"""Every answer: whatever is pressed or typed, something sensible comes back, and nothing typed becomes markup."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from bot.core.change import Panic
from bot.core.messages import Chat, Reply
from bot.core.text import Style, Text
from tests.conversation import Answer, Reader

LANGUAGES = ("en", "km")
SILENCE = Reply(Text(), changes=(Panic(),))  # nothing is sent then
MOST = 400  # answers of a walk; the whole pack has some five times as many

MARKUP = [
    "*bold* _italic_ `code` [label](https://evil.example) /help",
    "{n} {title} {words} {0} {",
    "%s %(n)s %d",
    "<b>&amp;</b><script>alert(1)</script>",
    "' OR 1=1 --",
    "../../etc/passwd",
]
HOSTILE = [
    "\u202ekem\u202c \u200f\u061c\ufeff",
    "kem\0sokha",
    "\ud800\udc00 \ud83d",
    "x" * 300,
    "x" * 100_000,
    "-" * 300,
    "😀" * 100,
    "👩\u200d👩\u200d👧\u200d👦",
    "Z" + "\u0301" * 250,
    "ក" * 200,
    "\u17d2" * 100,
    "\u200b",
    "ﬁ ß İ 𝕊",
    "²",
    "page",
    "page 0",
    "page 9999",
    "page ²",
    "cycle ²",
    "the",
    "of the",
    "\\",
]


def walk(reader: Reader, most: int) -> Iterator[tuple[str, Answer]]:
    """Every answer that pressing buttons leads to, breadth first from /start."""
    seen, queue = {"start"}, deque(["start"])
    while queue and len(seen) - len(queue) <= most:
        asked = queue.popleft()
        answer = reader.asks(f"/{asked}")
        yield asked, answer
        new = [command for command in answer.commands if command not in seen]
        seen.update(new)
        queue.extend(new)


def sound(answer: Answer) -> bool:
    """Whether a platform can send it: some words, marks inside them, and buttons with a label and a command."""
    if answer.reply == SILENCE:
        return True
    text, buttons = answer.reply.text, answer.reply.buttons
    assert text.plain.strip()
    assert all(0 <= mark.start < mark.end <= len(text.plain) for mark in text.marks)
    assert all(button.label.strip() and button.command.strip() for button in buttons)
    assert len({button.command for button in buttons if not button.listed}) == sum(not b.listed for b in buttons)
    assert "\ufffd" not in "".join((text.plain, *answer.labels, *answer.commands)).encode("utf-8").decode()
    return True


def plain(answer: Answer, words: str) -> bool:
    """Whether no mark begins or ends inside the words, where they are said again."""
    echoes = [found.span() for found in re.finditer(re.escape(words), answer.text)]
    edges = [edge for mark in answer.reply.text.marks for edge in (mark.start, mark.end)]
    return not any(start < edge < end for start, end in echoes for edge in edges)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_is_a_command_that_is_answered_sensibly(language: str) -> None:
    reader = Reader(language)
    apologies = ("bad.unknown", "bad.expired", "bad.unreadable", "bad.which", "timeline.unknown", "search.nothing")
    refusals = {reader.phrase(name, command="", words="") for name in apologies}
    asked = set()
    for command, answer in walk(reader, MOST):
        assert sound(answer), command
        assert answer.text not in refusals, command
        assert command.partition(" ")[0] in handlers.router.commands
        asked.add(command.partition(" ")[0])
    assert asked >= {"prisoners", "laws", "recommendations", "claims", "act", "help", "show", "full", "sources"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_item_and_its_button_are_the_same(language: str) -> None:
    reader = Reader(language)
    for command in ("prisoners", "laws draft", "recommendations noted", "claims", "figures", "timeline 2018", "act"):
        answer = reader.asks(f"/{command}")
        listed = [button for button in answer.reply.buttons if button.listed]
        assert len(listed) == len(answer.items)
        for button in listed:
            opened = reader.pushes(button)
            assert opened.text.startswith(button.label.removesuffix("…"))


@pytest.mark.parametrize("command", [*(f"/{name} " for name in handlers.router.commands), "/xyzzy ", ""])
def test_nothing_typed_is_an_error_or_becomes_a_mark(command: str) -> None:
    turn = len(command) % 2  # every other one of the words, and the other language, for every other command
    for words in (*MARKUP, *HOSTILE[turn::2]):
        answer = Reader(LANGUAGES[turn]).asks(command + words)
        assert sound(answer)
        assert words not in MARKUP or plain(answer, words), answer


@given(st.text(st.characters()), st.sampled_from(["", *handlers.router.commands]), st.sampled_from(LANGUAGES))
def test_no_text_whatever_is_an_error(words: str, command: str, language: str) -> None:
    assert sound(Reader(language).asks(f"/{command} {words}" if command else words))


def test_a_group_hears_only_answers_to_commands() -> None:
    group = Reader(chat=Chat("telegram", "-1", private=False))
    assert group.hears("kem sokha") is None
    assert group.hears("/weather") is None
    assert group.hears("prisoners") is None
    group.asks("/prisoners kem sokha").says("Status not certain")
    group.presses("Full record").says("Kem Sokha")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_says_once_what_is_not_in_the_readers_words(language: str) -> None:
    reader = Reader(language)
    notes = {(True, False): "note.fallback", (False, True): "note.draft", (True, True): "note.both"}
    for command in ("prisoners kem sokha", "full kem-sokha", "laws", "recommendations", "figures", "about", "help"):
        answer = reader.asks(f"/{command}")
        has = (answer.reply.text.has(Style.FALLBACK), answer.reply.text.has(Style.DRAFT))
        assert [name for name in notes.values() if reader.phrase(name) in answer.text] == (
            [notes[has]] if any(has) else []
        )
        assert all(answer.text.count(reader.phrase(name)) <= 1 for name in notes.values())
        assert has == (False, False) or language == "km"
