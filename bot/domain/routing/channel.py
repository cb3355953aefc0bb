"""Builds the notices for an incident's channel: the card and its pin, the topic, triage, invitations, edits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.incident import Incident
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import UserPayload

STILL_TALKING = timedelta(days=3)  # people go on talking in the channel after the end, and that is recorded too


def channel_key(number: int) -> str:
    """Dedup key of the channel's creation."""
    return f"channel:{number}"


def card_key(number: int) -> str:
    """Dedup key of the card."""
    return f"card:{number}"


def triage_key(number: int) -> str:
    """Dedup key of the triage message."""
    return f"triage:{number}"


def card_edits(before: Incident, after: Incident) -> list[Notice]:
    """An edit of the card, if a change shows on it."""
    return [card_edit(after.number, edit_priority(before, after))] if _shows_on_card(before, after) else []


def topic_edits(before: Incident, after: Incident) -> list[Notice]:
    """A new topic, if a change shows in it."""
    if _topic_content(before) == _topic_content(after):
        return []
    n = after.number
    return [Notice(f"topic:{n}", NoticeKind.TOPIC, n, depends_on=channel_key(n), priority=Priority.EDIT, resend=True)]


def triage_edits(before: Incident, after: Incident) -> list[Notice]:
    """An edit of the triage message, if what it depends on has changed and the incident is open."""
    if not after.open or _triage_inputs(before) == _triage_inputs(after):
        return []
    return [triage_edit(after.number)]


def _shows_on_card(before: Incident, after: Incident) -> bool:
    """Whether the card shows the change. Of a playbook run it shows only whether the run is open."""
    if before == after or before.walks == after.walks:
        return before != after
    outcomes = [[(run.number, run.outcome) for run in incident.walks] for incident in (before, after)]
    return outcomes[0] != outcomes[1] or replace(before, walks=()) != replace(after, walks=())


def card_posted(number: int) -> Notice:
    """The card, which goes to the reporter directly if the channel could not be created."""
    return Notice(
        card_key(number), NoticeKind.CARD, number,
        depends_on=channel_key(number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def triage(number: int) -> Notice:
    """The triage message, sent after the card."""
    return Notice(
        triage_key(number), NoticeKind.TRIAGE, number,
        depends_on=card_key(number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.NEWS,
    )  # fmt: skip


def triage_edit(number: int) -> Notice:
    """Edit the triage message; several edits collapse into the newest."""
    return Notice(
        f"triage_edit:{number}",
        NoticeKind.TRIAGE_EDIT,
        number,
        depends_on=card_key(number),
        priority=Priority.EDIT,
        resend=True,
    )


def pin(number: int) -> Notice:
    """Pin the card in the incident's channel, once it is posted."""
    return Notice(f"pin:{number}", NoticeKind.PIN, number, depends_on=card_key(number), priority=Priority.CARD)


def edit_priority(before: Incident, after: Incident) -> Priority:
    """The priority of an edit whose message has other buttons once the incident is acknowledged, over or reopened."""
    acknowledged = [incident.ladder.acknowledged_at is not None for incident in (before, after)]
    has_same_buttons = (
        acknowledged[0] == acknowledged[1] and before.open == after.open and before.episode == after.episode
    )
    return Priority.EDIT if has_same_buttons else Priority.BUTTONS


def card_edit(number: int, priority: Priority = Priority.EDIT) -> Notice:
    """Edit the card; several edits collapse into the newest."""
    return Notice(
        f"card_edit:{number}",
        NoticeKind.CARD_EDIT,
        number,
        depends_on=card_key(number),
        priority=priority,
        resend=True,
    )


def invitation(number: int, user: str, asked_by: str | None = None) -> Notice:
    """Invite a person, by Slack ID or e-mail address, to the incident's channel. `asked_by` is told if that fails."""
    return Notice(
        f"invite:{number}:{user}",
        NoticeKind.INVITE,
        number,
        UserPayload(user, asked_by).to_json(),
        depends_on=channel_key(number),
        priority=Priority.CARD,
    )


def backfill(number: int) -> Notice:
    """Read the channel's history for messages that the bot missed while it was offline.

    Queued at every start for open incidents and those that ended within `STILL_TALKING`, and when one is reopened after
    that.
    """
    return Notice(
        f"backfill:{number}",
        NoticeKind.BACKFILL,
        number,
        depends_on=channel_key(number),
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
    """A message in the channel, which goes to the reporter directly if the channel could not be created."""
    return Notice(
        dedup_key, kind, number, payload,
        depends_on=channel_key(number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=priority, deadline=deadline,
    )  # fmt: skip


def _topic_content(incident: Incident) -> tuple[Any, ...]:
    """The parts of the topic. Slack announces each new topic in the channel, so it holds only what seldom changes."""
    ended = None if incident.open else incident.status
    return (incident.title, incident.severity, ended, incident.roles.get("commander"))


def _triage_inputs(incident: Incident) -> tuple[Any, ...]:
    """The fields that triage depends on."""
    return (incident.title, incident.description, incident.services, incident.category, incident.severity)
