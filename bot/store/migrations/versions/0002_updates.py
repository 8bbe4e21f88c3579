"""Updates: who hears of what, what is on its way, and how far it got."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.Integer().with_variant(sa.BigInteger(), "postgresql")  # its integers end in 2038
_SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _needed(name: str, kind: Any, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _table(name: str, *columns: Any) -> None:
    op.create_table(name, *columns, sqlite_strict=True, sqlite_with_rowid=False)


def _numbered(name: str, *columns: Any, never_again: bool = False) -> None:
    number = sa.Column("id", sa.Integer, primary_key=True)
    op.create_table(name, number, *columns, sqlite_strict=True, sqlite_autoincrement=never_again)


def upgrade() -> None:
    """Create the tables of subscribers, broadcasts and deliveries."""
    _subscribers()
    _broadcasts()
    _moderators()
    _deliveries()


def _subscribers() -> None:
    _numbered(
        "subscriber",
        _needed("place", sa.Text),
        _needed("chat", sa.Text),
        _needed("platform", sa.Text),
        _needed("address", sa.LargeBinary),
        _needed("private", sa.Integer),
        _needed("channel", sa.Integer, "0"),
        _needed("language", sa.Text),
        _needed("zone", sa.Text, ""),
        sa.Column("quiet_from", sa.Integer),
        sa.Column("quiet_until", sa.Integer),
        _needed("urgent_breaks_quiet", sa.Integer, "0"),
        _needed("discreet", sa.Integer, "0"),
        _needed("digest_hour", sa.Integer, "8"),
        _needed("digest_day", sa.Integer, "0"),
        _needed("contact", sa.Text),
        _needed("failures", sa.Integer, "0"),
        _needed("failed_on", sa.Text, ""),
        sa.UniqueConstraint("place"),
        never_again=True,
    )
    op.create_index("ix_subscriber_chat", "subscriber", ["chat"])
    _table(
        "subscription",
        sa.Column("subject", _SORTED, primary_key=True),
        sa.Column("subscriber", sa.Integer, primary_key=True),
        _needed("pace", sa.Text),
    )
    op.create_index("subscription_of", "subscription", ["subscriber"])


def _broadcasts() -> None:
    _table("announced", sa.Column("change", sa.Text, primary_key=True), _needed("broadcast", sa.Integer))
    op.create_index("ix_announced_broadcast", "announced", ["broadcast"])
    _table(
        "published",
        sa.Column("entry", sa.Text, primary_key=True),
        _needed("kind", sa.Text),
        _needed("standing", sa.Text),
        _needed("print", sa.Text),
    )
    _numbered(
        "broadcast",
        _needed("dedupe", sa.Text),
        _needed("state", sa.Text),
        _needed("kind", sa.Text),
        _needed("topics", sa.Text),
        _needed("items", sa.Text),
        _needed("words", sa.Text),
        _needed("urgent", sa.Integer),
        _needed("policy", sa.Text),
        _needed("author", sa.Text),
        _needed("original", sa.Integer, "0"),
        _needed("created_at", _TIME),
        sa.Column("expires_at", _TIME),
        sa.Column("sent_at", _TIME),
        sa.Column("ended_at", _TIME),
        _needed("why", sa.Text, ""),
        _needed("last", sa.Integer, "0"),
        _needed("reached", sa.Integer, "0"),
        _needed("folded", sa.Integer, "0"),
        sa.UniqueConstraint("dedupe"),
        never_again=True,
    )
    op.create_index("broadcast_state", "broadcast", ["state"])
    _table(
        "rendering",
        sa.Column("broadcast", sa.Integer, primary_key=True),
        sa.Column("language", sa.Text, primary_key=True),
        _needed("body", sa.Text),
    )


def _moderators() -> None:
    _numbered(
        "audit",
        _needed("broadcast", sa.Integer),
        _needed("moderator", sa.Text),
        _needed("action", sa.Text),
        _needed("digest", sa.Text, ""),
        _needed("at", _TIME),
    )
    op.create_index("ix_audit_broadcast", "audit", ["broadcast"])
    _table(
        "moderator",
        sa.Column("name", _SORTED, primary_key=True),
        _needed("address", sa.LargeBinary),
        _needed("language", sa.Text),
    )


def _deliveries() -> None:
    _table(
        "delivery",
        sa.Column("broadcast", sa.Integer, primary_key=True),
        sa.Column("subscriber", sa.Integer, primary_key=True),
        _needed("platform", sa.Text),
        _needed("language", sa.Text),
        _needed("state", sa.Text),
        _needed("digest", sa.Integer),
        _needed("due", _TIME),
        _needed("attempts", sa.Integer, "0"),
        _needed("doubtful", sa.Integer, "0"),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_at", _TIME),
        sa.Column("reference", sa.LargeBinary),
    )
    _part("delivery_queue", ["broadcast", "platform", "due"], "queued")
    _part("delivery_of", ["subscriber", "due"], "queued")
    _part("delivery_claimed", ["claimed_by"], "sending")
    _table(
        "total",
        sa.Column("broadcast", sa.Integer, primary_key=True),
        sa.Column("platform", sa.Text, primary_key=True),
        sa.Column("language", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer),
    )
    _table(
        "lane",
        sa.Column("platform", sa.Text, primary_key=True),
        _needed("rate", sa.Text),
        _needed("paused_until", _TIME),
    )


def _part(name: str, columns: list[str], state: str) -> None:
    """An index of the deliveries in one state."""
    only = sa.text(f"state = '{state}'")
    op.create_index(name, "delivery", columns, sqlite_where=only, postgresql_where=only)
