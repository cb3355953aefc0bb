"""Adds the tables of playbook runs (`walks`), the playbooks they were opened from, and reminders to owners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "walks",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("playbook", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("state", Json, nullable=False),
    )
    op.create_index("walks_playbook", "walks", ["playbook", "opened_at"])
    op.create_table(
        "playbooks",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("playbook", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "playbook_reminders",
        sa.Column("once", sa.Text(), primary_key=True),
        sa.Column("playbook", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
    )
