"""Dispatch: all that sends unasked: a broadcaster and the renewals of each platform, and the clerk of their ledger."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.core.content import Snapshot
from bot.delivery.broadcaster import REST_SECONDS, Broadcaster
from bot.delivery.clerk import Clerk
from bot.delivery.guard import Alarm
from bot.delivery.lane import Lanes
from bot.delivery.message import Composer
from bot.delivery.renewal import Renewal
from bot.delivery.sent import Sent
from bot.log import log
from bot.platforms import Platform
from bot.privacy import Keys
from bot.store import Store

_FOLLOWING_SECONDS = 2.0  # between two looks where another process writes what is due


@dataclass
class Dispatch:
    """Starts, wakes and stops them together."""

    store: Store
    keys: Keys
    clock: Clock
    lanes: Lanes
    snapshot: Callable[[], Snapshot]
    alarm: Alarm
    ended: Callable[[int], Awaitable[None]]
    sent: Sent = field(default_factory=Sent)

    def __post_init__(self) -> None:
        self._boot = secrets.token_hex(8)
        self._broadcasters: list[Broadcaster] = []
        self._renewals: list[Renewal] = []
        self._clerk = Clerk(self.store, self.clock, self._zone, self._send, self.ended)

    def _zone(self) -> str:
        snapshot = self.snapshot()
        return snapshot.views[snapshot.default].pack.time_zone

    async def start(self, platforms: Sequence[Platform], tasks: asyncio.TaskGroup, *, leads: bool = True) -> None:
        """Take up what an earlier start left, and go on. The one that leads keeps the ledger and asks, for all."""
        composer = Composer(self.store, self.clock, self.snapshot)
        for platform in platforms:
            await self._restore(platform)
            broadcaster = Broadcaster(
                platform,
                self.store,
                self.keys,
                self.clock,
                self.lanes,
                composer,
                self.alarm,
                self._boot,
                self._clerk.awake.set,
                REST_SECONDS if leads else _FOLLOWING_SECONDS,
                self.sent,
            )
            self._broadcasters.append(broadcaster)
            tasks.create_task(broadcaster.run(tasks))
        if leads:
            tasks.create_task(self._clerk.run())
            self._renew(platforms, tasks)

    def _renew(self, platforms: Sequence[Platform], tasks: asyncio.TaskGroup) -> None:
        for platform in platforms:
            renewal = Renewal(platform, self.store, self.keys, self.clock, self.lanes, self.sent, self.snapshot)
            self._renewals.append(renewal)
            tasks.create_task(renewal.run())

    async def _restore(self, platform: Platform) -> None:
        ledger, now = self.store.ledger, self.clock.now()
        found = await ledger.recover(self._boot, platform.name, repeatable=platform.can.repeatable, now=now)
        if any(found.values()):
            log.warning("recovered_deliveries", platform=platform.name, **{name.value: n for name, n in found.items()})
        if pace := await ledger.lane(platform.name):
            self.lanes.restore(platform, pace.rate, (pace.paused_until - now).total_seconds())

    def wake(self) -> None:
        """Something is to be sent, or no more."""
        self._clerk.awake.set()
        self._send()

    def _send(self) -> None:
        for broadcaster in self._broadcasters:
            broadcaster.awake.set()

    def stop(self) -> None:
        """Begin nothing new; what is on the wire is settled."""
        self._clerk.stop()
        for broadcaster in self._broadcasters:
            broadcaster.stop()
        for renewal in self._renewals:
            renewal.stop()
