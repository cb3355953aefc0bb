"""The few places where the two databases speak differently."""

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


# Without parameters, for which an INSERT of many rows has no room in its VALUES.
_DATABASE_NOW = sa.literal_column("CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS BIGINT)", sa.BigInteger)


def is_postgresql(conn: AsyncConnection) -> bool:
    return conn.dialect.name == "postgresql"


def insert(conn: AsyncConnection, table: sa.Table) -> Any:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: sa.Table) -> Any:
    """The same, for a statement that is made once."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


async def insert_all(conn: AsyncConnection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows in one statement: all have a value for every column. On PostgreSQL from arrays, a column each."""
    if is_postgresql(conn):
        columns = {column.name: [row[column.name] for row in rows] for column in table.columns}
        await conn.execute(_insert_arrays(table), columns)
    else:
        await conn.execute(_insert_rows(table), rows)


@cache
def _insert_rows(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _insert_arrays(table: sa.Table) -> sa.Insert:
    types = {column.name: _plain(column.type) for column in table.columns}
    arrays = [sa.bindparam(name, type_=postgresql.ARRAY(type_)) for name, type_ in types.items()]
    given = sa.func.unnest(*arrays).table_valued(*types).render_derived()
    values = [sa.cast(given.c[name], sa.JSON) if _is_json(table.c[name].type) else given.c[name] for name in types]
    return sa.insert(table).from_select(list(types), sa.select(*values))


def _plain(type_: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return JsonText() if _is_json(type_) else type_


def _is_json(type_: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(type_, sa.JSON)


def db_now_s(conn: AsyncConnection, plus: timedelta = timedelta()) -> sa.ColumnElement[Any]:
    """The wall clock for leases: the database's own on PostgreSQL, so that replicas agree; ours on SQLite."""
    if not plus:
        return db_now(conn.dialect.name)
    if not is_postgresql(conn):
        return sa.literal(datetime.now(UTC) + plus, Instant)
    return sa.type_coerce(_DATABASE_NOW + microseconds(plus), Instant)


@cache
def db_now(dialect: str) -> sa.ColumnElement[Any]:
    """`wall` for a statement that is made once: ours is looked at whenever the statement runs."""
    return _DATABASE_NOW if dialect == "postgresql" else sa.bindparam("wall", callable_=_our_now, type_=Instant())


@cache
def db_now_plus(dialect: str) -> sa.ColumnElement[Any]:
    """The same, `after_us` later, which is given with the statement (`microseconds`)."""
    ours = sa.bindparam("wall_us", callable_=_our_us, type_=sa.BigInteger())
    now = _DATABASE_NOW if dialect == "postgresql" else ours
    return sa.type_coerce(now + sa.bindparam("after_us", type_=sa.BigInteger()), Instant)


def microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _our_now() -> datetime:
    return datetime.now(UTC)


def _our_us() -> int:
    return to_microseconds(datetime.now(UTC))


@cache
def in_list(dialect: str, column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """`column IN :name`, one parameter for any number of values, which are given as `values_for` makes them.

    On SQLite as text: to make a table-valued function for a statement takes longer than to run it.
    """
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(column.type)))
    sql = f"{column.table.name}.{column.name} IN (SELECT value FROM json_each(:{name}))"  # noqa: S608 - our own names
    return sa.text(sql)  # type: ignore[return-value]  # text is a condition, too


def list_param(conn: AsyncConnection, values: Collection[Any]) -> Any:
    """Values for `listed`."""
    return list(values) if is_postgresql(conn) else dumps(list(values))
