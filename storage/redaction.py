"""Removes redacted words from an incident's reminders, playbook runs, jobs, action items, review and messages.

Other modules remove them from its timeline, its notices and its own value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import (
    action_items,
    api_requests,
    communications,
    deadlines,
    incident_words,
    jobs,
    publications,
    review_drafts,
    review_texts,
    tickets,
    walks,
)
from storage.statuspage.publications import raise_version

Strike = Callable[[Any], Any]
# The columns that hold words of people, by table: reasons, answers about steps, output.
_COLUMNS: Sequence[tuple[sa.Table, tuple[sa.Column[Any], ...]]] = (
    (deadlines, (deadlines.c.reason,)),
    (walks, (walks.c.state,)),
    (jobs, (jobs.c.outcome, jobs.c.output)),
    (action_items, (action_items.c.state,)),
    (review_texts, (review_texts.c.text,)),
    (review_drafts, (review_drafts.c.text,)),
    (tickets, (tickets.c.sent,)),
    (communications, (communications.c.content,)),
    (publications, (publications.c.state,)),
)


async def strike(conn: AsyncConnection, number: int, words: Strike) -> None:
    """Remove words from what is kept beside a locked incident, also from what is on the status page.

    Its terms leave the search index, too: the incident has to be indexed again. Answers that the API keeps for
    programs that repeat a request are deleted: they are made anew of what is stored.
    """
    for table, columns in _COLUMNS:
        keys = tuple(table.primary_key.columns)
        for row in (await conn.execute(sa.select(*keys, *columns).where(table.c.incident == number))).all():
            struck = {column.key: words(row._mapping[column]) for column in columns}
            if any(struck[column.key] != row._mapping[column] for column in columns):
                this = [column == row._mapping[column] for column in keys]
                await conn.execute(sa.update(table).where(*this).values(**struck))
                if table is publications:
                    await raise_version(conn)
    forgotten = {"status": None, "headers": None, "body": None}
    await conn.execute(sa.update(api_requests).where(api_requests.c.status.is_not(None)).values(**forgotten))
    await conn.execute(sa.delete(incident_words).where(incident_words.c.incident == number))
