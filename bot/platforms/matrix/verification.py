"""Verification: somebody compares emoji with us (SAS, to-device); we take our part, and believe nothing because of it.

Nobody here could compare. So the seven emoji go to the log, for whoever runs the bot to read out; we confirm only after
the other side has, and no device or user is ever marked or signed as verified by us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import vodozemac
from nio import ToDeviceMessage
from nio.crypto import OlmDevice, Sas

from bot.log import log
from bot.platforms.matrix.identity import signable, unpadded
from bot.platforms.matrix.memory import Memory

PREFIX = "m.key.verification."
_METHOD, _AGREEMENT, _HASH = "m.sas.v1", "curve25519-hkdf-sha256", "sha256"
_MAC = "hkdf-hmac-sha256.v2"  # the older one writes its base64 wrong, and is to be avoided
_STRINGS = ("emoji", "decimal")
_ATTEMPTS = 50  # at once
_OLDEST_SECONDS = 600.0
_LONGEST_NAME = 255  # characters of a transaction's


class Cancelled(Exception):
    """This attempt is over; the code says why, in the words of the specification."""


@dataclass
class Attempt:
    """One verification with one device."""

    device: OlmDevice
    name: str  # of the transaction
    began: float
    sas: vodozemac.Sas = field(default_factory=vodozemac.Sas)
    started: bool = False
    secret: vodozemac.EstablishedSas | None = None
    confirmed: bool = False


class Verifications:
    """Answers each step of the verifications that others begin."""

    def __init__(self, user_id: str, device_id: str, fingerprint: str, monotonic: Callable[[], float]) -> None:
        self.master = ""  # our public master key, once the homeserver shows it as ours
        self._me, self._device_id, self._fingerprint = user_id, device_id, fingerprint
        self._monotonic = monotonic
        self._attempts: Memory[Attempt] = Memory(_ATTEMPTS)

    def answer(self, event: Mapping[str, Any], devices: Mapping[str, OlmDevice]) -> list[ToDeviceMessage]:
        """What to send in answer, given the sender's devices. Raises LookupError, TypeError, ValueError at nonsense."""
        step, content, sender = event["type"].removeprefix(PREFIX), event["content"], event["sender"]
        name = content["transaction_id"]
        if not isinstance(name, str) or len(name) > _LONGEST_NAME:
            raise ValueError("this is no transaction")
        place = f"{sender}\0{name}"
        if step in ("cancel", "done"):
            self._attempts.drop(place)
            return []
        try:
            attempt = self._attempt(step, place, content, devices)
            return list(_addressed(attempt, self._steps(step, attempt, content)))
        except Cancelled as cancelled:
            known = self._attempts.get(place)
            self._attempts.drop(place)
            device_id = known.device.id if known else content.get("from_device")
            return [_cancellation(sender, device_id, name, str(cancelled))] if isinstance(device_id, str) else []

    def _attempt(self, step: str, place: str, content: Mapping[str, Any], devices: Mapping[str, OlmDevice]) -> Attempt:
        """The one that goes on, or a new one. Raises Cancelled."""
        attempt = self._attempts.get(place)
        if step == "request" or (step == "start" and not attempt):
            return self._begun(place, content, devices)
        if not attempt:
            raise Cancelled("m.unknown_transaction")
        if self._monotonic() - attempt.began > _OLDEST_SECONDS:
            raise Cancelled("m.timeout")
        return attempt

    def _begun(self, place: str, content: Mapping[str, Any], devices: Mapping[str, OlmDevice]) -> Attempt:
        device = devices.get(content["from_device"])
        # Who logs in as us has to prove it with the recovery key: no new device is let in by a machine.
        if device is None or device.user_id == self._me:
            raise Cancelled("m.user")
        for other, attempt in self._attempts:
            if (attempt.device.user_id, attempt.device.id) == (device.user_id, device.id):
                self._attempts.drop(other)  # a device tries once at a time
        attempt = Attempt(device, content["transaction_id"], self._monotonic())
        self._attempts.put(place, attempt)
        return attempt

    def _steps(self, step: str, attempt: Attempt, content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        match step:
            case "request" if not attempt.started:
                yield self._ready(content)
            case "start" if not attempt.started:
                yield self._accepted(attempt, content)
            case "key" if attempt.started and not attempt.secret:
                yield self._keyed(attempt, content)
            case "mac" if attempt.secret and not attempt.confirmed:
                self._check(attempt, attempt.secret, content)
                yield "mac", self._mac(attempt, attempt.secret)
                yield "done", {}
            case _:
                raise Cancelled("m.unexpected_message")

    def _ready(self, content: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        if _METHOD not in content["methods"]:
            raise Cancelled("m.unknown_method")
        return "ready", {"from_device": self._device_id, "methods": [_METHOD]}

    def _accepted(self, attempt: Attempt, content: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        offers = {
            "key_agreement_protocols": _AGREEMENT,
            "hashes": _HASH,
            "message_authentication_codes": _MAC,
            "short_authentication_string": _STRINGS[1],  # all have to know it
        }
        unknown = content.get("method") != _METHOD or any(want not in content.get(n, ()) for n, want in offers.items())
        if unknown or content["from_device"] != attempt.device.id:
            raise Cancelled("m.unknown_method")
        attempt.started = True
        commitment = sha256(attempt.sas.public_key.to_base64().encode() + signable(content)).digest()
        strings = [each for each in _STRINGS if each in content["short_authentication_string"]]
        return "accept", {
            "method": _METHOD,
            "key_agreement_protocol": _AGREEMENT,
            "hash": _HASH,
            "message_authentication_code": _MAC,
            "short_authentication_string": strings,
            "commitment": unpadded(commitment),
        }

    def _keyed(self, attempt: Attempt, content: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        theirs = vodozemac.Curve25519PublicKey.from_base64(content["key"])
        ours = attempt.sas.public_key.to_base64()
        attempt.secret = attempt.sas.diffie_hellman(theirs)
        device = attempt.device
        sides = (device.user_id, device.id, theirs.to_base64(), self._me, self._device_id, ours)
        _tell(attempt.secret.bytes("|".join(("MATRIX_KEY_VERIFICATION_SAS", *sides, attempt.name))))
        return "key", {"key": ours}

    def _check(self, attempt: Attempt, secret: vodozemac.EstablishedSas, content: Mapping[str, Any]) -> None:
        """Whether they know the same secret, and speak for the device that we know. Raises Cancelled."""
        device, codes = attempt.device, content["mac"]
        info = f"MATRIX_KEY_VERIFICATION_MAC{device.user_id}{device.id}{self._me}{self._device_id}{attempt.name}"
        name = f"ed25519:{device.id}"
        try:
            secret.verify_mac(",".join(sorted(codes)), f"{info}KEY_IDS", content["keys"])
            secret.verify_mac(device.ed25519, info + name, codes[name])
        except (LookupError, ValueError):
            raise Cancelled("m.key_mismatch") from None
        attempt.confirmed = True
        log.info("matrix_verification", step="confirmed by the other side")

    def _mac(self, attempt: Attempt, secret: vodozemac.EstablishedSas) -> dict[str, Any]:
        device = attempt.device
        info = f"MATRIX_KEY_VERIFICATION_MAC{self._me}{self._device_id}{device.user_id}{device.id}{attempt.name}"
        keys = {f"ed25519:{self._device_id}": self._fingerprint}
        if self.master:
            keys[f"ed25519:{self.master}"] = self.master
        return {
            "mac": {name: secret.calculate_mac(key, info + name) for name, key in keys.items()},
            "keys": secret.calculate_mac(",".join(sorted(keys)), f"{info}KEY_IDS"),
        }


def _tell(shown: vodozemac.SasBytes) -> None:
    """For whoever runs the bot to read out; who it is that compares is not said."""
    emoji = ", ".join(" ".join(Sas.emoji[index]) for index in shown.emoji_indices)
    log.info("matrix_verification", step="compare", emoji=emoji, numbers="-".join(map(str, shown.decimals)))


def _addressed(attempt: Attempt, steps: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[ToDeviceMessage]:
    for step, content in steps:
        whole = {**content, "transaction_id": attempt.name}
        yield ToDeviceMessage(PREFIX + step, attempt.device.user_id, attempt.device.id, whole)


def _cancellation(user_id: str, device_id: str, name: str, code: str) -> ToDeviceMessage:
    content = {"transaction_id": name, "code": code, "reason": code.removeprefix("m.").replace("_", " ")}
    return ToDeviceMessage(f"{PREFIX}cancel", user_id, device_id, content)
