"""Asked: who was asked, after a year without a word, whether updates shall go on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table of those who were asked."""
    op.create_table(
        "asked",
        sa.Column("subscriber", sa.Integer, primary_key=True),
        sa.Column("day", sa.Text, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
