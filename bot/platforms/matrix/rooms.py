"""Rooms: where to write when a room is named: by alias, by id, and after an upgrade."""

from __future__ import annotations

from typing import Any

from nio import MatrixRoom

from bot.platforms import Gone, Moved, Unavailable
from bot.platforms.matrix.client import Client
from bot.platforms.matrix.invitations import Invitations

_SOON_SECONDS = 5.0


class Rooms:
    """Finds rooms, and enters those that are open and allowed, once: who throws us out has the last word."""

    def __init__(self, client: Client, invitations: Invitations) -> None:
        self._client = client
        self._invitations = invitations
        self._aliases: dict[str, str] = {}  # of announcement rooms: a few
        self._entered: set[str] = set()

    async def find(self, name: str) -> MatrixRoom:
        """The room of that id or alias. Raises Refusal; only an id can be Moved."""
        room_id = await self.resolved(name)
        if to := self._invitations.successor(room_id):
            if room_id == name:
                raise Moved("the room was upgraded", to)
            self._aliases[name] = room_id = to
        if self._invitations.following(room_id):
            raise Unavailable("the room was upgraded, and the new one is being entered", _SOON_SECONDS, chat_only=True)
        return self._client.rooms.get(room_id) or await self._enter(room_id)

    async def resolved(self, name: str) -> str:
        """The id of a room that is named by its id or alias. Raises Refusal."""
        if not name.startswith("#"):
            return name
        if name not in self._aliases:
            try:
                found: Any = await self._client.room_resolve_alias(name)
            except Gone:
                raise Gone("no room has this alias") from None
            self._aliases[name] = found.room_id
        return self._aliases[name]

    async def _enter(self, room_id: str) -> MatrixRoom:
        if room_id in self._entered or not await self._invitations.allows(self._client, room_id):
            raise Gone("we are not in this room: invite the bot, or list the room among those it may enter")
        await self._client.join(room_id)
        self._entered.add(room_id)
        # Whether it is encrypted is known after the next sync.
        raise Unavailable("the room has just been entered", _SOON_SECONDS, chat_only=True)
