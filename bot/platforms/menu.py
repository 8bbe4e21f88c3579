"""Menu: buttons for platforms that have none: a numbered list, remembered for half an hour."""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core.content import Content
from bot.core.messages import Button, Chat, Mishap, Reply, Request
from bot.core.spelling import normalize
from bot.core.text import Text, lines, paragraphs

LIFE_SECONDS = 30 * 60
_CHATS = 2_000  # remembered in all
_LISTS = 5  # remembered of one chat


@dataclass(frozen=True, slots=True)
class _List:
    message: str
    buttons: tuple[Button, ...]
    until: float


class Menus:
    """The lists offered lately, by chat; in memory only."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lists: OrderedDict[Chat, list[_List]] = OrderedDict()

    def remember(self, chat: Chat, message: str, buttons: tuple[Button, ...]) -> None:
        """A list was sent as this message."""
        kept = [each for each in self._lists.pop(chat, []) if each.until > self._monotonic()]
        self._lists[chat] = [*kept, _List(message, buttons, self._monotonic() + LIFE_SECONDS)][-_LISTS:]
        while len(self._lists) > _CHATS:
            self._lists.popitem(last=False)

    def forget(self, chat: Chat) -> None:
        """Let go of a chat's lists, in all its threads."""
        for each in [each for each in self._lists if each.whole == chat.whole]:
            del self._lists[each]

    def tidy(self) -> None:
        """Let go of what nobody may use any more; the chats stand in the order of their newest lists."""
        while self._lists and next(iter(self._lists.values()))[-1].until <= self._monotonic():
            self._lists.popitem(last=False)

    def chosen(self, request: Request, refers: str = "") -> Request | None:
        """Free text as the choice it makes; in a group, None where it makes none and so is none of our business."""
        if request.command or request.mishap:
            return request
        lists = self._offered(request.chat, refers)
        number = _number(request.argument)
        button = _worded(request.argument, lists) if number is None else _numbered(number, lists)
        if button is None:
            return self._unchosen(request, number, lists, refers)
        command, _, argument = button.command.partition(" ")
        return replace(request, command=command, argument=argument)

    def _unchosen(self, request: Request, number: int | None, lists: Sequence[_List], refers: str) -> Request | None:
        if number is None:
            return request if request.chat.private else None
        if not request.chat.private and not refers:
            return None
        return replace(request, mishap=Mishap.CHOICE if lists else Mishap.EXPIRED, argument=str(number))

    def _offered(self, chat: Chat, refers: str) -> list[_List]:
        """The lists a choice can mean, newest first: the one replied to, else in a private chat all that are left."""
        now = self._monotonic()
        lists = [each for each in reversed(self._lists.get(chat, [])) if each.until > now]
        if refers:
            return [each for each in lists if each.message == refers]
        return lists if chat.private else []


def _numbered(number: int, lists: Sequence[_List]) -> Button | None:
    """The newest list's choice of that number."""
    choices = [button for button in lists[0].buttons if not button.words] if lists else []
    return choices[number - 1] if 1 <= number <= len(choices) else None


def _worded(words: str, lists: Sequence[_List]) -> Button | None:
    """The choice of that name; "next" still turns a list from which something was opened meanwhile."""
    wanted = normalize(words)
    buttons = (button for each in lists for button in each.buttons)
    return next((button for button in buttons if wanted in map(normalize, (*button.words, button.label))), None)


def _number(words: str) -> int | None:
    """A bare number, in any script's digits."""
    words = words.strip().rstrip(".")
    if not words.isdecimal() or len(words) > 3:
        return None
    return int("".join(str(unicodedata.digit(digit)) for digit in words))


def spelled(reply: Reply, content: Content) -> Reply:
    """The reply with its buttons written out: numbers for choices, words for turning the page."""
    if not reply.rows:
        return reply
    numbered = [button for button in reply.buttons if not button.words]
    options = (Text(f"{n}. {button.label}") for n, button in enumerate(numbered, 1) if not button.listed)
    words = " · ".join(button.words[0] for button in reply.buttons if button.words)
    hint = "menu.or_words" if numbered and words else "menu.words" if words else "menu.number"
    return replace(reply, text=paragraphs(reply.text, lines(*options), content.say(hint, words=words)), rows=())
