"""The table of shadow mode: the pages of the other service, and those that we withheld."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata

shadow_pages = sa.Table(
    "shadow_pages",
    metadata,
    sa.Column("key", SafeText, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("shadow_pages_at", "at"),
)
