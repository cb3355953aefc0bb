"""Creates the first tables: incidents, the timeline with its hash chain, deadlines, the outbox, deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# Defined here, not imported from `storage.schema`, which will change.
BigNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "incidents",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("channel_id", sa.Text()),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("state", Json, nullable=False),
    )
    _index("incidents_channel", "incidents", ["channel_id"], where="channel_id IS NOT NULL")
    _index("incidents_open", "incidents", ["number"], where="open")
    op.create_table(
        "chains",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
    )
    op.create_table(
        "timeline",
        sa.Column("incident", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source_ts", sa.Text()),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("once", sa.Text()),
        sa.Column("key", sa.Boolean(), nullable=False),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
    )
    _index("timeline_kind", "timeline", ["incident", "kind", "seq"], where="kind <> 'message'")
    _index("timeline_message", "timeline", ["incident", "source_ts"], where="kind = 'message'")
    _index("timeline_once", "timeline", ["incident", "once"], where="once IS NOT NULL", unique=True)
    _index("timeline_person", "timeline", ["incident", "at"], where="by_person")
    op.create_table(
        "deadlines",
        sa.Column("once", sa.Text(), primary_key=True),
        sa.Column("incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rung", sa.Integer()),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("armed_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("fence", sa.BigInteger(), nullable=False),
    )
    _index("deadlines_incident", "deadlines", ["incident"])
    _index("deadlines_waiting", "deadlines", ["due_at"], where="state = 'waiting'")
    op.create_table(
        "outbox",
        sa.Column("id", BigNumber, primary_key=True),
        sa.Column("once", sa.Text(), nullable=False, unique=True),
        sa.Column("incident", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("metadata_key", sa.Text(), nullable=False),
        sa.Column("needs", sa.Text()),
        sa.Column("if_need_fails", sa.Text(), nullable=False),
        sa.Column("redirected", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("receipt", Json),
        sa.Column("error", sa.Text()),
        sa.Column("deadline", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("first_try_at", sa.BigInteger()),
        sa.Column("sent_at", sa.BigInteger()),
    )
    _index("outbox_held", "outbox", ["needs"], where="state = 'held'")
    _index("outbox_incident", "outbox", ["incident"])
    _index("outbox_next", "outbox", ["priority", "next_try_at", "id"], where="state IN ('queued', 'unknown', 'leased')")
    _index("outbox_unsent", "outbox", ["state"], where="state NOT IN ('sent', 'dropped')")
    op.create_table(
        "deliveries",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )
    _index("deliveries_seen", "deliveries", ["seen_at"])
    op.create_table(
        "cursors",
        sa.Column("channel_id", sa.Text(), primary_key=True),
        sa.Column("incident", sa.BigInteger(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
    )
    op.create_table(
        "threads",
        sa.Column("channel_id", sa.Text(), primary_key=True),
        sa.Column("thread_ts", sa.Text(), primary_key=True),
        sa.Column("latest_reply", sa.Text(), nullable=False),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", Json),
    )
    op.create_table(
        "policies",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('incident', 0)")


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
