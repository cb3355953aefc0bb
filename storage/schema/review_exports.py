"""The table of reviews in wikis: which page holds a review, and what we wrote into each of its sections."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata

review_exports = sa.Table(
    "review_exports",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("wiki", SafeText, primary_key=True),
    sa.Column("external", SafeText, nullable=False),  # the page's ID there
    sa.Column("url", SafeText, nullable=False),
    sa.Column("written", Json, nullable=False),  # hashes of the lines by section
    sa.Column("pending", Json, nullable=False),  # what the last attempt was about to write; empty: it succeeded
    sa.Column("exported_at", Instant, nullable=False),
)
