"""A real Synapse on the loopback, and people who talk on it: what the Matrix tests stand on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nio import (
    AsyncClient,
    AsyncClientConfig,
    DownloadResponse,
    ErrorResponse,
    Event,
    MegolmEvent,
    RoomEncryptedFile,
    RoomMessageFile,
    RoomMessageNotice,
    RoomMessageText,
    RoomPreset,
    SyncResponse,
)
from nio.crypto.attachments import decrypt_attachment
from nio.store import SqliteMemoryStore

SERVER_NAME = "home.test"
VERIFICATION = "m.key.verification."
PASSWORD = "a long sentence that only the tests know"
_GENEROUS = {"per_second": 10_000, "burst_count": 10_000}
_LIMITS = {
    "rc_message": _GENEROUS,
    "rc_registration": _GENEROUS,
    "rc_login": {"address": _GENEROUS, "account": _GENEROUS, "failed_attempts": _GENEROUS},
    "rc_joins": {"local": _GENEROUS, "remote": _GENEROUS},
    "rc_joins_per_room": _GENEROUS,
    "rc_invites": {"per_room": _GENEROUS, "per_user": _GENEROUS, "per_issuer": _GENEROUS},
    "rc_room_creation": _GENEROUS,
    "rc_key_requests": _GENEROUS,
}
# Synapse, until nobody holds the other end of its input any more: however the tests end, it ends too.
_LAUNCH = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
runpy.run_module("synapse.app.homeserver", run_name="__main__")
"""


class Synapse:
    """One homeserver: its own process, SQLite in its own folder, no federation, generous limits."""

    def __init__(self, folder: Path, limits: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._secret = secrets.token_hex()
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._write({**_LIMITS, **(limits or {})})

    def _write(self, limits: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        log = {"class": "logging.FileHandler", "filename": str(self._folder / "synapse.log")}
        logs = {"version": 1, "handlers": {"file": log}, "root": {"level": "WARNING", "handlers": ["file"]}}
        (self._folder / "log.yaml").write_text(yaml.safe_dump(logs))
        settings = {
            "server_name": SERVER_NAME,
            "listeners": [
                {
                    "port": self.port,
                    "type": "http",
                    "bind_addresses": ["127.0.0.1"],
                    "resources": [{"names": ["client"]}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self._folder / "synapse.db")}},
            "log_config": str(self._folder / "log.yaml"),
            "media_store_path": str(self._folder / "media"),
            "signing_key_path": str(self._folder / "signing.key"),
            "pid_file": str(self._folder / "synapse.pid"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": self._secret,
            "form_secret": self._secret,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "federation_domain_whitelist": [],
            "report_stats": False,
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,
            "caches": {"sync_response_cache_duration": 0},  # else a first sync may be minutes old
            **limits,
        }
        (self._folder / "homeserver.yaml").write_text(yaml.safe_dump(settings))

    def start(self) -> Self:
        """Start it, or start it again on the same port and data; ready when this returns."""
        command = [sys.executable, "-c", _LAUNCH, "-c", str(self._folder / "homeserver.yaml")]
        # Coverage would follow into the process, and take longer there than all tests.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        with (self._folder / "stderr.log").open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "stderr.log").read_text()[-2000:])
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Stop its process, and only its process."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None

    def _answers(self) -> bool:
        try:
            self.call("GET", "/_matrix/client/versions")
        except OSError:
            return False
        return True

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Ask the server something outside any client. Raises urllib's HTTPError."""
        request = urllib.request.Request(self.address + path, method=method)  # noqa: S310 (ours)
        if body is not None:
            request.data = json.dumps(body).encode()
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (as above)
            return json.load(answer)

    def register(self, name: str = "", *, admin: bool = False) -> dict[str, str]:
        """A new user (a name nobody has where none is given): user_id, device_id, access_token."""
        name = name or f"user{next(self._names)}"
        path = "/_synapse/admin/v1/register"
        nonce = self.call("GET", path)["nonce"]
        parts = (nonce, name, PASSWORD, "admin" if admin else "notadmin")
        mac = hmac.new(self._secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        user = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": admin, "mac": mac}
        registered: dict[str, str] = self.call("POST", path, user)
        return registered

    @asynccontextmanager
    async def person(self, name: str = "", *, strict: bool = False) -> AsyncIterator[Person]:
        """Somebody new with a client of their own; a strict one has no business with devices not cross-signed."""
        user = self.register(name)
        person = Person(self, user, strict=strict)
        try:
            await person.sync()
            yield person
        finally:
            await person.client.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """The homeserver that all tests of one process share."""
    server = Synapse(tmp_path_factory.mktemp("synapse")).start()
    yield server
    server.stop()


@dataclass(frozen=True, slots=True)
class Message:
    """What a person sees of a message."""

    body: str
    html: str
    event_id: str
    encrypted: bool
    thread: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


class Person:
    """Somebody with a Matrix client that can encrypt; reads like a conversation."""

    def __init__(self, server: Synapse, user: Mapping[str, str], *, strict: bool = False) -> None:
        self._strict = strict
        config = AsyncClientConfig(store=SqliteMemoryStore, max_timeouts=0, max_limit_exceeded=0)
        self._server = server
        self.client = AsyncClient(server.address, user["user_id"], config=config)
        self.client.restore_login(user["user_id"], user["device_id"], user["access_token"])
        self.id: str = user["user_id"]
        self.unread: dict[str, list[Message]] = {}
        self.closed: list[str] = []  # messages that could not be decrypted
        self.hidden: list[str] = []  # messages from devices that a strict client does not trust
        self.told: list[dict[str, Any]] = []  # what came of verifications

    async def sync(self, wait_seconds: float = 0) -> None:
        """Fetch what is new and do the upkeep of the keys."""
        response = await self.client.sync(int(wait_seconds * 1000), full_state=not self.client.next_batch)
        assert isinstance(response, SyncResponse), response
        self.told += [each.source for each in response.to_device_events if VERIFICATION in each.source["type"]]
        for room_id, room in response.rooms.join.items():
            found = (self._message(event) for event in room.timeline.events)
            self.unread.setdefault(room_id, []).extend(message for message in found if message)
        await self._keys()

    async def _keys(self) -> None:
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        if self.client.should_claim_keys:
            await self.client.keys_claim(self.client.get_users_for_key_claiming())
        await self.client.send_to_device_messages()

    def _message(self, event: Event) -> Message | None:
        if event.source.get("sender") == self.id:
            return None
        if isinstance(event, MegolmEvent):
            self.closed.append(event.event_id)
        if not isinstance(event, RoomMessageText | RoomMessageNotice | RoomMessageFile | RoomEncryptedFile):
            return None
        if self._strict and event.decrypted and not event.verified:
            self.hidden.append(event.event_id)
            return None
        content = event.source["content"]
        relation = content.get("m.relates_to", {})
        thread = relation.get("event_id", "") if relation.get("rel_type") == "m.thread" else ""
        return Message(
            event.body, getattr(event, "formatted_body", "") or "", event.event_id, event.decrypted, thread, content
        )

    async def creates(
        self,
        *others: str,
        direct: bool = False,
        encrypted: bool = False,
        alias: str = "",
        public: bool = False,
        version: str = "",
        **more: Any,
    ) -> str:
        """A new room with others invited; its id."""
        encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        response = await self.client.room_create(
            invite=others,
            is_direct=direct,
            alias=alias or None,
            initial_state=[encryption] if encrypted else [],
            preset=RoomPreset.public_chat if public else None,
            room_version=version or None,
            **more,
        )
        await self.sync()
        return str(_done(response).room_id)

    async def invites(self, other: str, *, direct: bool = True, encrypted: bool = True, alias: str = "") -> str:
        """A new room with the other one invited; its id."""
        return await self.creates(other, direct=direct, encrypted=encrypted, alias=alias)

    async def invites_to(self, room: str, other: str, *, direct: bool = False) -> None:
        """Ask somebody into a room that is there already."""
        path = f"/_matrix/client/v3/rooms/{room}/state/m.room.member/{other}"
        content = {"membership": "invite", "is_direct": direct}
        self._server.call("PUT", path, content, self.client.access_token)
        await self.sync()

    async def upgrades(self, room: str, version: str = "11") -> str:
        """Move everybody to a new room; its id."""
        path = f"/_matrix/client/v3/rooms/{room}/upgrade"
        answer = self._server.call("POST", path, {"new_version": version}, self.client.access_token)
        await self.sync()
        return str(answer["replacement_room"])

    async def sets(self, room: str, kind: str, content: dict[str, Any]) -> None:
        """Set a part of the room's state."""
        _done(await self.client.room_put_state(room, kind, content))

    async def joins(self, room: str) -> None:
        """Accept an invitation, or walk in."""
        _done(await self.client.join(room))
        await self.sync()

    async def leaves(self, room: str) -> None:
        """Go away."""
        _done(await self.client.room_leave(room))

    async def sees(self, other: str, room: str) -> None:
        """Wait until the other one is in the room."""
        await self._until(lambda: other in self._members(room), f"{other} is not in the room")

    async def sees_nobody(self, room: str) -> None:
        """Wait until all others have left the room."""
        await self._until(lambda: self._members(room) == {self.id}, "somebody is still in the room")

    def _members(self, room: str) -> set[str]:
        users = self.client.rooms[room].users if room in self.client.rooms else {}
        return {user.user_id for user in users.values() if not user.invited}

    async def _until(self, reached: Any, otherwise: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, otherwise
            await self.sync(1)

    async def says(
        self,
        room: str,
        body: str,
        *,
        thread: str = "",
        reply_to: str = "",
        msgtype: str = "m.text",
        **more: Any,
    ) -> str:
        """Send words, encrypted where the room is; the event's id."""
        content: dict[str, Any] = {"msgtype": msgtype, "body": body, **more}
        if thread:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        if reply_to:
            content.setdefault("m.relates_to", {})["m.in_reply_to"] = {"event_id": reply_to}
        return await self.sends(room, "m.room.message", content)

    async def sends(self, room: str, kind: str, content: dict[str, Any]) -> str:
        """Send any event; its id."""
        await self.sync()
        if self._strict:
            self.judges(room)
        response = await self.client.room_send(room, kind, content, ignore_unverified_devices=not self._strict)
        return str(_done(response).event_id)

    @property
    def fingerprint(self) -> str:
        """The signing key of their own device."""
        assert self.client.olm
        return str(self.client.olm.account.identity_keys["ed25519"])

    def sees_keys(self, user: str) -> dict[str, Any]:
        """What the homeserver shows of somebody's keys."""
        content: dict[str, Any] = {"device_keys": {user: []}}
        shown: dict[str, Any] = self._server.call(
            "POST", "/_matrix/client/v3/keys/query", content, self.client.access_token
        )
        return shown

    def judges(self, room: str) -> None:
        """Trust, of all devices in the room, those that their owner has cross-signed, and no others."""
        for user in set(self.client.rooms[room].users) - {self.id}:
            shown = self.sees_keys(user)
            for device in self.client.device_store.active_user_devices(user):
                judge = self.client.verify_device if cross_signed(shown, device) else self.client.blacklist_device
                judge(device)

    async def edits(self, room: str, event_id: str, body: str) -> str:
        """Replace what was said; the id of the replacement."""
        content = {
            "msgtype": "m.text",
            "body": f"* {body}",
            "m.new_content": {"msgtype": "m.text", "body": body},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self.sends(room, "m.room.message", content)

    async def reacts(self, room: str, event_id: str, sign: str) -> str:
        """Put a sign under a message; never encrypted, as in all clients."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": sign}
        return await self.sends(room, "m.reaction", {"m.relates_to": relation})

    async def sends_image(self, room: str) -> str:
        """Send a photo (only the message: nobody fetches it)."""
        content: dict[str, Any] = {"msgtype": "m.image", "body": "photo.jpg"}
        if self.client.rooms[room].encrypted:
            hashes, key = (
                {"sha256": "aaaa"},
                {"k": "aaaa", "alg": "A256CTR", "ext": True, "kty": "oct", "key_ops": []},
            )
            content["file"] = {
                "url": "mxc://home.test/aaaa",
                "v": "v2",
                "iv": "aaaa",
                "hashes": hashes,
                "key": key,
            }
        else:
            content["url"] = "mxc://home.test/aaaa"
        return await self.sends(room, "m.room.message", content)

    async def fetches(self, content: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """The file of a message, as the homeserver has it and as its reader does."""
        secret = content.get("file", {})
        response = await self.client.download(secret.get("url") or content["url"])
        assert isinstance(response, DownloadResponse), response
        held = response.body
        assert isinstance(held, bytes)
        if not secret:
            return held, held
        return held, decrypt_attachment(held, secret["key"]["k"], secret["hashes"]["sha256"], secret["iv"])

    async def forwards_key(self, room: str, device: Any) -> None:
        """Give one device the key of what was said in a room last, after all."""
        olm: Any = self.client.olm
        own = olm.inbound_group_store.get(
            room, olm.account.identity_keys["curve25519"], olm.outbound_group_sessions[room].id
        )
        session = olm.session_store.get(device.curve25519)
        if not session:
            await self.client.keys_claim({device.user_id: [device.id]})
            session = olm.session_store.get(device.curve25519)
        await self.client.to_device(olm._encrypt_forwarding_key(room, own, session, device))

    async def hears(self, room: str, seconds: float = 15) -> Message:
        """The next message that somebody else wrote in the room."""
        await self._until(lambda: self.unread.get(room), "nothing was said", seconds)
        assert not self.closed, "a message that cannot be decrypted"
        return self.unread[room].pop(0)

    async def hears_nothing(self, room: str) -> bool:
        """Whether there is no message at this moment."""
        await self.sync()
        return not self.unread.get(room)


def cross_signed(shown: Mapping[str, Any], device: Any) -> bool:
    """Whether a device is signed by the self-signing key, and that by the master key, of its owner."""
    user = device.user_id
    keys = [shown.get(f"{role}_keys", {}).get(user, {}).get("keys", {}) for role in ("master", "self_signing")]
    if not all(keys):
        return False
    master, self_signing = (next(iter(key.values())) for key in keys)
    published = shown["device_keys"][user][device.id]
    return (
        published["keys"][f"ed25519:{device.id}"] == device.ed25519
        and has_signed(master, shown["self_signing_keys"][user], user)
        and has_signed(self_signing, published, user)
    )


def has_signed(key: str, thing: Mapping[str, Any], user: str) -> bool:
    """Whether the signature of the thing by that key is good."""
    signature = thing["signatures"][user].get(f"ed25519:{key}")
    bare = {name: value for name, value in thing.items() if name not in ("signatures", "unsigned")}
    words = json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(f"{key}="))
        public.verify(base64.b64decode(f"{signature}=="), words)
    except InvalidSignature:
        return False
    return bool(signature)


def _done(response: Any) -> Any:
    assert not isinstance(response, ErrorResponse), response
    return response
