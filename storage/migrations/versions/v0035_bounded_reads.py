"""Adds indexes that find private incidents, those of a severity, and old answers without reading all others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    private = sa.text("private")
    op.create_index("incidents_private", "incidents", ["number"], sqlite_where=private, postgresql_where=private)
    op.create_index("incidents_severity", "incidents", ["severity", "number"])
    answers = sa.text("kind IN ('answer', 'declared')")
    op.create_index("outbox_answers", "outbox", ["created_at"], sqlite_where=answers, postgresql_where=answers)
