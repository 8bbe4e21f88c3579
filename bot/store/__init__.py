"""Store: the bot's memory, in sentences; every public write is one transaction."""

from bot.store.database import StoreTooNew, StoreUnusable
from bot.store.store import Store

__all__ = ["Store", "StoreTooNew", "StoreUnusable"]
