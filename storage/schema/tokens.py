"""The tables of API tokens and of the answers kept for repeated requests."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine.columns import BigNumber, Instant, SafeText
from storage.schema.base import metadata, where

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", BigNumber, primary_key=True),
    sa.Column("name", SafeText, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("person", SafeText, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),  # separated by commas
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Index("api_tokens_name", "name", unique=True, **where("revoked_at IS NULL")),
)

api_requests = sa.Table(  # with an Idempotency-Key
    "api_requests",
    metadata,
    sa.Column("key", SafeText, primary_key=True),  # the token's ID and the key that the client chose
    sa.Column("fingerprint", sa.Text, nullable=False),  # of method, path and body
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("incident", sa.BigInteger),  # that a declaration opened
    sa.Column("status", sa.Integer),  # of the answer; NULL: not answered yet
    sa.Column("headers", sa.Text),
    sa.Column("body", sa.LargeBinary),
    sa.Index("api_requests_seen", "seen_at"),
)
