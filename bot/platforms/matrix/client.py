"""The client: nio, made to ask once, to answer with our refusals, and to write nothing down."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError
from nio import DummyMessage, ToDeviceMessage
from nio.api import Api
from nio.client.async_client import AsyncClient, AsyncClientConfig
from nio.responses import ErrorResponse, Response, RoomGetStateEventResponse, SyncResponse
from nio.rooms import MatrixRoom

from bot.clock import Clock
from bot.log import log, mute
from bot.platforms import Gone, Refusal, Rejected, Unavailable
from bot.platforms.matrix.machine import Machine
from bot.platforms.matrix.store import FILE, SealedStore
from bot.privacy import Keys

mute("nio", "peewee")  # their warnings quote events and name people: no scrubber could make them safe

REQUEST_SECONDS = 60
FIRST_SYNC_SECONDS = 300  # of an account with very many rooms
CONNECT_SECONDS = 20  # through Tor it takes a while
_BROKEN = (ClientError, OSError, TimeoutError, ProxyError, ProxyConnectionError, ProxyTimeoutError)
_UNFIT = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
_MALFORMED = {"M_TOO_LARGE", "M_BAD_JSON", "M_NOT_JSON", "M_INVALID_PARAM", "M_MISSING_PARAM"}


class LoggedOut(Unavailable):
    """The homeserver no longer knows our token."""


class Missing(Gone):
    """The homeserver has no such thing."""


class Unfit(Unavailable):
    """The homeserver does not say what is wrong: most often it refers to what is not in the room."""


class Challenge(Gone):
    """The homeserver wants to know first whether it is really us who asks."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__("the homeserver refuses the password")
        flows = body["flows"] if isinstance(body["flows"], list) else []
        self.flows = [flow.get("stages") for flow in flows if isinstance(flow, dict)]
        self.session = str(body.get("session", ""))


@dataclass
class Answer(Response):
    """An answer to a question that nio does not know."""

    content: dict[str, Any] = field()

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Answer:
        """The whole of it, whatever it is."""
        return cls(content)


class Client(AsyncClient):
    """nio's client: one try for each request, each failure a Refusal, its store sealed."""

    def __init__(self, homeserver: str, user: str, folder: Path, keys: Keys, proxy: str, clock: Clock) -> None:
        config = AsyncClientConfig(
            encryption_enabled=True,
            store_sync_tokens=False,  # the caller keeps the cursor, and saves it once all is answered
            max_limit_exceeded=0,
            max_timeouts=0,
            request_timeout=REQUEST_SECONDS,
            pickle_key=keys.derive("matrix-pickle").hex(),
        )
        super().__init__(homeserver.rstrip("/"), user, config=config, proxy=proxy or None)
        self._folder = folder
        self._secret = keys.derive("matrix-store")
        self._clock = clock
        self._greeted: set[str] = set()  # to be; their devices are not known yet

    @property
    def machine(self) -> Machine:
        """The keys; there are some from the first login on."""
        if not isinstance(self.olm, Machine):
            raise Unavailable("there was no login yet")
        return self.olm

    def load_store(self) -> None:
        """Open the sealed store, once. Raises SealBroken."""
        if not self.store:
            device, pickle_key = str(self.device_id), self.config.pickle_key
            store = SealedStore(
                self.user_id, device, str(self._folder), pickle_key, FILE, secret=self._secret, clock=self._clock
            )
            self.store = store
            self.olm = Machine(self.user_id, device, store)
            self.encrypted_rooms = store.load_encrypted_rooms()

    def connect(self) -> None:
        """Make ready to ask; nothing is asked yet."""
        # Names are looked up by the proxy: an onion address has no other, and a look-up tells where we go.
        connector = ProxyConnector.from_url(self.proxy, rdns=True) if self.proxy else None
        self.client_session = ClientSession(connector=connector)

    async def close(self) -> None:
        """Let go of the network and of the store."""
        await super().close()
        if isinstance(self.olm, Machine):
            self.machine.sealed.close()

    # -- asking

    async def send(
        self,
        method: str,
        path: str,
        data: Any = None,
        headers: dict[str, str] | None = None,
        trace_context: Any = None,
        timeout: float | None = None,  # noqa: ASYNC109 (nio's own signature)
    ) -> ClientResponse:
        """Ask the homeserver, and nobody it may point to: the token is for it alone."""
        if not self.client_session:
            raise Unavailable("the connection is closed")
        seconds = REQUEST_SECONDS if timeout is None else timeout or FIRST_SYNC_SECONDS
        limits = ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        return await self.client_session.request(
            method, self.homeserver + path, data=data, headers=headers, timeout=limits, allow_redirects=False
        )

    async def server_time(self) -> datetime | None:
        """What time the homeserver has. Raises Unavailable where there is none."""
        try:
            async with await self.send("GET", "/_matrix/client/versions") as response:
                found = response.status == HTTPStatus.OK
                dated = response.headers.get("Date", "")
        except _BROKEN as problem:
            raise Unavailable(f"the homeserver does not answer ({type(problem).__name__})") from None
        if not found:
            raise Unavailable("there is no Matrix homeserver at this address")
        return _dated(dated)

    async def state(self, room_id: str, kind: str, key: str = "") -> dict[str, Any]:
        """The content of a state event. Raises Refusal; Missing where there is none."""
        found: Any = await self.room_get_state_event(room_id, kind, key)
        return dict(found.content)

    async def created(self, room_id: str) -> dict[str, Any]:
        """The first event of a room, which names its creator by its sender. Raises Refusal."""
        method, path = Api.room_get_state_event(self.access_token, room_id, "m.room.create")
        asked = f"{path}{'&' if '?' in path else '?'}format=event"
        event: Any = await self._send(RoomGetStateEventResponse, method, asked, response_data=("", "", room_id))
        if "sender" in event.content:
            return dict(event.content)
        # A homeserver that does not know the question gives the content alone.
        return {"content": event.content, "sender": event.content.get("creator", "")}

    async def ask(self, method: str, path: list[str], content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask what nio does not know how to ask. Raises Refusal; Challenge where we have to prove who we are."""
        data = None if content is None else json.dumps(content)
        where = "/".join(["/_matrix/client/v3", *(quote(part, safe="") for part in path)])
        answer: Answer = await self._send(Answer, method, where, data)
        return answer.content

    async def deposit(self, data: bytes, kind: str) -> str:
        """Put a file on the homeserver, without a name; its address. Raises Refusal."""
        answer: Answer = await self._send(Answer, "POST", "/_matrix/media/v3/upload", BytesIO(data), content_type=kind)
        return str(answer.content.get("content_uri", ""))

    async def _send(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super()._send(*arguments, **options)
        except _BROKEN as problem:
            raise Unavailable(f"the homeserver does not answer ({type(problem).__name__})") from None

    async def create_matrix_response(
        self, response_class: type, transport_response: ClientResponse, *more: Any, **named: Any
    ) -> Response:
        """Read the answer. Raises Refusal: nio would take a proxy's error page for a success."""
        if transport_response.status >= 300:
            body = await self.parse_body(transport_response)
            challenged = transport_response.status == HTTPStatus.UNAUTHORIZED and "flows" in body
            raise Challenge(body) if challenged else refusal(transport_response, body)
        response = await super().create_matrix_response(response_class, transport_response, *more, **named)
        if isinstance(response, ErrorResponse):
            raise Unavailable("the homeserver answered something that is not Matrix")
        return response

    async def parse_body(self, transport_response: ClientResponse) -> dict[Any, Any]:
        """The object in the body; empty where there is none."""
        try:
            body: Any = await super().parse_body(transport_response)
        except UnicodeDecodeError:
            body = None
        return body if isinstance(body, dict) else {}

    # -- keys

    def greet(self, room: MatrixRoom) -> None:
        """Begin anew with the devices of all who are in an encrypted room, if nothing is left of an earlier time.

        Theirs would still use the session that we erased, and we could not read their first message.
        """
        if room.encrypted:
            self._greeted |= set(room.users) - {self.user_id}

    async def upkeep(self) -> None:
        """Do what the keys need; what fails now is due again after the next sync."""
        if self.should_upload_keys:
            await _attempt(self.keys_upload())
        if self.should_query_keys:
            await _attempt(self.keys_query())
        self._greeted -= self.machine.greet(self._greeted)
        if self.should_claim_keys:
            await _attempt(self.keys_claim(self.get_users_for_key_claiming()))
        waiting = self.machine.outgoing_to_device_messages
        for message in sorted(waiting, key=_after_greetings):
            await _attempt(self.to_device(message))
            if message in waiting:  # not sent: the next message that cannot be read asks again
                waiting.remove(message)

    def _handle_olm_events(self, response: SyncResponse) -> None:
        super()._handle_olm_events(response)
        # nio reads "none left" as "not told", and would never upload one-time keys again.
        if response.device_key_count.signed_curve25519 == 0:
            self.machine.uploaded_key_count = 0

    async def prepare(self, room: MatrixRoom) -> None:
        """Before encrypting: know the devices of all who are in the room."""
        if self.machine.users_for_key_query & set(room.users):
            await self.keys_query()

    async def share_group_session(self, room_id: str, *more: Any, **named: Any) -> Any:
        """Give the room's key to its members. Raises Unavailable where one of them did not get it."""
        try:
            shared = await super().share_group_session(room_id, *more, **named)
            self._check_shared(self.rooms[room_id])
        except BaseException:
            # nio would leave the room locked for ever, or count a key as shared that nobody received.
            self.machine.outbound_group_sessions.pop(room_id, None)
            if waiting := self.sharing_session.pop(room_id, None):
                waiting.set()
            raise
        return shared

    def _check_shared(self, room: MatrixRoom) -> None:
        session = self.machine.outbound_group_sessions[room.room_id]
        given = session.users_shared_with | session.users_ignored
        devices = (device for user in room.users for device in self.device_store.active_user_devices(user))
        missing = [device for device in devices if (device.user_id, device.id) not in given]
        if any(self.machine.session_store.get(device.curve25519) for device in missing):
            raise Unavailable("the room's key could not be shared")
        if missing:  # a device that had no one-time key left: the next message brings a new key, and tries again
            session.max_messages = 1

    def invalidate_outbound_session(self, room_id: str) -> None:
        """Use a room's key no more, not even one that is being shared at this moment (nio would)."""
        if session := self.machine.outbound_group_sessions.get(room_id):
            session.max_messages = 0

    # -- rooms

    def counts_members(self, room: MatrixRoom) -> bool:
        """Whether member_count can be trusted: members are loaded only where somebody speaks."""
        summary = room.summary
        counts = (summary.joined_member_count, summary.invited_member_count) if summary else (None,)
        return room.members_synced or None not in counts

    async def members(self, room: MatrixRoom) -> int:
        """How many are in the room or invited."""
        if not self.counts_members(room):
            await self.joined_members(room.room_id)
        return room.member_count

    def distrust_members(self, room_id: str) -> None:
        """After a gap somebody may have left unseen: fetch the members anew, and use a new key."""
        self.rooms[room_id].members_synced = False
        self.invalidate_outbound_session(room_id)

    async def erase_room(self, room_id: str) -> None:
        """Forget what is kept here of a room, and of all whom we meet in no other. Raises Unavailable."""
        for room in [room for room in self.rooms.values() if room.room_id != room_id]:
            if not self._knows_members(room):
                with suppress(Gone):  # we were thrown out of that one too
                    await self.joined_members(room.room_id)
        self.rooms.pop(room_id, None)
        self.encrypted_rooms.discard(room_id)
        elsewhere = {user for room in self.rooms.values() for user in room.users}
        self.machine.forget(room_id, set(self.device_store.users) - elsewhere - {self.user_id})

    def _knows_members(self, room: MatrixRoom) -> bool:
        """Whether all who are in the room are known by name: members are loaded only where somebody speaks."""
        return room.members_synced or (self.counts_members(room) and len(room.users) >= room.member_count)


def _after_greetings(message: ToDeviceMessage) -> bool:
    """A greeting goes first: the key that another message asks for then comes in the new session."""
    return not isinstance(message, DummyMessage)


async def _attempt(asking: Awaitable[Any]) -> None:
    try:
        await asking
    except Refusal as problem:
        log.warning("matrix_keys", error=type(problem).__name__)


def refusal(response: ClientResponse, body: Mapping[str, Any]) -> Refusal:
    """What the homeserver's error means for us."""
    code = str(body.get("errcode"))
    code = code if re.fullmatch("M_[A-Z_]{1,40}", code) else ""
    if response.status == 429 or code == "M_LIMIT_EXCEEDED":
        return Unavailable("the homeserver limits our rate", _retry_after(response, body))
    if code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        return LoggedOut("the homeserver no longer knows our token")
    if code in ("M_FORBIDDEN", "M_NOT_FOUND"):
        return (Missing if code == "M_NOT_FOUND" else Gone)(f"the homeserver refuses ({code})")
    if code in _MALFORMED or response.status == 413:
        return Rejected(f"the homeserver cannot take it ({code or response.status})")
    unfit = response.status in _UNFIT and code in ("M_UNKNOWN", "M_UNRECOGNIZED")
    kind = Unfit if unfit else Unavailable
    return kind(f"the homeserver answered {response.status} {code}".strip(), _retry_after(response, body))


def _retry_after(response: ClientResponse, body: Mapping[str, Any]) -> float | None:
    """Seconds, from the header (a number, or a date by the server's clock), else from the older field in the body."""
    header, field = response.headers.get("Retry-After", "").strip(), body.get("retry_after_ms")
    if re.fullmatch(r"[0-9]{1,6}", header):
        return float(header)
    if until := _dated(header):
        now = _dated(response.headers.get("Date", "")) or datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    return field / 1000 if isinstance(field, int) and field >= 0 else None


def _dated(header: str) -> datetime | None:
    """A date as HTTP writes it; None where it is none."""
    with suppress(ValueError, TypeError):
        found = parsedate_to_datetime(header)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
