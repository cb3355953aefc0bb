"""Removes redacted words from an incident's reminders, playbook runs and jobs.

Other modules remove them from its timeline, its notices and its own value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import deadlines, incident_words, jobs, walks

Strike = Callable[[Any], Any]
# The columns that hold words of people, by table: reasons, answers about steps, output.
_COLUMNS: Sequence[tuple[sa.Table, tuple[sa.Column[Any], ...]]] = (
    (deadlines, (deadlines.c.reason,)),
    (walks, (walks.c.state,)),
    (jobs, (jobs.c.outcome, jobs.c.output)),
)


async def strike(conn: AsyncConnection, number: int, words: Strike) -> None:
    """Remove words from the reminders, playbook runs and jobs of a locked incident.

    Its terms leave the search index, too: the incident has to be indexed again.
    """
    for table, columns in _COLUMNS:
        keys = tuple(table.primary_key.columns)
        for row in (await conn.execute(sa.select(*keys, *columns).where(table.c.incident == number))).all():
            struck = {column.key: words(row._mapping[column]) for column in columns}
            if any(struck[column.key] != row._mapping[column] for column in columns):
                this = [column == row._mapping[column] for column in keys]
                await conn.execute(sa.update(table).where(*this).values(**struck))
    await conn.execute(sa.delete(incident_words).where(incident_words.c.incident == number))
