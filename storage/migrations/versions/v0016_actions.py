"""Adds the table of action items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "action_items",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("due", sa.Text()),
        sa.Column("source_ts", sa.Text()),
        sa.Column("remind_at", sa.BigInteger()),
        sa.Column("state", Json, nullable=False),
    )
    _partial("action_items_live", ["due", "incident", "number"], "live")
    _partial("action_items_owner", ["owner"], "live")
    _partial("action_items_remind", ["remind_at"], "remind_at IS NOT NULL")


def _partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "action_items", columns, sqlite_where=condition, postgresql_where=condition)
