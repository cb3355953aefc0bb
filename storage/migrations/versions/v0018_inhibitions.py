"""Adds the inhibitions of groups of alerts, and the question whether an incident is resolved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("alert_groups", sa.Column("inhibited_by", sa.BigInteger()))
    known = sa.text("inhibited_by IS NOT NULL")
    op.create_index(
        "alert_groups_inhibited", "alert_groups", ["inhibited_by"], sqlite_where=known, postgresql_where=known
    )
    op.create_table(
        "alert_inhibitors",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column(
            "group_number", sa.BigInteger(), sa.ForeignKey("alert_groups.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("identity", sa.Text(), primary_key=True),
    )
    op.create_index("alert_inhibitors_alert", "alert_inhibitors", ["group_number", "identity"])
    op.create_table(
        "alert_proposals",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("group_number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text()),
    )
