"""Adds the alerts that another tool had, with the words that they are searched by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import BigNumber, Instant, Json, SafeText

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "past_alerts",
        sa.Column("id", BigNumber, primary_key=True),
        sa.Column("source", SafeText, nullable=False),
        sa.Column("external", SafeText, nullable=False),
        sa.Column("fired_at", Instant, nullable=False),
        sa.Column("state", Json, nullable=False),
        sa.UniqueConstraint("source", "external", name="past_alerts_external"),
    )
    op.create_index("past_alerts_fired", "past_alerts", ["fired_at"])
    op.create_table(
        "past_alert_words",
        sa.Column("word", SafeText, primary_key=True),
        sa.Column("alert", sa.BigInteger(), sa.ForeignKey("past_alerts.id"), primary_key=True, autoincrement=False),
    )
    op.create_index("past_alert_words_alert", "past_alert_words", ["alert"])
