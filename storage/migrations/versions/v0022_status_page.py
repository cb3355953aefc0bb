"""Adds the table of publications on the status page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("incident", sa.BigInteger(), sa.ForeignKey("incidents.number")),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("state", Json, nullable=False),
    )
    _partial("publications_open", ["started_at"], "open")
    op.create_index("publications_started", "publications", ["started_at"])
    _partial("publications_ended", ["ended_at"], "ended_at IS NOT NULL")
    _partial("publications_incident", ["incident"], "incident IS NOT NULL")
    _partial("publications_due", ["due_at"], "due_at IS NOT NULL")


def _partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "publications", columns, sqlite_where=condition, postgresql_where=condition)
