"""Adds the tables of alerting rules and probes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"

BigNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "rule_states",
        sa.Column("rule", sa.Text(), primary_key=True),
        sa.Column("state", Json, nullable=False),
    )
    op.create_table(
        "rule_switches",
        sa.Column("id", BigNumber, primary_key=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("rule_switches_rule", "rule_switches", ["rule", "id"])
    op.create_table(
        "probe_states",
        sa.Column("probe", sa.Text(), primary_key=True),
        sa.Column("state", Json, nullable=False),
    )
    op.create_table(
        "probe_days",
        sa.Column("probe", sa.Text(), primary_key=True),
        sa.Column("day", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
    )
    op.create_table(
        "worker_leases",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
    )
