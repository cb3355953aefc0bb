"""Decides what a gathered group of alerts leads to: a new incident, an open incident, a question, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision, missing_alerts
from bot.domain.alerts.related import Situation, declared_downstream, dependencies, is_recent, upstream
from bot.domain.policy.alert_rules import AlertAction
from bot.domain.policy.policy import Policy
from bot.domain.values import durations

AFTER_DEPENDENCY = timedelta(seconds=1)
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about a group, with its reason."""

    decision: Decision  # WAITING: it is decided later, after `behind`, or once enough alerts fire
    step: str  # what decided: `route`, `at_least`, `storm`, `depends_on`, `resolved`
    reason: str
    incident: int | None = None  # to attach to
    behind: int | None = None  # number of the group to be decided first
    inhibited_by: int | None = None  # number of the group that keeps this one quiet
    compared: tuple[tuple[str, str], ...] = ()  # what else was looked at and decided nothing, as step and reason
    brings: tuple[int, ...] = ()  # numbers of groups about which people are asked, and that join the new incident


def decide(group: AlertGroup, situation: Situation, policy: Policy, now: datetime) -> Verdict:
    """Decide about a group that has gathered.

    1. One that is over already is recorded. 2. One whose route asks for more alerts waits. 3. One whose service depends
    on another that fires joins that incident, waits once until that group is decided, or is kept quiet while people are
    asked about that group. 4. One that others depend on, which have declared, joins theirs. 5. The route decides.
    6. The storm guard turns a declaration into joining.
    """
    if group.state is AlertStatus.RESOLVED:
        return Verdict(Decision.RECORDED, "resolved", "it resolved while it gathered, before anybody was told")
    route = policy.alerts.route(group.route)
    if missing := missing_alerts(group, route):
        fired = f"{route.at_least - missing} of the {route.at_least} alerts that the route asks for"
        reason = f"{fired} fired within {durations.exact(route.within)}"
        return Verdict(Decision.WAITING, "at_least", reason)
    if (same_root := _same_root(group, situation, policy, now)) is not None:
        return same_root
    return replace(_by_route(group, situation, policy, now), compared=_without_root(group, situation, policy))


def _by_route(group: AlertGroup, situation: Situation, policy: Policy, now: datetime) -> Verdict:
    if group.do is AlertAction.ASK:
        return Verdict(Decision.ASKED, "route", "the route says `do: ask`")
    if group.do is AlertAction.ATTACH:
        return _attach(group, situation, policy, now)
    return _declare(group, situation, policy)


def _without_root(group: AlertGroup, situation: Situation, policy: Policy) -> tuple[tuple[str, str], ...]:
    """The checks that decided nothing: whether a dependency fails too, and whether this is a storm."""
    compared = []
    if group.services and (used := dependencies(policy.services, group.services)):
        dependency_names = ", ".join(used[:MOST_NAMED])
        fires = "older alerts than `join_within` fire" if upstream(group, situation, policy) else "no alert fires"
        compared.append(("depends_on", f"{group.services[0]} depends on {dependency_names}: {fires} there"))
    if situation.compared is not None:
        words = f"compared with the newest {situation.compared} groups that fire; older ones were not looked at"
        compared.append(("depends_on", words))
    if not group.services:
        compared.append(("depends_on", "its labels name no service of the catalog"))
    if group.do is AlertAction.DECLARE:
        guard = policy.alerts.at_most
        text = f"alerts declared {len(situation.declared)} of at most {guard.incidents} incidents"
        compared.append(("storm", f"{text} within {durations.exact(guard.within)}"))
    return tuple(compared)


def storm_starts_at(policy: Policy, now: datetime) -> datetime:
    """From when on declarations count for the storm guard."""
    return now - policy.alerts.at_most.within


def _same_root(group: AlertGroup, situation: Situation, policy: Policy, now: datetime) -> Verdict | None:
    """The verdict if another group fails for the same reason. The nearest one decides."""
    join_within = policy.alerts.join_within
    for root in upstream(group, situation, policy):
        root_group, depends = root.group, f"{group.services[0]} depends on {root.service}"
        if root_group.incident in situation.open_incidents and is_recent(root_group, join_within, now):
            reason = f"{depends}, whose alerts ({root_group.id}) fire"
            return Verdict(Decision.ATTACHED, "depends_on", reason, root_group.incident)
        if root_group.decision is Decision.WAITING and not (root_group.held or group.deferred):
            reason = f"{depends}, whose alerts ({root_group.id}) are decided first"
            return Verdict(Decision.WAITING, "depends_on", reason, behind=root_group.number)
        if root_group.decision is Decision.ASKED and group.do is not AlertAction.DECLARE:
            reason = f"{depends}: people are asked about its alerts ({root_group.id})"
            return Verdict(Decision.INHIBITED, "depends_on", reason, inhibited_by=root_group.number)
    leaf = declared_downstream(group, situation, policy)
    if leaf is not None and is_recent(leaf.group, join_within, now):
        reason = f"{leaf.service}, whose alerts ({leaf.group.id}) fire, depends on {group.services[0]}"
        return Verdict(Decision.ATTACHED, "depends_on", reason, leaf.group.incident)
    return None


def _attach(group: AlertGroup, situation: Situation, policy: Policy, now: datetime) -> Verdict:
    recent_incidents = {
        alerts.incident for alerts in situation.firing if is_recent(alerts, policy.alerts.join_within, now)
    }
    for number in sorted(situation.open_incidents, reverse=True):
        incident = situation.open_incidents[number]
        shared = set(group.services) & set(incident.services)
        if not shared:
            continue
        if number in recent_incidents or now - incident.ladder.started_at <= policy.alerts.join_within:
            reason = f"the route says `do: attach`, and {incident.id} is open for {min(shared)}"
            return Verdict(Decision.ATTACHED, "route", reason, number)
        old = f"{incident.id} is open for {min(shared)} since longer than {durations.exact(policy.alerts.join_within)}"
        return Verdict(Decision.ASKED, "route", f"the route says `do: attach`, and {old}: it may be something new")
    return Verdict(Decision.ASKED, "route", "the route says `do: attach`, and no incident of the same service is open")


def _declare(group: AlertGroup, situation: Situation, policy: Policy) -> Verdict:
    guard = policy.alerts.at_most
    if len(situation.declared) >= guard.incidents:
        declared = (alerts.incident for alerts in situation.declared)
        newest = next((number for number in declared if number in situation.open_incidents), None)
        if newest is not None:
            span = durations.exact(guard.within)
            reason = f"alerts declared {len(situation.declared)} incidents within {span}; the rest joins the newest"
            return Verdict(Decision.ATTACHED, "storm", reason, newest)
    asked_groups = [root.group for root in upstream(group, situation, policy) if root.group.decision is Decision.ASKED]
    brings = tuple(dict.fromkeys(alerts.number for alerts in asked_groups))
    return Verdict(Decision.DECLARED, "route", "the route says `do: declare`", brings=brings)
