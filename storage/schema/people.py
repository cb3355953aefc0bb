"""The tables of people: on-call covers and shifts, names, homes, what each has read."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, SafeText
from storage.schema.base import metadata

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
    sa.Column("layer", SafeText),  # the only layer that is covered; none: the whole schedule
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

reads = sa.Table(
    "reads",
    metadata,
    sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    sa.Column("user_id", SafeText, primary_key=True),
    sa.Column("read_at", Instant, nullable=False),
)
