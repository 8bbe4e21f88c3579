"""The first tables: a chat's language, a platform's cursor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both."""
    for table, key, value in (("preference", "chat", "language"), ("cursor", "platform", "value")):
        op.create_table(
            table,
            sa.Column(key, sa.Text, primary_key=True),
            sa.Column(value, sa.Text, nullable=False),
            sqlite_strict=True,
            sqlite_with_rowid=False,
        )
