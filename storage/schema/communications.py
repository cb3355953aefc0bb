"""The table of communications: messages to the audiences of an incident."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata

communications = sa.Table(
    "communications",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # within the incident
    sa.Column("audience", SafeText, nullable=False),
    sa.Column("state", SafeText, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("content", Json, nullable=False),  # the whole dataclass
)
