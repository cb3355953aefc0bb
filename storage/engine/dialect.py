"""Builds SQL that differs between SQLite and PostgreSQL: inserts, lists of values and the wall clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.columns import Instant, JsonText, dumps, to_microseconds

if TYPE_CHECKING:
    AnyRow = sa.Row[*tuple[Any, ...]]
else:
    AnyRow = sa.Row


# Without parameters, since an INSERT of many rows has no room for them in its VALUES.
_DATABASE_NOW = sa.literal_column("CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS BIGINT)", sa.BigInteger)


def is_postgresql(conn: AsyncConnection) -> bool:
    """Whether the connection is to PostgreSQL; if not, it is to SQLite."""
    return conn.dialect.name == "postgresql"


def insert(conn: AsyncConnection, table: sa.Table) -> Any:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: sa.Table) -> Any:
    """The same as `insert`, for a statement that is built once and cached."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


async def insert_all(conn: AsyncConnection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows in one statement. Each must have a value for every column, by the column's key.

    On PostgreSQL the values go as arrays, one per column.
    """
    if is_postgresql(conn):
        columns = {column.key: [row[column.key] for row in rows] for column in table.columns}
        await conn.execute(_insert_arrays(table), columns)
    else:
        await conn.execute(_insert_rows(table), rows)


@cache
def _insert_rows(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _insert_arrays(table: sa.Table) -> sa.Insert:
    types = {column.key: _array_type(column.type) for column in table.columns}
    arrays = [sa.bindparam(key, type_=postgresql.ARRAY(type_)) for key, type_ in types.items()]
    values = sa.func.unnest(*arrays).table_valued(*types).render_derived()
    columns = [sa.cast(values.c[key], sa.JSON) if _is_json(table.c[key].type) else values.c[key] for key in types]
    return sa.insert(table).from_select(list(types), sa.select(*columns))


def _array_type(type_: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return JsonText() if _is_json(type_) else type_


def _is_json(type_: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(type_, sa.JSON)


@cache
def sql_now(dialect: str) -> sa.ColumnElement[Any]:
    """The wall clock in SQL, for leases and back-off: the database's on PostgreSQL, so that replicas agree.

    On SQLite it is this process's clock, read each time the statement runs.
    """
    return _DATABASE_NOW if dialect == "postgresql" else sa.bindparam("wall", callable_=_process_now, type_=Instant())


async def wall_now(conn: AsyncConnection) -> datetime:
    """The wall clock as of this statement; see `sql_now`."""
    now: datetime | None = await conn.scalar(sa.select(sa.type_coerce(sql_now(conn.dialect.name), Instant)))
    if now is None:
        raise RuntimeError("the database has no clock")
    return now


@cache
def sql_now_plus(dialect: str) -> sa.ColumnElement[Any]:
    """`sql_now` plus the parameter `after_us`, in microseconds, which is given at execution (see `microseconds`)."""
    process_now = sa.bindparam("wall_us", callable_=_process_now_us, type_=sa.BigInteger())
    now = _DATABASE_NOW if dialect == "postgresql" else process_now
    return sa.type_coerce(now + sa.bindparam("after_us", type_=sa.BigInteger()), Instant)


@cache
def sql_random_hex(dialect: str) -> sa.ColumnElement[str]:
    """32 random hexadecimal digits, different for each row."""
    sql = "md5(random()::text || clock_timestamp()::text)" if dialect == "postgresql" else "lower(hex(randomblob(16)))"
    return sa.literal_column(sql, sa.Text)


def microseconds(span: timedelta) -> int:
    """A span as whole microseconds."""
    return span // timedelta(microseconds=1)


def _process_now() -> datetime:
    return datetime.now(UTC)


def _process_now_us() -> int:
    return to_microseconds(datetime.now(UTC))


@cache
def in_list(dialect: str, column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """`column IN :name` with one parameter for any number of values, which `list_param` encodes.

    On SQLite it is text: building a table-valued function for a statement takes longer than running it.
    """
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(column.type)))
    sql = f"{column.table.name}.{column.name} IN (SELECT value FROM json_each(:{name}))"  # noqa: S608 - our own names
    return sa.text(sql)  # type: ignore[return-value]  # text is a condition, too


def list_param(conn: AsyncConnection, values: Collection[Any]) -> Any:
    """The value of an `in_list` parameter."""
    return list(values) if is_postgresql(conn) else dumps(list(values))
