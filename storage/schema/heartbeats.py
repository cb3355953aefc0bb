"""The table of heartbeats: alerts whose absence is an alert."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata, where

alert_heartbeats = sa.Table(
    "alert_heartbeats",
    metadata,
    sa.Column("key", SafeText, primary_key=True),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),  # that it is missing
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("alert_heartbeats_due", "due_at", **where("NOT told")),
)
