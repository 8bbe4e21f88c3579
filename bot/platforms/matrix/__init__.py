"""Matrix: encrypted and plain rooms, by way of matrix-nio."""

from bot.platforms.matrix.adapter import Matrix

__all__ = ["Matrix"]
