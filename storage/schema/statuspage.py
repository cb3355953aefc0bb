"""The tables of the status page. They hold what people published, and nothing else that is public."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import Instant, Json, SafeText
from storage.schema.base import metadata, where

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("id", SafeText, primary_key=True),
    sa.Column("kind", SafeText, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number")),
    sa.Column("due_at", Instant),  # when it next changes by itself: maintenance begins, ends, is announced
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("publications_open", "started_at", **where("open")),
    sa.Index("publications_started", "started_at"),
    sa.Index("publications_ended", "ended_at", **where("ended_at IS NOT NULL")),
    sa.Index("publications_incident", "incident", **where("incident IS NOT NULL")),
    sa.Index("publications_due", "due_at", **where("due_at IS NOT NULL")),
)

# Who is told. An address that is not confirmed yet is told nothing.

subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", SafeText, primary_key=True),
    sa.Column("kind", SafeText, nullable=False),
    sa.Column("address", SafeText, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("asked_at", Instant),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("subscribers_address", "kind", "address", unique=True),
    sa.Index("subscribers_active", "id", **where("active")),
    sa.Index("subscribers_asked", "asked_at", **where("asked_at IS NOT NULL")),
)

# Changes that subscribers are still to be told of, with how far the list was gone through.

mailings = sa.Table(
    "mailings",
    metadata,
    sa.Column("id", SafeText, primary_key=True),
    sa.Column("publication", SafeText, sa.ForeignKey("publications.id"), nullable=False),
    sa.Column("update_id", SafeText, nullable=False),
    sa.Column("after", SafeText, nullable=False),  # the last subscriber that was queued
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("mailings_created", "created_at"),
)

# What earlier versions noted before they handed a mail over; nothing is written here any more.

handed_mails = sa.Table(
    "handed_mails",
    metadata,
    sa.Column("dedup_key", SafeText, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Index("handed_mails_at", "at"),
)
