"""Content on disk: YAML files to a snapshot, with every problem at once."""

from bot.content.problem import Problem, counted, summary
from bot.content.repository import ContentBroken, load

__all__ = ["ContentBroken", "Problem", "counted", "load", "summary"]
