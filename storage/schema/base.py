"""Shared parts of the tables: their collection, and the condition of a partial index."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()


def where(condition: str) -> dict[str, Any]:
    """The arguments of an index over the rows that meet the condition, on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
