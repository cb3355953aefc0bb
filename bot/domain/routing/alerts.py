"""Builds the notices about alerts: the card that asks people, and the message in the incident that lists its groups."""

from __future__ import annotations

from bot.domain.routing.channel import in_channel
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import AlertGroupPayload, ProposalPayload


def alert_card_key(group: int) -> str:
    """Dedup key of a group's card."""
    return f"alert_card:{group}"


def alerts_key(incident: int) -> str:
    """Dedup key of the alerts message of an incident."""
    return f"alerts:{incident}"


def alert_card(group: int) -> Notice:
    """Ask people what to do about a group. It is posted once, however often it is asked for."""
    payload = AlertGroupPayload(group).to_json()
    return Notice(alert_card_key(group), NoticeKind.ALERT_CARD, None, payload, priority=Priority.NUDGE)


def alert_card_edit(group: int) -> Notice:
    """Bring a group's card up to date; several edits collapse into the newest."""
    return Notice(
        f"alert_card_edit:{group}",
        NoticeKind.ALERT_CARD_EDIT,
        None,
        AlertGroupPayload(group).to_json(),
        depends_on=alert_card_key(group),
        priority=Priority.BUTTONS,
        resend=True,
    )


def alerts_posted(incident: int) -> Notice:
    """List the groups of an incident in its channel, once."""
    return in_channel(alerts_key(incident), NoticeKind.ALERTS, incident, {})


def alerts_edit(incident: int) -> Notice:
    """Bring the alerts message of an incident up to date; several edits collapse into the newest."""
    return Notice(
        f"alerts_edit:{incident}",
        NoticeKind.ALERTS_EDIT,
        incident,
        depends_on=alerts_key(incident),
        priority=Priority.EDIT,
        resend=True,
    )


def proposal_key(incident: int, turn: int) -> str:
    """Dedup key of the question whether an incident is resolved, since its alerts are."""
    return f"alerts_resolved:{incident}:{turn}"


def proposal(incident: int, turn: int) -> Notice:
    """Ask in the channel whether the incident is resolved."""
    payload = ProposalPayload(turn).to_json()
    return in_channel(proposal_key(incident, turn), NoticeKind.ALERTS_RESOLVED, incident, payload)


def proposal_edit(incident: int, turn: int) -> Notice:
    """Bring the question up to date: somebody answered, or alerts fire again."""
    return Notice(
        f"alerts_resolved_edit:{incident}:{turn}",
        NoticeKind.ALERTS_RESOLVED_EDIT,
        incident,
        ProposalPayload(turn).to_json(),
        depends_on=proposal_key(incident, turn),
        priority=Priority.BUTTONS,
        resend=True,
    )
