"""Moderation: who the moderators are, what lies on their desk, and what they do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import ceil, inf

import orjson

from bot.clock import Clock
from bot.content import Problem
from bot.content.translation import catalogue
from bot.core import announcement, change
from bot.core.broadcast import Broadcast, Desk, Kind, Outcome, Outlook, Sheet, State
from bot.core.content import Content, Snapshot
from bot.core.messages import Chat, Context, Reply, Request
from bot.core.subscription import zone
from bot.core.text import Text
from bot.delivery.rendering import frozen, thawed
from bot.log import log
from bot.platforms import Envelope
from bot.privacy import Keys, SealBroken
from bot.store import Conflict, Draft, Store, StoreFailed

_LISTED = 500  # broadcasts on a desk, newest first
_NUMBER = re.compile(r"#?(\d{1,9})\b")
_STARS_A_MESSAGE = 0.1
SHELL = "shell"  # whoever has the shell of this machine counts as one moderator


@dataclass
class Moderation:
    """The moderators' side of broadcasts. A moderator is named "telegram:42" or "matrix:@name:example.org"."""

    store: Store
    keys: Keys
    clock: Clock
    snapshot: Callable[[], Snapshot]
    names: Sequence[str] = ()
    needed: int = 2  # approvals that a draft needs
    paid: bool = False  # whether Telegram is paid for more messages a second
    rates: Mapping[str, float] = field(default_factory=dict)  # messages a second, by platform
    tell: Callable[[str, Chat, Reply, Content], None] | None = None  # somebody something, by a key for it
    changed: Callable[[], None] = field(default=lambda: None)  # something is to be sent, or no more

    def __post_init__(self) -> None:
        self._met: dict[str, tuple[Chat, str]] = {}

    def named(self, envelope: Envelope) -> str:
        """The moderator who wrote this, in private; empty where nobody did."""
        chat = envelope.request.chat
        name = f"{chat.platform}:{envelope.sender}"
        return name if chat.private and envelope.sender and name in self.names else ""

    async def met(self, name: str, chat: Chat, language: str) -> None:
        """Remember where a moderator can be written to."""
        if self._met.get(name) == (chat, language):
            return
        address = self.keys.seal(orjson.dumps([chat.platform, chat.id]), f"moderator {name}")
        try:
            await self.store.moderators.met(name, address, language)
            self._met[name] = (chat, language)
        except StoreFailed as problem:
            log.error("moderator_not_noted", reason=str(problem))

    async def forget(self, name: str) -> None:
        """Know no more where a moderator can be written to, until the next word from there."""
        self._met.pop(name, None)
        await self.store.moderators.forget(name)

    # -- the desk

    async def desk(self, me: str, request: Request) -> Desk:
        """What a moderator's command is told."""
        reachable = await self.store.moderators.reachable()
        number = _NUMBER.match(request.argument)
        return Desk(
            me,
            self.needed,
            tuple(self._counted(each) for each in await self.store.broadcasts.newest(_LISTED)),
            await self._sheet(int(number[1]), me) if number else None,
            tuple(name for name in self.names if name not in reachable),
        )

    async def _sheet(self, number: int, me: str) -> Sheet | None:
        broadcast = await self.store.broadcasts.one(number)
        if broadcast is None:
            return None
        texts = await self.texts(broadcast)
        digest = announcement.digest(texts)
        people, channels = await self._audience(broadcast)
        seen = await self.store.broadcasts.seen(number, me) == digest
        stars = ceil(people.get("telegram", 0) * _STARS_A_MESSAGE) if self.paid else 0
        told = await self._outlook(broadcast) if broadcast.state is State.DRAFT else Outlook()
        counted, wait = self._counted(broadcast), self._seconds(people)
        return Sheet(counted, texts, digest, seen, people, channels, wait, stars, told)

    async def _outlook(self, broadcast: Broadcast) -> Outlook:
        snapshot = self.snapshot()
        pack = snapshot.views[snapshot.default].pack
        return await self.store.ledger.outlook(broadcast.number, now=self.clock.now(), zone=pack.time_zone)

    def _counted(self, broadcast: Broadcast) -> Broadcast:
        """With the approvals of those alone who are moderators now."""
        return replace(
            broadcast, approvals=tuple(each for each in broadcast.approvals if each.moderator in self.allowed)
        )

    async def texts(self, broadcast: Broadcast) -> Mapping[str, Text]:
        """What a broadcast says in each language: a draft as the content stands now, any other as it was approved."""
        if broadcast.state not in (State.DRAFT, State.REJECTED):
            return {
                code: thawed(body) for code, body in (await self.store.broadcasts.renderings(broadcast.number)).items()
            }
        original = await self.store.broadcasts.one(broadcast.original) if broadcast.original else None
        sent_at, now = original.sent_at if original else None, self.clock.now()
        return {
            code: announcement.text(broadcast, Context(view, now.astimezone(zone(view.pack.time_zone))), sent_at)
            for code, view in self.snapshot().views.items()
        }

    async def _audience(self, broadcast: Broadcast) -> tuple[Mapping[str, int], int]:
        if broadcast.original:
            original = await self.store.broadcasts.one(broadcast.original)
            tally = original.tally if original else {}
            return {name: _arrived(outcomes) for name, outcomes in tally.items()}, 0
        entries = [item.entry for item in broadcast.items]
        audience = await self.store.subscribers.counts(broadcast.topics, entries)
        return audience.people, audience.channels

    def _seconds(self, people: Mapping[str, int]) -> Mapping[str, int]:
        return {name: ceil(n / self.rates.get(name, inf)) for name, n in people.items()}

    # -- what moderators do

    async def apply(self, done: change.OfModerator, me: str) -> None:
        """Make a change. Raises Conflict where it is too late for it."""
        broadcasts, now = self.store.broadcasts, self.clock.now()
        match done:
            case change.Show(number, digest):
                await broadcasts.shown(number, me, digest, now)
            case change.Approve():
                await self._approve(done, me, now)
            case change.Reject(number, why):
                if await broadcasts.reject(number, me, why, now):
                    await self._rejected(number, me)
            case change.Compose():
                await self._compose(done, me, now)
            case change.Pause(number, why):
                await broadcasts.pause(number, me, why, now)
            case change.Resume(number):
                await broadcasts.resume(number, me, now)
            case change.Cancel(number):
                await broadcasts.cancel(number, me, now)
            case change.Withdraw(number):
                await self._withdraw(number, me, now)
        self.changed()

    async def _approve(self, word: change.Approve, me: str, now: datetime) -> None:
        """Raises Conflict also where it was noted, and what its moderator would be told is not what came of it."""
        number, digest = word.number, word.digest
        broadcast = await self.store.broadcasts.one(number)
        if broadcast is None:
            raise Conflict("there is no such draft")
        texts = await self.texts(broadcast)
        if announcement.digest(texts) != digest:
            raise Conflict("it has changed")
        renderings = {code: frozen(text) for code, text in texts.items()}
        begun = await self.store.broadcasts.approve(
            number, me, digest, needed=self.needed, allowed=self.allowed, renderings=renderings, at=now
        )
        if begun:
            log.info("broadcast_begins", number=number)
            self.changed()
        if word.last not in (None, begun):
            raise Conflict("somebody else said something meanwhile")

    @property
    def allowed(self) -> tuple[str, ...]:
        """Whose word counts: the moderators, and whoever has the shell of this machine."""
        return (*self.names, SHELL)

    async def _compose(self, composed: change.Compose, me: str, now: datetime) -> None:
        kind = Kind.CORRECTION if composed.original else Kind.NOTE
        topics = composed.topics
        dedupe = f"{me} {now.isoformat()} {kind}"
        draft = Draft(
            dedupe,
            kind,
            topics,
            words=composed.words,
            urgent=composed.urgent,
            policy=composed.policy,
            author=me,
            original=composed.original,
            expires_at=composed.expires_at,
        )
        number = await self.store.broadcasts.compose(draft, now)
        await self.waits([number])

    async def _withdraw(self, number: int, me: str, now: datetime) -> None:
        broadcast = await self.store.broadcasts.one(number)
        if broadcast is None:
            raise Conflict("there is no such broadcast")
        withdrawal = replace(broadcast, number=0, state=State.DRAFT, kind=Kind.WITHDRAWAL, original=number)
        renderings = {code: frozen(text) for code, text in (await self.texts(withdrawal)).items()}
        await self.store.broadcasts.withdraw(number, me, renderings, now)

    # -- what moderators are told

    async def waits(self, numbers: Collection[int], *, anew: bool = False) -> None:
        """Tell them of drafts: new ones, or ones that say something else now."""
        for number in numbers:
            if broadcast := await self.store.broadcasts.one(number):
                words = partial(announcement.waiting, broadcast, self.needed, anew=anew)
                await self._told(f"waits:{number}:{self.clock.now().timestamp()}", words)

    async def _rejected(self, number: int, me: str) -> None:
        """Tell the others, its author too, that a draft was rejected, and why."""
        if broadcast := await self.store.broadcasts.one(number):
            await self._told(f"rejected:{number}", partial(announcement.rejected, broadcast), but=me)

    async def stopped(self, number: int, why: str) -> None:
        """Tell them that a broadcast had to stop, or what about it somebody must mend."""
        log.error("broadcast_stopped", number=number, reason=why)
        if broadcast := await self.store.broadcasts.one(number):
            words = announcement.unposted if why == "channel" else announcement.stopped
            await self._told(f"stopped:{number}:{why}", partial(words, replace(broadcast, why=why)))

    async def ended(self, number: int) -> None:
        """Tell them what became of a broadcast."""
        if broadcast := await self.store.broadcasts.one(number):
            log.info("broadcast_ended", number=number)
            await self._told(f"ended:{number}", partial(announcement.ended, broadcast))

    async def broken(self, problems: Sequence[Problem]) -> None:
        """Tell them that the content was edited and cannot be used, and where it is to be mended."""
        errors = [problem for problem in problems if not problem.warning]

        def words(content: Content) -> Reply:
            return announcement.broken(list(map(catalogue(content.locale.code).line, errors)), content)

        await self._heard("broken", words)

    async def mended(self) -> None:
        """Tell them that it can be used again, and is."""
        await self._heard("mended", announcement.mended)

    async def _heard(self, what: str, words: Callable[[Content], Reply]) -> None:
        """Tell them of the content, which stands as it does whether the database works or not."""
        try:
            await self._told(f"content:{what}:{self.clock.now().timestamp()}", words)
        except StoreFailed as problem:
            log.error("moderators_not_told", what=what, reason=str(problem))

    async def _told(self, key: str, words: Callable[[Content], Reply], but: str = "") -> None:
        if self.tell is None:
            return
        for name, (address, language) in (await self.store.moderators.reachable()).items():
            if name in self.names and name != but:
                try:
                    platform, chat = orjson.loads(self.keys.unseal(address, f"moderator {name}"))
                except SealBroken:
                    continue
                content = self.snapshot().view(language)
                self.tell(f"{key}:{name}", Chat(platform, chat), words(content), content)


def _arrived(outcomes: Mapping[Outcome, int]) -> int:
    return outcomes.get(Outcome.SENT, 0) + outcomes.get(Outcome.UNKNOWN, 0)
