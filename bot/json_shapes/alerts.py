"""Formats groups of alerts and silences as JSON; other programs rely on these fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.domain.alerts import escalation
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.preview import Preview
from bot.domain.alerts.silence import Silence
from bot.domain.policy.policy import Policy
from storage.alerts.members import Member, MemberCount


def group_json(group: AlertGroup, count: MemberCount, alerts: Sequence[Member]) -> dict[str, Any]:
    """A group with its alerts. Instants are RFC 3339."""
    return {
        "id": group.id,
        "state": group.shown_state,
        "title": group.title,
        "source": group.source,
        "route": group.route,
        "severity": group.severity,
        "service": group.services[0] if group.services else None,
        "opened_at": group.opened_at.isoformat(),
        "resolved_at": group.resolved_at.isoformat() if group.resolved_at else None,
        "firing": count.firing,
        "resolved": count.resolved,
        "flaps": group.flaps,
        "truncated": group.truncated,
        "decision": str(group.decision),
        "reason": group.reason,
        "incident": f"INC-{group.incident}" if group.incident is not None else None,
        "alerts": [alert_json(member) for member in alerts],
    }


def alert_json(member: Member) -> dict[str, Any]:
    """An alert of a group."""
    alert = member.alert
    return {
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "status": str(alert.status),
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "starts_at": alert.starts_at.isoformat(),
        "ends_at": alert.ends_at.isoformat() if alert.ends_at else None,
        "value": alert.value,
        "url": alert.url,
        "occurrences": member.occurrences,
        "nodata": alert.nodata,
    }


def silence_json(silence: Silence) -> dict[str, Any]:
    """A silence."""
    return {
        "id": silence.id,
        "labels": dict(silence.labels),
        "starts_at": silence.starts_at.isoformat(),
        "ends_at": silence.ends_at.isoformat(),
        "by": silence.by,
        "reason": silence.reason,
    }


def preview_json(preview: Preview) -> dict[str, Any]:
    """What the policy would do with an alert."""
    placement = preview.placement
    return {
        "title": placement.alert.title,
        "status": str(placement.alert.status),
        "do": str(placement.route.do),
        "reason": placement.reason,
        "severity": placement.severity,
        "service": placement.service,
        "holds": [
            {
                "kind": hold.kind,
                "id": hold.id,
                "reason": hold.reason,
                "until": hold.until.isoformat() if hold.until else None,
                "by": hold.by,
                "holds": hold.holds,
            }
            for hold in preview.holds
        ],
    }


def without_incident(alert_group: dict[str, Any], number: int | None) -> dict[str, Any]:
    """The JSON of a group, or of its explanation, without the incident, for somebody who may not see that."""
    name = re.compile(rf"INC-{number}(?![0-9])")
    hidden = {**alert_group, "incident": None, "reason": name.sub("a private incident", alert_group["reason"])}
    if "steps" in alert_group:
        steps = [{**step, "reason": name.sub("a private incident", step["reason"])} for step in alert_group["steps"]]
        hidden["steps"] = steps
    return hidden


def explanation_json(group: AlertGroup, policy: Policy) -> dict[str, Any]:
    """The explanation of a decision: each step with its reason, and at last why nobody was paged, if so."""
    steps = [{"at": s.at.isoformat(), "step": s.step, "reason": s.reason} for s in group.steps]
    if (reason := escalation.reason_for_no_page(group, policy)) is not None:
        at = max([group.decided_at or group.changed_at, *(step.at for step in group.steps[-1:])])  # it stands last
        steps.append({"at": at.isoformat(), "step": "page", "reason": reason})
    return {
        "id": group.id,
        "title": group.title,
        "state": group.shown_state,
        "decision": str(group.decision),
        "reason": group.reason,
        "incident": f"INC-{group.incident}" if group.incident is not None else None,
        "route": group.route,
        "labels": dict(group.labels),
        "steps": steps,
    }
