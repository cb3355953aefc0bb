"""The tables of alerts, their groups and silences."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, Json, SafeText
from storage.schema.base import metadata, where

alert_groups = sa.Table(
    "alert_groups",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", SafeText, nullable=False),
    sa.Column("newest", sa.Boolean, nullable=False),  # of the groups with this key: only it takes alerts
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("decision", SafeText, nullable=False),
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number")),
    sa.Column("inhibited_by", sa.BigInteger),  # number of the group that keeps this one quiet
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("alert_groups_newest", "key", unique=True, **where("newest")),
    sa.Index("alert_groups_firing", "number", **where("firing")),
    sa.Index("alert_groups_incident", "incident", **where("incident IS NOT NULL")),
    sa.Index("alert_groups_inhibited", "inhibited_by", **where("inhibited_by IS NOT NULL")),
    sa.Index("alert_groups_declared", "decided_at", **where("decision = 'declared'")),
)

# The alerts of each group, as last told.

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column(
        "group_number", sa.BigInteger, sa.ForeignKey("alert_groups.number"), primary_key=True, autoincrement=False
    ),
    sa.Column("identity", SafeText, primary_key=True),  # source and fingerprint
    sa.Column("occurrence", SafeText, nullable=False),  # the latest
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("occurrences", sa.Integer, nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("alerts_firing", "identity", **where("firing")),
)

alert_occurrences = sa.Table(
    "alert_occurrences",
    metadata,
    sa.Column("occurrence", SafeText, primary_key=True),  # source, fingerprint and start
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),  # of an alert that is told by state, in a row without a start: its last end
    sa.Index("alert_occurrences_seen", "last_seen_at"),
)

alert_deadlines = sa.Table(
    "alert_deadlines",
    metadata,
    sa.Column(
        "group_number", sa.BigInteger, sa.ForeignKey("alert_groups.number"), primary_key=True, autoincrement=False
    ),
    sa.Column("kind", SafeText, primary_key=True),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Index("alert_deadlines_due", "due_at"),
)

alert_silences = sa.Table(
    "alert_silences",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("ends_at", Instant, nullable=False),  # moved to the present when a person ends it
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("alert_silences_ends", "ends_at"),
)

# Alerts that fire and keep others quiet, by the key that their targets look for.

alert_inhibitors = sa.Table(
    "alert_inhibitors",
    metadata,
    sa.Column("key", SafeText, primary_key=True),
    sa.Column(
        "group_number", sa.BigInteger, sa.ForeignKey("alert_groups.number"), primary_key=True, autoincrement=False
    ),
    sa.Column("identity", SafeText, primary_key=True),  # of the alert
    sa.Index("alert_inhibitors_alert", "group_number", "identity"),
)

# The question of an incident whether it is resolved, since its alerts are.

alert_proposals = sa.Table(
    "alert_proposals",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("turn", sa.Integer, nullable=False),  # how often it was asked
    sa.Column("group_number", sa.BigInteger, nullable=False),  # that resolved last
    sa.Column("state", SafeText, nullable=False),
    sa.Column("answered_by", SafeText),
)
