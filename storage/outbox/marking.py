"""The statements that mark many claimed notices at once.

Each returns the ID and the fence of the claims that this process still held.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from storage.engine.columns import SafeText
from storage.engine.dialect import sql_now, sql_now_plus
from storage.engine.given_rows import GivenRows
from storage.schema import outbox

_c = outbox.c
_NUMBER, _TEXT = sa.BigInteger(), sa.Text()
CLAIMS = GivenRows((("id", _NUMBER), ("fence", _NUMBER)))
SENT = GivenRows(
    (("id", _NUMBER), ("fence", _NUMBER), ("version", _NUMBER), ("receipt", _TEXT), ("direct", sa.Boolean()))
)
DROPPED = GivenRows((("id", _NUMBER), ("fence", _NUMBER), ("version", _NUMBER), ("why", SafeText())))


@cache
def mark_all_sent(dialect: str) -> Any:
    """Marks the claims of `SENT`. Their receipts are JSON as text."""
    given_rows = SENT.table(dialect, outbox, "id", "fence")
    unchanged = _c.version == given_rows.c.version  # it was not enqueued anew since the claim
    receipt = sa.cast(given_rows.c.receipt, postgresql.JSONB) if dialect == "postgresql" else given_rows.c.receipt
    return _marking(given_rows).values(
        state=sa.case((unchanged, "sent"), else_="queued"),
        attempts=sa.case((unchanged, _c.attempts), else_=0),
        first_try_at=sa.case((unchanged, _c.first_try_at), else_=sa.null()),
        next_try_at=sql_now(dialect),
        uncertain=sa.false(),
        look_since=sa.null(),
        receipt=receipt,
        redirected=given_rows.c.direct,
        error=None,
        sent_at=sql_now(dialect),
    )


@cache
def mark_all_dropped(dialect: str) -> Any:
    """Marks the claims of `DROPPED`, and returns their new states too: `queued` if enqueued anew since the claim."""
    given_rows = DROPPED.table(dialect, outbox, "id", "fence")
    unchanged = _c.version == given_rows.c.version
    marking = _marking(given_rows).values(
        state=sa.case((unchanged, "dropped"), else_="queued"),
        attempts=sa.case((unchanged, _c.attempts), else_=0),
        next_try_at=sql_now(dialect),
        error=given_rows.c.why,
    )
    return marking.returning(_c.state)


@cache
def renew_all(dialect: str) -> Any:
    """Lets the leases of `CLAIMS` begin anew, for `after_us` microseconds."""
    return _marking(CLAIMS.table(dialect, outbox, "id", "fence")).values(next_try_at=sql_now_plus(dialect))


def _marking(values: Any) -> Any:
    claimed = sa.and_(_c.id == values.c.id, _c.fence == values.c.fence, _c.state == "leased")
    return sa.update(outbox).where(claimed).returning(_c.id, _c.fence)
