"""Trust: the bot's cross-signing identity on the homeserver: made once, looked at with each start, and mended."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from bot.log import log
from bot.platforms import Gone, Refusal, Rejected, Unavailable
from bot.platforms.matrix import recovery
from bot.platforms.matrix.client import Challenge, Client
from bot.platforms.matrix.identity import ROLES, Identity, decoded, signed, unpadded
from bot.platforms.matrix.recovery import KeyWrong
from bot.platforms.matrix.sealed_file import SealedFile
from bot.privacy import Keys

FILE = "matrix.identity"
PURPOSE = "matrix-identity"
_DEFAULT = "m.secret_storage.default_key"
_SECRETS = {role: f"m.cross_signing.{role}" for role in ROLES}


class Standing(Enum):
    """How our device stands before others; the value is for the log."""

    SIGNED = "cross-signed"
    VOUCHED = "cross-signed by keys kept elsewhere"
    NONE = "not cross-signed"  # there is no identity, here or there
    OTHER = "another identity"  # the homeserver shows one, and it is not ours
    HIDDEN = "identity not shown"  # we have one; the homeserver shows none, or not all of it
    DEVICE = "another device key"  # the homeserver does not show our device, or not its keys
    UNSIGNED = "device not signed"


ADVICE = {
    Standing.SIGNED: "",
    Standing.VOUCHED: "",
    Standing.NONE: "the device is not cross-signed, so newer apps will not talk to it: stop the bot, run"
    " pratip matrix trust",
    Standing.OTHER: "the homeserver shows a cross-signing identity that is not the bot's own: stop the bot and run"
    " pratip matrix trust --recover with its recovery key, or --replace to make a new one",
    Standing.HIDDEN: "the homeserver does not show the bot's cross-signing keys: stop the bot, run pratip matrix trust",
    Standing.DEVICE: "the homeserver shows other keys for the bot's device than its own: start the bot once; if this"
    " stays, somebody changes what others see",
    Standing.UNSIGNED: "the device is not signed yet: start the bot once, or run pratip matrix trust",
}
_ALARMS = {Standing.OTHER, Standing.HIDDEN, Standing.DEVICE}


class Untrusted(Exception):
    """The device cannot be made trusted; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the homeserver shows of our account; any of it may be missing, wrong or somebody else's."""

    master: Mapping[str, Any]
    self_signing: Mapping[str, Any]
    user_signing: Mapping[str, Any]
    device: Mapping[str, Any]

    @property
    def master_key(self) -> str:
        """The public master key; empty where none is shown."""
        return _key(self.master)


def standing(shown: Shown, identity: Identity | None, device: Mapping[str, Any]) -> Standing:
    """How the device (its ids and keys) stands by what is shown, if the identity is ours."""
    if any(shown.device.get(name) != value for name, value in device.items()):
        return Standing.DEVICE
    user_id = device["user_id"]
    if identity is None:
        if not shown.master_key:
            return Standing.NONE
        return Standing.VOUCHED if _chained(shown, user_id) else Standing.OTHER
    if shown.master_key != identity.public():
        return Standing.OTHER if shown.master_key else Standing.HIDDEN
    if any(_key(getattr(shown, role)) != identity.public(role) for role in ROLES) or not _rooted(shown, user_id):
        return Standing.HIDDEN
    return Standing.SIGNED if signed(shown.device, user_id, identity.public("self_signing")) else Standing.UNSIGNED


def _rooted(shown: Shown, user_id: str) -> bool:
    return signed(shown.self_signing, user_id, shown.master_key)


def _chained(shown: Shown, user_id: str) -> bool:
    return _rooted(shown, user_id) and signed(shown.device, user_id, _key(shown.self_signing))


def _key(statement: Mapping[str, Any]) -> str:
    """The one key in a statement, if its name says the same."""
    keys = statement.get("keys")
    if not isinstance(keys, dict) or len(keys) != 1:
        return ""
    name, key = next(iter(keys.items()))
    return key if isinstance(key, str) and name == f"ed25519:{key}" else ""


class Trust:
    """Our identity and the homeserver's view of it."""

    def __init__(self, client: Client, password: str, folder: Path, keys: Keys) -> None:
        self._client = client
        self._password = password
        self._file = SealedFile(folder / FILE, PURPOSE, keys)
        self._looked_as = ""  # the session in which we last looked
        self._told: Standing | None = None

    # -- while the bot runs

    def changed(self) -> None:
        """The homeserver says that something about our devices has changed: look again."""
        self._looked_as = ""

    async def watch(self) -> None:
        """Look once in each session; sign what is unsigned, and say once what is wrong."""
        session = self._client.access_token
        if self._looked_as == session:
            return
        self._looked_as = session
        try:
            found = await self.mended()
        except Unavailable as problem:
            self._looked_as = ""
            log.warning("matrix_trust", error=type(problem).__name__)
            return
        except Refusal as problem:  # it will not have it: trying again brings no more
            log.error("matrix_trust", error=type(problem).__name__)
            return
        self._tell(found)

    def _tell(self, found: Standing) -> None:
        if found is not self._told:
            say = log.error if found in _ALARMS else log.warning if ADVICE[found] else log.info
            say("matrix_trust", standing=found.value, **({"mend": ADVICE[found]} if ADVICE[found] else {}))
        self._told = found

    async def look(self) -> Standing:
        """How our device stands. Raises Refusal."""
        return standing(await self._shown(), self.identity(), self._client.machine.device)

    async def mended(self) -> Standing:
        """How our device stands, once what can be mended without a password is. Raises Refusal."""
        found, identity = await self.look(), self.identity()
        if found is Standing.HIDDEN and identity:
            with suppress(Challenge):
                await self._publish(identity, "")
            found = await self.look()
        if found is Standing.UNSIGNED and identity:
            await self._sign(identity)
            found = await self.look()
        self._client.machine.verifications.master = identity.public() if identity and found is Standing.SIGNED else ""
        return found

    # -- once, from the command line

    async def establish(
        self, show: Callable[[str], None], *, recovery_key: str = "", replace: bool = False
    ) -> Standing:
        """Make or take up an identity, publish it, sign the device; show() is given the recovery key, once.

        Raises Refusal, Untrusted, KeyWrong.
        """
        await self._client.upkeep()  # the device's own keys, if they were never published
        identity, name = await self._recovered(recovery_key) if recovery_key else (self.identity(), "")
        shown = await self._shown()
        if shown.master_key and not (identity and shown.master_key == identity.public()):
            if not replace:
                raise Untrusted(ADVICE[Standing.OTHER])
            identity = None  # ours, if we had one, is spent: servers refuse keys that were there before
        if identity is None or name:
            identity = identity or Identity.new(self._client.user_id)
            self._keep(identity, name)  # first: what is published and then lost could not sign any more
        if standing(shown, identity, self._client.machine.device) in (Standing.HIDDEN, Standing.OTHER):
            await self._publish(identity, self._password)
        found = await self.mended()
        if found is Standing.SIGNED and not self._stored().get("recovery"):
            await self._back_up(identity, show)
        return found

    async def _recovered(self, words: str) -> tuple[Identity, str]:
        """The identity that the homeserver keeps sealed, and the name of the key that opened it."""
        key = recovery.read(words)
        name = (await self._data(_DEFAULT)).get("key")
        described = await self._data(f"m.secret_storage.key.{name}")
        if described.get("algorithm") != recovery.ALGORITHM:
            raise Untrusted("the homeserver keeps nothing that a recovery key opens")
        try:
            if not recovery.fits(key, described):
                raise KeyWrong("this is another recovery key than the one the homeserver knows of")
            seeds = {role: await self._secret(key, str(name), secret) for role, secret in _SECRETS.items()}
            return Identity(self._client.user_id, seeds), str(name)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise Untrusted("what the homeserver keeps for the recovery key is damaged") from None

    async def _secret(self, key: bytes, name: str, secret: str) -> bytes:
        kept = (await self._data(secret))["encrypted"][name]
        return decoded(recovery.opened(key, secret, kept).decode())

    async def _back_up(self, identity: Identity, show: Callable[[str], None]) -> None:
        """Keep the identity on the homeserver, sealed with a new key that only the one who sees it has."""
        key, name = secrets.token_bytes(recovery.KEY_BYTES), base64.b32encode(secrets.token_bytes(20)).decode()
        await self._put(f"m.secret_storage.key.{name}", recovery.description(key))
        for role, secret in _SECRETS.items():
            sealed = recovery.seal(key, secret, unpadded(identity.seeds[role]).encode())
            await self._put(secret, {"encrypted": {name: sealed}})
        await self._put(_DEFAULT, {"key": name})
        show(recovery.written(key))
        self._keep(identity, name)  # last: after a crash the next run makes and shows another

    # -- what is kept here

    def identity(self) -> Identity | None:
        """Our own, if there is one for this account. Raises SealBroken."""
        stored = self._stored()
        return Identity(stored["user_id"], {role: decoded(stored[role]) for role in ROLES}) if stored else None

    def _stored(self) -> dict[str, Any]:
        stored = self._file.read()
        return stored if stored.get("user_id") == self._client.user_id else {}

    def _keep(self, identity: Identity, recovery_name: str = "") -> None:
        seeds = {role: unpadded(seed) for role, seed in identity.seeds.items()}
        self._file.write({"user_id": identity.user_id, **seeds, "recovery": recovery_name})

    # -- asking

    async def _shown(self) -> Shown:
        me, device_id = self._client.user_id, str(self._client.device_id)
        answer = await self._client.ask("POST", ["keys", "query"], {"device_keys": {me: []}})
        own = {name: _part(answer.get(f"{name}_keys"), me) for name in (*ROLES, "device")}
        return Shown(**{**own, "device": _part(own["device"], device_id)})

    async def _publish(self, identity: Identity, password: str) -> None:
        """Upload the identity; its owner proves with the password who it is. Raises Refusal, Untrusted."""
        machine = self._client.machine
        keys = {f"{role}_key": identity.published(role) for role in ROLES}
        # The device signs the master key too: who has verified the device may trust the identity.
        device = {f"ed25519:{machine.device_id}": machine.sign_json(keys["master_key"])}
        keys["master_key"]["signatures"] = {identity.user_id: device}
        path = ["keys", "device_signing", "upload"]
        try:
            await self._client.ask("POST", path, keys)
        except Challenge as challenge:
            if not password:
                raise
            await self._client.ask("POST", path, {**keys, "auth": self._proof(challenge, password)})

    def _proof(self, challenge: Challenge, password: str) -> dict[str, Any]:
        if ["m.login.password"] not in challenge.flows:
            raise Untrusted(
                "the homeserver does not take a password for this: allow the change of the cross-signing keys in its"
                " own account pages, then run this again"
            )
        identifier = {"type": "m.id.user", "user": self._client.user_id}
        return {
            "type": "m.login.password",
            "identifier": identifier,
            "password": password,
            "session": challenge.session,
        }

    async def _sign(self, identity: Identity) -> None:
        shown = (await self._shown()).device
        if any(shown.get(name) != value for name, value in self._client.machine.device.items()):
            return  # in between it has become another
        device = identity.sign(shown, "self_signing")
        signatures = {identity.user_id: {self._client.machine.device_id: device}}
        answer = await self._client.ask("POST", ["keys", "signatures", "upload"], signatures)
        if answer.get("failures"):
            raise Rejected("the homeserver does not take the signature of our device")

    async def _data(self, kind: str) -> dict[str, Any]:
        with suppress(Gone):  # there is none
            return await self._client.ask("GET", ["user", self._client.user_id, "account_data", kind])
        return {}

    async def _put(self, kind: str, content: dict[str, Any]) -> None:
        await self._client.ask("PUT", ["user", self._client.user_id, "account_data", kind], content)


def _part(whole: Any, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}
