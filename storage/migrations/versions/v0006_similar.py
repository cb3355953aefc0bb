"""Migration 0006: adds tables for the words of each incident (full-text search) and for who last read it when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SQLITE = (
    "CREATE VIRTUAL TABLE incident_index USING fts5(title, services, fix, body, content='incident_words', "
    "content_rowid='incident', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER incident_words_new AFTER INSERT ON incident_words BEGIN "
    "INSERT INTO incident_index (rowid, title, services, fix, body) "
    "VALUES (new.incident, new.title, new.services, new.fix, new.body); END",
    "CREATE TRIGGER incident_words_gone AFTER DELETE ON incident_words BEGIN "
    "INSERT INTO incident_index (incident_index, rowid, title, services, fix, body) "
    "VALUES ('delete', old.incident, old.title, old.services, old.fix, old.body); END",
    "CREATE TRIGGER incident_words_changed AFTER UPDATE ON incident_words BEGIN "
    "INSERT INTO incident_index (incident_index, rowid, title, services, fix, body) "
    "VALUES ('delete', old.incident, old.title, old.services, old.fix, old.body); "
    "INSERT INTO incident_index (rowid, title, services, fix, body) "
    "VALUES (new.incident, new.title, new.services, new.fix, new.body); END",
)
_POSTGRESQL = (
    "ALTER TABLE incident_words ADD COLUMN words tsvector GENERATED ALWAYS AS ("
    "setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', services), 'B') || "
    "setweight(to_tsvector('simple', fix), 'C') || setweight(to_tsvector('simple', body), 'D')) STORED",
    "CREATE INDEX incident_index ON incident_words USING gin (words) WITH (fastupdate = off)",
)


def upgrade() -> None:
    op.create_table(
        "incident_words",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
    op.create_table(
        "reads",
        sa.Column(
            "incident", sa.BigInteger(), sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
    )
