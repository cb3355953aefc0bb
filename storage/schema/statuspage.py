"""The tables of the status page. They hold what people published, and nothing else that is public."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata, where

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("id", SafeText, primary_key=True),
    sa.Column("kind", SafeText, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number")),
    sa.Column("due_at", Instant),  # when it next changes by itself: maintenance begins, ends, is announced
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("publications_open", "started_at", **where("open")),
    sa.Index("publications_started", "started_at"),
    sa.Index("publications_ended", "ended_at", **where("ended_at IS NOT NULL")),
    sa.Index("publications_incident", "incident", **where("incident IS NOT NULL")),
    sa.Index("publications_due", "due_at", **where("due_at IS NOT NULL")),
)
