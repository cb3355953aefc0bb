"""Adds the table of the texts that people wrote for reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "review_texts",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("section", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
