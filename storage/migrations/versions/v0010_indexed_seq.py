"""Adds a column with the last timeline entry that the search index covers, which tells a worker what is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Count incidents in the index as current: older versions index an incident with every change."""
    op.add_column("chains", sa.Column("indexed_seq", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE chains SET indexed_seq = seq WHERE incident IN (SELECT incident FROM incident_words)")
    condition = sa.text("seq > indexed_seq")
    op.create_index(
        "chains_due_for_indexing", "chains", ["incident"], sqlite_where=condition, postgresql_where=condition
    )
