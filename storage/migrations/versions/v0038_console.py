"""Adds failures to sign in, drafts of sections of reviews, and an index of key entries by who made them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import Instant, SafeText

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("left", sa.Float, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_index("sign_in_attempts_at", "sign_in_attempts", ["at"])
    op.create_table(
        "review_drafts",
        sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
        sa.Column("section", SafeText, primary_key=True),
        sa.Column("author", SafeText, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", SafeText, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_index("review_drafts_at", "review_drafts", ["at"])
    condition = sa.text("key")
    op.create_index("timeline_actor", "timeline", ["actor", "at"], sqlite_where=condition, postgresql_where=condition)
