"""Passes many rows to a statement as a table of parameters, so that a set of rows is written by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.columns import dumps
from storage.engine.dialect import is_postgresql

Types = sa.types.TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class GivenRows:
    """The columns of the rows, by name and type: numbers, texts or booleans.

    PostgreSQL gets an array for each column. SQLite has no arrays, and gets all rows as one JSON text.
    """

    columns: tuple[tuple[str, Types], ...]

    def params(self, conn: AsyncConnection, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The parameters for rows whose values are in the order of the columns."""
        if not is_postgresql(conn):
            return {"given": dumps(rows)}
        values = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        return {f"given_{name}": list(column) for (name, _), column in zip(self.columns, values, strict=True)}

    def table(self, dialect: str, table: sa.Table, *match: str) -> Any:
        """The rows, for `UPDATE table … FROM`, where the columns `match` equal those of `table`.

        On PostgreSQL their rows of `table` are locked in the order of the first column, so that two statements cannot
        deadlock.
        """
        if dialect != "postgresql":
            value = sa.func.json_each(sa.bindparam("given")).table_valued("value").c.value
            columns = [
                sa.type_coerce(sa.func.json_extract(value, f"$[{n}]"), type_).label(name)
                for n, (name, type_) in enumerate(self.columns)
            ]
            return sa.select(*columns).subquery("given")
        arrays = [sa.bindparam(f"given_{name}", type_=postgresql.ARRAY(type_)) for name, type_ in self.columns]
        rows = sa.func.unnest(*arrays).table_valued(*(sa.column(name, type_) for name, type_ in self.columns))
        rows = rows.render_derived("params")
        matches = [rows.c[name] == table.c[name] for name in match]
        locked = sa.select(*rows.c).join_from(rows, table, sa.and_(*matches)).order_by(rows.c[match[0]])
        return locked.with_for_update(of=table).cte("given")
