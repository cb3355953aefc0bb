"""Adds a full-text index over normalized terms: FTS5 on SQLite, a tsvector on PostgreSQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_INSERT = (
    "INSERT INTO incident_index (rowid, title, services, fix, body) "
    "VALUES (new.incident, new.title, new.services, new.fix, new.body)"
)
_DELETE = (
    "INSERT INTO incident_index (incident_index, rowid, title, services, fix, body) "
    "VALUES ('delete', old.incident, old.title, old.services, old.fix, old.body)"
)
_CREATE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE incident_index USING fts5(title, services, fix, body, content='incident_words', "
        "content_rowid='incident', tokenize='unicode61 remove_diacritics 0')",
        f"CREATE TRIGGER incident_words_new AFTER INSERT ON incident_words BEGIN {_INSERT}; END",
        f"CREATE TRIGGER incident_words_gone AFTER DELETE ON incident_words BEGIN {_DELETE}; END",
        f"CREATE TRIGGER incident_words_changed AFTER UPDATE ON incident_words BEGIN {_DELETE}; {_INSERT}; END",
    ),
    "postgresql": (
        "ALTER TABLE incident_words ADD COLUMN words tsvector GENERATED ALWAYS AS ("
        "setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', services), 'B') || "
        "setweight(to_tsvector('simple', fix), 'C') || setweight(to_tsvector('simple', body), 'D')) STORED",
        "CREATE INDEX incident_index ON incident_words USING gin (words) WITH (fastupdate = off)",
    ),
}


def add_index(table: sa.Table) -> None:
    """Create the index with the table `incident_words`, and drop it with it."""
    for dialect, statements in _CREATE.items():
        for statement in statements:
            sa.event.listen(table, "after_create", _ddl(statement, dialect))
    sa.event.listen(table, "before_drop", _ddl("DROP TABLE incident_index", "sqlite"))


def _ddl(statement: str, dialect: str) -> Any:
    ddl = sa.DDL(statement)  # type: ignore[no-untyped-call]  # of SQLAlchemy
    return ddl.execute_if(dialect=dialect)
