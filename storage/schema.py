"""Defines the tables as they are now; `migrations` has their history, and a test keeps the two the same.

A column with a `key` is read and written by that name in code, and keeps its older name in the database. The module is
longer than others, so that all tables stand in one place.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from storage.engine import full_text
from storage.engine.columns import BigNumber, ExactJson, Instant, Json, SafeText

metadata = sa.MetaData()


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", SafeText, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

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
    sa.Index("incidents_open", "number", **_where("open")),
    sa.Index("incidents_channel", "channel_id", **_where("channel_id IS NOT NULL")),
    sa.Index("incidents_ended", "ended_at", "number", **_where("ended_at IS NOT NULL")),
)

chains = sa.Table(
    "chains",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("head", sa.Text, nullable=False),
    # Up to which entry the incident is in the search index; 0 or less: to be indexed whole.
    sa.Column("indexed_seq", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Index("chains_due_for_indexing", "incident", **_where("seq > indexed_seq")),
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
    sa.Index("timeline_once", "incident", "dedup_key", unique=True, **_where("once IS NOT NULL")),
    sa.Index("timeline_message", "incident", "source_ts", **_where("kind = 'message'")),
    sa.Index("timeline_kind", "incident", "kind", "seq", **_where("kind <> 'message'")),  # messages are the most by far
    sa.Index("timeline_time", "incident", "at", "seq"),
    sa.Index("timeline_key", "incident", "at", "seq", **_where("key")),
    sa.Index("timeline_person", "incident", "at", **_where("by_person")),
)

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
    sa.Index("deadlines_waiting", "due_at", **_where("state = 'waiting'")),
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
    sa.Index("outbox_next", "priority", "next_try_at", "id", **_where("state IN ('queued', 'unknown', 'leased')")),
    sa.Index("outbox_held", "depends_on", **_where("state = 'held'")),
    sa.Index("outbox_unsent", "state", **_where("state NOT IN ('sent', 'dropped')")),
    sa.Index("outbox_incident", "incident"),
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

threads = sa.Table(
    "threads",
    metadata,
    sa.Column("channel_id", SafeText, primary_key=True),
    sa.Column("thread_ts", SafeText, primary_key=True),
    sa.Column("latest_reply", SafeText, nullable=False),
)

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

overrides = sa.Table(
    "overrides",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("schedule", SafeText, nullable=False),
    sa.Column("member", SafeText, nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("made_by", SafeText, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),  # ended early, before `ends_at`
    sa.Index("overrides_ends", "ends_at"),
)

shifts = sa.Table(  # imported from PagerDuty, as of its last answer
    "shifts",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("schedule", SafeText, nullable=False),
    sa.Column("member", SafeText, nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Index("shifts_ends", "ends_at"),
)

names = sa.Table(
    "names",
    metadata,
    sa.Column("id", SafeText, primary_key=True),
    sa.Column("name", SafeText, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

homes = sa.Table(
    "homes",
    metadata,
    sa.Column("user_id", SafeText, primary_key=True),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Index("homes_opened", "opened_at"),
)

# The words incidents are searched by: normalized terms, synonyms as one, each once in a field. The terms are made in
# Python, so that the full-text indexes of both databases find the same.
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
reads = sa.Table(
    "reads",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("user_id", SafeText, primary_key=True),
    sa.Column("read_at", Instant, nullable=False),
)

walks = sa.Table(
    "walks",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("playbook", SafeText, nullable=False),
    sa.Column("digest", SafeText, nullable=False),
    sa.Column("drill", sa.Boolean, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("walks_playbook", "playbook", "opened_at"),
    sa.Index("walks_going", "incident", "number", **_where("ended_at IS NULL")),
)

playbooks = sa.Table(
    "playbooks",
    metadata,
    sa.Column("digest", SafeText, primary_key=True),
    sa.Column("playbook", SafeText, nullable=False),
    sa.Column("document", ExactJson, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

playbook_reminders = sa.Table(
    "playbook_reminders",
    metadata,
    sa.Column("once", SafeText, key="dedup_key", primary_key=True),
    sa.Column("playbook", SafeText, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), nullable=False),
    sa.Column("walk", sa.BigInteger, nullable=False),
    sa.Column("step", SafeText, nullable=False),
    sa.Column("title", SafeText, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("plan", ExactJson, nullable=False),  # what runs, byte for byte
    sa.Column("digest", sa.Text, nullable=False),  # of the plan
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_by", SafeText, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("approved_by", SafeText),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # how many of the plan's invocations were begun
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("undoes", sa.BigInteger),  # the job that this rollback undoes
    sa.Column("chain", sa.Boolean, nullable=False),  # the step before is rolled back afterwards
    sa.Column("next_try_at", Instant, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("outcome", SafeText, nullable=False),
    sa.Column("output", SafeText, nullable=False),
    sa.Column("settled_by", SafeText),
    sa.Index("jobs_live", "state", "next_try_at", **_where("state IN ('queued', 'running')")),
    sa.Index("jobs_walk", "incident", "walk"),
)

alert_groups = sa.Table(
    "alert_groups",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", SafeText, nullable=False),
    sa.Column("newest", sa.Boolean, nullable=False),  # of the groups with this key: only it takes alerts
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("decision", SafeText, nullable=False),
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number")),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.Index("alert_groups_newest", "key", unique=True, **_where("newest")),
    sa.Index("alert_groups_firing", "number", **_where("firing")),
    sa.Index("alert_groups_incident", "incident", **_where("incident IS NOT NULL")),
    sa.Index("alert_groups_declared", "decided_at", **_where("decision = 'declared'")),
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
    sa.Index("alerts_firing", "identity", **_where("firing")),
)

alert_occurrences = sa.Table(
    "alert_occurrences",
    metadata,
    sa.Column("occurrence", SafeText, primary_key=True),  # source, fingerprint and start
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
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
