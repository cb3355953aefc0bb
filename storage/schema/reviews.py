"""The tables of the texts that people wrote for reviews, and of those that they are still writing."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, SafeText
from storage.schema.base import metadata

review_texts = sa.Table(
    "review_texts",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("section", SafeText, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),  # counts from 1; the highest is shown
    sa.Column("text", SafeText, nullable=False),
    sa.Column("author", SafeText, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

review_drafts = sa.Table(
    "review_drafts",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("section", SafeText, primary_key=True),
    sa.Column("author", SafeText, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # of the section that they began with
    sa.Column("text", SafeText, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("review_drafts_at", "at"),
)
