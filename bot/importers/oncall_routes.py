"""Turns the routes of Grafana OnCall into routing rules, where their conditions compare labels.

https://grafana.com/docs/oncall/latest/oncall-api-reference/routes/: the routes of an integration are in the order of
`position`, and the last one takes what the others left. A condition is a Jinja template or an expression over the raw
payload, or a list of labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.importers.account import NOBODY, Origin, Participant, RoutingRule
from bot.importers.fields import id_of, int_of, list_of, object_of, text_of
from bot.importers.keys import key_of

INTEGRATION = "integration"  # the label that tells the alerts of several integrations apart
Raw = Mapping[str, Any]
_TEMPLATE = re.compile(r"\{\{\s*(.+?)\s*\}\}", re.DOTALL)
_COMPARISON = re.compile(
    r"""payload(?:\.alerts\[0\])?\.(?:commonLabels|groupLabels|labels)"""
    r"""(?:\.(\w+)|\[["'](\w+)["']\]|\.get\(["'](\w+)["']\))\s*==\s*["']([^"'{}]+)["']"""
)


def routing_rules(integrations: Sequence[Raw], routes: Sequence[Raw]) -> list[RoutingRule]:
    """A rule for each route, integration by integration in the order in which OnCall tries them."""
    names = {id_of(raw): text_of(raw, "name") for raw in integrations}
    places = {identity: rank for rank, identity in enumerate(names)}
    ordered = sorted(
        routes, key=lambda raw: (places.get(id_of(raw, "integration_id"), len(places)), int_of(raw, "position"))
    )
    return [_rule(raw, names) for raw in ordered]


def _rule(raw: Raw, names: Mapping[str, str]) -> RoutingRule:
    integration, chain = id_of(raw, "integration_id"), id_of(raw, "escalation_chain_id")
    is_last = raw.get("is_the_last_route") is True
    text = "the last one" if is_last else text_of(raw, "routing_regex")
    rule = RoutingRule(Origin("route", id_of(raw), f"{integration}: {text}"))
    rule.target = Participant("ladder", chain) if chain else NOBODY
    labels = {} if is_last else _labels_of(raw)
    if labels is None:
        rule.note(
            "It looks at the raw payload; here a route compares labels",
            f"Write a route with a `match` and an `escalate` as in the ladder of the chain {chain}."
            if chain
            else "It notifies nobody: write a route with `do: record`, if it is missed.",
            lost=True,
        )
        return rule
    rule.match = labels
    if len(names) > 1:
        label = key_of(names.get(integration, ""), f"integration-{integration}")
        rule.match = {INTEGRATION: label, **labels}
        rule.note("", f"Let the sender give its alerts the label {INTEGRATION}: {label}.", moved=True)
    rule.everything = not rule.match
    return rule


def _labels_of(raw: Raw) -> dict[str, str] | None:
    """The labels that the route compares; None if it does something else."""
    if text_of(raw, "routing_type") == "labels":
        pairs = [
            (text_of(object_of(label, "key"), "name"), text_of(object_of(label, "value"), "name"))
            for label in list_of(raw, "labels")
        ]
        return dict(pairs) if pairs and all(key and value for key, value in pairs) else None
    template = _TEMPLATE.fullmatch(text_of(raw, "routing_regex").strip())
    if template is None:
        return None
    labels: dict[str, str] = {}
    for term in re.split(r"\s+and\s+", template[1]):
        comparison = _COMPARISON.fullmatch(term.strip())
        if comparison is None:
            return None
        labels[comparison[1] or comparison[2] or comparison[3]] = comparison[4]
    return labels
