"""Defines a group of alerts and its changes: alerts join it, resolve and fire again, and it gets a decision.

A group fires while any of its alerts does. It keeps the steps that led to its decision, for `tocsin alerts explain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.routing import Placement, skipped_routes
from bot.domain.policy.alert_rules import AlertAction, AlertRoute, AlertRules
from bot.domain.policy.policy import Policy
from bot.domain.values import durations

FIRST_STEPS, LAST_STEPS = 20, 40
MOST_SERVICES = 50


class Decision(StrEnum):
    """The decision about a group. The values are persisted, and those of the JSON contract."""

    WAITING = "waiting"  # gathers alerts before anybody is told
    DECLARED = "declared"
    ATTACHED = "attached"
    ASKED = "asked"
    DISMISSED = "dismissed"
    INHIBITED = "inhibited"  # quiet while another group fires
    SILENCED = "silenced"
    RECORDED = "recorded"
    DROPPED = "dropped"


QUIET = (Decision.SILENCED, Decision.INHIBITED)
WITHOUT_PEOPLE = {AlertAction.RECORD: Decision.RECORDED, AlertAction.DROP: Decision.DROPPED}


@dataclass(frozen=True, slots=True)
class DecisionStep:
    """One thing that was decided about a group, and why."""

    at: datetime
    step: str  # what was decided on: `route`, `group`, `wait`, `declare`, `storm`, `depends_on`, `person` …
    reason: str


@dataclass(frozen=True, slots=True)
class GroupPage:
    """The pages of one rung of the route since people were asked: their number and the latest time."""

    rung: int  # from 1
    at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class LivePage:
    """A page that has to be settled once somebody acts."""

    dedup_key: str  # of its notice
    method: str
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts of one route with equal labels to group by. Every instant is aware and in UTC."""

    number: int
    key: str  # the same for a later group of the same route and labels
    route: str  # the route's name
    do: AlertAction
    labels: tuple[tuple[str, str], ...]
    title: str
    source: str
    severity: str  # the worst of its alerts; a key of the policy
    opened_at: datetime
    changed_at: datetime  # when an alert last joined, resolved or fired again
    started_at: datetime  # the earliest start of its alerts, never after `opened_at`
    services: tuple[str, ...] = ()  # keys of the policy
    channel: str | None = None  # of the card
    state: AlertStatus = AlertStatus.FIRING
    decision: Decision = Decision.WAITING
    reason: str = ""
    decided_at: datetime | None = None
    dismissed_as: str | None = None  # `false_alarm`, `known` or `not_actionable`
    decided_by: str | None = None  # Slack ID of the person who acted; None: nobody did
    incident: int | None = None
    previous: int | None = None  # number of the incident of the group before it, which has ended
    resolved_at: datetime | None = None
    stale_since: datetime | None = None  # since when its source, which repeats firing alerts, is silent about it
    flaps: int = 0  # how often it fired again after it had resolved
    truncated: int = 0  # alerts that the sender left out of its last message
    deferred: bool = False  # whether it has waited for a group of a service that it depends on
    carded: bool = False  # whether it has a card
    silenced_until: datetime | None = None  # while it is silenced
    inhibited_by: int | None = None  # number of the group that keeps it quiet
    fired_at: tuple[datetime, ...] = ()  # the latest instants at which its alerts fired, as many as its route counts
    held: bool = False  # whether it waits until enough alerts fire
    rule: str | None = None  # ID of the rule whose alerts it has
    category: str | None = None  # a key of the policy: what the label `category` of its alerts says
    pages: tuple[GroupPage, ...] = ()  # since people are asked
    live_pages: tuple[LivePage, ...] = ()
    steps: tuple[DecisionStep, ...] = ()

    @property
    def id(self) -> str:
        """The ID that people use, such as `AG-7`."""
        return f"AG-{self.number}"

    @property
    def shown_state(self) -> str:
        """`firing`, `resolved`, or `stale`: it was firing when its source fell silent."""
        return "stale" if self.stale_since and self.state is AlertStatus.FIRING else str(self.state)

    def with_step(self, at: datetime, step: str, reason: str) -> AlertGroup:
        """The group with another step. Of many steps the first and the last are kept."""
        return replace(self, steps=_trim_steps((*self.steps, DecisionStep(at, step, reason))))


def _trim_steps(steps: tuple[DecisionStep, ...]) -> tuple[DecisionStep, ...]:
    return steps if len(steps) <= FIRST_STEPS + LAST_STEPS else (*steps[:FIRST_STEPS], *steps[-LAST_STEPS:])


@dataclass(frozen=True, slots=True)
class GroupChange:
    """The change of a group by a batch of alerts."""

    group: AlertGroup
    fired: int = 0  # alerts that are new in it
    resolved: int = 0
    opened: bool = False
    fired_again: bool = False  # after it had resolved
    waits_anew: bool = False  # it was quiet; whether it stays so has to be decided
    over: bool = False  # its last firing alert resolved


def open_group(number: int, placements: Sequence[Placement], policy: Policy, now: datetime) -> AlertGroup:
    """A new group for alerts of one group key."""
    first = placements[0]
    decision = WITHOUT_PEOPLE.get(first.route.do, Decision.WAITING)
    if decision is Decision.WAITING:
        step, reason = "wait", f"gathers alerts for {durations.exact(policy.alerts.wait)} before anybody is told"
    else:
        step, reason = str(decision), f"the route says `do: {first.route.do}`"
    label_words = ", ".join(f"{label}={value}" for label, value in first.labels if value) or "no labels"
    steps = [
        *(("route", detail) for detail in skipped_routes(first.alert.labels, policy.alerts)),
        ("route", first.reason),
        ("group", f"new group by {label_words}"),
        (step, reason),
    ]
    return AlertGroup(
        number=number,
        key=first.group_key,
        route=first.route.name,
        do=first.route.do,
        labels=first.labels,
        title=first.alert.title,
        source=first.alert.source,
        severity=_worst((placement.severity for placement in placements), policy),
        opened_at=now,
        changed_at=now,
        started_at=min(now, *(placement.alert.starts_at for placement in placements)),
        services=_services((), placements),
        channel=first.route.channel,
        rule=first.alert.labels.get("rule") if first.alert.source == "rules" else None,
        category=_category(placements, policy),
        decision=decision,
        reason=reason,
        decided_at=None if decision is Decision.WAITING else now,
        fired_at=_times((), placements, now),
        steps=_trim_steps(tuple(DecisionStep(now, name, detail) for name, detail in steps)),
    )


def takes(group: AlertGroup, ended_incident: bool, rules: AlertRules, now: datetime) -> tuple[bool, str]:
    """Whether an alert that fires now belongs to this group or to a new one, and why.

    `ended_incident`: the group has an incident, and it has ended.
    """
    if group.state is AlertStatus.RESOLVED:
        quiet = now - (group.resolved_at or group.changed_at)
        if quiet <= rules.flap_window:
            return True, f"fires again after {durations.exact(quiet)}, within the flap window"
        return False, f"{group.id} resolved longer ago than the flap window of {durations.exact(rules.flap_window)}"
    if group.decision is Decision.WAITING:
        return True, "joined while the group gathers alerts"
    if ended_incident:
        return False, f"the incident of {group.id} has ended"
    if now - group.changed_at <= rules.join_within:
        return True, "joined a firing group"
    return False, f"{group.id} last changed longer ago than {durations.exact(rules.join_within)}"


def join(group: AlertGroup, placements: Sequence[Placement], reason: str, policy: Policy, now: datetime) -> GroupChange:
    """Add alerts that fire to a group that takes them. A group that resolved before anybody was told waits anew."""
    is_refiring = group.state is AlertStatus.RESOLVED
    changed = replace(
        group,
        severity=_worst((group.severity, *(placement.severity for placement in placements)), policy),
        services=_services(group.services, placements),
        started_at=min(group.started_at, *(placement.alert.starts_at for placement in placements)),
        fired_at=_times(group.fired_at, placements, now),
        category=group.category or _category(placements, policy),
        state=AlertStatus.FIRING,
        resolved_at=None,
        stale_since=None,
        changed_at=now,
        flaps=group.flaps + is_refiring,
    )
    if is_refiring:
        count = "once" if changed.flaps == 1 else f"{changed.flaps} times"
        changed = changed.with_step(now, "flap", f"{reason}; flapped {count}")
    if is_refiring and group.decision is Decision.RECORDED and group.do not in WITHOUT_PEOPLE:
        changed = replace(changed, decision=Decision.WAITING, reason="fires again", decided_at=None)
    quiet = group.decision in QUIET
    if quiet:
        changed = replace(changed, decision=Decision.WAITING, reason="another alert fires", decided_at=None)
    enough = group.held and not missing_alerts(changed, placements[0].route)
    if enough:
        changed = replace(changed, held=False, reason="enough alerts fire").with_step(now, "at_least", "enough fire")
    return GroupChange(changed, fired=len(placements), fired_again=is_refiring, waits_anew=quiet or enough)


def missing_alerts(group: AlertGroup, route: AlertRoute) -> int:
    """The number of further alerts that must fire within the route's span before anybody is told; 0 if enough fire."""
    if route.at_least <= 1 or not group.fired_at:
        return 0
    return route.at_least - sum(group.fired_at[-1] - at <= route.within for at in group.fired_at)


def offer_reopening(change: GroupChange, ended_incident: bool, now: datetime) -> GroupChange:
    """Ask people about a group that fires again although its incident has ended: it is never declared by itself."""
    group = change.group
    if not (change.fired_again and ended_incident):
        return change
    asked_group = decide(group, Decision.ASKED, f"it fires again, and INC-{group.incident} has ended", now, "flap")
    return replace(change, group=replace(asked_group, carded=True))


def settle(change: GroupChange, resolved: int, firing: int, now: datetime) -> GroupChange:
    """Count the alerts that resolved. `firing`: how many of the group's alerts fire after the batch."""
    group = change.group
    changed_at = now if resolved else group.changed_at
    over = firing == 0 and group.state is AlertStatus.FIRING
    if over:
        steps = _trim_steps((*group.steps, DecisionStep(now, "resolved", "no alert fires")))
        ended = AlertStatus.RESOLVED
        group = replace(group, state=ended, resolved_at=now, stale_since=None, changed_at=changed_at, steps=steps)
        if group.held:
            group = decide(replace(group, held=False), Decision.RECORDED, "resolved before enough alerts fired", now)
    elif resolved:
        group = replace(group, changed_at=changed_at)
    return replace(change, group=group, resolved=resolved, over=over)


def grow_stale(group: AlertGroup, after: timedelta, now: datetime) -> AlertGroup:
    """Mark a group as stale whose source is silent about it. That is no recovery: the group counts as firing."""
    reason = f"nothing was heard of it for {durations.exact(after)}; that is no recovery"
    return replace(group, stale_since=now).with_step(now, "stale", reason)


def hear(group: AlertGroup, now: datetime) -> AlertGroup:
    """Unmark a stale group: its source reports again that it fires."""
    return replace(group, stale_since=None).with_step(now, "heard", "it is told again that it fires")


def decide(
    group: AlertGroup, decision: Decision, reason: str, now: datetime, step: str = "", by: str | None = None
) -> AlertGroup:
    """The group with this decision and its reason."""
    pages = () if decision is Decision.ASKED else group.pages
    decided = replace(group, decision=decision, reason=reason, decided_at=now, decided_by=by, pages=pages)
    return decided.with_step(now, step or str(decision), reason)


def _times(before: tuple[datetime, ...], placements: Sequence[Placement], now: datetime) -> tuple[datetime, ...]:
    """The instants at which alerts fired, as many as their route counts."""
    counted = placements[0].route.at_least
    return before if counted <= 1 else (*before, *[now] * min(len(placements), counted))[-counted:]


def _worst(severities: Iterable[str], policy: Policy) -> str:
    ranks = {level.key: rank for rank, level in enumerate(policy.severities)}
    return min(severities, key=lambda key: ranks.get(key, len(ranks)))


def _services(before: tuple[str, ...], placements: Sequence[Placement]) -> tuple[str, ...]:
    """Every service that these alerts name, after those named before."""
    services = (placement.service for placement in placements if placement.service)
    return tuple(dict.fromkeys([*before, *services]))[:MOST_SERVICES]


def _category(placements: Sequence[Placement], policy: Policy) -> str | None:
    """The first category of the policy that one of these alerts names; None if none does."""
    categories = (placement.alert.labels.get("category") for placement in placements)
    return next((category for category in categories if category in policy.categories), None)
