"""Adds the table of silences of alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

BigNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alert_silences",
        sa.Column("id", BigNumber, primary_key=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("state", Json, nullable=False),
    )
    op.create_index("alert_silences_ends", "alert_silences", ["ends_at"])
