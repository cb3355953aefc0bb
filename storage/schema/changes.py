"""The table of changes of services: deployments, flags, migrations and settings."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, Json, SafeText
from storage.schema.base import metadata

service_changes = sa.Table(
    "service_changes",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("key", SafeText, nullable=False),
    sa.Column("service", SafeText, nullable=False),  # empty: it was not said
    sa.Column("at", Instant, nullable=False),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("service_changes_key", "key", unique=True),
    sa.Index("service_changes_service", "service", "at"),
    sa.Index("service_changes_at", "at"),
)
