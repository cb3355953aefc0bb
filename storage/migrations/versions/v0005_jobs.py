"""Adds the table `jobs`: executions of playbook steps by a runner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import BigNumber

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    live = sa.text("state IN ('queued', 'running')")
    op.create_table(
        "jobs",
        sa.Column("id", BigNumber, primary_key=True),
        sa.Column("incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), nullable=False),
        sa.Column("walk", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("undoes", sa.BigInteger()),
        sa.Column("chain", sa.Boolean(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text()),
    )
    op.create_index("jobs_live", "jobs", ["state", "next_try_at"], sqlite_where=live, postgresql_where=live)
    op.create_index("jobs_walk", "jobs", ["incident", "walk"])
    going = sa.text("ended_at IS NULL")
    op.create_index("walks_going", "walks", ["incident", "number"], sqlite_where=going, postgresql_where=going)
