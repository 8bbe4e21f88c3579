"""Sent: the names of the messages that each chat got lately, in memory only, to be deleted on request."""

from __future__ import annotations

from collections import OrderedDict, deque

from bot.core.messages import Chat

LIFE_SECONDS = 48 * 3600.0  # Telegram deletes nothing older (Bot API, deleteMessage)
_OF_CHAT = 500
_IN_ALL = 100_000


class Sent:
    """The newest messages of each chat, all its threads together. Seconds are the clock's monotonic()."""

    def __init__(self) -> None:
        self._chats: OrderedDict[tuple[str, str], deque[tuple[float, Chat, str]]] = OrderedDict()  # the newest last
        self._count = 0

    def note(self, chat: Chat, message: str, now: float) -> None:
        """A message arrived there, of this name."""
        known = self._chats.setdefault(chat.whole, deque())
        self._chats.move_to_end(chat.whole)
        known.append((now, chat, message))
        self._count += 1
        while len(known) > _OF_CHAT or known[0][0] + LIFE_SECONDS <= now:
            known.popleft()
            self._count -= 1
        self.tidy(now)
        while self._count > _IN_ALL:
            self._count -= len(self._chats.popitem(last=False)[1])

    def tidy(self, now: float) -> None:
        """Let go of what cannot be deleted any more; the chats stand in the order of their newest messages."""
        while self._chats and next(iter(self._chats.values()))[-1][0] + LIFE_SECONDS <= now:
            self._count -= len(self._chats.popitem(last=False)[1])

    def taken(self, chat: Chat, now: float) -> list[tuple[Chat, str]]:
        """Where and under which names a chat's messages can still be found, newest first; forgotten from now on."""
        known = self._chats.pop(chat.whole, deque())
        self._count -= len(known)
        return [(there, message) for at, there, message in reversed(known) if at + LIFE_SECONDS > now]

    def forget(self, chat: Chat) -> None:
        """Know nothing of a chat any more."""
        self.taken(chat, 0.0)
