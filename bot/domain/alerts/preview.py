"""Previews what the policy would do with alerts: their routes, and the silences and inhibitions that would hold them.

As for a group, a silence or inhibition holds alerts only if every firing alert of their group is kept quiet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.alerts import inhibition
from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.routing import Placement, labels_text
from bot.domain.alerts.silence import Silence, silenced_by
from bot.domain.policy.alert_rules import AlertAction, Inhibition

_TELLS = frozenset({AlertAction.DECLARE, AlertAction.ASK, AlertAction.ATTACH})


@dataclass(frozen=True, slots=True)
class QuietState:
    """The silences and inhibitions that keep alerts quiet now."""

    silences: Sequence[Silence] = ()
    sources: Mapping[str, AlertGroup] = field(default_factory=dict)  # groups that inhibit others, by the key


@dataclass(frozen=True, slots=True)
class Hold:
    """A silence or an inhibition that matches an alert."""

    kind: str  # `silence` or `inhibition`
    reason: str
    id: str | None = None  # of the silence or of the group that inhibits; None: an alert that is previewed too
    until: datetime | None = None  # of a silence
    by: str | None = None  # of a silence: a Slack ID, or `tocsin` for the command line
    holds: bool = True  # False: another alert of the group is not kept quiet, so that people are told


@dataclass(frozen=True, slots=True)
class Preview:
    """The policy's treatment of one alert in one group."""

    placement: Placement
    holds: tuple[Hold, ...] = ()


def preview(placements: Sequence[Placement], quiet: QuietState, rules: Sequence[Inhibition]) -> list[Preview]:
    """Preview alerts as if they arrived together, each group as if it were new."""
    firing = [placement for placement in placements if _can_be_held(placement)]
    by_group: dict[str, list[Placement]] = {}
    for placement in firing:
        by_group.setdefault(placement.group_key, []).append(placement)
    silenced = {
        key: silenced_by([placement.alert.labels for placement in group], quiet.silences)
        for key, group in by_group.items()
    }
    inhibitors = _inhibitors(placements, rules)
    inhibitions = {id(placement): _inhibition(placement, quiet, inhibitors, rules) for placement in firing}
    inhibited = {
        key: all(inhibitions[id(placement)] is not None for placement in group) for key, group in by_group.items()
    }
    previews = []
    for placement in placements:
        holds: list[Hold] = []
        if _can_be_held(placement):
            key = placement.group_key
            holds += _silence_holds(placement.alert, quiet.silences, is_held=bool(silenced[key]))
            if (inhibitor := inhibitions[id(placement)]) is not None:
                source, reason = inhibitor
                holds.append(Hold("inhibition", reason, source, holds=inhibited[key]))
        previews.append(Preview(placement, tuple(holds)))
    return previews


def keys_of(placements: Sequence[Placement], rules: Sequence[Inhibition]) -> set[str]:
    """The keys of alerts that would keep these quiet."""
    firing = [placement.alert.labels for placement in placements if _can_be_held(placement)]
    return {key for labels in firing for key in inhibition.target_keys(labels, rules)}


def _can_be_held(placement: Placement) -> bool:
    return placement.alert.status is AlertStatus.FIRING and placement.route.do in _TELLS


def _silence_holds(alert: Alert, silences: Sequence[Silence], *, is_held: bool) -> list[Hold]:
    """The hold by the silence that matches the alert the longest; none without one."""
    used = silenced_by([alert.labels], silences)
    return [
        Hold("silence", f"{s.in_words}: {s.reason}" if s.reason else s.in_words, s.id, s.ends_at, s.by, is_held)
        for s in used
    ]


def _inhibitors(placements: Sequence[Placement], rules: Sequence[Inhibition]) -> dict[str, set[str]]:
    """The groups of the previewed alerts that keep others quiet, by the key that those look for."""
    inhibitors: dict[str, set[str]] = {}
    for placement in placements:
        if placement.alert.status is AlertStatus.FIRING and placement.route.do is not AlertAction.HEARTBEAT:
            for key in inhibition.source_keys(placement.alert.labels, rules):
                inhibitors.setdefault(key, set()).add(placement.group_key)
    return inhibitors


def _inhibition(
    placement: Placement, quiet: QuietState, inhibitors: Mapping[str, set[str]], rules: Sequence[Inhibition]
) -> tuple[str | None, str] | None:
    """The ID of the group that keeps an alert quiet, if it is known, and why; None if nothing does."""
    labels = placement.alert.labels
    for key, rule in inhibition.target_keys(labels, rules).items():
        if (source := quiet.sources.get(key)) is not None:
            return source.id, inhibition.in_words(source, rule, labels)
        if inhibitors.get(key, set()) - {placement.group_key}:
            words = f"{labels_text(rule.source)} fires and inhibits {labels_text(rule.target)}"
            return None, words
    return None
