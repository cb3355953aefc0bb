"""Computes the state of an alerting rule after each evaluation: inactive, pending, firing, resolved or unknown.

Each series for which the conditions hold has a life of its own; the rule's state is the worst of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.rules.conditions import Reading, Readings
from bot.domain.rules.series import Labels

FAILURES_UNTIL_UNKNOWN = 3
MOST_INSTANCES = 200  # series of one rule that are pending or firing; those beyond wait until others resolve


class State(StrEnum):
    """The state of a rule. The values are persisted, and those of the JSON contract."""

    INACTIVE = "inactive"
    PENDING = "pending"  # the conditions hold, but not for long enough
    FIRING = "firing"
    UNKNOWN = "unknown"  # it could not be evaluated, several times in a row


@dataclass(frozen=True, slots=True)
class Instance:
    """One series for which the conditions hold, or held a moment ago."""

    labels: Labels
    active_since: datetime
    last_held_at: datetime
    words: str
    value: float | None = None
    fired_at: datetime | None = None  # None while it is pending
    resolved_at: datetime | None = None  # once it is over; kept until that is told
    told: bool = True  # whether its firing or its end has become an alert

    @property
    def firing(self) -> bool:
        """Whether it has fired and is not over."""
        return self.fired_at is not None and self.resolved_at is None


@dataclass(frozen=True, slots=True)
class RuleState:
    """All that is kept of a rule between evaluations."""

    rule: str
    instances: tuple[Instance, ...] = ()
    failures: int = 0  # evaluations that failed in a row
    problem: str | None = None  # why the last one failed
    unknown_since: datetime | None = None
    unknown_until: datetime | None = None  # once it can be evaluated again; kept until that is told
    unknown_told: bool = True  # whether its being unknown, or the end of that, has become an alert
    quiet: bool = False  # whether it is unknown for a reason that has an alert of its own
    value: float | None = None  # as last evaluated
    evaluated_at: datetime | None = None
    since: datetime | None = None  # when it came into this state; None: it was never evaluated

    @property
    def state(self) -> State:
        """The worst of its series; `unknown` outranks them."""
        if self.unknown_since is not None and self.unknown_until is None:
            return State.UNKNOWN
        if any(instance.firing for instance in self.instances):
            return State.FIRING
        if any(instance.fired_at is None for instance in self.instances):
            return State.PENDING
        return State.INACTIVE

    @property
    def untold(self) -> tuple[Instance, ...]:
        """The instances whose change has not become an alert yet."""
        return tuple(instance for instance in self.instances if not instance.told)

    @property
    def unknown_untold(self) -> bool:
        """Whether its being unknown, or the end of that, has become no alert yet."""
        return self.unknown_since is not None and not self.unknown_told


def advance(before: RuleState, rule: AlertingRule, readings: Readings, now: datetime) -> RuleState:
    """The state after an evaluation at `now`. A failed evaluation changes neither pending nor firing instances."""
    if readings.unknown is not None:
        return record_failure(before, readings.unknown, now)
    holding = readings.holding
    instances = [_advance(instance, holding.get(instance.labels), rule, now) for instance in before.instances]
    after = [instance for instance in instances if instance is not None]
    known_labels = {instance.labels for instance in after if instance.resolved_at is None}
    room = MOST_INSTANCES - len(known_labels)
    new = [labels for labels in holding if labels not in known_labels][: max(0, room)]
    after += [_begin(labels, holding[labels], rule, now) for labels in new]
    state = replace(clear_failures(before, now), instances=tuple(after), value=_value(readings), evaluated_at=now)
    return _with_since(before, state, now)


def record_failure(before: RuleState, problem: str, now: datetime, *, quiet: bool = False) -> RuleState:
    """The state after an evaluation that failed: unknown from the third in a row on.

    `quiet`: the reason has an alert of its own, so the rule gets none.
    """
    failures = before.failures + 1
    state = replace(before, failures=failures, problem=problem, evaluated_at=now)
    if failures < FAILURES_UNTIL_UNKNOWN or (before.state is State.UNKNOWN and (quiet or not before.quiet)):
        return _with_since(before, state, now)
    since = now if before.unknown_since is None else before.unknown_since  # its end was never told: it goes on
    return _with_since(
        before, replace(state, unknown_since=since, unknown_until=None, unknown_told=quiet, quiet=quiet), now
    )


def clear_failures(before: RuleState, now: datetime) -> RuleState:
    """The state without failures: if it was unknown, that is over."""
    state = replace(before, failures=0, problem=None)
    if before.state is not State.UNKNOWN:
        return state
    if before.quiet:
        return replace(state, unknown_since=None, quiet=False)
    return replace(state, unknown_until=now, unknown_told=False)


def end(before: RuleState, now: datetime) -> RuleState:
    """The state of a rule that is no longer evaluated: firing instances end, and pending ones are forgotten."""
    over = [
        replace(instance, resolved_at=instance.resolved_at or now, told=instance.resolved_at is not None)
        for instance in before.instances
        if instance.fired_at is not None
    ]
    return replace(clear_failures(before, now), instances=tuple(over), value=None, since=now)


def mark_told(state: RuleState, earlier: RuleState) -> RuleState:
    """The state once the untold changes of `earlier` have become alerts. Ended instances are forgotten."""
    events = {_event(instance) for instance in earlier.untold}
    instances = [
        replace(instance, told=True) if _event(instance) in events else instance
        for instance in state.instances
        if not (_event(instance) in events and instance.resolved_at is not None)
    ]
    state = replace(state, instances=tuple(instances))
    if not earlier.unknown_untold or (state.unknown_since, state.unknown_until) != (
        earlier.unknown_since, earlier.unknown_until,
    ):  # fmt: skip
        return state
    over = state.unknown_until is not None
    since = None if over else state.unknown_since
    return replace(state, unknown_since=since, unknown_until=None, unknown_told=True)


def differs(before: RuleState, after: RuleState) -> bool:
    """Whether the change has to be committed before the next step: more than a value or the time of evaluation."""
    return _stored_part(before) != _stored_part(after)


def _event(instance: Instance) -> object:
    return instance.labels, instance.fired_at, instance.resolved_at


def _stored_part(state: RuleState) -> object:
    instances = [
        replace(instance, last_held_at=instance.active_since, value=None, words="") for instance in state.instances
    ]
    return state.state, instances, state.unknown_since, state.unknown_until, state.unknown_told


def _advance(instance: Instance, reading: Reading | None, rule: AlertingRule, now: datetime) -> Instance | None:
    """A series that is known; None once it is forgotten."""
    if instance.resolved_at is not None:
        return instance  # until it is told
    if reading is not None:
        return _hold(replace(instance, last_held_at=now, value=reading.value, words=reading.summary), rule, now)
    if instance.fired_at is None:
        return None
    if rule.auto_resolve and now - instance.last_held_at >= rule.keep_firing:
        return replace(instance, resolved_at=now, told=False)
    return instance


def _begin(labels: Labels, reading: Reading, rule: AlertingRule, now: datetime) -> Instance:
    return _hold(Instance(labels, now, now, reading.summary, reading.value), rule, now)


def _hold(instance: Instance, rule: AlertingRule, now: datetime) -> Instance:
    if instance.fired_at is None and now - instance.active_since >= rule.hold:
        return replace(instance, fired_at=now, told=False)
    return instance


def _value(readings: Readings) -> float | None:
    """The value to show: of a series for which the conditions hold, else of the first."""
    by_series = readings.holding or readings.by_series
    return next((reading.value for reading in by_series.values()), None)


def _with_since(before: RuleState, after: RuleState, now: datetime) -> RuleState:
    changed = before.since is None or before.state is not after.state
    return replace(after, since=now if changed else before.since)
