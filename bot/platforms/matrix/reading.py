"""Reading: what a Matrix event asks of us, if anything."""

from __future__ import annotations

from typing import Any

from nio.events import (
    BadEvent,
    BadEventType,
    Event,
    ReactionEvent,
    RedactedEvent,
    RoomEncryptedMedia,
    RoomMemberEvent,
    RoomMessageMedia,
    RoomMessageNotice,
    RoomMessageText,
    RoomMessageUnknown,
    StickerEvent,
    UnknownBadEvent,
)

from bot.core.messages import Chat, Mishap, Request, read
from bot.core.text import clean
from bot.platforms import Envelope

_MEDIA = (RoomMessageMedia, RoomEncryptedMedia, StickerEvent)
_ARROWS = {"➡": "next", "▶": "next", "⬅": "previous", "◀": "previous"}
_LONGEST_SIGN = 16  # a reaction may be any text; ours are signs


def understand(event: Event | BadEventType, room_id: str, me: str, *, private: bool, encrypted: bool) -> Envelope | str:
    """The request in an event, or in a word why there is none; that `refers` is ours is still to be seen."""
    if isinstance(event, BadEvent | UnknownBadEvent):
        return "malformed"
    if event.sender == me:
        return "own"
    chat = Chat("matrix", room_id, thread_of(event), private)
    match event:
        case RoomMessageText():
            return _words(event, chat, me)
        case ReactionEvent():  # in an encrypted room the reaction alone would be readable by the server
            return "reaction" if encrypted else _reaction(event, chat)
        case RoomMessageNotice():
            return "notice"
        case RedactedEvent():
            return "redacted"
        case RoomMessageUnknown(msgtype="m.key.verification.request") if private and event.content.get("to") == me:
            return Envelope(Request(chat, "", mishap=Mishap.VERIFICATION), event.event_id, sender=event.sender)
    if isinstance(event, _MEDIA) and private:
        return Envelope(Request(chat, "", mishap=Mishap.UNREADABLE), event.event_id, sender=event.sender)
    return "other"


def _words(event: RoomMessageText, chat: Chat, me: str) -> Envelope | str:
    relation = _relation(event)
    if relation.get("rel_type") == "m.replace":
        return "edit"
    answered = "" if relation.get("is_falling_back") is True else _event_id(relation.get("m.in_reply_to"))
    body = _without_fallback(event.body) if answered else event.body
    localpart = me[1:].partition(":")[0]
    request = read(chat, body, me=me[1:]) or read(chat, body, me=localpart)
    if not request and answered and not body.lstrip().startswith(("!", "/")):
        request = Request(chat, "", clean(body).strip())
    return Envelope(request, event.event_id, answered, event.sender) if request else "group_talk"


def _reaction(event: ReactionEvent, chat: Chat) -> Envelope:
    sign = clean(event.key).replace("\ufe0f", "").replace("\u20e3", "").replace("🔟", "10").strip()
    request = Request(chat, "", _ARROWS.get(sign, sign)[:_LONGEST_SIGN])
    return Envelope(request, event.event_id, event.reacts_to, event.sender)


def _relation(event: Event) -> dict[str, Any]:
    content = event.source.get("content")
    relation = content.get("m.relates_to") if isinstance(content, dict) else None
    return relation if isinstance(relation, dict) else {}


def thread_of(event: Event) -> str:
    """The root of the thread an event is in, else nothing."""
    relation = _relation(event)
    return _event_id(relation) if relation.get("rel_type") == "m.thread" else ""


def _event_id(holder: Any) -> str:
    event_id = holder.get("event_id") if isinstance(holder, dict) else None
    return event_id if isinstance(event_id, str) else ""


def _without_fallback(body: str) -> str:
    """Without the quotation that older clients put before a reply."""
    if not body.startswith(("> <", "> * <")):
        return body
    lines = body.split("\n")
    while lines and lines[0].startswith(">"):
        lines.pop(0)
    return "\n".join(lines).strip()


def since_invited(events: list[Event], me: str) -> list[Event]:
    """What came after our invitation, if it is among the events: what was said before was not said to us."""
    ours = [(i, e) for i, e in enumerate(events) if isinstance(e, RoomMemberEvent) and e.state_key == me]
    came = [i for i, e in ours if e.membership == "invite"] or [i for i, e in ours if _walked_in(e)]
    return events[came[-1] :] if came else events


def _walked_in(event: RoomMemberEvent) -> bool:
    return event.membership == "join" and event.prev_membership not in ("join", "invite")
