"""The few places where the two databases speak differently."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.columns import Instant, dumps

if TYPE_CHECKING:
    AnyRow = sa.Row[*tuple[Any, ...]]
else:
    AnyRow = sa.Row


def is_postgresql(conn: AsyncConnection) -> bool:
    return conn.dialect.name == "postgresql"


def insert(conn: AsyncConnection, table: sa.Table) -> Any:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if is_postgresql(conn) else sqlite.insert(table)


def wall(conn: AsyncConnection, plus: timedelta = timedelta()) -> sa.ColumnElement[Any]:
    """The wall clock for leases: the database's own on PostgreSQL, so that replicas agree; ours on SQLite."""
    if not is_postgresql(conn):
        return sa.literal(datetime.now(UTC) + plus, Instant)
    microseconds = sa.extract("epoch", sa.func.statement_timestamp()) * 1_000_000 + plus // timedelta(microseconds=1)
    return sa.type_coerce(sa.cast(microseconds, sa.BigInteger), Instant)


def among(conn: AsyncConnection, column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """`column IN values` as one parameter, so that the statement is the same for any number of them."""
    if is_postgresql(conn):
        return column == sa.any_(sa.bindparam(None, list(values), type_=postgresql.ARRAY(column.type)))
    each = sa.func.json_each(dumps(list(values))).table_valued("value")
    return column.in_(sa.select(each.c.value))
