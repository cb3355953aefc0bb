"""Adds the tables of alerts: groups, their alerts, occurrences, and deadlines of groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _groups()
    op.create_table(
        "alerts",
        sa.Column(
            "group_number", sa.BigInteger(), sa.ForeignKey("alert_groups.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("identity", sa.Text(), primary_key=True),
        sa.Column("occurrence", sa.Text(), nullable=False),
        sa.Column("firing", sa.Boolean(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("state", Json, nullable=False),
    )
    _partial("alerts_firing", "alerts", ["identity"], "firing")
    op.create_table(
        "alert_occurrences",
        sa.Column("occurrence", sa.Text(), primary_key=True),
        sa.Column("firing", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("alert_occurrences_seen", "alert_occurrences", ["last_seen_at"])
    op.create_table(
        "alert_deadlines",
        sa.Column(
            "group_number", sa.BigInteger(), sa.ForeignKey("alert_groups.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
    )
    op.create_index("alert_deadlines_due", "alert_deadlines", ["due_at"])
    op.execute("INSERT INTO counters (name, value) VALUES ('alert_group', 0)")


def _groups() -> None:
    op.create_table(
        "alert_groups",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("firing", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("incident", sa.BigInteger(), sa.ForeignKey("incidents.number")),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("state", Json, nullable=False),
    )
    _partial("alert_groups_newest", "alert_groups", ["key"], "newest", unique=True)
    _partial("alert_groups_firing", "alert_groups", ["number"], "firing")
    _partial("alert_groups_incident", "alert_groups", ["incident"], "incident IS NOT NULL")
    _partial("alert_groups_declared", "alert_groups", ["decided_at"], "decision = 'declared'")


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
