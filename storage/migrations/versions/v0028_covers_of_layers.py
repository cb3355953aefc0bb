"""Adds the layer that a cover takes over, where it is not the whole schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("overrides", sa.Column("layer", sa.Text()))
