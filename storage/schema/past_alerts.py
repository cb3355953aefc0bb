"""The tables of alerts that another tool had: they are history that is searched, not incidents."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, Json, SafeText
from storage.schema.base import metadata

past_alerts = sa.Table(
    "past_alerts",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("source", SafeText, nullable=False),  # `opsgenie` …
    sa.Column("external", SafeText, nullable=False),  # its ID there
    sa.Column("fired_at", Instant, nullable=False),
    sa.Column("state", Json, nullable=False),  # the whole dataclass
    sa.UniqueConstraint("source", "external", name="past_alerts_external"),
    sa.Index("past_alerts_fired", "fired_at"),
)

# The words of each, to search by.

past_alert_words = sa.Table(
    "past_alert_words",
    metadata,
    sa.Column("word", SafeText, primary_key=True),
    sa.Column("alert", sa.BigInteger, sa.ForeignKey("past_alerts.id"), primary_key=True, autoincrement=False),
    sa.Index("past_alert_words_alert", "alert"),
)
