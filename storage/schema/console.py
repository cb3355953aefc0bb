"""The tables of the console: sessions of browsers, links with which a person signs in once, and failures to."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, SafeText
from storage.schema.base import metadata

console_sessions = sa.Table(
    "console_sessions",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("previous_hash", sa.Text),  # of the secret before, which works for a moment
    sa.Column("person", SafeText, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),  # separated by commas
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("token_hash", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("rotated_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Index("console_sessions_previous", "previous_hash"),
    sa.Index("console_sessions_seen", "seen_at"),
)

login_links = sa.Table(
    "login_links",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("person", SafeText, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index("login_links_expires", "expires_at"),
)

sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # an address, or all of them
    sa.Column("left", sa.Float, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("sign_in_attempts_at", "at"),
)
