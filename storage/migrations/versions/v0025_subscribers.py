"""Adds the tables of the status page's subscribers, and of the changes of which they are still to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.BigInteger()),
        sa.Column("state", Json, nullable=False),
    )
    op.create_index("subscribers_address", "subscribers", ["kind", "address"], unique=True)
    _partial("subscribers_active", "subscribers", ["id"], "active")
    _partial("subscribers_asked", "subscribers", ["asked_at"], "asked_at IS NOT NULL")
    op.create_table(
        "mailings",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("publication", sa.Text(), sa.ForeignKey("publications.id"), nullable=False),
        sa.Column("update_id", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("mailings_created", "mailings", ["created_at"])
    op.create_table(
        "handed_mails",
        sa.Column("dedup_key", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("handed_mails_at", "handed_mails", ["at"])


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
