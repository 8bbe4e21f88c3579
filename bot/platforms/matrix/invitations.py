"""Invitations: who is let in, how fast, and which rooms are left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from nio.events import InviteEvent, InviteMemberEvent, RoomUpgradeEvent

from bot.log import log
from bot.platforms import Gone, Refusal, Rejected, Unavailable
from bot.platforms.matrix.client import Client
from bot.platforms.matrix.memory import Memory

PER_POLL = 4
PER_SERVER_A_MINUTE = 10
WORK_SECONDS = 10.0  # for all of one poll: a slow server's room must not keep others waiting
_SLOW_SECONDS = 1.0  # after work that took longer there is none for _REST times as long
_REST = 9
_WAITING = 1_000
_SERVERS = 1_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody wants us in a room; its name and picture, which may carry abuse, are not looked at."""

    server: str  # of the one who invites
    direct: bool
    follows: str = ""  # a room that we are in, and that was upgraded to this one


class Invitations:
    """Joins direct rooms and the rooms allowed, declines the rest, and leaves where nobody is."""

    def __init__(self, rooms: Collection[str], monotonic: Callable[[], float]) -> None:
        self._rooms = {room for room in rooms if not room.startswith("#")}
        self._aliases = {room for room in rooms if room.startswith("#")}
        self._monotonic = monotonic
        self._not_before = 0.0
        self._waiting: Memory[Invitation | None] = Memory(_WAITING)
        self._leaving: Memory[Invitation | None] = Memory(_WAITING)
        self._new: Memory[None] = Memory(_WAITING)  # joined as direct and not yet seen from inside
        self._left: Memory[None] = Memory(_WAITING)  # by us; the next sync will say so
        self._upgraded: Memory[str] = Memory(_WAITING)  # new room: the old one, whose tombstone names it
        self._successors: Memory[str] = Memory(_WAITING)  # old room: the new one, where we are
        self._recent: Memory[list[float]] = Memory(_SERVERS)  # per server, when it was attended to

    def note(self, room_id: str, state: Collection[InviteEvent], me: str) -> None:
        """Remember an invitation until there is time for it."""
        ours = (event for event in state if isinstance(event, InviteMemberEvent) and event.state_key == me)
        invite = next((event for event in ours if event.membership == "invite"), None)
        if invite:
            self._left.drop(room_id)
            direct = invite.content.get("is_direct") is True
            follows = self._upgraded.get(room_id) or ""
            self._waiting.put(room_id, Invitation(invite.sender.partition(":")[2], direct, follows))

    def upgraded(self, room_id: str, tombstone: RoomUpgradeEvent) -> None:
        """A room we are in has moved; the room's own rules say who may tell so. Follow it when there is time.

        Where the new room is not open, its people will invite us.
        """
        to = tombstone.replacement_room
        is_the_rooms = tombstone.source.get("state_key") == ""
        if is_the_rooms and to not in ("", room_id) and self._successors.get(room_id) != to:
            self._upgraded.put(to, room_id)
            self._waiting.put(to, Invitation(tombstone.sender.partition(":")[2], direct=False, follows=room_id))

    def successor(self, room_id: str) -> str:
        """The room that a room was upgraded to and that we have entered; empty where there is none."""
        return self._successors.get(room_id) or ""

    def following(self, room_id: str) -> bool:
        """Whether a room was upgraded to one that is still to be entered."""
        return any(one and one.follows == room_id for _, one in self._waiting)

    def entered(self, room_id: str, members: int) -> None:
        """Look around: leave a room where nobody is, and a direct one that turns out to be a crowd."""
        crowd = members > 2 and room_id in self._new
        self._new.drop(room_id)
        if crowd or members < 2:
            self._leaving.put(room_id, None)

    def is_new(self, room_id: str) -> bool:
        """Whether we joined it as direct, and have not yet seen who is there."""
        return room_id in self._new

    def has_left(self, room_id: str) -> bool:
        """Whether we left it, and nothing but what was under way is heard of it."""
        return room_id in self._left

    def left(self, room_id: str) -> None:
        """We are out, or the invitation is withdrawn: forget the room, unless that is done."""
        self._waiting.drop(room_id)
        if room_id not in self._left:
            self._leaving.put(room_id, None)
        self._left.drop(room_id)

    @property
    def due(self) -> bool:
        """Whether there is something to do now."""
        return self._monotonic() >= self._not_before and bool(self._next())

    def _next(self) -> list[tuple[str, Invitation | None]]:
        welcome = ((room_id, invitation) for room_id, invitation in self._waiting if self._has_time(invitation))
        return [*islice(self._leaving, PER_POLL), *islice(welcome, PER_POLL)]

    def _has_time(self, invitation: Invitation | None) -> bool:
        return not invitation or len(self._last_minute(invitation.server)) < PER_SERVER_A_MINUTE

    def _last_minute(self, server: str) -> list[float]:
        return [time for time in self._recent.get(server) or () if time > self._monotonic() - 60]

    async def leave(self, client: Client, room_id: str) -> None:
        """Leave a room and forget it, with the next polls where the homeserver will not have it now."""
        with suppress(Unavailable):
            await self._attend(client, room_id, None)
            log.info("matrix_rooms", forgotten=1)

    async def work(self, client: Client) -> None:
        """Attend to a few."""
        done: Counter[str] = Counter()
        began = self._monotonic()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(WORK_SECONDS):
                    for room_id, invitation in self._next() if self.due else []:
                        done[await self._attend(client, room_id, invitation)] += 1
        except Unavailable as problem:  # the homeserver's limit, most often: the rest waits
            self._not_before = self._monotonic() + (problem.retry_after or 1)
        spent = self._monotonic() - began
        if spent > _SLOW_SECONDS:  # many slow servers at once must not slow every poll
            self._not_before = max(self._not_before, self._monotonic() + _REST * spent)
        if done:
            log.info("matrix_rooms", **done)

    async def _attend(self, client: Client, room_id: str, invitation: Invitation | None) -> str:
        queue = self._waiting if invitation else self._leaving
        queue.drop(room_id)  # first: what takes too long is not tried for ever
        try:
            return await (self._answer(client, room_id, invitation) if invitation else self._quit(client, room_id))
        except Unavailable:
            queue.put(room_id, invitation)
            raise
        except Refusal:
            return "refused"  # withdrawn, or already gone

    async def _answer(self, client: Client, room_id: str, invitation: Invitation) -> str:
        if not self._has_time(invitation):
            self._waiting.put(room_id, invitation)
            return "postponed"
        self._recent.put(invitation.server, [*self._last_minute(invitation.server), self._monotonic()])
        allowed = await self.allows(client, room_id) or await self._inherits(client, invitation)
        if not (allowed or invitation.direct or invitation.follows):
            return await self._decline(client, room_id)
        await client.join(room_id)
        if invitation.follows and not await self._follow(client, room_id, invitation.follows):
            return "declined"
        if not allowed:
            self._new.put(room_id, None)
        return "joined"

    async def _inherits(self, client: Client, invitation: Invitation) -> bool:
        return bool(invitation.follows) and await self.allows(client, invitation.follows)

    async def _follow(self, client: Client, room_id: str, old: str) -> bool:
        """Whether the new room names the old one as its own; if not, somebody points us where they please."""
        predecessor = (await client.state(room_id, "m.room.create")).get("predecessor")
        if not isinstance(predecessor, dict) or predecessor.get("room_id") != old:
            self._leaving.put(room_id, None)
            return False
        self._successors.put(old, room_id)
        if old in self._rooms:
            self._rooms.add(room_id)
        return True

    async def allows(self, client: Client, room_id: str) -> bool:
        """Whether it is a room that may have us. Raises Refusal."""
        # An invitation may claim any alias, so ours are looked up; one that is found stays known.
        for alias in tuple(self._aliases) if room_id not in self._rooms else ():
            with suppress(Gone):
                found: Any = await client.room_resolve_alias(alias)
                self._rooms.add(found.room_id)
                self._aliases.discard(alias)
        return room_id in self._rooms

    async def _decline(self, client: Client, room_id: str) -> str:
        with suppress(Gone, Rejected):  # we are out already
            await client.room_leave(room_id)
        self._left.put(room_id, None)
        await client.room_forget(room_id)
        return "declined"

    async def _quit(self, client: Client, room_id: str) -> str:
        with suppress(Gone, Rejected):  # forgotten already
            await self._decline(client, room_id)
        await client.erase_room(room_id)
        return "left"
