"""Content on disk: YAML files to a snapshot, with every problem at once."""

from bot.content.problem import Problem
from bot.content.repository import ContentBroken, load

__all__ = ["ContentBroken", "Problem", "load"]
