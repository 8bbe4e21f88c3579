"""The machine: nio's end-to-end encryption, so that nothing strangers send can stop it or fill it."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import vodozemac
from nio.crypto import Olm
from nio.events import BadEventType, Event, ForwardedRoomKeyEvent, MegolmEvent, OlmEvent, ToDeviceEvent
from nio.exceptions import EncryptionError, GroupEncryptionError, VerificationError
from nio.responses import KeysClaimResponse, KeysQueryResponse

from bot.platforms.matrix.store import SealedStore
from bot.platforms.matrix.verification import PREFIX, Verifications

_QUEUE = 50  # to-device messages that may wait
# What nio and vodozemac (by a kind of ValueError) raise at what a stranger wrote, and no server has looked at.
_NONSENSE = (
    AssertionError,
    AttributeError,
    EncryptionError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    VerificationError,
)


class Machine(Olm):
    """nio's Olm machine, hardened: what cannot be read is passed over, whatever is wrong with it."""

    def __init__(self, user_id: str, device_id: str, store: SealedStore) -> None:
        self.sealed = store
        super().__init__(user_id, device_id, store)
        self.verifications = Verifications(user_id, device_id, self.fingerprint, store.clock.monotonic)

    @property
    def fingerprint(self) -> str:
        """The device's public signing key, in unpadded base64."""
        return str(self.account.identity_keys["ed25519"])

    @property
    def device(self) -> dict[str, Any]:
        """Our device as others have to see it: its ids and keys."""
        keys = {f"{kind}:{self.device_id}": self.account.identity_keys[kind] for kind in ("curve25519", "ed25519")}
        return {"user_id": self.user_id, "device_id": self.device_id, "keys": keys}

    def open(self, event: MegolmEvent) -> Event | BadEventType | None:
        """The message, decrypted; None where that fails."""
        with suppress(*_NONSENSE):
            opened = super()._decrypt_megolm_no_error(event)
            if opened and "state_key" not in opened.source:  # nio would believe in such state
                self.sealed.used(str(event.session_id))
                return opened
        return None

    def _decrypt_megolm_no_error(self, event: MegolmEvent, room_id: str | None = None) -> Event | BadEventType | None:
        return self.open(event)

    def handle_to_device_event(self, event: ToDeviceEvent) -> Any:
        """Take room keys, and our part in verifications; requests for our keys are left."""
        with suppress(*_NONSENSE):
            if isinstance(event, OlmEvent):
                return super().handle_to_device_event(event)
            if event.source["type"].startswith(PREFIX) and len(self.outgoing_to_device_messages) < _QUEUE:
                known = event.source["sender"] in self.device_store.users
                devices = self.device_store[event.source["sender"]] if known else {}
                self.outgoing_to_device_messages += self.verifications.answer(event.source, devices)
        return None

    def can_open(self, event: MegolmEvent) -> bool:
        """Whether the key of the message has come."""
        keys = self.inbound_group_store[event.room_id].get(str(event.sender_key), {})
        return event.session_id in keys

    def ask_for_key(self, event: MegolmEvent) -> None:
        """Ask the device that wrote a message for its key, once."""
        asked = {getattr(message, "session_id", "") for message in self.outgoing_to_device_messages}
        if event.session_id not in asked | self.outgoing_key_requests.keys():
            request = event.as_key_request(event.sender, self.device_id, event.session_id, event.device_id)
            self.outgoing_to_device_messages.append(request)
        del self.outgoing_to_device_messages[_QUEUE:]
        for events in self.key_re_requests_events.values():
            del events[_QUEUE:]

    def _should_accept_forward(self, sender: str, sender_key: str, event: ForwardedRoomKeyEvent) -> bool:
        # nio takes forwarded keys from our own devices only, and we have no other. These are keys that we asked
        # for, from the device that made them.
        asked = self.outgoing_key_requests.get(event.session_id)
        maker = event.source["content"]["sender_key"]
        return bool(asked and asked.room_id == event.room_id and maker == sender_key)

    def share_keys(self) -> dict[str, Any]:
        """The keys to upload, saved first: after a crash there must be no others under the same names."""
        keys = super().share_keys()
        self.save_account()
        return keys

    def republish(self) -> None:
        """Upload the device's keys again: it was logged out, and the server may have dropped them."""
        self.account.shared = False
        self.uploaded_key_count = None
        self.save_account()

    def _handle_key_query(self, response: KeysQueryResponse) -> None:
        # One damaged device must not keep us from everybody else's, nor one server that is down.
        for user_id, devices in response.device_keys.items():
            for device_id in [name for name, keys in devices.items() if not _sound(user_id, name, keys)]:
                del devices[device_id]
        super()._handle_key_query(response)
        down = {user for user in self.users_for_key_query if user.partition(":")[2] in response.failures}
        self.users_for_key_query -= down

    def _handle_key_claiming(self, response: KeysClaimResponse) -> None:
        for user_id, devices in response.one_time_keys.items():
            for device_id, key in devices.items():
                with suppress(*_NONSENSE):  # no session with this device
                    super()._handle_key_claiming(KeysClaimResponse({user_id: {device_id: key}}, {}))

    def group_encrypt(self, room_id: str, plaintext_dict: dict[str, Any]) -> dict[str, str]:
        """Encrypt as nio does, but in UTF-8: nio writes a Khmer letter as six signs, and an event has a limit."""
        session = self.outbound_group_sessions.get(room_id)
        if not session or not session.shared or session.expired:
            raise GroupEncryptionError("the room's key is not shared")
        plain = json.dumps({**plaintext_dict, "room_id": room_id}, ensure_ascii=False, separators=(",", ":"))
        return {
            "algorithm": self._megolm_algorithm,
            "sender_key": self.account.identity_keys["curve25519"],
            "ciphertext": session.encrypt(plain),
            "session_id": session.id,
            "device_id": self.device_id,
        }

    def greet(self, users: Collection[str]) -> set[str]:
        """Have a session begun with each device that has none; the users whose devices are known."""
        known = set(users) - self.users_for_key_query
        for user_id, devices in self.get_missing_sessions(list(known)).items():
            new = (self.device_store[user_id][device_id] for device_id in devices)
            self.wedged_devices += [device for device in new if device not in self.wedged_devices]
        return known

    def forget(self, room_id: str, users: Collection[str]) -> None:
        """Drop a room's keys, and the devices of users with all that we shared with them."""
        self.sealed.forget(room_id, users)
        self.outbound_group_sessions.pop(room_id, None)
        self.inbound_group_store[room_id].clear()
        self.outgoing_key_requests = self.sealed.load_outgoing_key_requests()
        self.tracked_users.difference_update(users)
        self.users_for_key_query.difference_update(users)
        self.wedged_devices = [device for device in self.wedged_devices if device.user_id not in users]
        waiting = self.outgoing_to_device_messages
        waiting[:] = [message for message in waiting if message.recipient not in users]
        for user_id in users:
            for device in self.device_store[user_id].values():
                self.session_store[device.curve25519].clear()
                self.key_re_requests_events.pop((user_id, device.id), None)
            self.device_store[user_id].clear()

    def expire(self, before: int) -> None:
        """Drop the room keys that were last used before that day."""
        self.sealed.expire(before)
        self.inbound_group_store = self.sealed.load_inbound_group_sessions()


def _sound(user_id: str, device_id: str, device: dict[str, Any]) -> bool:
    with suppress(*_NONSENSE):
        vodozemac.Ed25519PublicKey.from_base64(device["keys"][f"ed25519:{device_id}"])
        vodozemac.Curve25519PublicKey.from_base64(device["keys"][f"curve25519:{device_id}"])
        return bool(device["user_id"] and device["signatures"][user_id])
    return False
