"""Sent: the names of messages are known for two days, in bounded memory, and to nobody who was forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.messages import Chat
from bot.delivery import sent
from bot.delivery.sent import LIFE_SECONDS, Sent

HERE, THERE = Chat("paper", "1"), Chat("paper", "2")
THREAD = replace(HERE, thread="5")


def names(memory: Sent, chat: Chat, now: float = 10.0) -> list[str]:
    return [message for _, message in memory.taken(chat, now)]


def known(memory: Sent) -> int:
    """How many names are in memory, as they are and as they are counted."""
    number = sum(len(chat) for chat in memory._chats.values())
    assert number == memory._count
    return number


def test_the_newest_comes_first_whatever_its_thread_and_is_taken_once() -> None:
    memory = Sent()
    for number, chat in enumerate((HERE, THREAD, THERE), 1):
        memory.note(chat, f"m{number}", 1.0)
    assert memory.taken(HERE, 2.0) == [(THREAD, "m2"), (HERE, "m1")]
    assert [names(memory, HERE), names(memory, THERE)] == [[], ["m3"]]
    assert known(memory) == 0


def test_after_two_days_a_message_is_not_known_any_more() -> None:
    memory = Sent()
    memory.note(HERE, "old", 1.0)
    memory.note(HERE, "new", 1.0 + LIFE_SECONDS - 1)
    assert names(memory, HERE, LIFE_SECONDS + 1.0) == ["new"]
    memory.note(HERE, "old", 1.0)
    memory.note(HERE, "new", 1.0 + LIFE_SECONDS)
    memory.note(THERE, "new", 1.0 + LIFE_SECONDS)
    assert known(memory) == 2
    memory.tidy(2.0 + 2 * LIFE_SECONDS)
    assert known(memory) == 0


def test_who_is_forgotten_is_forgotten() -> None:
    memory = Sent()
    memory.note(THREAD, "m1", 1.0)
    memory.note(THERE, "m2", 1.0)
    memory.forget(HERE)
    memory.forget(HERE)
    assert [names(memory, HERE), names(memory, THERE)] == [[], ["m2"]]


def test_memory_is_bounded_by_chat_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent, "_OF_CHAT", 3)
    monkeypatch.setattr(sent, "_IN_ALL", 5)
    memory = Sent()
    for number in range(9):
        memory.note(HERE, f"m{number}", 1.0)
    assert known(memory) == 3
    for number in range(3):
        memory.note(THERE, f"n{number}", 1.0)
    assert known(memory) == 3
    assert [names(memory, HERE), names(memory, THERE)] == [[], ["n2", "n1", "n0"]]
