"""Adapter: Telegram as a platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self

from telegram import Bot, LinkPreviewOptions, Message, User

from bot.clock import Clock
from bot.core.messages import Chat, Document, Reply
from bot.core.text import Limit
from bot.log import keep_secret, log, mute
from bot.platforms import (
    Allowance,
    Batch,
    Capabilities,
    Envelope,
    Gone,
    Push,
    Refusal,
    Rejected,
    Unavailable,
    ask_again,
)
from bot.platforms.telegram.keyboard import Shelf, keyboard
from bot.platforms.telegram.membership import ABSENT, decides, hindrance
from bot.platforms.telegram.refusal import Hooked, Missing, Unchanged, asked
from bot.platforms.telegram.render import render
from bot.platforms.telegram.transport import Transport
from bot.platforms.telegram.update import WANTED, Queue, envelope

Menus = Mapping[str, Sequence[tuple[str, str]]]  # language code, "" for all others: (command, description)

_MENU_SECONDS = 600  # between two tries
_PAID_RATE, _PAID_WINDOW = 1000, 80  # messages a second, and at once: the pool holds 100
# A preview shows over a shoulder what is read here.
_NO_PREVIEW = {"link_preview_options": LinkPreviewOptions(is_disabled=True)}

mute("telegram", "telegram.Bot")  # at DEBUG it writes its address, which holds the token, and what people wrote


class Telegram:
    """The Bot API as a platform; api_url is what stands before `/bot<token>/`."""

    name = "telegram"
    can = Capabilities(
        buttons=True,
        edit=True,
        amend=True,
        documents=True,
        limit=Limit(4096, "utf16"),
        window=24,
        allowance=Allowance(rate=30, slowest=1, private=(1, 1.0), group=(20, 60.0)),
    )

    def __init__(  # noqa: PLR0913 (each is a setting of its own)
        self,
        token: str,
        *,
        api_url: str = "https://api.telegram.org",
        proxy: str = "",
        menus: Menus = MappingProxyType({}),
        rate: float = 30,
        paid: bool = False,
        poll_seconds: int = 30,
        answer_seconds: float = 20,
        clock: Clock | None = None,
    ) -> None:
        """Rate is messages a second; with paid updates it is Telegram's highest, and more are on the wire at once."""
        keep_secret(token)
        self.can = self.able(rate, paid=paid)
        self._transport = wire = Transport(proxy, answer_seconds)
        self._bot = Bot(token, f"{api_url.rstrip('/')}/bot", request=wire, get_updates_request=wire)
        self._clock = clock or Clock()
        self._me, self._queue, self._shelf = "", Queue(), Shelf(self._clock.monotonic)
        self._menus, self._menus_at = dict(menus), 0.0  # those still to be set, and when to try
        self._poll_seconds, self._unhooked = poll_seconds, False

    @classmethod
    def able(cls, rate: float, *, paid: bool) -> Capabilities:
        """What it can do at so many messages a second; paid for, at as many as Telegram takes."""
        allowance = replace(cls.can.allowance, rate=_PAID_RATE if paid else rate)
        return replace(cls.can, allowance=allowance, window=_PAID_WINDOW if paid else cls.can.window)

    @property
    def me(self) -> str:
        """The bot's username, known once Telegram has answered."""
        return self._me

    async def __aenter__(self) -> Self:
        await self._transport.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.shutdown()

    async def poll(self, cursor: str | None) -> Batch:
        """Wait for updates; the first poll also asks who we are and sets the menus. Raises Unavailable."""
        self._shelf.tidy()
        with ask_again():
            return await self._unhooked_poll(cursor)

    async def _unhooked_poll(self, cursor: str | None) -> Batch:
        try:
            return await self._poll(cursor)
        except Hooked:
            return await self._unhook(cursor)

    async def send(self, chat: Chat, reply: Reply, *, key: str, push: Push | None = None) -> str:
        """Send one message and return its id; the Bot API has no use for the key. Raises Refusal."""
        thread = int(chat.thread) if chat.thread else None
        if reply.document:
            return await self._sent(chat, thread, reply.document)
        how = {**self._written(chat, reply), **_arriving(push)}
        call = self._bot.send_message(chat.id, message_thread_id=thread, **how)
        return str((await asked(call, Message, chat_only=True)).message_id)

    async def _sent(self, chat: Chat, thread: int | None, document: Document) -> str:
        """Send a file. Telegram does not look into it for a kind of its own, such as an animation."""
        call = self._bot.send_document(
            chat.id,
            document.data,
            filename=document.name,
            message_thread_id=thread,
            disable_content_type_detection=True,
        )
        return str((await asked(call, Message, chat_only=True)).message_id)

    async def edit(self, chat: Chat, message: str, reply: Reply) -> None:
        """Replace a message of ours and its buttons. Raises Refusal."""
        written = self._written(chat, reply)
        call = self._bot.edit_message_text(chat_id=chat.id, message_id=int(message), **written)
        with suppress(Unchanged):
            await asked(call, object, chat_only=True)

    async def amend(self, chat: Chat, message: str, reply: Reply, *, key: str) -> None:
        """Change an update, however old; doing it again changes nothing more. Raises Refusal."""
        await self.edit(chat, message, reply)

    async def delete(self, chat: Chat, message: str, *, key: str) -> None:
        """Take an update back, for two days. Raises Refusal."""
        with suppress(Missing):
            await asked(self._bot.delete_message(chat.id, int(message)), bool, chat_only=True)

    async def administers(self, envelope: Envelope) -> bool:
        """Whether the sender is an administrator, or speaks as the group itself. Raises Refusal."""
        chat = envelope.request.chat
        if chat.private or envelope.speaks_for_chat:
            return True
        if not envelope.sender:
            return False
        return decides(await self._member(chat, int(envelope.sender)))

    async def hindrance(self, chat: Chat) -> str:
        """Whether the bot is there and may post, by what it is in the chat. Raises Refusal."""
        bot = (await asked(self._bot.get_me(), User)).id
        try:
            shape = await asked(self._bot.do_api_request("get_Chat", {"chat_id": chat.id}), dict, chat_only=True)
            return hindrance(shape, await self._member(chat, bot))
        except (Gone, Rejected):  # a channel shows its members to its administrators alone
            return ABSENT

    async def _member(self, chat: Chat, user: int) -> dict[str, Any]:
        """Somebody as a member. As it comes and spelt so: the library reads none that lacks a newer field."""
        who = {"chat_id": chat.id, "user_id": user}
        return await asked(self._bot.do_api_request("get_Chat_Member", who), dict, chat_only=True)

    async def check(self) -> datetime | None:
        """Ask Telegram who we are and what time it is. Raises Unavailable."""
        with ask_again():
            await self._ask_who_we_are()
        return self._transport.server_time

    async def acknowledge(self, envelope: Envelope) -> None:
        """Stop a pressed button from turning; if it is too old or the network is down, it stops by itself."""
        kind, _, query = envelope.key.partition(":")
        if kind == "callback":
            with suppress(Refusal):
                await asked(self._bot.answer_callback_query(query), bool)

    async def forget(self, chat: Chat) -> None:
        """Let go of the commands behind the chat's buttons."""
        self._shelf.forget(chat)

    def _written(self, chat: Chat, reply: Reply) -> dict[str, Any]:
        text, entities = render(reply.text)
        buttons = keyboard(chat, reply, self._shelf)
        return {"text": text, "entities": entities, "reply_markup": buttons, **_NO_PREVIEW}

    async def _poll(self, cursor: str | None) -> Batch:
        if not self._me:
            await self._ask_who_we_are()
        await self._set_menus()
        updates = await self._updates(cursor)
        self._unhooked = False
        return self._batch(cursor, updates)

    async def _ask_who_we_are(self) -> None:
        self._me = (await asked(self._bot.get_me(), User)).username or ""

    async def _updates(self, cursor: str | None) -> list[object]:
        """The updates as they came: the library's own method would lose all to one that it cannot read."""
        offset = self._queue.offset(cursor)
        wanted = {"timeout": self._poll_seconds, "allowed_updates": WANTED, "offset": offset}
        seconds = self._poll_seconds + self._transport.read_timeout
        # Spelt so, the library does not warn that it has a method of this name.
        return await asked(self._bot.do_api_request("get_Updates", wanted, read_timeout=seconds), list)

    def _batch(self, cursor: str | None, updates: list[object]) -> Batch:
        envelopes, skipped = [], Counter[str]()
        for raw in updates:
            found = "repeated" if self._queue.had(cursor, raw) else envelope(raw, self._me, self._shelf)
            if isinstance(found, str):
                skipped[found] += 1
            else:
                envelopes.append(found)
        return Batch(self._queue.advance(cursor, updates), tuple(envelopes), skipped)

    async def _unhook(self, cursor: str | None) -> Batch:
        """Remove a webhook; one that is there again at once is somebody else's work."""
        again, self._unhooked = self._unhooked, True
        await asked(self._bot.delete_webhook(), bool)
        if again:
            raise Unavailable("another program sets a webhook with this token: stop it, or revoke the token")
        return Batch(cursor)

    async def _set_menus(self) -> None:
        """Set the menus that are left; the bot answers without them, so a failure waits for a later poll."""
        while self._menus and self._clock.monotonic() >= self._menus_at:
            language, commands = next(iter(self._menus.items()))
            try:
                await asked(self._bot.set_my_commands(commands, language_code=language or None), bool)
            except Rejected as refusal:
                log.error("telegram menu refused", language=language, reason=str(refusal))
            except Refusal as refusal:
                wait = refusal.retry_after if isinstance(refusal, Unavailable) else None
                self._menus_at = self._clock.monotonic() + max(_MENU_SECONDS, wait or 0)
                log.warning("telegram menus wait", reason=str(refusal))
                return
            del self._menus[language]


def _arriving(push: Push | None) -> dict[str, bool]:
    """How an update arrives; an answer, being waited for, comes with a sound and costs nothing."""
    if not push:
        return {}
    return {"disable_notification": not push.urgent} | ({"allow_paid_broadcast": True} if push.paid else {})
