"""Telegram: the Bot API, by long polling; the only package that knows python-telegram-bot."""

import os

os.environ["PTB_TIMEDELTA"] = "1"  # the library's older form of a time warns at each flood limit

from bot.platforms.telegram.adapter import Telegram

__all__ = ["Telegram"]
