"""Adds a column with the subject of a deadline (what it is about) as JSON, filled from the deadline's key.

In the key `rung:42:1:sev1:2` the kind is `rung` (a step of the escalation ladder), the incident is INC-42, the paging
round is 1, the severity is `sev1` and the rung's number is 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CHUNK = 1000

_INTEGER: Callable[[str], Any] = int
_TEXT: Callable[[str], Any] = str


def _flag(text: str) -> bool:
    return bool(int(text))


def _list(text: str) -> list[str]:
    return text.split(",")


# The fields that follow the kind and the incident in a key, as every version up to this one wrote them.
_FIELDS: dict[str, tuple[tuple[str, Callable[[str], Any]], ...]] = {
    "update": (("episode", _INTEGER), ("updates", _INTEGER), ("unanswered", _INTEGER)),
    "role": (("episode", _INTEGER), ("asked", _INTEGER), ("roles", _list)),
    "handover": (("episode", _INTEGER), ("offer", _INTEGER), ("nudged", _flag)),
    "shift": (("episode", _INTEGER), ("role", _TEXT), ("user", _TEXT), ("schedule", _TEXT), ("ends", _INTEGER)),
    "respond": (("episode", _INTEGER), ("severity", _TEXT)),
    "mitigate": (("episode", _INTEGER), ("severity", _TEXT)),
    "rung": (("round", _TEXT), ("severity", _TEXT), ("rung", _INTEGER), ("times", _INTEGER)),
    "trigger": (("episode", _INTEGER), ("trigger", _TEXT), ("times", _INTEGER)),
    "step": (("episode", _INTEGER), ("run", _INTEGER), ("step", _TEXT), ("turns", _INTEGER), ("nudged", _INTEGER)),
    "approval": (("episode", _INTEGER), ("run", _INTEGER), ("step", _TEXT), ("request", _INTEGER)),
}
_NOT_YET = {"times": 0}  # left out of the key of a first page


def subject_of(key: str) -> dict[str, Any] | None:
    """The subject in a key; None for a key of another kind."""
    kind, _, rest = key.partition(":")
    values = rest.split(":")[1:]
    described = _FIELDS.get(kind, ())
    missing = {name: _NOT_YET.get(name) for name, _ in described[len(values) :]}
    if not described or len(values) > len(described) or None in missing.values():
        return None
    try:
        return (
            {"kind": kind}
            | {name: read(value) for (name, read), value in zip(described, values, strict=False)}
            | missing
        )
    except ValueError:
        return None


def upgrade() -> None:
    """Fill the column for deadlines that wait. The others are decided, and their keys say what they were about."""
    op.add_column("deadlines", sa.Column("subject", Json))
    deadlines = sa.table(
        "deadlines", sa.column("once", sa.Text), sa.column("state", sa.Text), sa.column("subject", Json)
    )
    conn = op.get_bind()
    waiting = conn.execute(sa.select(deadlines.c.once).where(deadlines.c.state == "waiting")).scalars().all()
    subjects = [{"this": key, "about": subject} for key in waiting if (subject := subject_of(key)) is not None]
    put = sa.update(deadlines).where(deadlines.c.once == sa.bindparam("this"))
    put = put.values(subject=sa.bindparam("about", type_=Json))
    for start in range(0, len(subjects), CHUNK):
        conn.execute(put, subjects[start : start + CHUNK])
