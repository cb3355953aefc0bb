"""The tables of incidents, their timelines and what finds them."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine import full_text
from storage.engine.columns import ExactJson, Instant, Json, SafeText
from storage.schema.base import metadata, where

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", SafeText, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

# What the figures of a period need of an incident, in the order of `storage.figures`. SQLite reads these members from
# an index, word for word the same; PostgreSQL has nothing like it, and extracts them faster.
FIGURE_MEMBERS = (
    "number", "severity", "status", "private", "drill", "category", "services", "episode", "uncounted", "declared_at",
    "detected_at", "started_at", "acknowledged_at", "identified_at", "mitigated_at", "resolved_at", "ended_at",
    "impact_ended_at",
)  # fmt: skip
FIGURE_MEMBERS_SQL = "json_extract(state, " + ", ".join(f"'$.{name}'" for name in FIGURE_MEMBERS) + ")"

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("status", SafeText, nullable=False),
    sa.Column("severity", SafeText, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("channel_id", SafeText),
    sa.Column("declared_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Column("unpurged_since", Instant),  # time of the oldest entry that still has its text; NULL: not known
    sa.Index("incidents_open", "number", **where("open")),
    sa.Index("incidents_private", "number", **where("private")),
    sa.Index("incidents_severity", "severity", "number"),
    sa.Index("incidents_channel", "channel_id", **where("channel_id IS NOT NULL")),
    sa.Index("incidents_declared", "declared_at"),
    sa.Index("incidents_figures", "declared_at", "number", sa.text(FIGURE_MEMBERS_SQL)).ddl_if(dialect="sqlite"),
    sa.Index("incidents_ended", "ended_at", "number", **where("ended_at IS NOT NULL")),
)

chains = sa.Table(
    "chains",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("head", sa.Text, nullable=False),
    # Up to which entry the incident is in the search index; 0 or less: to be indexed whole.
    sa.Column("indexed_seq", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Index("chains_due_for_indexing", "incident", **where("seq > indexed_seq")),
)

timeline = sa.Table(
    "timeline",
    metadata,
    sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", SafeText, nullable=False),
    sa.Column("actor", SafeText, nullable=False),
    sa.Column("text", SafeText, nullable=False),
    sa.Column("source_ts", SafeText),
    sa.Column("data", ExactJson, nullable=False),
    sa.Column("once", SafeText, key="dedup_key"),
    sa.Column("key", sa.Boolean, nullable=False),
    sa.Column("by_person", sa.Boolean, nullable=False),  # a message, and not by a bot: `activity` counts these
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("purged", sa.Text),  # the hash of its content, once text and data are deleted
    sa.Index("timeline_once", "incident", "dedup_key", unique=True, **where("once IS NOT NULL")),
    sa.Index("timeline_message", "incident", "source_ts", **where("kind = 'message'")),
    sa.Index("timeline_kind", "incident", "kind", "seq", **where("kind <> 'message'")),  # messages are the most by far
    sa.Index("timeline_time", "incident", "at", "seq"),
    sa.Index("timeline_key", "incident", "at", "seq", **where("key")),
    sa.Index("timeline_audit", "at", **where("key")),
    sa.Index("timeline_actor", "actor", "at", **where("key")),
    sa.Index("timeline_person", "incident", "at", **where("by_person")),
)

threads = sa.Table(
    "threads",
    metadata,
    sa.Column("channel_id", SafeText, primary_key=True),
    sa.Column("thread_ts", SafeText, primary_key=True),
    sa.Column("latest_reply", SafeText, nullable=False),
)

incident_words = sa.Table(
    "incident_words",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("title", SafeText, nullable=False),
    sa.Column("services", SafeText, nullable=False),
    sa.Column("fix", SafeText, nullable=False),
    sa.Column("body", SafeText, nullable=False),
)
full_text.add_index(incident_words)

# When each person last caught up with an incident.
