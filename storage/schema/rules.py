"""The tables of alerting rules and probes: states, switches, days of uptime, and the evaluating replica."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, Json, SafeText
from storage.schema.base import metadata

rule_states = sa.Table(
    "rule_states",
    metadata,
    sa.Column("rule", SafeText, primary_key=True),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
)

# Who enabled and disabled rules, when and why. The newest row of a rule counts.

rule_switches = sa.Table(
    "rule_switches",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("rule", SafeText, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("reason", SafeText, nullable=False),
    sa.Column("actor", SafeText, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("rule_switches_rule", "rule", "id"),
)

probe_states = sa.Table(
    "probe_states",
    metadata,
    sa.Column("probe", SafeText, primary_key=True),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
)

probe_days = sa.Table(
    "probe_days",
    metadata,
    sa.Column("probe", SafeText, primary_key=True),
    sa.Column("day", Instant, primary_key=True),  # its start in UTC
    sa.Column("succeeded", sa.Integer, nullable=False),  # requests
    sa.Column("failed", sa.Integer, nullable=False),
)

# Work that one replica does at a time. A higher fence is a later claim.

worker_leases = sa.Table(
    "worker_leases",
    metadata,
    sa.Column("name", SafeText, primary_key=True),
    sa.Column("holder", SafeText, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("lease_until", Instant),  # NULL: free
)
