"""Builds the notices that edit the bot's messages after a redaction removed words that they show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.incident import Incident
from bot.domain.routing.announcements import announcement_edit
from bot.domain.routing.channel import card_edit
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import SettledPayload

_SHOW_THE_INCIDENT = frozenset(
    {
        NoticeKind.BRIEFING, NoticeKind.BRIEFING_OVER, NoticeKind.CONTINUATION,
        NoticeKind.DUTIES, NoticeKind.HANDOVER, NoticeKind.SHIFT_OFFER,
        NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_ELSEWHERE,
    }
)  # fmt: skip
_SHOW_ENTRIES = frozenset({NoticeKind.HANDOVER})  # whichever are the latest


@dataclass(frozen=True, slots=True)
class PastNotice:
    """A notice as it is stored, after words were removed from it."""

    dedup_key: str
    kind: str
    payload: dict[str, Any]
    posted: bool  # it left a message in Slack, which can be edited
    changed: bool  # words were struck from it


def rewrites(before: Incident, after: Incident, notices: Sequence[PastNotice], seqs: Collection[int]) -> list[Notice]:
    """An edit of each message that shows the entries `seqs`, or a text of the incident that changed.

    For a message that was settled, the edit that settled it is sent again, so that its buttons do not come back.
    """
    settled = {str(notice.payload["of"]): notice for notice in notices if notice.payload.get("of")}
    edits = [card_edit(after.number)]
    if before != after and any(notice.kind == NoticeKind.ANNOUNCE for notice in notices):
        edits.append(announcement_edit(after.number))
    for notice in notices:
        if not notice.posted or notice.payload.get("of") or not _shows(notice, before, after, seqs):
            continue
        edits.append(
            _send_again(settled[notice.dedup_key], after) if notice.dedup_key in settled else _edit(notice, after)
        )
    return edits


def _shows(notice: PastNotice, before: Incident, after: Incident, seqs: Collection[int]) -> bool:
    shown_seqs = {*(notice.payload.get("seqs") or ()), notice.payload.get("seq")}
    return (
        notice.changed
        or not shown_seqs.isdisjoint(seqs)
        or notice.kind in _SHOW_ENTRIES
        or (before != after and notice.kind in _SHOW_THE_INCIDENT)
    )


def _edit(notice: PastNotice, incident: Incident) -> Notice:
    """The notice that renders the message again, in place."""
    payload = SettledPayload(of=notice.dedup_key).to_json()
    key = f"rewrite:{notice.dedup_key}"
    return Notice(key, NoticeKind.REWRITE, incident.number, payload, priority=Priority.EDIT, resend=True)


def _send_again(edit: PastNotice, incident: Incident) -> Notice:
    kind = NoticeKind(edit.kind)
    return Notice(edit.dedup_key, kind, incident.number, edit.payload, priority=Priority.EDIT, resend=True)
