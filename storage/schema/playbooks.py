"""The tables of playbooks, their runs and their jobs."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, ExactJson, Instant, Json, SafeText
from storage.schema.base import metadata, where

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
    sa.Index("walks_going", "incident", "number", **where("ended_at IS NULL")),
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
    sa.Index("jobs_live", "state", "next_try_at", **where("state IN ('queued', 'running')")),
    sa.Index("jobs_walk", "incident", "walk"),
)
