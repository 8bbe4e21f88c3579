"""The adapter: Matrix as a platform."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nio import MatrixRoom
from nio.api import RelationshipType
from nio.crypto.attachments import encrypt_attachment
from nio.events import RoomUpgradeEvent
from nio.exceptions import EncryptionError, GroupEncryptionError, LocalProtocolError
from nio.responses import RoomInfo, SyncResponse

from bot.clock import Clock
from bot.core.messages import Chat, Document, Reply
from bot.core.text import Limit
from bot.platforms import (
    Allowance,
    Batch,
    Capabilities,
    Envelope,
    Gone,
    Moved,
    Past,
    Push,
    Refusal,
    Rejected,
    Unavailable,
    ask_again,
)
from bot.platforms.matrix.client import Client, Missing, Unfit
from bot.platforms.matrix.identity import chunked
from bot.platforms.matrix.inbox import FILTER, Inbox
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.power import decides, speaks
from bot.platforms.matrix.render import UNREADABLE, amended, attached, content, pushed
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.session import Session
from bot.platforms.matrix.store import KEEP_DAYS, day
from bot.platforms.matrix.trust import ADVICE, Trust
from bot.privacy import Keys, SealBroken

POLL_SECONDS = 30
SOON_SECONDS = 2  # while the key of a message is due
_ABSENT = "the bot is not in the room: name it in PRATIP_MATRIX_ROOMS and, unless anybody may join, invite the bot"


class Matrix:
    """Encrypted and plain rooms on a homeserver."""

    name = "matrix"
    can = Capabilities(
        buttons=False,
        edit=False,
        amend=True,
        traces=True,
        documents=True,
        repeatable=True,  # a homeserver knows our transactions for a day
        limit=Limit(12_000, "bytes"),
        window=4,
        allowance=Allowance(rate=10, slowest=0.2, private=(5, 5.0), group=(10, 10.0)),
    )

    def __init__(  # noqa: PLR0913 (each is a setting of its own)
        self,
        homeserver: str,
        user: str,
        password: str,
        *,
        rooms: Collection[str] = (),
        folder: Path,
        keys: Keys,
        proxy: str = "",
        clock: Clock | None = None,
    ) -> None:
        """Rooms are the groups that may invite us, by id or alias; the folder is ours alone."""
        self._folder = folder
        self._keys = keys
        self._clock = clock or Clock()
        self._client = Client(homeserver, user, folder, keys, proxy, self._clock)
        self._session = Session(self._client, password, folder, keys)
        self._trust = Trust(self._client, password, folder, keys)
        self._invitations = Invitations(rooms, self._clock.monotonic)
        self._rooms = Rooms(self._client, self._invitations)
        self._inbox = Inbox(self._client)
        self._knows_rooms = False
        self._swept_on = 0  # the day on which old room keys were last erased

    @property
    def me(self) -> str:
        """Our Matrix id."""
        return self._session.me

    async def __aenter__(self) -> Self:
        """Open the stored session and the sealed store. Raises SealBroken."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._session.restore()
        self._client.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the network and the store."""
        await self._client.close()

    async def poll(self, cursor: str | None) -> Batch:
        """Wait for what is new since the cursor. Raises Unavailable."""
        try:
            with ask_again():
                return await self._session.call(lambda: self._poll(cursor))
        except (Refusal, SealBroken):
            raise
        except Exception as problem:  # noqa: BLE001 (nio raises all sorts of things at what a broken server sends)
            raise Unavailable(f"the answer could not be read ({type(problem).__name__})") from None

    async def _poll(self, cursor: str | None) -> Batch:
        await self._invitations.work(self._client)  # first: no answer that is ready has to wait for it
        response = await self._sync(cursor)
        await self._note_rooms(response)
        batch = await self._inbox.collect(response, cursor)
        self._sweep()
        await self._client.upkeep()
        if self.me in response.device_list.changed:
            self._trust.changed()
        await self._trust.watch()
        return batch

    async def _sync(self, cursor: str | None) -> SyncResponse:
        first = not self._knows_rooms
        wait = SOON_SECONDS if self._inbox.expecting else POLL_SECONDS
        wait = 0 if first or self._invitations.due else wait
        self._client.next_batch = ""  # only the caller's cursor counts; nio passes over what it thinks it has had
        response: SyncResponse = await self._client.sync(
            wait * 1000,
            FILTER,
            since=cursor,
            full_state=first or None,
            set_presence="offline",
        )
        self._knows_rooms = True
        return response

    async def _note_rooms(self, response: SyncResponse) -> None:
        self._client.invited_rooms.clear()  # nio would keep their names
        for room_id, info in response.rooms.join.items():
            for event in (*info.state, *info.timeline.events):
                if isinstance(event, RoomUpgradeEvent):
                    self._invitations.upgraded(room_id, event)
        for room_id, invitation in response.rooms.invite.items():
            self._invitations.note(room_id, invitation.invite_state, self.me)
        for room_id, info in response.rooms.join.items():
            await self._note_room(room_id, info)
        for room_id in response.rooms.leave:
            if room_id in response.rooms.invite:  # and asked in again since
                await self._client.erase_room(room_id)
            else:
                self._invitations.left(room_id)

    async def _note_room(self, room_id: str, info: RoomInfo) -> None:
        if self._invitations.has_left(room_id):  # meanwhile; this is how it was before
            await self._client.erase_room(room_id)
            return
        if info.timeline.limited:
            self._client.distrust_members(room_id)
        room = self._client.rooms[room_id]
        if self._invitations.is_new(room_id):
            self._client.greet(room)
        if self._client.counts_members(room):
            self._invitations.entered(room_id, room.member_count)

    def _sweep(self) -> None:
        today = day(self._clock.now())
        if self._swept_on != today:
            self._client.machine.expire(today - KEEP_DAYS)
            self._swept_on = today

    async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
        """Send, encrypted where the room is; the same key again is the same message. Raises Refusal."""
        message, transaction = content(reply.text, chat.thread), self._keys.message_key(key)
        if reply.document:
            message = await self._session.call(partial(self._deposited, chat, reply.document))
        if push:
            message = pushed(message, transaction, urgent=push.urgent)
        try:
            sent = await self._session.call(lambda: self._deliver(chat, message, transaction))
        except Unfit as problem:
            raise (Gone("the thread is not in this room") if chat.thread else problem) from None
        self._inbox.sent(sent, chat.thread)
        return sent

    async def _deposited(self, chat: Chat, document: Document) -> dict[str, Any]:
        """A file on the homeserver, as a message; in an encrypted room the homeserver cannot read it."""
        room = await self._room(chat)
        data, secret = encrypt_attachment(document.data) if room.encrypted else (document.data, None)
        address = await self._client.deposit(data, UNREADABLE if secret else document.kind)
        return attached(document, address, secret, chat.thread)

    async def _deliver(self, chat: Chat, message: dict[str, Any], transaction: str) -> str:
        room = await self._room(chat)
        try:
            if room.encrypted:
                await self._client.prepare(room)
            sent = await self._client.room_send(
                room.room_id, "m.room.message", message, transaction, ignore_unverified_devices=True
            )
        except (EncryptionError, GroupEncryptionError, LocalProtocolError, KeyError) as problem:
            raise Unavailable(f"the message cannot be encrypted now ({type(problem).__name__})") from None
        return str(sent.event_id)

    async def _room(self, chat: Chat) -> MatrixRoom:
        # A room that is not known could be encrypted: nothing is sent before the first sync.
        if not self._knows_rooms:
            raise Unavailable("the rooms are not known yet")
        return await self._rooms.find(chat.id)

    async def edit(self, chat: Chat, message: str, reply: Reply) -> None:
        """Not done: many edits of one message make a room unloadable. Raises Rejected."""
        raise Rejected("messages on Matrix are not edited")

    async def amend(self, chat: Chat, message: str, reply: Reply, *, key: str) -> None:
        """Replace what an event of ours says, however often it was replaced before. Raises Refusal."""
        words, transaction = amended(reply.text, message), self._keys.message_key("amend", message, key)
        try:
            await self._session.call(lambda: self._deliver(chat, words, transaction))
        except (Moved, Unfit):
            raise Past("the message is not in this room") from None

    async def delete(self, chat: Chat, message: str, *, key: str) -> None:
        """Redact an event of ours with all that replaced it; servers and clients forget the words. Raises Refusal."""
        try:
            await self._session.call(lambda: self._redact(chat, message, key))
        except Moved:
            raise Past("the message is in a room that was upgraded") from None

    async def _redact(self, chat: Chat, message: str, key: str) -> None:
        room_id = (await self._room(chat)).room_id
        for event_id in [*await self._edits(room_id, message), message]:
            with suppress(Missing):
                transaction = self._keys.message_key("delete", event_id, key)
                await self._client.room_redact(room_id, event_id, tx_id=transaction)

    async def _edits(self, room_id: str, message: str) -> list[str]:
        """Our replacements of an event, whose words would stay when it is gone."""
        edits = self._client.room_get_event_relations(room_id, message, RelationshipType.replacement)
        with suppress(Missing, Unfit):  # the event is gone, or the homeserver is too old to say
            return [edit.event_id async for edit in edits if edit.sender == self.me]
        return []

    async def administers(self, envelope: Envelope) -> bool:
        """Whether the sender may set the state of the room. Raises Refusal."""
        chat = envelope.request.chat
        return chat.private or await self._session.call(lambda: decides(self._client, chat.id, envelope.sender))

    async def hindrance(self, chat: Chat) -> str:
        """Whether we are in the room, and have the power level to write there. Raises Refusal."""
        try:
            may_write = await self._session.call(lambda: self._may_write(chat))
        except Gone:
            return _ABSENT
        return "" if may_write else "give the bot the power level that messages need in this room"

    async def _may_write(self, chat: Chat) -> bool:
        room_id = await self._rooms.resolved(chat.id)
        member = await self._client.state(room_id, "m.room.member", self.me)
        if member.get("membership") != "join":
            raise Gone("we are not in this room")
        return await speaks(self._client, room_id, self.me)

    async def check(self) -> datetime | None:
        """Whether the homeserver is there and knows us, and what time it has. Raises Unavailable."""
        theirs = await self._client.server_time()
        with ask_again():
            await self._session.call(self._client.whoami)
        return theirs

    async def doubt(self) -> str:
        """What to mend so that others' apps trust our device; empty where they may. Raises Refusal."""
        await self._session.call(self._client.upkeep)  # of a fresh device nothing is published yet
        return ADVICE[await self._session.call(self._trust.look)]

    async def establish(self, show: Callable[[str], None], *, recovery_key: str = "", replace: bool = False) -> str:
        """Have the device cross-signed; show() is given a new recovery key. What is still to mend, or nothing.

        Raises Refusal, SealBroken, Untrusted, KeyWrong.
        """
        with ask_again():
            found = await self._session.call(
                lambda: self._trust.establish(show, recovery_key=recovery_key, replace=replace)
            )
        return ADVICE[found]

    @property
    def card(self) -> dict[str, str]:
        """What others compare to know our device, keys in groups of four. Raises Unavailable before the first login."""
        machine, identity = self._client.machine, self._trust.identity()
        keys = {"session key": machine.fingerprint, "master key": identity.public() if identity else ""}
        shown = {"account": self.me, "session": machine.device_id, **{n: chunked(key) for n, key in keys.items()}}
        return {name: value for name, value in shown.items() if value}

    async def acknowledge(self, envelope: Envelope) -> None:
        """Nothing is shown: a read receipt would tell when somebody wrote to us."""

    async def forget(self, chat: Chat) -> None:
        """Leave a private room, and erase its keys and those of whom we meet nowhere else; a group keeps us."""
        if chat.private:
            self._inbox.forget(chat.id)
            await self._invitations.leave(self._client, chat.id)
