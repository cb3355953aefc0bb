"""Reads the review of an incident: drafted from its timeline, with the texts that people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import ActionItem
from bot.domain.errors import NotFound
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.review import edited
from bot.domain.review.document import Cite, MergedEntry, Section
from bot.domain.review.draft import answers, draft, figures
from bot.domain.review.record import Record
from bot.domain.review.view import ReviewView
from bot.domain.values.slack_ids import ids_in
from bot.usecases.queries.merged_timeline import merged_into
from bot.usecases.visibility import insiders
from storage import actions, incidents, key_value, names, reviews
from storage.outbox import posted
from storage.reviews import SectionText
from storage.timeline import entries


async def read_review(conn: AsyncConnection, policy: Policy, number: int) -> ReviewView:
    """The review of an incident under its policy. Raises `NotFound`."""
    incident = await incidents.get(conn, number)
    if incident is None:
        raise NotFound(f"There is no incident INC-{number}.", "list all")
    record = await _record(conn, incident, policy)
    cites = {record.cite(row) for row in record.all_entries}
    texts = await reviews.current(conn, number)
    sections = tuple(
        _with_text(section, text, record, cites) if (text := texts.get(section.key)) else section
        for section in draft(record)
    )
    cited = {cite for section in sections for sentence in section.sentences for cite in sentence.cites}
    items = (*record.actions, *(item for merged in record.merged for item in merged.actions))
    links: dict[Cite, str] = {}
    for part in (record, *record.merged):
        rows = {row.seq: row.entry.data for row in part.entries if record.cite(row) in cited}
        of_incident = await _links(conn, part.incident, rows)
        own = part is record
        links |= {seq if own else MergedEntry(part.incident.number, seq): link for seq, link in of_incident.items()}
    return ReviewView(
        incident, policy, sections, figures(record), record.participants, items, links,
        await _names(conn, record, sections, items),
    )  # fmt: skip


async def _record(conn: AsyncConnection, incident: Incident, policy: Policy) -> Record:
    """The record of an incident with those of the incidents merged into it, as far as all its readers may see them."""
    readers = await insiders(conn, incident) if incident.private else None
    merged = []
    for other in await merged_into(conn, incident, None):
        if not other.private or (readers is not None and readers <= await insiders(conn, other)):
            merged.append(await _record_alone(conn, other, policy))
    return replace(await _record_alone(conn, incident, policy), merged=merged, readers=readers)


async def _record_alone(conn: AsyncConnection, incident: Incident, policy: Policy) -> Record:
    """The record of one incident, without those that were merged into it."""
    recorded = await entries.read(conn, incident.number)
    return Record(incident, recorded, policy, await actions.of_incident(conn, incident.number))


def _with_text(section: Section, text: SectionText, record: Record, cites: set[Cite]) -> Section:
    edited_section = edited.with_text(section, text.text, cites, answers(record, section.key, since=text.at))
    return replace(edited_section, version=text.version, edited_by=text.author, edited_at=text.at)


async def _links(conn: AsyncConnection, incident: Incident, cited: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """By cited entry, the link to its message, to the bot's message about it, or else to the channel."""
    identity = await key_value.BOT_IDENTITY.get(conn)
    base = str((identity or {}).get("url") or "").rstrip("/")
    posted_messages = await posted.by_entry(conn, incident.number)
    links = {}
    for seq, data in cited.items():
        link = data.get("link")
        if isinstance(link, str) and link.startswith(("https://", "http://")):
            links[seq] = link
        elif base and seq in posted_messages:
            channel, ts = posted_messages[seq]
            links[seq] = f"{base}/archives/{channel}/p{ts.replace('.', '')}"
        elif base and incident.channel_id:
            links[seq] = f"{base}/archives/{incident.channel_id}"
    return links


async def _names(
    conn: AsyncConnection, record: Record, sections: tuple[Section, ...], items: tuple[ActionItem, ...]
) -> dict[str, str]:
    texts = [sentence.text for section in sections for sentence in section.sentences]
    mentioned = {slack_id for text in texts for slack_id in ids_in(text)}
    askees = {question.to for section in sections for question in section.questions if question.to}
    owners = {item.owner for item in items if item.owner}
    return await names.get_many(conn, mentioned | askees | owners | set(record.participants))
