"""Applies the policy's inhibitions: while one alert fires, others that share a key with it stay quiet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.routing import has_labels, labels_text
from bot.domain.policy.alert_rules import Inhibition


@dataclass(frozen=True, slots=True)
class ActiveInhibition:
    """An inhibition that keeps a group quiet now."""

    by: int  # number of the group
    reason: str


def source_keys(labels: Mapping[str, str], rules: Sequence[Inhibition]) -> list[str]:
    """The keys under which this alert keeps others quiet.

    As in Alertmanager, an alert that is source and target of a rule never keeps another such alert quiet: it has no
    key that those look for.
    """
    keys = []
    for rule in rules:
        if has_labels(labels, rule.source):
            keys.append(_key(rule, labels, both=False))
            if not has_labels(labels, rule.target):
                keys.append(_key(rule, labels, both=True))
    return keys


def target_keys(labels: Mapping[str, str], rules: Sequence[Inhibition]) -> dict[str, Inhibition]:
    """The keys of alerts that would keep this one quiet, each with its rule."""
    return {
        _key(rule, labels, both=has_labels(labels, rule.source)): rule
        for rule in rules
        if has_labels(labels, rule.target)
    }


def in_words(source: AlertGroup, rule: Inhibition, labels: Mapping[str, str]) -> str:
    """Why an alert with these labels is kept quiet."""
    shared = ", ".join(f"{label}={labels.get(label, '') or 'none'}" for label in rule.equal)
    suffix = f" of the same {shared}" if shared else ""
    return f"{source.id} ({labels_text(rule.source)}) fires and inhibits {labels_text(rule.target)}{suffix}"


def _key(rule: Inhibition, labels: Mapping[str, str], *, both: bool) -> str:
    values = [labels.get(label, "") for label in rule.equal]
    identity = [sorted(rule.source.items()), sorted(rule.target.items()), list(rule.equal), values, both]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]
