"""Keyboard: buttons, and the shelf that holds the commands too long for one."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.core.messages import Chat, Reply
from bot.platforms.telegram.render import whole

_DATA_BYTES = 64  # what Telegram keeps behind a button
_LIFE_SECONDS = 30 * 60
_OF_CHAT, _IN_ALL = 100, 20_000


class Shelf:
    """Commands by a short random token, in memory, for half an hour; the oldest make room."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._held: dict[str, tuple[float, str, str]] = {}  # token: until when, chat, command; oldest first
        self._count = Counter[str]()  # tokens of a chat

    def data(self, chat: Chat, command: str) -> str:
        """What to put behind a button: the command itself where it fits, else a token for it."""
        if 0 < len(command.encode()) <= _DATA_BYTES and not command.startswith("~"):
            return command
        self._make_room(chat)
        token = "~" + secrets.token_urlsafe(6)  # 8 characters
        self._held[token] = (self._monotonic() + _LIFE_SECONDS, chat.id, command)
        self._count[chat.id] += 1
        return token

    def command(self, chat: Chat, data: str) -> str | None:
        """The command behind a button that was pressed in a chat; None where it has expired."""
        if not data.startswith("~"):
            return data
        until, owner, command = self._held.get(data, (0.0, "", ""))
        return command if owner == chat.id and until > self._monotonic() else None

    def tidy(self) -> None:
        """Forget what has expired."""
        while self._held and next(iter(self._held.values()))[0] <= self._monotonic():
            self._drop(next(iter(self._held)))

    def forget(self, chat: Chat) -> None:
        """Let go of a chat's commands."""
        for token in [token for token, (_, owner, _) in self._held.items() if owner == chat.id]:
            self._drop(token)

    def _make_room(self, chat: Chat) -> None:
        self.tidy()
        if self._count[chat.id] >= _OF_CHAT:
            self._drop(next(token for token, (_, owner, _) in self._held.items() if owner == chat.id))
        if len(self._held) >= _IN_ALL:
            self._drop(next(iter(self._held)))

    def _drop(self, token: str) -> None:
        _, owner, _ = self._held.pop(token)
        self._count[owner] -= 1
        if not self._count[owner]:
            del self._count[owner]


def keyboard(chat: Chat, reply: Reply, shelf: Shelf) -> InlineKeyboardMarkup | None:
    """The buttons of a reply, row by row."""
    rows = [
        [InlineKeyboardButton(whole(one.label), callback_data=shelf.data(chat, whole(one.command))) for one in row]
        for row in reply.rows
        if row
    ]
    return InlineKeyboardMarkup(rows) if rows else None
