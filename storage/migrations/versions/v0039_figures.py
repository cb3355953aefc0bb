"""Adds an index from which SQLite reads what the figures of a period need of each incident, without its whole state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

_MEMBERS = (
    "number", "severity", "status", "private", "drill", "category", "services", "episode", "uncounted", "declared_at",
    "detected_at", "started_at", "acknowledged_at", "identified_at", "mitigated_at", "resolved_at", "ended_at",
    "impact_ended_at",
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        members = "json_extract(state, " + ", ".join(f"'$.{name}'" for name in _MEMBERS) + ")"
        op.create_index("incidents_figures", "incidents", ["declared_at", "number", sa.text(members)])
