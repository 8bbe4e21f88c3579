"""Vault: the database and the keys that open it, together; and new keys for all of it."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.keyfile import KeyFile, KeysUnusable
from bot.log import log
from bot.privacy import Keys
from bot.store import Store

LOCK = "keys.lock"  # in the data folder; shared by all who use the keys, held alone by whoever changes them


class KeysInUse(Exception):
    """The keys cannot be changed now: another run uses them, or changes them."""


@dataclass(frozen=True, slots=True)
class Vault:
    """A database, a key file, and what else these keys seal."""

    database_url: str
    file: KeyFile
    data: Path  # the folder where those who use the keys say so
    reseal: Callable[[Keys, Keys], None] = lambda _old, _new: None  # files of the platforms; may be called again

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Store, Keys]]:
        """The database and its keys; where they were being changed, that is finished first.

        Raises KeysUnusable where these are not its keys, KeysInUse, and StoreUnusable.
        """
        if self._changing:
            await self.finish()
        with self._locked(fcntl.LOCK_SH):
            async with Store(self.database_url) as store:
                yield store, await self._keys(store)

    async def rotate(self) -> Keys:
        """New keys for everything; where that was broken off, it is finished. Raises what opened() does."""
        with self._locked(fcntl.LOCK_EX):
            async with Store(self.database_url) as store:
                if not self.file.exists:
                    raise KeysUnusable("there are no keys yet: pratip keys new makes some")
                await self._keys(store)
                keys, following = self.file.read()
                if following is None:
                    following = keys.succeeded()
                    self.file.write(keys, following)
                return await self._renewed(store, keys, following)

    async def finish(self) -> None:
        """Finish a change of keys that was broken off."""
        with self._locked(fcntl.LOCK_EX):
            async with Store(self.database_url) as store:
                await self._keys(store)
                keys, following = self.file.read()
                if following:
                    await self._renewed(store, keys, following)

    @property
    def _changing(self) -> bool:
        return self.file.exists and self.file.read()[1] is not None

    async def _renewed(self, store: Store, keys: Keys, following: Keys) -> Keys:
        """Until the last step both generations stand in the file, and each step can be taken again."""
        if broken := await store.sealing.renew(keys, following):
            log.warning("seals_were_broken", number=broken)
        self.reseal(keys, following)
        self.file.write(following, None)
        return following

    async def _keys(self, store: Store) -> Keys:
        """The keys, made where nothing is lost by it."""
        mark, people = await store.sealing.mark(), await store.sealing.holds_people()
        if people and not self.file.exists:
            raise KeysUnusable(
                "the key file is missing, and nothing in the database opens without it: restore it from your backup"
                " of it, or, to begin anew without those who subscribed, remove the database"
            )
        keys = self.file.load()
        marks = [each.mark for each in self.file.read() if each]
        if people and mark not in (None, *marks):
            raise KeysUnusable(
                "these are not the keys that the database was written with: restore those from your backup of them"
            )
        if mark not in marks:
            await store.sealing.note(keys.mark)
        return keys

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with (self.data / LOCK).open("a") as file:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
            except OSError:
                raise KeysInUse from None
            yield
