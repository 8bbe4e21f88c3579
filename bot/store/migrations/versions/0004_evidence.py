"""Evidence: what bore out how an entry stood when news of it was last drafted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; of what was published before nobody knows."""
    op.add_column("published", sa.Column("evidence", sa.Text, nullable=False, server_default=""))
