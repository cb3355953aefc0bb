"""Adds the turns of teams, of whom a rung pages one member after the other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "team_turns",
        sa.Column("team", sa.Text(), primary_key=True),
        sa.Column("turns", sa.Integer(), nullable=False),
    )
