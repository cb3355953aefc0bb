"""Adds Slack's reports about people who joined and left, since it reports each move twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "membership_reports",
        sa.Column("incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True),
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("dedup_key", sa.Text(), primary_key=True),
        sa.Column("by_message", sa.Boolean(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("inviter", sa.Text()),
    )
