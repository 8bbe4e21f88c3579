"""The other side of a verification: somebody's app that compares emoji, written after the specification alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nio import ToDeviceMessage

from tests.synapse import VERIFICATION, Person

EMOJI = 64


class Comparer:
    """A person's app, in one verification of one device of somebody."""

    def __init__(self, person: Person, user: str, device: str, name: str = "a transaction") -> None:
        self.person, self.user, self.device, self.name = person, user, device, name
        self.mine = str(person.client.device_id)
        self._key = X25519PrivateKey.generate()
        self._secret = b""
        self.commitment = ""
        self.start: dict[str, Any] = {
            "from_device": self.mine,
            "method": "m.sas.v1",
            "key_agreement_protocols": ["curve25519-hkdf-sha256"],
            "hashes": ["sha256"],
            "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
            "short_authentication_string": ["emoji", "decimal"],
            "transaction_id": name,
        }

    @property
    def public(self) -> str:
        return unpadded(self._key.public_key().public_bytes_raw())

    async def sends(self, step: str, **content: Any) -> None:
        """One step, to the device."""
        whole = {"transaction_id": self.name, **content}
        await self.person.client.to_device(ToDeviceMessage(VERIFICATION + step, self.user, self.device, whole))

    async def requests(self, **changed: Any) -> None:
        now = int(time.time() * 1000)
        await self.sends("request", **{"from_device": self.mine, "methods": ["m.sas.v1"], "timestamp": now, **changed})

    async def hears(self) -> tuple[str, dict[str, Any]]:
        """The next step that came, and what it says."""
        while not self.person.told:
            await self.person.sync(1)
        event = self.person.told.pop(0)
        assert event["sender"] == self.user
        assert event["content"]["transaction_id"] == self.name
        return event["type"].removeprefix(VERIFICATION), event["content"]

    def agrees(self, theirs: str) -> None:
        """Take their key, which has to be the one they promised."""
        promised = hashlib.sha256(theirs.encode() + canonical(self.start)).digest()
        assert self.commitment == unpadded(promised)
        self._secret = self._key.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(f"{theirs}=")))
        sides = (self.person.id, self.mine, self.public, self.user, self.device, theirs)
        self._info = "|".join(("MATRIX_KEY_VERIFICATION_SAS", *sides, self.name))

    def sees(self) -> list[int]:
        """The numbers of the seven emoji."""
        bits = int.from_bytes(self._derived(self._info, 6))
        return [bits >> shift & (EMOJI - 1) for shift in range(42, 0, -6)]

    def code(self, thing: str, name: str, *, theirs: bool = False) -> str:
        """The authentication code of a key or of the list of names."""
        sides = (self.user, self.device, self.person.id, self.mine)
        sides = sides if theirs else (*sides[2:], *sides[:2])
        key = self._derived("".join(("MATRIX_KEY_VERIFICATION_MAC", *sides, self.name, name)), 32)
        return unpadded(hmac.digest(key, thing.encode(), "sha256"))

    async def confirms(self, fingerprint: str) -> None:
        """Say that the emoji are the same."""
        name = f"ed25519:{self.mine}"
        await self.sends("mac", mac={name: self.code(fingerprint, name)}, keys=self.code(name, "KEY_IDS"))

    def _derived(self, info: str, size: int) -> bytes:
        return HKDF(SHA256(), size, salt=None, info=info.encode()).derive(self._secret)


def unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def canonical(thing: Any) -> bytes:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
