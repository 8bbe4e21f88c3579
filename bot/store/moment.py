"""Moment: time as the database keeps it, seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds(at: datetime) -> int:
    """A moment (aware) as the database keeps it."""
    return int(at.timestamp())


def moment(at: int) -> datetime:
    """A moment in the database, aware, in UTC."""
    return datetime.fromtimestamp(at, UTC)
