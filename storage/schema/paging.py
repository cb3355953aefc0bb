"""The table of paging: whose turn it is in each team."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import SafeText
from storage.schema.base import metadata

team_turns = sa.Table(
    "team_turns",
    metadata,
    sa.Column("team", SafeText, primary_key=True),
    sa.Column("turns", sa.Integer, nullable=False),  # pages of one member in turn, so far
)
