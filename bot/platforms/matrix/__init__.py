"""Matrix: encrypted and plain rooms, by way of matrix-nio."""

from bot.platforms.matrix.adapter import Matrix
from bot.platforms.matrix.recovery import KeyWrong
from bot.platforms.matrix.trust import Untrusted

__all__ = ["KeyWrong", "Matrix", "Untrusted"]
