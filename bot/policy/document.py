"""Computes the digest of a policy document, and formats a policy as JSON for `tocsin policy --json`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import is_dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.domain.policy.alerting_rules import AlertingRule, Composite, Condition
from bot.domain.policy.figures import SheetMail, WeeklyDigest
from bot.domain.policy.policy import Audience, Contact, Policy, Rule, Severity, Trigger
from bot.domain.policy.schedules import Schedule
from bot.domain.values.durations import BusinessDays, Span
from bot.domain.values.target import Target
from bot.policy.models.figures import DAYS


def digest(document: dict[str, Any]) -> str:
    """The SHA-256 of the document's canonical JSON. White space, comments and the order of keys do not change it."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def as_json(policy: Policy) -> dict[str, Any]:
    """The policy with durations in seconds, or as `"1bd"` in business days, and severities in order, worst first."""
    return {
        "name": policy.name,
        "digest": policy.digest,
        "announce": policy.announce,
        "channel_name": policy.channel_name,
        "timezone": policy.timezone,
        "severities": {severity.key: _severity(severity) for severity in policy.severities},
        "roles": {role.key: _fields(role) for role in policy.roles},
        "nudges": _fields(policy.nudges),
        "playbooks": _fields(policy.playbooks),
        "timeline": {"record": policy.record, "keep": seconds(policy.keep), "reactions": list(policy.reactions)},
        "bookmarks": dict(policy.bookmarks),
        "links": dict(policy.links),
        "executives": list(policy.executives),
        "contacts": {key: _contact(contact) for key, contact in policy.contacts.items()},
        "schedules": {key: _schedule(schedule) for key, schedule in policy.schedules.items()},
        "teams": {key: _fields(team) for key, team in policy.teams.items()},
        "ladders": {key: [_fields(rung) for rung in rungs] for key, rungs in policy.ladders.items()},
        "services": {key: _fields(service) for key, service in policy.services.items()},
        "categories": {key: _fields(category) for key, category in policy.category_details.items()},
        "audiences": {key: _audience(audience) for key, audience in policy.audiences.items()},
        "templates": {key: _fields(template) for key, template in policy.templates.items()},
        "communications": _fields(policy.communications),
        "webhooks": [{**_plain(hook), "url": _host(hook.url), "secret": "•••"} for hook in policy.webhooks],
        "triggers": {trigger.key: _trigger(trigger) for trigger in policy.triggers},
        "classification": {rule.key: _rule(rule) for rule in policy.classification},
        "fields": {custom.key: _fields(custom) for custom in policy.fields},
        "automation": _plain(policy.automation),
        "alerts": _plain(policy.alerts),
        "metrics": dict(policy.metrics),
        "rules": {key: _alerting_rule(rule) for key, rule in policy.rules.items()},
        "probes": {key: _fields(probe, "id") for key, probe in policy.probes.items()},
        "targets": _fields(policy.targets),
        "weekly_digest": None if policy.weekly_digest is None else _digest_json(policy.weekly_digest),
        "review_agenda": policy.review_agenda,
        "sheet": None if policy.sheet is None else _sheet_json(policy.sheet),
        "shadow": None if policy.shadow is None else _fields(policy.shadow),
        "status_page": {
            **_plain(policy.status_page),
            "components": [{"key": component.key, **_fields(component)} for component in policy.status_page.components],
        },
        "permissions": {action: _fields(allowed) for action, allowed in policy.permissions.items()},
    }


def seconds(span: Span | None) -> int | float | str | None:
    """The span in seconds, or as text such as `"1bd"` in business days."""
    if span is None:
        return None
    if isinstance(span, BusinessDays):
        return str(span)
    total = span.total_seconds()
    return int(total) if total.is_integer() else total


def _severity(severity: Severity) -> dict[str, Any]:
    fields = _fields(severity, "more", "ladder", "own_ladder")
    return {**fields, "ladder": [_fields(rung) for rung in severity.ladder], **severity.extra}


def _contact(contact: Contact) -> dict[str, Any]:
    """A contact with its PagerDuty routing key and its push address hidden, as these are enough to page them."""
    hidden = {name: "•••" if getattr(contact, name) else None for name in ("pagerduty", "push")}
    return {**_fields(contact), **hidden}


def _audience(audience: Audience) -> dict[str, Any]:
    approval = "second_person" if audience.second_person else None
    return {**_fields(audience, "second_person"), "approval": approval}


def _trigger(trigger: Trigger) -> dict[str, Any]:
    return {**_fields(trigger, "rung"), **_fields(trigger.rung)}


def _rule(rule: Rule) -> dict[str, Any]:
    when = [f"{c.fact} {c.relation} {c.figure:g}" if c.relation else c.fact for c in rule.when]
    return {**_fields(rule, "when"), "when": when}


def _alerting_rule(rule: AlertingRule) -> dict[str, Any]:
    fields = {**_fields(rule, "id", "hold", "conditions"), "for": seconds(rule.hold), "labels": dict(rule.labels)}
    return {**fields, "conditions": [_alerting_condition(condition) for condition in rule.conditions]}


def _alerting_condition(condition: Condition) -> dict[str, Any]:
    """A condition with its `type`, as it is written."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(condition).__name__).lower()
    if isinstance(condition, Composite):
        inner = [_alerting_condition(nested) for nested in condition.conditions]
        return {"type": kind, "when": str(condition.when), "conditions": inner}
    return {"type": kind, **_fields(condition)}


def _digest_json(rules: WeeklyDigest) -> dict[str, Any]:
    return {"channel": rules.channel, "day": DAYS[rules.weekday], "at": f"{rules.at:%H:%M}"}


def _sheet_json(rules: SheetMail) -> dict[str, Any]:
    return {"mail": list(rules.mail), "day": DAYS[rules.weekday], "at": f"{rules.at:%H:%M}"}


def _schedule(schedule: Schedule) -> dict[str, Any]:
    return {**_fields(schedule, "layers", "teams"), "layers": [_fields(layer) for layer in schedule.layers]}


def _fields(value: Any, *without: str) -> dict[str, Any]:
    """The fields of a domain value as JSON, without its key, by which it is listed."""
    names = [name for name in value.__dataclass_fields__ if name not in ("key", *without)]
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta | BusinessDays):
        return seconds(value)
    if isinstance(value, Target):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return _fields(value)
    return value.isoformat() if isinstance(value, date) else value


def _host(url: str) -> str:
    """The beginning of an address: the rest of it may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"
