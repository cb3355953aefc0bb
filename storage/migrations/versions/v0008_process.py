"""A cover can be given up before its time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("overrides", sa.Column("ended_at", sa.BigInteger()))
