"""The table of tickets: the issues of action items and incidents in trackers such as GitHub."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("item", sa.Integer, primary_key=True, autoincrement=False),  # of the action item; 0: the incident's own
    sa.Column("tracker", SafeText, nullable=False),
    sa.Column("place", SafeText, nullable=False),  # repository, project or team
    sa.Column("external", SafeText, nullable=False),  # its number or key there
    sa.Column("url", SafeText, nullable=False),
    sa.Column("state", SafeText, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),  # when its state was last seen to change
    sa.Column("sent", Json),  # the words that we wrote into it last
    sa.Index("tickets_external", "tracker", "place", "external", unique=True),
    sa.Index("tickets_changed", "changed_at"),
)
