"""Adds the table of changes of services."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

BigNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "service_changes",
        sa.Column("id", BigNumber, primary_key=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", Json, nullable=False),
    )
    op.create_index("service_changes_key", "service_changes", ["key"], unique=True)
    op.create_index("service_changes_service", "service_changes", ["service", "at"])
    op.create_index("service_changes_at", "service_changes", ["at"])
