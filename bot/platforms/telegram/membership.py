"""Membership: what somebody may do in a chat, read from Telegram's own words; a newer field is no reason to fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telegram import Chat, ChatMember

_DECIDE = (ChatMember.OWNER, ChatMember.ADMINISTRATOR)
_OUTSIDE = (ChatMember.LEFT, ChatMember.BANNED)
ABSENT = "there is no such channel or group, or the bot is not in it: add the bot as an administrator who may post"


def decides(member: Mapping[str, Any]) -> bool:
    """Whether a member may decide for the chat."""
    return member.get("status") in _DECIDE


def hindrance(chat: Mapping[str, Any], member: Mapping[str, Any]) -> str:
    """What keeps a member from posting, as words that say how to mend it; empty where nothing does."""
    status = member.get("status")
    if status in _OUTSIDE:
        return ABSENT
    if chat.get("type") == Chat.CHANNEL:
        may = status == ChatMember.OWNER or (decides(member) and member.get("can_post_messages") is True)
        return "" if may else "make the bot an administrator of the channel who may post messages"
    everybody = (chat.get("permissions") or {}).get("can_send_messages", True)
    may = decides(member) or member.get("can_send_messages", everybody) is True
    return "" if may else "let the members of the group write, or make the bot an administrator"
