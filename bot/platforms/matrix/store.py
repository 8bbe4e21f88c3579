"""The sealed store: nio's keys and devices in one SQLCipher file; what is no longer needed leaves it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import peewee
from nio.crypto import InboundGroupSession
from nio.store import (
    DeviceKeys,
    DeviceTrustState,
    EncryptedRooms,
    Keys,
    MegolmInboundSessions,
    OlmSessions,
    OutgoingKeyRequests,
    SqliteStore,
    use_database,
    use_database_atomic,
)
from playhouse.sqlcipher_ext import SqlCipherDatabase

from bot.clock import Clock
from bot.privacy import SealBroken

FILE = "matrix.store"  # nio's own name for it would hold our user and device id
KEEP_DAYS = 7  # how long a room key stays after its last message


class LastUse(peewee.Model):  # type: ignore[misc] # peewee has no types
    """On which day (since 1970) a room key last came or opened a message."""

    session_id = peewee.TextField(primary_key=True)
    day = peewee.IntegerField()


def day(at: datetime) -> int:
    """Days since 1970."""
    return int(at.timestamp() // 86_400)


@dataclass(repr=False)
class SealedStore(SqliteStore):
    """nio's SQLite store in a file of which nothing can be read without the key."""

    models = [*SqliteStore.models, LastUse]  # noqa: RUF012 (as in nio)
    secret: bytes = b""
    clock: Clock = field(default_factory=Clock)
    noted: set[tuple[str, int]] = field(default_factory=set, init=False)  # one write a day is enough

    def __post_init__(self) -> None:
        path = Path(self.store_path, self.database_name)
        path.touch(0o600)  # SQLite gives its side files the same mode
        path.chmod(0o600)
        try:
            super().__post_init__()
        except peewee.DatabaseError:
            raise SealBroken("the sealed matrix-store does not open with these keys") from None

    def _create_database(self) -> SqlCipherDatabase:
        # A key of 32 bytes as it is: SQLCipher would stretch a passphrase, and ours is no phrase.
        raw = f"x'{self.secret.hex()}'"
        pragmas = {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "secure_delete": 1}
        return SqlCipherDatabase(self.database_path, passphrase=raw, pragmas=pragmas)

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        """Keep a room key, and note the day."""
        super().save_inbound_group_session(session)
        self.used(session.id)

    @use_database  # type: ignore[untyped-decorator]
    def used(self, session_id: str) -> None:
        """Note that a room key is still of use."""
        use = (session_id, day(self.clock.now()))
        if use not in self.noted:
            LastUse.replace(session_id=session_id, day=use[1]).execute()
            self.noted.add(use)

    @use_database_atomic  # type: ignore[untyped-decorator]
    def expire(self, before: int) -> None:
        """Erase the room keys last used before that day, so that whoever takes them opens no older talk."""
        fresh = LastUse.select(LastUse.session_id).where(LastUse.day >= before)
        MegolmInboundSessions.delete().where(MegolmInboundSessions.session_id.not_in(fresh)).execute()
        LastUse.delete().where(LastUse.day < before).execute()
        self.noted.clear()

    def forget(self, room_id: str, users: Collection[str]) -> None:
        """Erase a room, its keys, and of users the devices and what was shared with them; from the side file too."""
        self._forget_room(room_id)
        self._forget_users(list(users))
        self._truncate()

    @use_database_atomic  # type: ignore[untyped-decorator]
    def _forget_room(self, room_id: str) -> None:
        keys = MegolmInboundSessions.select(MegolmInboundSessions.session_id)
        LastUse.delete().where(LastUse.session_id.in_(keys.where(MegolmInboundSessions.room_id == room_id))).execute()
        for table in (MegolmInboundSessions, EncryptedRooms, OutgoingKeyRequests):
            table.delete().where(table.room_id == room_id).execute()

    @use_database_atomic  # type: ignore[untyped-decorator]
    def _forget_users(self, users: list[str]) -> None:
        devices = DeviceKeys.select(DeviceKeys.id).where(DeviceKeys.user_id.in_(users))
        curves = Keys.select(Keys.key).where((Keys.key_type == "curve25519") & Keys.device.in_(devices))
        OlmSessions.delete().where(OlmSessions.sender_key.in_(curves)).execute()
        for table in (Keys, DeviceTrustState):
            table.delete().where(table.device.in_(devices)).execute()
        DeviceKeys.delete().where(DeviceKeys.user_id.in_(users)).execute()

    def close(self) -> None:
        """Close the file; what was erased is gone from its side file too."""
        self._truncate()
        self.database.close()

    def _truncate(self) -> None:
        self.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
