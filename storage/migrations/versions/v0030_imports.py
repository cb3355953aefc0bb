"""Adds the table of objects that were imported from another tool."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import Instant, SafeText

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("source", SafeText, primary_key=True),
        sa.Column("kind", SafeText, primary_key=True),
        sa.Column("external", SafeText, primary_key=True),
        sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
