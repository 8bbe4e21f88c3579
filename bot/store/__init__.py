"""Store: the bot's memory, in sentences; every public write is one transaction."""

from bot.store.broadcasts import Broadcasts, Conflict, Draft, Published, Revision
from bot.store.database import StoreFailed, StoreTooNew, StoreUnusable
from bot.store.ledger import Claim, Lane, Ledger, Result
from bot.store.store import Store
from bot.store.subscribers import Audience, Channel, Silent

__all__ = [
    "Audience",
    "Broadcasts",
    "Channel",
    "Claim",
    "Conflict",
    "Draft",
    "Lane",
    "Ledger",
    "Published",
    "Result",
    "Revision",
    "Silent",
    "Store",
    "StoreFailed",
    "StoreTooNew",
    "StoreUnusable",
]
