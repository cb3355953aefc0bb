"""The table of Slack's reports about people who joined and left incident channels."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, SafeText
from storage.schema.base import metadata

membership_reports = sa.Table(
    "membership_reports",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True),
    sa.Column("user_id", SafeText, primary_key=True),
    sa.Column("dedup_key", SafeText, primary_key=True),  # of the entry it is recorded as, unless its twin is
    sa.Column("by_message", sa.Boolean, primary_key=True),  # False: by a member event
    sa.Column("kind", SafeText, nullable=False),  # `joined` or `left`
    sa.Column("at", Instant, nullable=False),
    sa.Column("inviter", SafeText),
)
