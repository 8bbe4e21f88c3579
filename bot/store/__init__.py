"""Store: the bot's memory, in sentences; every public write is one transaction."""

from bot.store.store import Store, StoreTooNew, StoreUnusable

__all__ = ["Store", "StoreTooNew", "StoreUnusable"]
