"""Shell: the moderators' desk on the command line of this machine; whoever sits there counts as one moderator."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.core import announcement
from bot.core.broadcast import FINAL, Broadcast, Desk, State
from bot.core.change import OfModerator, Show
from bot.core.content import Content, Snapshot
from bot.core.messages import Context, Reply, Request, Role, read
from bot.core.router import Router
from bot.core.subscription import zone
from bot.core.text import Text, join, paragraphs
from bot.moderation import SHELL, Moderation
from bot.platforms.console import CHAT
from bot.store import Conflict, Store
from bot.terminal import Terminal

_LOOK_SECONDS = 0.5
_TRIES = 2  # of a command whose ground has shifted meanwhile
_OVER = (State.ENDED, State.CANCELLED, State.REJECTED)
_DRAFTS = (State.DRAFT, State.REJECTED)


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed: `pratip broadcast reject 12 it is not true`."""

    action: str  # list, or the name of a moderators' command
    number: int = 0
    words: str = ""
    sure: bool = False  # nobody needs to be asked
    follow: bool = False  # show its progress until it ends
    language: str = ""  # the pack's own where none is named


class Refused(Exception):
    """It cannot be done; text says why."""

    def __init__(self, text: Text | str) -> None:
        super().__init__(str(text))
        self.text = Text(text) if isinstance(text, str) else text


@dataclass
class Shell:
    """Does what moderators do in chat, with the same words."""

    router: Router
    store: Store
    moderation: Moderation
    clock: Clock
    terminal: Terminal
    reload: Callable[[], Snapshot]  # the content as it is now
    wake: Callable[[], bool]  # tells the run beside us; whether there is one
    language: str = ""

    @property
    def _content(self) -> Content:
        return self.moderation.snapshot().view(self.language)

    async def obey(self, order: Order) -> None:
        """Do it. Raises Refused."""
        match order.action:
            case "list":
                await self._list()
            case "show":
                await self._show(order)
            case "approve":
                await self._approve(order)
            case "withdraw":
                await self._withdraw(order)
            case _:
                await self._change(order, order.words)

    # -- looking

    async def _list(self) -> None:
        desk = await self.moderation.desk(SHELL, self._request("drafts"))
        content = self._content
        waiting = [each for each in desk.broadcasts if each.state is State.DRAFT]
        others = [each for each in desk.broadcasts if each.state is not State.DRAFT]
        self.terminal.say(content.say("desk.drafts", n=len(waiting)))
        for each in (*waiting, *others):
            self.terminal.tell(_line(each, desk, content).plain)

    async def _show(self, order: Order) -> None:
        await self._shown(order.number)
        if order.follow:
            await self._follow(order.number)

    async def _shown(self, number: int) -> Desk:
        """Print a draft as it will be sent, or a broadcast as it was. Raises Refused where there is none."""
        desk = await self.moderation.desk(SHELL, self._request(f"draft {number}"))
        sheet, content = desk.sheet, self._content
        if sheet is None:
            raise Refused(content.say("desk.unknown", number=str(number)))
        if sheet.broadcast.state in _DRAFTS:
            reply, desk = await self._asked(f"draft {number}")
            self.terminal.say(reply.text)
            return desk
        reply, desk = await self._asked(f"broadcast {number}")
        names = {code: content.languages.get(code, code) for code in sheet.texts}
        texts = (paragraphs(content.say("desk.language", language=names[code]), sheet.texts[code]) for code in names)
        self.terminal.say(paragraphs(reply.text, *texts))
        return desk

    async def _follow(self, number: int) -> None:
        """Show how far it is, until it ends or somebody presses Ctrl-C."""
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, enough.set)
        with self.terminal.progress() as show:
            while not enough.is_set():
                broadcast = await self.store.broadcasts.one(number)
                if broadcast is None:
                    return
                outcomes = announcement.summed(broadcast.tally)
                done = sum(n for outcome, n in outcomes.items() if outcome in FINAL)
                show(done, outcomes.total(), _dotted(*_progress(broadcast, self._content)).plain)
                if broadcast.state in _OVER:
                    return
                await self.clock.until(enough, _LOOK_SECONDS)

    # -- deciding

    async def _approve(self, order: Order) -> None:
        """With the texts before one's eyes, and for exactly these."""
        if await self._is_answered(order.number):
            raise Refused((await self._asked(f"approve {order.number}"))[0].text)
        self._sure(order)
        sheet = (await self._shown(order.number)).sheet
        await self._confirmed(order, "Approve exactly this?")
        heard = await self._change(order, sheet.digest if sheet else "")
        if await self._is_sending(order.number) and (order.follow or (heard and self.terminal.is_terminal)):
            await self._follow(order.number)

    async def _is_answered(self, number: int) -> bool:
        """Whether nothing is left to approve here: it is no draft, or these very texts were approved."""
        sheet = (await self.moderation.desk(SHELL, self._request(f"approve {number}"))).sheet
        if sheet is None or sheet.broadcast.state is not State.DRAFT:
            return True
        return sheet.seen and SHELL in announcement.approving(sheet.broadcast, sheet.digest)

    async def _withdraw(self, order: Order) -> None:
        yes = f"withdraw {order.number} yes"
        reply, _ = await self._asked(f"withdraw {order.number}")
        if all(button.command != yes for button in reply.buttons):
            raise Refused(reply.text)
        self._sure(order)
        await self._confirmed(order, str(reply.text))
        await self._change(order, "yes")

    def _sure(self, order: Order) -> None:
        if not order.sure and not self.terminal.asks:
            raise Refused(f"Nobody is here to be asked: add --yes to {order.action} it without a question")

    async def _confirmed(self, order: Order, question: str) -> None:
        """Ask, and look at the content again: it may have changed while somebody was thinking. Raises Refused."""
        if order.sure:
            return
        if not await self.terminal.confirms(question):
            raise Refused("Nothing was done")
        snapshot = self.reload()
        self.moderation.snapshot = lambda: snapshot

    async def _change(self, order: Order, words: str) -> bool:
        """Make a change and say so; whether a run heard of it. Raises Refused where there is none to make."""
        reply, _ = await self._asked(f"{order.action} {order.number} {words}")
        if all(isinstance(each, Show) for each in reply.changes):
            raise Refused(reply.text)
        self.terminal.say(reply.text)
        heard = self.wake()
        if not heard and await self._is_sending(order.number):
            self.terminal.say(Text("No pratip run works on this data folder now; the next one sends it."))
        return heard

    async def _is_sending(self, number: int) -> bool:
        broadcast = await self.store.broadcasts.one(number)
        return broadcast is not None and broadcast.state is State.SENDING

    # -- asking, as a moderator does in chat

    def _request(self, line: str) -> Request:
        request = read(CHAT, f"/{line}") or Request(CHAT, "")
        return Request(CHAT, request.command, request.argument, role=Role.MODERATOR, typed=request.typed)

    async def _asked(self, line: str) -> tuple[Reply, Desk]:
        """The answer, its changes made, and what the desk showed before. Raises Refused where others were faster."""
        request = self._request(line)
        for _ in range(_TRIES):
            desk = await self.moderation.desk(SHELL, request)
            now = self.clock.now().astimezone(zone(self._content.pack.time_zone))
            reply = self.router.dispatch(request, Context(self._content, now, desk=desk))
            if reply is not None and await self._made(reply):
                return reply, desk
        raise Refused(self._content.say("bad.failed"))

    async def _made(self, reply: Reply) -> bool:
        try:
            for each in reply.changes:
                if isinstance(each, OfModerator):
                    await self.moderation.apply(each, SHELL)
        except Conflict:
            return False
        return True


def _line(broadcast: Broadcast, desk: Desk, content: Content) -> Text:
    """One broadcast of the list."""
    title = "draft" if broadcast.state in _DRAFTS else "broadcast"
    topics = announcement.topics(broadcast.topics, content)
    return _dotted(
        content.say(f"desk.title.{title}", number=str(broadcast.number)),
        content.say("desk.urgent") if broadcast.urgent else None,
        topics,
        announcement.gist(broadcast, content),
        *(_approvals(broadcast, desk, content) if broadcast.state is State.DRAFT else _progress(broadcast, content)),
    )


def _approvals(broadcast: Broadcast, desk: Desk, content: Content) -> tuple[Text | None, ...]:
    said = announcement.approving(broadcast)
    mine = content.say("desk.approved.you") if desk.me in said else None
    return content.say("desk.approvals", n=len(said), needed=desk.needed), mine


def _progress(broadcast: Broadcast, content: Content) -> tuple[Text | None, ...]:
    """State, why, and the totals where there are any."""
    state, outcomes = announcement.state(broadcast, content), announcement.summed(broadcast.tally)
    counts = announcement.counts(outcomes, broadcast.kind, content) if outcomes else None
    return state, Text(broadcast.why) if broadcast.why else None, counts


def _dotted(*parts: Text | str | None) -> Text:
    return join((part for part in parts if part), " · ")
