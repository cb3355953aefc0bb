"""Reads the review of an incident: drafted from its timeline, with the texts that people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NotFound
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.review import edited
from bot.domain.review.document import Section
from bot.domain.review.draft import answers, draft, figures
from bot.domain.review.record import Record
from bot.domain.review.view import ReviewView
from bot.domain.values.slack_ids import ids_in
from storage import actions, incidents, key_value, names, reviews
from storage.outbox import posted
from storage.reviews import SectionText
from storage.timeline import entries


async def read_review(conn: AsyncConnection, policy: Policy, number: int) -> ReviewView:
    """The review of an incident under its policy. Raises `NotFound`."""
    incident = await incidents.get(conn, number)
    if incident is None:
        raise NotFound(f"There is no incident INC-{number}.", "list all")
    timeline = await entries.read(conn, number)
    record = Record(incident, timeline, policy, await actions.of_incident(conn, number))
    seqs = {row.seq for row in timeline}
    texts = await reviews.current(conn, number)
    sections = tuple(
        _with_text(section, text, record, seqs) if (text := texts.get(section.key)) else section
        for section in draft(record)
    )
    cited = {seq for section in sections for sentence in section.sentences for seq in sentence.cites}
    return ReviewView(
        incident, policy, sections, figures(record), record.participants, tuple(record.actions),
        await _links(conn, incident, {row.seq: row.entry.data for row in timeline if row.seq in cited}),
        await _names(conn, record, sections),
    )  # fmt: skip


def _with_text(section: Section, text: SectionText, record: Record, seqs: set[int]) -> Section:
    edited_section = edited.with_text(section, text.text, seqs, answers(record, section.key, since=text.at))
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


async def _names(conn: AsyncConnection, record: Record, sections: tuple[Section, ...]) -> dict[str, str]:
    texts = [sentence.text for section in sections for sentence in section.sentences]
    mentioned = {slack_id for text in texts for slack_id in ids_in(text)}
    askees = {question.to for section in sections for question in section.questions if question.to}
    owners = {item.owner for item in record.actions if item.owner}
    return await names.get_many(conn, mentioned | askees | owners | set(record.participants))
