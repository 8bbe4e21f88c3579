"""The session: logged in once by password; then the stored device and token, sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.log import keep_secret, log
from bot.platforms import Gone, Unavailable, ask_again
from bot.platforms.matrix.client import Client, LoggedOut
from bot.platforms.matrix.sealed_file import SealedFile
from bot.privacy import Keys

FILE = "matrix.session"
PURPOSE = "matrix-session"
_NAMES = ("homeserver", "user_id", "device_id", "access_token")
_DEVICE_NAME = "Pratip"

T = TypeVar("T")


class Session:
    """Who we are to the homeserver, and how we come to be it again."""

    def __init__(self, client: Client, password: str, folder: Path, keys: Keys) -> None:
        self._client = client
        self._password = password
        self._file = SealedFile(folder / FILE, PURPOSE, keys)
        self._one_login = asyncio.Lock()
        keep_secret(password)

    @property
    def me(self) -> str:
        """Our full Matrix id; before the first login, the user as configured."""
        return str(self._client.user_id or self._client.user)

    def restore(self) -> None:
        """Take up the stored device and token, if there are any of this user. Raises SealBroken."""
        stored = self._file.read()
        if not stored:
            return
        user_id: str = stored["user_id"]
        ours = self._client.user.casefold() in (user_id, user_id[1:].partition(":")[0])
        if ours and stored["homeserver"] == self._client.homeserver:  # a token is for the server that gave it
            keep_secret(stored["access_token"])
            self._client.restore_login(user_id, stored["device_id"], stored["access_token"])

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask as somebody logged in; where the token has died, log in again and ask once more."""
        await self._log_in()
        token = self._client.access_token
        try:
            return await ask()
        except LoggedOut:
            if self._client.access_token == token:
                self._client.access_token = ""
            await self._log_in()
            return await ask()

    async def _log_in(self) -> None:
        async with self._one_login:
            if self._client.access_token:
                return
            again = self._client.olm is not None
            with ask_again():
                try:
                    await self._client.login(self._password, device_name=_DEVICE_NAME)
                except Gone:
                    raise Unavailable("the homeserver refuses the user name or the password") from None
            keep_secret(self._client.access_token)
            if again:
                self._client.machine.republish()
            self._file.write({name: getattr(self._client, name) for name in _NAMES})
            log.info("matrix_login", again=again)
