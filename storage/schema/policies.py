"""The tables of the policy in force and of the deployment."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import ExactJson, Instant, Json, SafeText
from storage.schema.base import metadata

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", SafeText, primary_key=True),
    sa.Column("value", Json),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("digest", SafeText, primary_key=True),
    sa.Column("document", ExactJson, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)
