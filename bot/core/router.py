"""Router: names to handlers; what every answer has in common is added here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from bot.core.content import Content
from bot.core.messages import Button, Context, Mishap, Reply, Request, Role
from bot.core.query import spelled
from bot.core.spelling import closest, clusters, normalize
from bot.core.text import Style, Text

Handler = Callable[[Request, Context], Reply]
Whose = Callable[[Request, Context], str]
_LONGEST_NAME = 3  # words of a command that something follows: "what happened in" 2017
LONGEST_ARGUMENT = 300  # characters; nobody asks a longer question of a list
LONGEST_COMPOSED = 20_000  # what a moderator writes for others, in all languages


class Bare(Enum):
    """Whether a command's name without a prefix is the command, in a private chat."""

    NEVER = "never"
    ALONE = "alone"  # only when nothing follows: "about torture" is a question
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Command:
    """A name and what answers to it."""

    name: str
    handler: Handler
    bare: Bare
    listed: bool  # in help and in the platforms' menus
    needs: Role
    desk: bool  # whether it is told of the broadcasts
    sent: bool  # whether it is told of the updates sent lately
    kept: bool  # whether it is told what is kept of the chat
    past: Whose | None  # the id of the entry whose past it is told; "" for none


class Router:
    """The table of commands; it makes help and menus too."""

    def __init__(self) -> None:
        self.commands: dict[str, Command] = {}
        self.mishaps: dict[Mishap, Handler] = {}

    def command(  # noqa: PLR0913 (each is a property of its own)
        self,
        name: str,
        *,
        bare: Bare = Bare.ALONE,
        listed: bool = True,
        needs: Role = Role.READER,
        desk: bool = False,
        sent: bool = False,
        kept: bool = False,
        past: Whose | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register a handler. Raises ValueError for a name that is taken, so that the boot stops."""

        def register(handler: Handler) -> Handler:
            self._add(Command(name, handler, bare, listed, needs, desk, sent, kept, past))
            return handler

        return register

    def mishap(self, mishap: Mishap) -> Callable[[Handler], Handler]:
        """Register what answers to what is no question. Raises ValueError where something does already."""

        def register(handler: Handler) -> Handler:
            self._mend(mishap, handler)
            return handler

        return register

    def include(self, other: Router) -> None:
        """Take over another router's commands. Raises ValueError for a name that is taken."""
        for command in other.commands.values():
            self._add(command)
        for mishap, handler in other.mishaps.items():
            self._mend(mishap, handler)

    def _add(self, command: Command) -> None:
        if command.name in self.commands:
            raise ValueError(f"two handlers answer to /{command.name}")
        self.commands[command.name] = command

    def _mend(self, mishap: Mishap, handler: Handler) -> None:
        if mishap in self.mishaps:
            raise ValueError(f"two handlers answer to what is {mishap.value}")
        self.mishaps[mishap] = handler

    def listed(self, role: Role = Role.READER) -> Iterator[str]:
        """The commands a person with this role is told of, in the order they were registered."""
        return (name for name, command in self.commands.items() if command.listed and command.needs <= role)

    def dispatch(self, request: Request, context: Context) -> Reply | None:
        """The answer to a request; None where silence is right (another bot's command in a group)."""
        context = replace(context, commands=tuple(self.listed(request.role)))
        if request.mishap:
            return _annotated(self.mishaps[request.mishap](request, context), context)
        if len(request.line) > self._longest(request, context.content):
            return Reply(context.content.say("bad.long", n=LONGEST_ARGUMENT)) if request.addressed else None
        request = self.understood(request, context)
        command = self.commands.get(request.command)
        if command is None or command.needs > max(request.role, Role.ADMIN):
            return self._unknown(request, context) if request.addressed else None
        if command.needs > request.role:
            return Reply(context.content.say("bad.admins"))
        return _annotated(command.handler(request, context), context)

    def _longest(self, request: Request, content: Content) -> int:
        """Characters that may be asked at once: what a moderator writes for others may be long."""
        command = self.commands.get(self._name(request.command, content))
        composed = command and command.needs is Role.MODERATOR and request.role is Role.MODERATOR
        return LONGEST_COMPOSED if composed else LONGEST_ARGUMENT

    def understood(self, request: Request, context: Context) -> Request:
        """The request under the command's own name, in whatever language it was written; again and again the same.

        Free text that describes a list whole is that list; any other is a search.
        """
        content = context.content
        if request.mishap or (not request.command and len(request.argument) > LONGEST_ARGUMENT):
            return request
        if request.command:
            word, rest = self._split(request.command, content)
            return replace(request, command=self._name(word, content), argument=f"{rest} {request.argument}".strip())
        for asked, rest in self._divided(request.argument):
            name = self._name(asked, content)
            command = self.commands.get(name)
            if command and (command.bare is Bare.ALWAYS or (command.bare is Bare.ALONE and not rest)):
                return replace(request, command=name, argument=rest)
        described = content.described(request.argument, context.now.date())
        return replace(request, command=described if described in self.listed() else "search")

    def _divided(self, words: str) -> Iterator[tuple[str, str]]:
        """What may be a command's name, and what follows: all of it ("what can I do?"), or its first words."""
        yield spelled(clusters(words)), ""
        parts = words.split()
        for length in range(min(_LONGEST_NAME, len(parts)), 0, -1):
            yield " ".join(parts[:length]), " ".join(parts[length:])

    def _split(self, word: str, content: Content) -> tuple[str, str]:
        """A command and what was written on without a space, as Khmer is: the longest name it begins with."""
        if word.isascii() or self._name(word, content) in self.commands:
            return word, ""
        names = [name for name in content.commands if not name.isascii() and normalize(word).startswith(name)]
        name = max(names, key=len, default=word)
        return name, normalize(word)[len(name) :]

    def _name(self, word: str, content: Content) -> str:
        word = normalize(word)
        return word if word in self.commands else content.commands.get(word, word)

    def _unknown(self, request: Request, context: Context) -> Reply:
        known = {word: name for word, name in context.content.commands.items() if name in context.commands}
        near = closest(request.command, (*context.commands, *known))
        if near is None:
            return Reply(context.content.say("bad.unknown"), ((Button("/help", "help"),),))
        name = known.get(near, near)
        line = f"{name} {request.argument}".strip()
        say = context.content.say("bad.suggest", command=Text("/" + name).styled(Style.COMMAND))
        return Reply(say, ((Button(f"/{line}", line),),))


def _annotated(reply: Reply, context: Context) -> Reply:
    return replace(reply, text=context.content.noted(reply.text))
