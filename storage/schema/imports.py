"""The table of objects that were imported from another tool."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, SafeText
from storage.schema.base import metadata

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("source", SafeText, primary_key=True),  # `opsgenie` …
    sa.Column("kind", SafeText, primary_key=True),
    sa.Column("external", SafeText, primary_key=True),  # its ID there
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), nullable=False),
    sa.Column("at", Instant, nullable=False),
)
