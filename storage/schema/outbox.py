"""The tables of deadlines, the outbox and deliveries."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, Json, SafeText
from storage.schema.base import metadata, where

deadlines = sa.Table(
    "deadlines",
    metadata,
    sa.Column("once", SafeText, key="dedup_key", primary_key=True),
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), nullable=False),
    sa.Column("kind", SafeText, nullable=False),
    sa.Column("rung", sa.Integer),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),  # no longer planned, as opposed to skipped by a decision
    sa.Column("reason", SafeText, nullable=False),
    sa.Column("armed_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("sent_at", Instant),
    sa.Column("lease_until", Instant),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("subject", Json),  # what it is about; NULL: written by a version before 0009, its key says it
    sa.Index("deadlines_waiting", "due_at", **where("state = 'waiting'")),
    sa.Index("deadlines_incident", "incident"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("once", SafeText, key="dedup_key", nullable=False, unique=True),
    sa.Column("incident", sa.BigInteger),
    sa.Column("kind", SafeText, nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("metadata_key", sa.Text, nullable=False),  # opaque: anyone in the workspace can read it
    sa.Column("needs", SafeText, key="depends_on"),  # the `dedup_key` of the notice to be sent first
    sa.Column("if_need_fails", sa.Text, key="on_dependency_failure", nullable=False),
    sa.Column("redirected", sa.Boolean, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("uncertain", sa.Boolean, nullable=False),  # an attempt may have reached Slack
    sa.Column("next_try_at", Instant, nullable=False),  # while leased: the end of the lease
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("receipt", Json),
    sa.Column("error", SafeText),
    sa.Column("deadline", SafeText),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("queued_at", Instant, nullable=False),  # when it was last enqueued
    sa.Column("first_try_at", Instant),
    sa.Column("sent_at", Instant),
    sa.Column("look_since", Instant),  # a database that was lost may have sent it since then
    sa.Index("outbox_next", "priority", "next_try_at", "id", **where("state IN ('queued', 'unknown', 'leased')")),
    sa.Index("outbox_held", "depends_on", **where("state = 'held'")),
    sa.Index("outbox_unsent", "state", **where("state NOT IN ('sent', 'dropped')")),
    sa.Index("outbox_incident", "incident"),
    sa.Index("outbox_answers", "created_at", **where("kind IN ('answer', 'declared')")),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("key", SafeText, primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Index("deliveries_seen", "seen_at"),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("channel_id", SafeText, primary_key=True),
    sa.Column("incident", sa.BigInteger, nullable=False),
    sa.Column("ts", SafeText, nullable=False),
)
