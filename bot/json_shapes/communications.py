"""Formats communications and their drafts as JSON, in one shape for the API and `--json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.communications.communication import Communication, Group, Reach
from bot.domain.communications.leaks import Finding
from bot.domain.incident import AudienceMessage
from bot.domain.timeline.entry import rfc3339

States = Mapping[Group, Sequence[str]]  # of the notices to each group of recipients, as in the outbox


def communication_json(communication: Communication, states: States) -> dict[str, Any]:
    """A communication with its delivery. It has the numbers of recipients, but no addresses."""
    corrects = communication.corrects
    return {
        "id": communication.id,
        "number": communication.number,
        "incident": communication.incident_id,
        "audience": communication.audience,
        "name": communication.name,
        "stage": communication.stage,
        "subject": communication.subject,
        "text": communication.text,
        "state": str(communication.state),
        "public": communication.public,
        "author": communication.author,
        "approver": communication.approver,
        "written_at": _instant(communication.written_at),
        "sent_at": _instant(communication.sent_at),
        "corrects": f"{communication.incident_id}/{corrects}" if corrects is not None else None,
        "delivery": [_delivery(communication, group, states.get(group, ())) for group in _groups(communication)],
        "left_out": [{"who": omission.who, "why": omission.why} for omission in communication.left_out],
    }


def _groups(communication: Communication) -> list[Group]:
    return [group for group in Group if any(recipient.group is group for recipient in communication.recipients)]


def _delivery(communication: Communication, group: Group, states: Sequence[str]) -> dict[str, Any]:
    counts = Counter(states)
    recipients = sum(recipient.group is group for recipient in communication.recipients)
    return {"group": str(group), "recipients": recipients, "sent": counts["sent"], "failed": counts["failed"]}


def reach_json(reach: Reach) -> dict[str, Any]:
    """The recipients of a message, and the people who are left out."""
    return {
        "recipients": [
            {"group": str(recipient.group), "address": recipient.address, "name": recipient.name}
            for recipient in reach.recipients
        ],
        "left_out": [{"who": omission.who, "why": omission.why} for omission in reach.left_out],
    }


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The lint's findings in a message for the public."""
    return [{"finding": finding.sentence, "blocks": finding.blocks} for finding in findings]


def audience_message_json(message: AudienceMessage | None) -> dict[str, Any] | None:
    """When an audience was last told, and what."""
    return None if message is None else {"at": _instant(message.at), "stage": message.stage, "number": message.number}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
