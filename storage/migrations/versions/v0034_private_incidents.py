"""Adds indexes by which private incidents, and those of a severity, are found without reading all others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    private = sa.text("private")
    op.create_index("incidents_private", "incidents", ["number"], sqlite_where=private, postgresql_where=private)
    op.create_index("incidents_severity", "incidents", ["severity", "number"])
