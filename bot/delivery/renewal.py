"""Renewal: whoever has not written for a year is asked once whether updates shall go on, and erased after a month."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.calendar import PartialDate
from bot.core.content import Snapshot
from bot.core.messages import Button, Chat, Reply
from bot.core.subscription import Pace, due, zone
from bot.core.text import paragraphs
from bot.delivery.lane import Lane, Lanes, Later
from bot.delivery.sent import Sent
from bot.log import log
from bot.platforms import Gone, Moved, Platform, Push, Refusal, Rejected, Unavailable
from bot.privacy import Keys, SealBroken
from bot.store import Silent, Store, StoreFailed

_LOOK_SECONDS = 3600.0  # between two looks; quiet hours may have ended
_ANSWERED_WITHIN = timedelta(days=31)


@dataclass
class Renewal:
    """The question on one platform. Who may have got it and may not is asked again: better twice than never."""

    platform: Platform
    store: Store
    keys: Keys
    clock: Clock
    lanes: Lanes
    sent: Sent
    snapshot: Callable[[], Snapshot]

    def __post_init__(self) -> None:
        self._stopping = asyncio.Event()
        self._tried: tuple[str, set[int]] = ("", set())  # a day, and who was tried on it

    def stop(self) -> None:
        """Let run() end."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stop(). It rests first: what was written while we were down may be a word from one of them."""
        while True:
            await self.clock.until(self._stopping, _LOOK_SECONDS)
            if self._stopping.is_set():
                return
            try:
                await self._erase()
                await self._ask()
            except StoreFailed as problem:
                log.error("renewals_failed", platform=self.platform.name, reason=str(problem))

    async def _erase(self) -> None:
        """Erase whoever was asked and said nothing, on whatever platform."""
        day = (self._now.date() - _ANSWERED_WITHIN).isoformat()
        while erased := await self.store.subscribers.lapse(day):
            log.info("subscribers_lapsed", number=erased)

    async def _ask(self) -> None:
        """Ask everybody who is due and can be asked now, one after the other."""
        after, before = 0, f"{self._now.year - 1:04}-{self._now.month:02}"
        while some := await self.store.subscribers.silent(self.platform.name, before, after):
            for each in some:
                if self._stopping.is_set() or not await self._goes_on(each):
                    return
            after = some[-1].number

    async def _goes_on(self, silent: Silent) -> bool:
        """Ask one, if it is the time for it; whether the next one may be asked."""
        if not self._may_be_asked(silent):
            return True
        lane = self.lanes.of(self.platform)
        try:
            chat = self.keys.opened(silent.address, silent.place)
        except SealBroken as problem:
            return await self._in_vain(silent, problem)
        try:
            await self._asked(silent, chat, lane)
        except Later:
            return not lane.paused_seconds
        except Unavailable as refusal:
            lane.heed(chat, refusal)
            return refusal.chat_only
        except Moved as moved:
            await self._follow(silent, replace(chat, id=moved.to, thread=""))
        except Refusal as problem:
            return await self._in_vain(silent, problem)
        return True

    def _may_be_asked(self, silent: Silent) -> bool:
        """Whether it was not tried today, and these are no quiet hours."""
        tried = silent.failed_on == self._today or silent.number in self._tried_today
        return not tried and due(self._now, silent.settings, Pace.NOW, self._zone) <= self._now

    async def _asked(self, silent: Silent, chat: Chat, lane: Lane) -> None:
        reply, key = self._question(silent), f"renewal:{silent.number}:{silent.contact}"
        async with lane.push(chat):
            message = await self.platform.send(chat, reply, key=key, push=Push())
        self._tried_today.add(silent.number)
        if self.platform.can.amend:
            self.sent.note(chat, message, self.clock.monotonic())
        await self.store.subscribers.asked(silent.number, self._now.date().isoformat())

    def _question(self, silent: Silent) -> Reply:
        say = self.snapshot().view(silent.language).say
        last = PartialDate.parse((self._now.date() + _ANSWERED_WITHIN).isoformat())
        asked = say("push.renew.discreet" if silent.settings.discreet else "push.renew.asked", date=last)
        button = Button(str(say("button.keep")), "keep")
        return Reply(paragraphs(asked, say("push.footer")), ((button,),) if self.platform.can.buttons else ())

    async def _in_vain(self, silent: Silent, problem: Refusal | SealBroken) -> bool:
        """Another day; whether others may be asked today: what is malformed is so for all."""
        self._tried_today.add(silent.number)
        if not isinstance(problem, Gone):
            log.error("renewal_failed", platform=self.platform.name, refusal=type(problem).__name__)
        elif await self.store.subscribers.refused(silent.number, self._today):
            log.info("subscriber_erased", platform=self.platform.name)
        return not isinstance(problem, Rejected)

    async def _follow(self, silent: Silent, there: Chat) -> None:
        """A chat has moved: it is asked there, with the next look."""
        await self.store.subscribers.moved(silent.number, self.keys.place(there), self.keys.sealed(there))

    @property
    def _zone(self) -> str:
        snapshot = self.snapshot()
        return snapshot.views[snapshot.default].pack.time_zone

    @property
    def _now(self) -> datetime:
        """As in months of contact: in the pack's time zone."""
        return self.clock.now().astimezone(zone(self._zone))

    @property
    def _today(self) -> str:
        """As in days of refusal: universal time."""
        return self.clock.now().date().isoformat()

    @property
    def _tried_today(self) -> set[int]:
        if self._tried[0] != self._today:
            self._tried = (self._today, set())
        return self._tried[1]
