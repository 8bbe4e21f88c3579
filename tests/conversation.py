"""Conversation: a reader who asks the real router, of the shipped pack or another; a test then reads like a chat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cache

import handlers
from bot.content import load
from bot.content.repository import SHIPPED
from bot.core.broadcast import Desk
from bot.core.calendar import PartialDate
from bot.core.change import (
    Change,
    Configure,
    Follow,
    Forget,
    Panic,
    SetLanguage,
    Stop,
    Subscribe,
    Unfollow,
    Unsubscribe,
)
from bot.core.content import Content, Snapshot
from bot.core.kept import Kept
from bot.core.messages import Button, Chat, Context, Prefs, Reply, Request, Role, read
from bot.core.past import Past
from bot.core.router import Router
from bot.core.subscription import NOTHING, Subscriptions
from bot.core.text import Style, Text

TODAY = date(2026, 11, 23)  # the newest source of the shipped pack is some months older
ME = "PratipBot"


@cache
def shipped() -> Snapshot:
    """The shipped pack, read once."""
    return load(SHIPPED, handlers.kinds, TODAY)[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as somebody sees it."""

    reply: Reply

    @property
    def text(self) -> str:
        """All that is read."""
        return self.reply.text.plain

    @property
    def labels(self) -> list[str]:
        """What the buttons say."""
        return [button.label for button in self.reply.buttons]

    @property
    def commands(self) -> list[str]:
        """What pressing the buttons asks."""
        return [button.command for button in self.reply.buttons]

    @property
    def shown(self) -> list[str]:
        """The ids of the entries that the buttons open."""
        return [command.removeprefix("show ") for command in self.commands if command.startswith("show ")]

    @property
    def items(self) -> list[str]:
        """The numbered lines of a list."""
        return [line for line in self.text.splitlines() if line.partition(". ")[0].isdecimal()]

    def says(self, *words: str | Text) -> Answer:
        """All of it is said, in this order."""
        position = 0
        for some in map(str, words):
            position = self.text.find(some, position) + len(some)
            assert position >= len(some), f"not said, or not there: {some!r}\n\n{self.text}"
        return self

    def hides(self, *words: str | Text) -> Answer:
        """Nothing of it is said."""
        assert [some for some in map(str, words) if some in self.text] == [], self.text
        return self

    def marked(self, style: Style) -> list[str]:
        """The characters under each mark of a style."""
        return [self.text[mark.start : mark.end] for mark in self.reply.text.marks if mark.style is style]


class Reader:
    """Somebody in a chat. What was chosen is remembered, as the app does; nothing else is."""

    def __init__(
        self,
        language: str = "",
        *,
        today: date = TODAY,
        pack: Snapshot | None = None,
        chat: Chat | None = None,
        role: Role | None = None,  # as the app decides: anybody may change what a private chat receives
        router: Router = handlers.router,
        desk: Desk | None = None,
    ) -> None:
        self.pack = pack or shipped()
        self.today = today
        self.chat = chat or Chat("console", "1")
        self.role = (Role.ADMIN if self.chat.private else Role.READER) if role is None else role
        self.router = router
        self.desk = desk
        self.prefs = Prefs(language)
        self.kept: Kept | None = None
        self.past: Past | None = None
        self.sent: tuple[tuple[int, datetime, Text], ...] = ()  # the updates sent lately, newest first
        self.answers: list[Answer] = []

    @property
    def content(self) -> Content:
        """The pack in this reader's language."""
        return self.pack.view(self.prefs.language)

    @property
    def context(self) -> Context:
        """What a handler is told."""
        noon = datetime.combine(self.today, time(12), UTC)
        commands = tuple(self.router.listed(self.role))
        return Context(self.content, noon, self.prefs, f"@{ME}", commands, self.desk, self.sent, self.kept, self.past)

    def phrase(self, name: str, /, **values: Text | str | int | PartialDate) -> str:
        """The bot's own words, as this reader hears them."""
        return str(self.content.say(name, **values))

    def asks(self, words: str) -> Answer:
        """What is answered to what was typed."""
        answer = self.hears(words)
        assert answer, f"silence after {words!r}"
        return answer

    def presses(self, label: str) -> Answer:
        """What is answered to a button of the last answer; its label may be cut short."""
        button = next(button for button in self.answers[-1].reply.buttons if button.label.startswith(label))
        return self.pushes(button)

    def pushes(self, button: Button) -> Answer:
        """What is answered to a button: the same as to its command, typed and addressed to the bot."""
        command, _, argument = button.command.partition(" ")
        return self.asks(f"/{command}@{ME} {argument}")

    def pages(self, words: str) -> Iterator[Answer]:
        """What is answered to what was typed, and every page after it."""
        further, turn = self.asks(words), self.phrase("turn.next.label")
        yield further
        while turn in further.labels:
            further = self.pushes(further.reply.buttons[further.labels.index(turn)])
            yield further

    def hears(self, words: str) -> Answer | None:
        """What is answered to what was typed; None where silence is."""
        request = read(self.chat, words, me=ME)
        return self.gets(replace(request, role=self.role)) if request else None

    def gets(self, request: Request) -> Answer | None:
        """What is answered to a request as a platform makes it."""
        reply = self.router.dispatch(request, self.context)
        if reply is None:
            return None
        for change in reply.changes:
            self.prefs = _changed(self.prefs, change)
        self.answers.append(Answer(reply))
        return self.answers[-1]


def _changed(prefs: Prefs, change: Change) -> Prefs:
    """What is remembered after a change."""
    match change:
        case SetLanguage(code):
            return replace(prefs, language=code)
        case Forget() | Panic():
            return Prefs()
        case Stop():
            return replace(prefs, subscriptions=NOTHING)
    return replace(prefs, subscriptions=_subscribed(prefs.subscriptions, change))


def _subscribed(held: Subscriptions, change: Change) -> Subscriptions:
    """What a chat hears of after a change."""
    match change:
        case Subscribe(topics, pace):
            return replace(held, topics={**held.topics, **dict.fromkeys(topics, pace)})
        case Unsubscribe(topics):
            return replace(held, topics={name: pace for name, pace in held.topics.items() if name not in topics})
        case Follow(entry):
            return replace(held, follows=tuple(dict.fromkeys((*held.follows, entry))))
        case Unfollow(entry):
            return replace(held, follows=tuple(name for name in held.follows if name != entry))
        case Configure(settings):
            return replace(held, settings=settings)
    return held
