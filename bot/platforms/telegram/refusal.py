"""Refusal: what Telegram's errors mean for who sends."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from telegram import error

from bot.platforms import Gone, Moved, Past, Refusal, Rejected, Unavailable, Unknown
from bot.platforms.telegram.transport import NotSent, Unclear

Answer = TypeVar("Answer")


class Unchanged(Rejected):
    """The message already says this."""


class Missing(Past):
    """The message is not there any more."""


class Hooked(Unavailable):
    """Telegram delivers our updates to a webhook."""


async def asked(call: Awaitable[object], shape: type[Answer], *, chat_only: bool = False) -> Answer:
    """The result of a call to the library. Raises Refusal, which quotes no address, person or text.

    chat_only: what a flood limit is taken to be about; Telegram does not say if it means the chat or the bot.
    """
    refusal: Refusal = Unknown("Telegram's answer has an odd shape")
    try:
        answer = await call
        if isinstance(answer, shape):
            return answer
    except error.RetryAfter as problem:
        wait = problem.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
        refusal = Unavailable("Telegram asks to slow down", seconds, chat_only=chat_only)
    except error.TelegramError as problem:
        refusal = next(meaning(problem) for kind, meaning in _MEANINGS if isinstance(problem, kind))
    except (AttributeError, LookupError, TypeError, ValueError):
        pass  # what the library says when it cannot read an answer
    raise refusal  # out here it has no context: the library's own words may quote an answer


# Telegram's 400s that are about the chat, not about the message. Rights, topics and chats may come back, so
# whoever sends tries one that is gone again before forgetting it.
_CHAT = re.compile(
    r"chat not found|user not found|peer_id_invalid|input_user_deactivated|group chat was deactivated"
    r"|not enough rights|have no rights|need administrator rights|not a member|chat_restricted"
    r"|chat_\w*forbidden|chat_admin_required|channel_private|topic_closed|topic_deleted|thread not found",
    re.IGNORECASE,
)

# Those that are about one message of ours that is to be changed or taken back: it is deleted, or too old.
_MISSING = re.compile(r"message to (edit|delete) not found|message_id_invalid", re.IGNORECASE)
_FIXED = re.compile(
    r"message can't be (edited|deleted)|message_delete_forbidden|message_edit_time_expired|no text in the message",
    re.IGNORECASE,
)


def _bad_request(problem: error.BadRequest) -> Refusal:
    if "message is not modified" in problem.message.lower():
        return Unchanged("the message already says this")
    for kind, words in ((Missing, _MISSING), (Past, _FIXED), (Gone, _CHAT)):
        if words.search(problem.message):
            return kind(f"Telegram: {_harmless(problem.message)}")
    return Rejected(f"Telegram: {_harmless(problem.message)}")


def _forbidden(problem: error.Forbidden) -> Refusal:
    if _FIXED.search(problem.message):
        return Past(f"Telegram: {_harmless(problem.message)}")
    return Gone("Telegram: the chat has blocked or removed the bot")


def _harmless(words: str) -> str:
    """Telegram's words up to the first that could be somebody's: a number, a quotation, an address."""
    found = re.match(r"(?:[A-Za-z_ ,:;()-]|(?<=[a-z])'(?=[a-z]))*", words)
    return found[0][:100].strip(" ,:;(-") if found else ""


def _conflict(problem: error.Conflict) -> Unavailable:
    if "webhook" in problem.message.lower():
        return Hooked("a webhook takes our updates")
    return Unavailable("another program polls with this token: stop it, or revoke the token if it is not yours")


# The first that fits; a BadRequest is a kind of NetworkError to the library.
_MEANINGS: tuple[tuple[type[error.TelegramError], Callable[[Any], Refusal]], ...] = (
    (error.ChatMigrated, lambda problem: Moved("the group is a supergroup now", str(problem.new_chat_id))),
    (error.InvalidToken, lambda _: Unavailable("Telegram refuses the token: is it whole, was it revoked?")),
    (error.Conflict, _conflict),
    (error.Forbidden, _forbidden),
    (error.BadRequest, _bad_request),
    (NotSent, lambda problem: Unavailable(f"Telegram cannot be reached ({problem.message})")),
    (Unclear, lambda problem: Unknown(f"no answer from Telegram that can be trusted ({problem.message})")),
    (error.NetworkError, lambda _: Unavailable("Telegram takes nothing just now")),
    (error.TelegramError, lambda problem: Unknown(f"Telegram: {type(problem).__name__}")),
)
