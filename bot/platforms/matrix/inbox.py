"""The inbox: from a sync to requests; it fills gaps, knows what was seen, and waits for late keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from nio import MatrixRoom
from nio.events import BadEventType, Event, MegolmEvent, ReactionEvent
from nio.responses import RoomInfo, SyncResponse

from bot.core.messages import Chat, Mishap, Request
from bot.log import log
from bot.platforms import Batch, Envelope, Gone, Refusal, Rejected
from bot.platforms.matrix.client import Client
from bot.platforms.matrix.identity import chunked
from bot.platforms.matrix.memory import Memory
from bot.platforms.matrix.reading import since_invited, thread_of, understand

_STATE = ["m.room.member", "m.room.encryption", "m.room.tombstone"]
_KINDS = [*_STATE, "m.room.message", "m.room.encrypted", "m.reaction", "m.sticker"]
_NOTHING: dict[str, list[str]] = {"types": []}
FILTER = {  # all that is asked of a sync: no names, no presence, no receipts
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "account_data": _NOTHING,
        "ephemeral": _NOTHING,
        "state": {"types": _STATE, "lazy_load_members": True},
        "timeline": {"types": _KINDS, "limit": 30, "lazy_load_members": True},
    },
}
_PAGE, _PAGES = 100, 5  # of what a sync left out, in one room
_LOOK_UPS = 8  # in one poll, of messages that were answered or reacted to
_CLOSED = "undecryptable"


class Inbox:
    """What came, read once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: Memory[None] = Memory(10_000)
        self._ours: Memory[str | None] = Memory(10_000)  # message: its thread; None where it is not ours
        self._closed: Memory[MegolmEvent] = Memory(100)  # messages whose key may still come
        self._told: Memory[None] = Memory(1_000)  # rooms in which we said that a message could not be read
        self._look_ups = 0

    @property
    def expecting(self) -> bool:
        """Whether a message waits for its key, and nobody was told yet."""
        return any(event.room_id not in self._told for _, event in self._closed)

    def sent(self, event_id: str, thread: str) -> None:
        """A message of ours: what is answered to it is meant for us."""
        self._ours.put(event_id, thread)

    def forget(self, room_id: str) -> None:
        """Let go of what could not be read in a room."""
        self._told.drop(room_id)
        for event_id, event in self._closed:
            if event.room_id == room_id:
                self._closed.drop(event_id)

    async def collect(self, response: SyncResponse, cursor: str | None) -> Batch:
        """Read what a sync brought. Raises Unavailable; then nothing counts as seen."""
        self._look_ups = _LOOK_UPS
        skipped: Counter[str] = Counter()
        events = list(self._late())
        for room_id, info in response.rooms.join.items():
            new = await self._since(room_id, info, cursor)
            skipped["old"] += max(0, len(info.timeline.events) - len(new))
            events += [(room_id, event) for event in new]
        outcomes = [(event, await self._read(room_id, event)) for room_id, event in events]
        for event, outcome in outcomes:
            self._note(event, outcome)
        skipped.update(outcome for _, outcome in outcomes if isinstance(outcome, str))
        envelopes = tuple(outcome for _, outcome in outcomes if isinstance(outcome, Envelope))
        return Batch(response.next_batch, envelopes, +skipped)

    def _late(self) -> Iterator[tuple[str, Event | BadEventType]]:
        """Messages whose key has come since, and one for each room that must now be told."""
        told = set()
        for _, event in self._closed:
            opened = self._client.machine.can_open(event) and self._client.machine.open(event)
            if opened:
                yield event.room_id, opened
            elif event.room_id not in self._told and event.room_id not in told:
                told.add(event.room_id)
                yield event.room_id, event

    async def _since(self, room_id: str, info: RoomInfo, cursor: str | None) -> list[Event]:
        if cursor is None:  # the very first run: all this was said before we were there
            return []
        events, me = info.timeline.events, self._client.user_id
        new = since_invited(events, me)
        if info.timeline.limited and info.timeline.prev_batch and new is events:
            new = since_invited(await self._gap(room_id, info.timeline.prev_batch, cursor) + events, me)
        return new

    async def _gap(self, room_id: str, start: str, cursor: str) -> list[Event]:
        found: list[Event] = []
        with suppress(Gone, Rejected):  # the room does not show its past
            for _ in range(_PAGES):
                page = await self._client.room_messages(
                    room_id, start, cursor, limit=_PAGE, message_filter={"types": _KINDS}
                )
                found += page.chunk
                start = page.end
                if not start or not page.chunk:
                    break
            else:
                log.warning("matrix_gap", read=len(found))
        return found[::-1]

    async def _read(self, room_id: str, event: Event | BadEventType) -> Envelope | str:
        event_id = getattr(event, "event_id", "")
        room = self._client.rooms.get(room_id)
        if event_id in self._seen or not room:
            return "duplicate" if room else "left"
        private = await self._client.members(room) <= 2
        if isinstance(event, MegolmEvent):
            return self._unread(event, private=private)
        envelope = understand(event, room_id, self._client.user_id, private=private, encrypted=room.encrypted)
        if isinstance(envelope, Envelope) and envelope.refers:
            return await self._referring(envelope, room, reaction=isinstance(event, ReactionEvent))
        if isinstance(envelope, Envelope) and envelope.request.mishap is Mishap.VERIFICATION:
            machine = self._client.machine
            ours = f"{machine.device_id} {chunked(machine.fingerprint)}"
            return replace(envelope, request=replace(envelope.request, argument=ours))
        return envelope

    def _unread(self, event: MegolmEvent, *, private: bool) -> Envelope | str:
        """A group is not told: the words may not have been for us."""
        if event.sender == self._client.user_id:
            return "own"
        if event.event_id not in self._closed or not private:
            return _CLOSED
        chat = Chat("matrix", event.room_id, thread_of(event))
        return Envelope(Request(chat, "", mishap=Mishap.UNDECRYPTABLE), event.event_id, sender=event.sender)

    async def _referring(self, envelope: Envelope, room: MatrixRoom, *, reaction: bool) -> Envelope | str:
        """Whether what somebody answered or reacted to is ours."""
        thread = await self._thread_of_ours(room.room_id, envelope.refers)
        request = envelope.request
        if thread is not None:
            chat = replace(request.chat, thread=request.chat.thread or thread) if reaction else request.chat
            return replace(envelope, request=replace(request, chat=chat))
        if reaction or not (request.command or request.chat.private):
            return "reaction" if reaction else "group_talk"
        return replace(envelope, refers="")

    async def _thread_of_ours(self, room_id: str, event_id: str) -> str | None:
        if event_id not in self._ours and self._look_ups:
            self._look_ups -= 1
            thread = None
            with suppress(Refusal):  # a stranger chose the id: whatever comes of it, it is not ours
                event = (await self._client.room_get_event(room_id, event_id)).event
                thread = thread_of(event) if event.sender == self._client.user_id else None
            self._ours.put(event_id, thread)
        return self._ours.get(event_id)

    def _note(self, event: Event | BadEventType, outcome: Envelope | str) -> None:
        event_id = getattr(event, "event_id", "")
        if isinstance(event, MegolmEvent) and outcome == _CLOSED and event_id not in self._closed:
            self._closed.put(event_id, event)
            self._client.machine.ask_for_key(event)
        elif isinstance(event, MegolmEvent) and (outcome == _CLOSED or isinstance(outcome, Envelope)):
            self._told.put(event.room_id, None)
        elif event_id:
            self._seen.put(event_id, None)
            self._closed.drop(event_id)
