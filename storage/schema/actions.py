"""The table of action items."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata, where

action_items = sa.Table(
    "action_items",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # counts the items of the incident
    sa.Column("live", sa.Boolean, nullable=False),  # still to be done
    sa.Column("owner", SafeText),
    sa.Column("due", sa.Text),  # ISO 8601, so that it sorts by time
    sa.Column("source_ts", SafeText),  # of the message it was made from
    sa.Column("remind_at", Instant),  # when its owner is reminded next
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("action_items_live", "due", "incident", "number", **where("live")),
    sa.Index("action_items_owner", "owner", **where("live")),
    sa.Index("action_items_remind", "remind_at", **where("remind_at IS NOT NULL")),
)
