"""Adds an index of incidents by when they were declared, for the figures of a period."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_index("incidents_declared", "incidents", ["declared_at"])
