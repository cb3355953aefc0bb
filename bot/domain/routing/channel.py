"""What stands in an incident's channel: the card and its pin, topic, triage; who is invited; when it is edited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.incident import Incident
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import UserPayload


def channel_of(number: int) -> str:
    return f"channel:{number}"


def card_of(number: int) -> str:
    return f"card:{number}"


def triage_of(number: int) -> str:
    return f"triage:{number}"


def card_edits(before: Incident, after: Incident) -> list[Notice]:
    return [card_edit(after.number)] if _on_card(before) != _on_card(after) else []


def topic_edits(before: Incident, after: Incident) -> list[Notice]:
    if _topic(before) == _topic(after):
        return []
    n = after.number
    return [Notice(f"topic:{n}", NoticeKind.TOPIC, n, depends_on=channel_of(n), priority=Priority.EDIT, resend=True)]


def triage_edits(before: Incident, after: Incident) -> list[Notice]:
    if not after.open or _looked_into(before) == _looked_into(after):
        return []
    return [triage_edit(after.number)]


def _on_card(incident: Incident) -> tuple[Incident, list[tuple[int, str | None]]]:
    """How far a playbook is stands in its own message: the card says only which are open."""
    return replace(incident, walks=()), [(one.number, one.outcome) for one in incident.walks]


def card_posted(number: int) -> Notice:
    return Notice(
        card_of(number), NoticeKind.CARD, number,
        depends_on=channel_of(number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def triage(number: int) -> Notice:
    """What may help; after the card, which says what is wrong."""
    return Notice(
        triage_of(number), NoticeKind.TRIAGE, number,
        depends_on=card_of(number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.NEWS,
    )  # fmt: skip


def triage_edit(number: int) -> Notice:
    return Notice(
        f"triage_edit:{number}",
        NoticeKind.TRIAGE_EDIT,
        number,
        depends_on=card_of(number),
        priority=Priority.EDIT,
        resend=True,
    )


def pin(number: int) -> Notice:
    return Notice(f"pin:{number}", NoticeKind.PIN, number, depends_on=card_of(number), priority=Priority.CARD)


def card_edit(number: int) -> Notice:
    return Notice(
        f"card_edit:{number}",
        NoticeKind.CARD_EDIT,
        number,
        depends_on=card_of(number),
        priority=Priority.EDIT,
        resend=True,
    )


def invitation(number: int, user: str) -> Notice:
    return Notice(
        f"invite:{number}:{user}",
        NoticeKind.INVITE,
        number,
        UserPayload(user).to_json(),
        depends_on=channel_of(number),
        priority=Priority.CARD,
    )


def backfill(number: int) -> Notice:
    """Fetch from the channel's history what was said while nobody listened. Asked for again at every start."""
    return Notice(
        f"backfill:{number}",
        NoticeKind.BACKFILL,
        number,
        depends_on=channel_of(number),
        priority=Priority.FETCH,
        resend=True,
    )


def in_channel(
    dedup_key: str,
    kind: NoticeKind,
    number: int,
    payload: dict[str, Any],
    priority: Priority = Priority.NEWS,
    deadline: str | None = None,
) -> Notice:
    return Notice(
        dedup_key, kind, number, payload,
        depends_on=channel_of(number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=priority, deadline=deadline,
    )  # fmt: skip


def _topic(incident: Incident) -> tuple[Any, ...]:
    """Slack tells the whole channel of a new topic, so it holds only what seldom changes."""
    ended = None if incident.open else incident.status
    return (incident.title, incident.severity, ended, incident.roles.get("commander"))


def _looked_into(incident: Incident) -> tuple[Any, ...]:
    """What triage goes by."""
    return (incident.title, incident.description, incident.services, incident.category, incident.severity)
