"""Adds the time at which an alert without a start was last reported as over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("alert_occurrences", sa.Column("ended_at", sa.BigInteger()))
