"""Power: who may decide for a room, as its homeserver has it at this moment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot.platforms import Unavailable
from bot.platforms.matrix.client import Client, Missing

_STATE_LEVEL = 50  # what setting a room's state needs, where the room does not say
_CREATOR_LEVEL = 100  # where a room has no levels
_CREATORS_RULE = 12  # from this room version on a room's creators stand above all levels
_HYDRA = "org.matrix.hydra.11"  # what that version was called before it had a number


async def decides(client: Client, room_id: str, user_id: str) -> bool:
    """Whether somebody may set the state of a room. Raises Refusal."""
    levels = await _levels(client, room_id)
    return _power(levels, user_id) >= _level(levels.get("state_default"), _STATE_LEVEL)


async def speaks(client: Client, room_id: str, user_id: str) -> bool:
    """Whether somebody may write in a room, encrypted where the room is. Raises Refusal."""
    levels = await _levels(client, room_id)
    events = levels.get("events")
    kind = "m.room.encrypted" if await _is_encrypted(client, room_id) else "m.room.message"
    needed = events.get(kind) if isinstance(events, Mapping) else None
    return _power(levels, user_id) >= _level(needed, _level(levels.get("events_default"), 0))


async def _levels(client: Client, room_id: str) -> Mapping[str, Any]:
    """The levels of a room; who stands above them has the highest."""
    created = await client.created(room_id)
    try:
        levels = await client.state(room_id, "m.room.power_levels")
    except Missing:
        levels = {"users": {_sender(created): _CREATOR_LEVEL}}
    users = levels.get("users")
    above = dict.fromkeys(_creators(created), math.inf)
    return {**levels, "users": {**(users if isinstance(users, Mapping) else {}), **above}}


def _power(levels: Mapping[str, Any], user_id: str) -> float:
    return _level(levels["users"].get(user_id), _level(levels.get("users_default"), 0))


async def _is_encrypted(client: Client, room_id: str) -> bool:
    with suppress(Missing):
        return bool(await client.state(room_id, "m.room.encryption"))
    return False


def _creators(created: Mapping[str, Any]) -> set[str]:
    """Those who stand above the levels, where the room's version has such. Raises Unavailable."""
    content = created.get("content") or {}
    version = str(content.get("room_version", "1"))
    if version != _HYDRA and not (version.isdecimal() and int(version) >= _CREATORS_RULE):
        return set()
    if not created.get("sender"):
        raise Unavailable("the homeserver does not say who created the room")
    more = content.get("additional_creators")
    return {_sender(created), *(user for user in more or () if isinstance(more, list) and isinstance(user, str))}


def _sender(created: Mapping[str, Any]) -> str:
    return str(created.get("sender"))


def _level(value: object, default: float) -> float:
    """A level; the oldest room versions may have it as a string."""
    if isinstance(value, int) or value == math.inf:
        return value
    words = value.strip() if isinstance(value, str) else ""
    return int(words) if words.removeprefix("-").isdecimal() and len(words) < 20 else default
