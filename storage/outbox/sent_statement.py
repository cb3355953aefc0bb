"""The statement that marks many claimed notices as sent at once."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from storage.engine.dialect import sql_now
from storage.schema import outbox

_c = outbox.c
_COLUMNS = ("id", "fence", "version", "receipt", "direct")


@cache
def mark_all_sent(dialect: str) -> Any:
    """Marks claims as sent that are given as lists of IDs, fences, versions, receipts as text, and `direct`.

    It returns the ID and the fence of each that this process still held.
    """
    claims = _claims(dialect)
    unchanged = _c.version == claims.c.version  # it was not enqueued anew since the claim
    return (
        sa.update(outbox)
        .where(_c.id == claims.c.id, _c.fence == claims.c.fence, _c.state == "leased")
        .values(
            state=sa.case((unchanged, "sent"), else_="queued"),
            attempts=sa.case((unchanged, _c.attempts), else_=0),
            first_try_at=sa.case((unchanged, _c.first_try_at), else_=sa.null()),
            next_try_at=sql_now(dialect),
            uncertain=sa.false(),
            receipt=claims.c.receipt,
            redirected=claims.c.direct,
            error=None,
            sent_at=sql_now(dialect),
        )
        .returning(_c.id, _c.fence)
    )


def _claims(dialect: str) -> Any:
    """The parameters as a table. On PostgreSQL it locks the rows of the outbox in the order of their IDs."""
    if dialect != "postgresql":
        value = sa.func.json_each(sa.bindparam("sent")).table_valued("value").c.value
        values = [sa.func.json_extract(value, f"$[{n}]").label(name) for n, name in enumerate(_COLUMNS)]
        return sa.select(*values).subquery("given")
    types: list[Any] = [sa.BigInteger(), sa.BigInteger(), sa.BigInteger(), sa.Text(), sa.Boolean()]
    params = ("ids", "fences", "versions", "receipts", "directs")
    arrays = [sa.bindparam(name, type_=postgresql.ARRAY(type_)) for name, type_ in zip(params, types, strict=True)]
    columns = [sa.column(name, type_) for name, type_ in zip(_COLUMNS, types, strict=True)]
    claims = sa.func.unnest(*arrays).table_valued(*columns).render_derived("claims")
    locked = sa.select(
        claims.c.id, claims.c.fence, claims.c.version, sa.cast(claims.c.receipt, postgresql.JSONB).label("receipt"),
        claims.c.direct,
    ).join_from(claims, outbox, _c.id == claims.c.id)  # fmt: skip
    return locked.order_by(claims.c.id).with_for_update(of=outbox).cte("given")
