"""Computes how good alerts are: what they detect, how often they are wrong, and how long people take with them.

A group told people if they were asked, or if it declared or joined an incident. It was right if its incident was one;
false if it was dismissed as a false alarm, or if its incident was cancelled; the rest that was dismissed is noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import NamedTuple

from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.incident import Incident
from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.status import Status

TOLD = frozenset({Decision.ASKED, Decision.DECLARED, Decision.ATTACHED, Decision.DISMISSED})
_LEFT_OUT = frozenset({Status.CANCELLED, Status.MERGED})
RatedIncident = Incident | IncidentFact


@dataclass(frozen=True, slots=True)
class RuleRates:
    """The quality of one rule's alerts at one service. Shares are from 0 to 1; None: there were none."""

    rule: str  # `alertname`
    service: str | None
    told: int  # groups that told people
    right: int
    false: int
    noise: int  # dismissed as known or not actionable
    flaps: int
    precision: float | None  # the share of decided groups that were right
    time_to_detect_s: float | None  # median, from the first alert's start to its arrival
    time_to_triage_s: float | None  # median, from detection to acknowledgement
    time_to_mitigate_s: float | None  # median, from detection to mitigation


@dataclass(frozen=True, slots=True)
class AlertRates:
    """The quality of all alerts together, and by rule and service, the noisiest first."""

    incidents: int  # without drills, false alarms and merged ones
    detection_rate: float | None  # the share of incidents that an alert detected first
    false_negative_rate: float | None  # the share of incidents that no alert detected
    false_positive_rate: float | None  # of the groups that were decided, the share that was false
    decided: int  # groups
    rules: tuple[RuleRates, ...]


class Tally(NamedTuple):
    """Groups that told people, counted together: those of one incident, or those of none, with the same outcome."""

    incident: int | None
    dismissed: bool
    false_alarm: bool
    groups: int
    first_opened_at: datetime


def rates(
    groups: Sequence[AlertGroup], incidents: Sequence[RatedIncident], older: Sequence[RatedIncident] = ()
) -> AlertRates:
    """The rates of the groups and incidents of one span. `older`: incidents from before it that groups joined."""
    by_number = {incident.number: incident for incident in (*incidents, *older) if not incident.drill}
    told_groups = [group for group in groups if group.decision in TOLD]
    keyed: dict[tuple[str, str | None], list[AlertGroup]] = {}
    for group in told_groups:
        service = group.services[0] if group.services else None
        keyed.setdefault((rule_of(group), service), []).append(group)
    rules = [_of_rule(*key, members, by_number) for key, members in keyed.items()]
    tallies = [
        Tally(
            incident=group.incident,
            dismissed=group.decision is Decision.DISMISSED,
            false_alarm=group.dismissed_as == "false_alarm",
            groups=1,
            first_opened_at=group.opened_at,
        )
        for group in told_groups
    ]
    noisiest = sorted(rules, key=lambda rule: (-(rule.false + rule.noise + rule.flaps), -rule.told, rule.rule))
    return replace(shares(tallies, incidents, older), rules=tuple(noisiest))


def shares(
    tallies: Iterable[Tally], incidents: Sequence[RatedIncident], older: Sequence[RatedIncident] = ()
) -> AlertRates:
    """The rates of all groups together, without those of their rules."""
    by_number = {incident.number: incident for incident in (*incidents, *older) if not incident.drill}
    real_incidents = [incident for incident in incidents if not incident.drill and incident.status not in _LEFT_OUT]
    first_opened: dict[int, datetime] = {}
    false = decided = 0
    for tally in tallies:
        rated = by_number.get(tally.incident or 0)
        if tally.incident is not None:
            earliest = first_opened.get(tally.incident, tally.first_opened_at)
            first_opened[tally.incident] = min(tally.first_opened_at, earliest)
        if tally.false_alarm or (rated is not None and rated.status is Status.CANCELLED):
            false += tally.groups
        if tally.dismissed or rated is not None:
            decided += tally.groups
    undetected = sum(incident.number not in first_opened for incident in real_incidents)
    detected = sum(
        incident.number in first_opened and first_opened[incident.number] <= incident.declared_at
        for incident in real_incidents
    )
    return AlertRates(
        incidents=len(real_incidents),
        detection_rate=_share(detected, len(real_incidents)),
        false_negative_rate=_share(undetected, len(real_incidents)),
        false_positive_rate=_share(false, decided),
        decided=decided,
        rules=(),
    )


def rule_of(group: AlertGroup) -> str:
    """The name of the rule that a group's alerts are of."""
    return dict(group.labels).get("alertname") or group.rule or group.title


def _of_rule(
    rule: str, service: str | None, groups: Sequence[AlertGroup], incidents: Mapping[int, RatedIncident]
) -> RuleRates:
    right_groups = [group for group in groups if _is_right(group, incidents)]
    false = sum(_is_false(group, incidents) for group in groups)
    noise = sum(group.decision is Decision.DISMISSED for group in groups) - sum(
        group.dismissed_as == "false_alarm" for group in groups
    )
    right_numbers = {group.incident for group in right_groups if group.incident is not None}
    right_incidents = [incidents[number] for number in right_numbers]
    return RuleRates(
        rule=rule,
        service=service,
        told=len(groups),
        right=len(right_groups),
        false=false,
        noise=noise,
        flaps=sum(group.flaps for group in groups),
        precision=_share(len(right_groups), len(right_groups) + false + noise),
        time_to_detect_s=_median((group.opened_at, group.started_at) for group in right_groups),
        time_to_triage_s=_median((incident.acknowledged_at, incident.detected_at) for incident in right_incidents),
        time_to_mitigate_s=_median((incident.mitigated_at, incident.detected_at) for incident in right_incidents),
    )


def _is_right(group: AlertGroup, incidents: Mapping[int, RatedIncident]) -> bool:
    incident = incidents.get(group.incident or 0)
    return incident is not None and incident.status is not Status.CANCELLED


def _is_false(group: AlertGroup, incidents: Mapping[int, RatedIncident]) -> bool:
    incident = incidents.get(group.incident or 0)
    return group.dismissed_as == "false_alarm" or (incident is not None and incident.status is Status.CANCELLED)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _median(pairs: Iterable[tuple[datetime | None, datetime | None]]) -> float | None:
    """The median of the seconds from the second instant of each pair to the first."""
    spans = [max(0.0, (end - start).total_seconds()) for end, start in pairs if end is not None and start is not None]
    return float(median(spans)) if spans else None
