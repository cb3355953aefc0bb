"""Decides what a group of alerts leads to once it has gathered: a new incident, an open one, a question, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision, missing_alerts
from bot.domain.incident import Incident
from bot.domain.policy.alert_rules import AlertAction
from bot.domain.policy.policy import Policy, Service
from bot.domain.values import durations

AFTER_DEPENDENCY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Situation:
    """What else happens when a group is decided."""

    firing: Sequence[AlertGroup]  # the newest groups that fire, the group itself left out
    open_incidents: Mapping[int, Incident]  # by number
    declared: Sequence[AlertGroup]  # that declared an incident within the span of the storm guard, the newest first


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a group leads to, and why."""

    decision: Decision  # WAITING: it is decided later, after `behind`, or once enough alerts fire
    step: str  # what decided: `route`, `at_least`, `storm`, `depends_on`, `resolved`
    reason: str
    incident: int | None = None  # to attach to
    behind: int | None = None  # number of the group to be decided first
    inhibited_by: int | None = None  # number of the group that keeps this one quiet


def decide(group: AlertGroup, situation: Situation, policy: Policy) -> Verdict:
    """What becomes of a group that has gathered.

    1. One that is over already is recorded. 2. One whose route asks for more alerts waits. 3. One whose service depends
    on another that fires joins that incident, waits once until that group is decided, or is kept quiet while people are
    asked about that group. 4. The route decides. 5. The storm guard turns a declaration into joining.
    """
    if group.state is AlertStatus.RESOLVED:
        return Verdict(Decision.RECORDED, "resolved", "it resolved while it gathered, before anybody was told")
    route = policy.alerts.route(group.route)
    if missing := missing_alerts(group, route):
        fired = f"{route.at_least - missing} of the {route.at_least} alerts that the route asks for"
        reason = f"{fired} fired within {durations.exact(route.within)}"
        return Verdict(Decision.WAITING, "at_least", reason)
    if (upstream := _upstream(group, situation, policy)) is not None:
        return upstream
    return _by_route(group, situation, policy)


def _by_route(group: AlertGroup, situation: Situation, policy: Policy) -> Verdict:
    if group.do is AlertAction.ASK:
        return Verdict(Decision.ASKED, "route", "the route says `do: ask`")
    if group.do is AlertAction.ATTACH:
        return _attach(group, situation)
    return _declare(situation, policy)


def _upstream(group: AlertGroup, situation: Situation, policy: Policy) -> Verdict | None:
    """The verdict if a service that this group's services depend on fires too. The nearest one decides."""
    for service in dependencies(policy.services, group.services):
        for other in situation.firing:
            if service not in other.services:
                continue
            if other.incident in situation.open_incidents:
                reason = f"{group.services[0]} depends on {service}, whose alerts ({other.id}) fire"
                return Verdict(Decision.ATTACHED, "depends_on", reason, other.incident)
            if other.decision is Decision.WAITING and not group.deferred:
                reason = f"{group.services[0]} depends on {service}, whose alerts ({other.id}) are decided first"
                return Verdict(Decision.WAITING, "depends_on", reason, behind=other.number)
            if other.decision is Decision.ASKED and group.do is not AlertAction.DECLARE:
                reason = f"{group.services[0]} depends on {service}: people are asked about its alerts ({other.id})"
                return Verdict(Decision.INHIBITED, "depends_on", reason, inhibited_by=other.number)
    return None


def dependencies(services: Mapping[str, Service], start: Sequence[str]) -> list[str]:
    """Every service that these depend on, the nearest first; `depends_on` may contain cycles."""
    seen = dict.fromkeys(start)
    frontier = list(seen)
    reached: list[str] = []
    while frontier:
        ahead = dict.fromkeys(
            key for via in frontier if via in services for key in services[via].depends_on if key not in seen
        )
        seen |= ahead
        frontier = list(ahead)
        reached += frontier
    return reached


def _attach(group: AlertGroup, situation: Situation) -> Verdict:
    for number in sorted(situation.open_incidents, reverse=True):
        if shared := set(group.services) & set(situation.open_incidents[number].services):
            reason = f"the route says `do: attach`, and INC-{number} is open for {min(shared)}"
            return Verdict(Decision.ATTACHED, "route", reason, number)
    return Verdict(Decision.ASKED, "route", "the route says `do: attach`, and no incident of the same service is open")


def _declare(situation: Situation, policy: Policy) -> Verdict:
    guard = policy.alerts.at_most
    if len(situation.declared) >= guard.incidents:
        newest = next((each.incident for each in situation.declared if each.incident in situation.open_incidents), None)
        if newest is not None:
            span = durations.exact(guard.within)
            reason = f"alerts declared {len(situation.declared)} incidents within {span}; the rest joins the newest"
            return Verdict(Decision.ATTACHED, "storm", reason, newest)
    return Verdict(Decision.DECLARED, "route", "the route says `do: declare`")


def storm_starts_at(policy: Policy, now: datetime) -> datetime:
    """From when on declarations count for the storm guard."""
    return now - policy.alerts.at_most.within
