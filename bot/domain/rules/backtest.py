"""Evaluates a rule over past time, as it would have been evaluated then."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.rules import life
from bot.domain.rules.conditions import Baselines, evaluate, needs_of
from bot.domain.rules.life import Instance, RuleState
from bot.domain.rules.series import Data, Need

AROUND = timedelta(minutes=30)  # before an incident began, in which a firing is about it


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that the rule would have fired."""

    instance: Instance
    incident: int | None = None  # that it matches; None: it would have been false


def ranges(rule: AlertingRule, start: float, end: float) -> dict[Need, tuple[float, float, float]]:
    """The ranges to read to evaluate the rule from `start` to `end`: first and last instant, and step, of each need.

    Values at the instant of evaluation are read at just these instants.
    """
    interval_s = rule.every.total_seconds()
    ranges_by_need = {}
    for need in needs_of(rule):
        at_instants = need.step_s >= need.begins_s - need.ends_s or not need.begins_s
        step = interval_s if at_instants else need.step_s
        before = math.ceil(need.begins_s / step) * step
        ranges_by_need[need] = (start - before, max(start - before, end - need.ends_s + need.slack_s), step)
    return ranges_by_need


def states(rule: AlertingRule, data: Data, start: float, end: float) -> Iterator[RuleState]:
    """The state after each evaluation. What has fired counts as told."""
    interval_s = rule.every.total_seconds()
    state = RuleState(rule.id)
    baselines: Baselines = {}
    for turn in range(math.floor((end - start) / interval_s + 1e-9) + 1):
        at = start + turn * interval_s
        readings = evaluate(rule, data, at, baselines)
        state = life.advance(state, rule, readings, datetime.fromtimestamp(at, UTC))
        yield state
        state = life.mark_told(state, state)


def firings(rule: AlertingRule, data: Data, start: float, end: float) -> list[Firing]:
    """Each time that the rule would have fired, in order. Those that are not over have no `resolved_at`."""
    instances: dict[object, Instance] = {}
    for state in states(rule, data, start, end):
        for instance in state.untold:
            instances[instance.labels, instance.fired_at] = instance
    return [Firing(instance) for instance in instances.values()]


def match_incidents(fired: Sequence[Firing], rule: AlertingRule, incidents: Sequence[Incident]) -> list[Firing]:
    """The firings with the incident that each is about: one that ran while the rule fired, or began soon after.

    A rule of a service is about incidents of this service only.
    """
    relevant = [
        incident
        for incident in incidents
        if incident.status is not Status.CANCELLED
        and (rule.service is None or not incident.services or rule.service in incident.services)
    ]
    return [replace(firing, incident=_about(firing.instance, relevant)) for firing in fired]


def _about(instance: Instance, incidents: Sequence[Incident]) -> int | None:
    fired_at = instance.fired_at or instance.active_since
    for incident in incidents:
        too_late = incident.ended_at is not None and fired_at > incident.ended_at
        too_early = instance.resolved_at is not None and instance.resolved_at < incident.detected_at - AROUND
        if not too_late and not too_early:
            return incident.number
    return None
