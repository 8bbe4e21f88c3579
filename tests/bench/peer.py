"""Peer: python-telegram-bot with its own AIORateLimiter sends to many and answers meanwhile.

It runs in an environment of its own: python peer.py URL loop|gather FIRST_CHAT CHATS
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any

from telegram import Update
from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter, Application, ContextTypes, MessageHandler, filters

_TOKEN = "1000000001:a-token-for-the-local-server"
_WORDS = "A bench's update: a case has changed. Source: the bench. " * 4


async def _answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    if update.effective_message:
        await update.effective_message.reply_text("An answer. " * 20)


async def _send(bot: Any, chat: int) -> None:
    with suppress(RetryAfter):  # what the limiter does by default: it does not try again
        await bot.send_message(chat, _WORDS, disable_notification=True)


async def _run(url: str, way: str, first: int, chats: int) -> None:
    limited = Application.builder().token(_TOKEN).base_url(f"{url}/bot").rate_limiter(AIORateLimiter())
    application = limited.concurrent_updates(True).build()
    application.add_handler(MessageHandler(filters.ALL, _answer))
    async with application:
        assert application.updater
        await application.start()
        await application.updater.start_polling()
        await asyncio.sleep(2)
        if way == "gather":
            await asyncio.gather(*(_send(application.bot, first + n) for n in range(chats)))
        else:
            for n in range(chats):
                await _send(application.bot, first + n)
        await asyncio.sleep(1)
        await application.updater.stop()
        await application.stop()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
