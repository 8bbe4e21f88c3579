"""Imports: official files of recommendations, row by row, into the pack's own entries."""

from bot.imports.desk import Desk, Order
from bot.imports.row import Unreadable

__all__ = ["Desk", "Order", "Unreadable"]
