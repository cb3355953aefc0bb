"""Adds the time since which a database that was lost and restored from a backup may have sent a notice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("look_since", sa.BigInteger()))
