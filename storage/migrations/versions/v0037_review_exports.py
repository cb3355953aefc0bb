"""Adds the pages of wikis that hold reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import Instant, Json, SafeText

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "review_exports",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("wiki", SafeText, primary_key=True),
        sa.Column("external", SafeText, nullable=False),
        sa.Column("url", SafeText, nullable=False),
        sa.Column("written", Json, nullable=False),
        sa.Column("pending", Json, nullable=False),
        sa.Column("exported_at", Instant, nullable=False),
    )
