"""Newsdesk: how moderators' commands are registered, and what their answers share. None of them lists subscribers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core import announcement
from bot.core.broadcast import Broadcast, Desk, Sheet, State
from bot.core.change import Change
from bot.core.content import Content
from bot.core.messages import Button, Context, Reply, Request, Role
from bot.core.router import Bare, Router
from bot.core.text import Style, Text, join

SENT = (State.SENDING, State.PAUSED, State.ENDED, State.CANCELLED)

AtDesk = Callable[[Request, Context, Desk], Reply]


def command(router: Router, name: str) -> Callable[[AtDesk], AtDesk]:
    """Register a moderators' command; it is answered in private alone."""

    def register(handler: AtDesk) -> AtDesk:
        @router.command(name, bare=Bare.NEVER, needs=Role.MODERATOR, desk=True)
        def answer(request: Request, context: Context) -> Reply:
            if not request.chat.private or context.desk is None:
                return Reply(context.content.say("desk.private"))
            return handler(request, context, context.desk)

        return handler

    return register


@dataclass(frozen=True, slots=True)
class Visit:
    """A moderator's word about one broadcast."""

    sheet: Sheet
    desk: Desk
    context: Context
    words: str  # what follows the number
    typed: str  # the same with its lines

    @property
    def broadcast(self) -> Broadcast:
        """The broadcast it is about."""
        return self.sheet.broadcast

    def says(self, phrase: str, *buttons: str, changes: tuple[Change, ...] = (), **values: Text | str | int) -> Reply:
        """A sentence that may name the broadcast's number and state, and the buttons of commands about it."""
        content, number = self.context.content, str(self.broadcast.number)
        state = content.say(f"desk.state.{self.broadcast.state}")
        named = tuple(announcement.button(name, number, content) for name in buttons)
        text = content.say(phrase, **{"number": number, "state": state, **values})
        return Reply(text, (named,) if named else (), changes=changes)


def about(router: Router, name: str) -> Callable[[Callable[[Visit], Reply]], Callable[[Visit], Reply]]:
    """Register a moderators' command about the broadcast whose number it begins with."""

    def register(handler: Callable[[Visit], Reply]) -> Callable[[Visit], Reply]:
        @command(router, name)
        def answer(request: Request, context: Context, desk: Desk) -> Reply:
            number, _, words = request.argument.partition(" ")
            if not re.fullmatch(r"#?\d{1,9}", number):
                return Reply(context.content.say("desk.which", command=f"{name} 12"))
            sheet = desk.sheet
            if sheet is None or sheet.broadcast.number != int(number.removeprefix("#")):
                return Reply(context.content.say("desk.unknown", number=number), lists(context.content))
            typed = request.typed.partition(number)[2].strip()
            return handler(Visit(sheet, desk, context, words, typed))

        return handler

    return register


def lists(content: Content) -> tuple[tuple[Button, ...], ...]:
    """The way to all drafts and broadcasts."""
    return (tuple(Button(str(content.say(f"desk.button.{name}")), name) for name in ("drafts", "broadcasts")),)


def opening(name: str, broadcasts: Sequence[Broadcast], content: Content) -> list[Button]:
    """The buttons that open the items of a list."""
    named = (announcement.button(name, str(each.number), content) for each in broadcasts)
    return [replace(each, listed=True) for each in named]


def dotted(*parts: Text | str | None) -> Text:
    """The parts that there are, in one line."""
    return join((part for part in parts if part), " · ")


def titled(broadcast: Broadcast, content: Content) -> Text:
    """ "Draft 12", "Broadcast 12", and that it is urgent."""
    kind = "draft" if broadcast.state in (State.DRAFT, State.REJECTED) else "broadcast"
    title = content.say(f"desk.title.{kind}", number=str(broadcast.number)).styled(Style.BOLD)
    return dotted(title, content.say("desk.urgent") if broadcast.urgent else None)


def over(broadcast: Broadcast, context: Context) -> bool:
    """Whether it may go out no more."""
    return broadcast.expires_at is not None and broadcast.expires_at <= context.now


def rejected(visit: Visit) -> Reply:
    """That it was rejected, and why."""
    return visit.says("desk.was_rejected", why=announcement.why(visit.broadcast, visit.context.content))
