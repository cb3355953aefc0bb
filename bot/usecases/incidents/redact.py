"""Redacts a timeline entry: removes its words from everything stored about the incident, in one transaction.

The hashes of the entries stay, so that the chain still verifies. The bot's messages that show the words are edited.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident import redaction as rules
from bot.domain.incident.redaction import RedactionResult
from bot.domain.timeline.entry import BOT, RecordedEntry
from bot.domain.timeline.redaction import MESSAGE_KINDS, SHORTEST_PHRASE, StruckWords, texts_of
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import communications, redaction
from storage.engine.dialect import AnyRow
from storage.outbox import rewriting
from storage.schema import timeline
from storage.timeline import entries, erasure

_c = timeline.c


def may_redact_everything(context: Context, incident: Incident, actor: str) -> bool:
    """Whether the actor may redact what others wrote: the commander may, unless the policy names who may.

    Raises `Refused` if the policy names others: then authors may not redact what they wrote either.
    """
    if "redact" in context.policy.permissions:
        authorize.require(context, "redact", actor, incident)
        return True
    return incident.roles.get("commander") == actor


async def redact(
    context: Context, number: int, seq: int, reason: str, actor: str, delivery: str | None = None
) -> RedactionResult:
    """Redact an entry, with all versions of its message. Raises `Refused` without permission or reason.

    1. Find the words, and the entries that repeat them. 2. Erase these entries. 3. Remove the words from the incident,
    its reminders, notices and playbook runs. 4. Edit the messages that show them.
    """
    if not reason.strip():
        raise Refused("Say why, in a few words: the reason stays on the timeline.", "redact")
    async with locked_incident(context, number, delivery) as work:
        record = next(iter(await entries.by_seqs(work.conn, number, [seq])), None)
        if record is None:
            raise Refused("That entry is not on the timeline.", "redact")
        everything = may_redact_everything(context, work.incident, actor)
        rules.require_redactor(work.incident, record, actor, everything=everything)
        return await _redact(work, record, reason, actor, everything=everything)


async def _redact(
    work: UnitOfWork, record: RecordedEntry, reason: str, actor: str, *, everything: bool
) -> RedactionResult:
    conn, before, number = work.conn, work.incident, work.incident.number
    versions = await erasure.rows(conn, number, _versions(record))
    sent_texts = await _message_texts(conn, record)
    words = StruckWords.of([*texts_of(record.entry), *sent_texts, *(row.text for row in versions if row.source_ts)])
    repeating = await _entries_with(conn, number, words)
    erased = {row.seq: row for row in versions}
    erased |= {row.seq: row for row in repeating if everything or row.actor in (actor, BOT)}
    seal = await erasure.erase(conn, number, [erased[seq] for seq in sorted(erased)])
    after = before
    if rules.strikes_everywhere(record, everything=everything):
        after = rules.without_words(before, words)
        await redaction.strike(conn, number, words.strike_in)
        notices = await rewriting.strike(conn, number, words.strike_in)
    else:
        notices = await rewriting.strike(conn, number, lambda value: value)
    await rewriting.strike_answers(conn, words.strike_in)
    change = rules.redaction_entry(after, sorted(erased), seal, record.entry.actor, reason, actor, work.now)
    edits = routing.rewrites(before, after, notices, frozenset(erased))
    saved = await work.commit(change, edits)
    return RedactionResult(saved, record, len(erased), title_struck=after.title != before.title)


async def _message_texts(conn: AsyncConnection, record: RecordedEntry) -> tuple[str, ...]:
    """The subject and text of the message to an audience that an entry is about."""
    number = record.entry.data.get("number") if record.entry.kind == "communication" else None
    communication = await communications.get(conn, record.incident, number) if isinstance(number, int) else None
    return () if communication is None else (communication.subject, communication.text)


def _versions(record: RecordedEntry) -> sa.ColumnElement[bool]:
    """The entry itself; for a message, also its other versions and its files."""
    itself = _c.seq == record.seq
    if record.entry.kind not in MESSAGE_KINDS or record.entry.source_ts is None:
        return itself
    same_message = sa.and_(_c.source_ts == record.entry.source_ts, _c.kind.in_(sorted(MESSAGE_KINDS)))
    return sa.or_(itself, same_message)


async def _entries_with(conn: AsyncConnection, number: int, words: StruckWords) -> Sequence[AnyRow]:
    """The entries that contain the words."""
    phrases = [phrase for phrase in words.phrases if len(phrase) >= SHORTEST_PHRASE]
    if not phrases:
        return []
    data = sa.cast(_c.data, sa.Text)
    texts = [_c.text.contains(phrase, autoescape=True) for phrase in phrases]
    quoted = [data.contains(entries.json_text(phrase), autoescape=True) for phrase in phrases]
    return await erasure.rows(conn, number, sa.or_(*texts, *quoted))
