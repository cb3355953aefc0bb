"""Derives the variables of a communication's template from the incident's record. What the record lacks is a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.domain.communications.gap import Gap
from bot.domain.communications.leaks import UNSAFE, Confidential, leaks_in
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident.classification import REVENUE
from bot.domain.incident.impact import CUSTOMERS_TOLD, SLA_BREACH, describe
from bot.domain.incident.status import Status
from bot.domain.policy.policy import BRIDGE, HUDDLE, Audience, Policy, Severity
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.values import durations
from bot.domain.values.slack_ids import MENTION

VARIABLES: Mapping[str, str] = {
    "severity": "the severity's key and name, such as `SEV1 - Critical`",
    "title": "the title; for a public audience in customers' words",
    "status": "the status; for a public audience Investigating, Identified, Monitoring or Resolved",
    "description": "what was written at the declaration",
    "affected_services": "the names of the affected services",
    "regions": "the affected regions",
    "impact": "each fact of the impact, as a list",
    "impact_description": "the impact in one line",
    "affected_customers": "the share of users affected",
    "revenue_impact": "the revenue lost so far",
    "sla_breach": "whether an SLA is breached",
    "detected_at": "when it was detected",
    "started_at": "when it began: the same as `detected_at`",
    "resolved_at": "when it was resolved",
    "duration": "from detection to the resolution, or until now",
    "mttr": "the time to resolve",
    "mttr_target": "the severity's target for it",
    "now": "the present time of day",
    "update_message": "the text of the latest status update",
    "update_number": "the number of the latest status update",
    "actions_taken": "what was done, as a list: notes and playbook steps since the last message",
    "current_actions": "the text of the latest status update",
    "next_steps": "what comes next, by the status",
    "next_update_time": "when the next update is due",
    "update_every": "the cadence of updates, such as `every 15m`",
    "eta": "the answer to your own question `eta`",
    "root_cause": "the root cause",
    "resolution_summary": "what fixed it",
    "preventive_measures": "what is done so that it does not happen again",
    "review_date": "when the review is due",
    "timeline_summary": "the key entries, as a list",
    "incident_commander": "who leads",
    "technical_lead": "the technical lead",
    "communications_lead": "the communications lead",
    "incident_id": "such as `INC-42`",
    "incident_channel": "the name of the incident's channel",
    "runbook_url": "the first playbook or runbook among the policy's links",
    "bridge": "the address of the call",
    "dashboards": "the policy's links, as a list",
    "status_page_url": "the address of the status page",
    "company_name": "the organisation's name",
    "audience": "the name of the audience",
    "message_number": "the number of this message among those to the audience",
}
LISTED = 10  # entries of a list
_PUBLIC_STATUS = {
    Status.IDENTIFIED: "Identified", Status.MITIGATING: "Identified", Status.MONITORING: "Monitoring",
    Status.RESOLVED: "Resolved", Status.CLOSED: "Resolved", Status.CANCELLED: "Resolved", Status.MERGED: "Resolved",
}  # fmt: skip
_NEXT_STEPS = {
    "Investigating": "We are looking for the cause.",
    "Identified": "We have found the cause and are working on a fix.",
    "Monitoring": "A fix is in place. We are watching that it holds.",
    "Resolved": "No further steps are needed.",
}
_CUSTOMERS_WORDS = "in customers' words"


@dataclass(frozen=True, slots=True)
class VariableInputs:
    """The data from which the variables of a template are derived."""

    incident: Incident
    policy: Policy
    now: datetime
    entries: Sequence[RecordedEntry] = ()  # key entries, in the order of time
    names: Mapping[str, str] = field(default_factory=dict)  # of people, by Slack ID
    status_page_url: str | None = None


def confidential(record: VariableInputs) -> Confidential:
    """The organisation's words that must not become public: its people, customers and hosts."""
    rules = record.policy.communications
    incident = record.incident
    involved = {*incident.roles.values(), *incident.responders, incident.declared_by}
    people = [contact.name for contact in record.policy.contacts.values() if contact.name]
    people += [record.names[user] for user in sorted(involved) if user in record.names]
    return Confidential(tuple(dict.fromkeys(people)), rules.customers, rules.hosts, record.status_page_url or "")


def variables(record: VariableInputs, audience: Audience) -> dict[str, Any]:
    """Every variable, by name: text, a list of texts, or a gap. None of a public audience's can leak by itself."""
    values = {**_facts(record, audience), **_times(record), **_people(record), **_links(record)}
    if not audience.public:
        return values
    secret = confidential(record)
    return {name: _public(name, value, secret) for name, value in {**values, **_public_facts(record)}.items()}


def _public(name: str, value: Any, secret: Confidential) -> Any:
    """The value, or a gap if it holds what must not become public. Addresses come from the policy, as they are."""
    if name in ("status_page_url", "company_name") or value is None or isinstance(value, Gap):
        return value
    texts = value if isinstance(value, list) else [value]
    safe_texts = [text for text in texts if not any(finding.leak in UNSAFE for finding in leaks_in(str(text), secret))]
    if len(safe_texts) == len(texts):
        return value
    return safe_texts if safe_texts and isinstance(value, list) else Gap(f"{name.replace('_', ' ')} {_CUSTOMERS_WORDS}")


def _facts(record: VariableInputs, audience: Audience) -> dict[str, Any]:
    incident, level = record.incident, _level(record)
    impact = [*([f"in {', '.join(incident.regions)}"] if incident.regions else []), *_impact(incident)]
    users, revenue = incident.facts.get("users"), incident.facts.get(REVENUE)
    latest = incident.told.get(audience.key)
    return {
        "severity": _severity(level),
        "title": _text(record, incident.title) or Gap("title"),
        "status": str(incident.status).capitalize(),
        "description": _text(record, incident.description) or Gap("what is happening"),
        "affected_services": ", ".join(_services(record)) or Gap("affected services"),
        "regions": ", ".join(incident.regions) or Gap("regions"),
        "impact": impact or Gap("impact"),
        "impact_description": "; ".join(impact) or Gap("impact: what users notice"),
        "affected_customers": f"{users:g} % of users" if _is_figure(users) else Gap("affected customers"),
        "revenue_impact": f"{revenue:,.10g}" if _is_figure(revenue) else Gap("estimated revenue impact"),
        "sla_breach": _sla(record),
        "update_message": _text(record, incident.update_text) or Gap("what changed"),
        "current_actions": _text(record, incident.update_text) or Gap("what is being done"),
        "update_number": str(incident.updates) if incident.updates else Gap("number of the update"),
        "actions_taken": _actions(record, latest.at if latest else None) or Gap("what was done"),
        "next_steps": _NEXT_STEPS[public_status(incident)],
        "root_cause": _text(record, incident.root_cause) or Gap("root cause"),
        "resolution_summary": _text(record, incident.summary) or Gap("what fixed it"),
        "preventive_measures": _measures(record) or Gap("what keeps it from happening again"),
        "eta": str(incident.custom["eta"]) if incident.custom.get("eta") else Gap("estimated time of resolution"),
        "timeline_summary": _timeline(record) or Gap("timeline"),
        "incident_id": incident.id,
        "audience": audience.name,
        "message_number": str(latest.number + 1 if latest else 1),
    }


def _public_facts(record: VariableInputs) -> dict[str, Any]:
    """The variables that differ for the public: the title and status, and the impact without marks of our own."""
    incident = record.incident
    own = incident.public_title
    title: Any = own or (Gap(f"title {_CUSTOMERS_WORDS}") if incident.private else " ".join(incident.title.split()))
    internal = {SLA_BREACH, CUSTOMERS_TOLD, REVENUE, "public_relations", "security", "core"}
    facts = {name: fact for name, fact in incident.facts.items() if name not in internal}
    impact = [*([f"in {', '.join(incident.regions)}"] if incident.regions else []), *describe(facts)]
    return {
        "title": title,
        "status": public_status(incident),
        "impact": impact or Gap("impact: what customers notice"),
        "impact_description": "; ".join(impact) or Gap("impact: what customers notice"),
    }


def public_status(incident: Incident) -> str:
    """The status as the public reads it (001 §4.1)."""
    return _PUBLIC_STATUS.get(incident.status, "Investigating")


def _times(record: VariableInputs) -> dict[str, Any]:
    incident, level = record.incident, _level(record)
    end = incident.resolved_at or incident.ended_at
    span = max(timedelta(), (end or record.now) - incident.detected_at)
    due = incident.update_due_at if incident.open else None
    return {
        "detected_at": _moment(record, incident.detected_at),
        "started_at": _moment(record, incident.detected_at),
        "resolved_at": _moment(record, end) if end else Gap("time of the resolution"),
        "duration": durations.approximate(span),
        "mttr": durations.approximate(span) if incident.resolved_at else Gap("time to resolve"),
        "mttr_target": durations.exact(level.resolve_within) if level.resolve_within else None,
        "now": record.now.astimezone(record.policy.zone).strftime("%H:%M %Z"),
        "next_update_time": _moment(record, due) if due and due > record.now else None,
        "update_every": f"every {durations.exact(level.update_every)}" if level.update_every else None,
        "review_date": _review(record, level, end),
    }


def _people(record: VariableInputs) -> dict[str, Any]:
    roles = ("commander", "technical_lead", "communications_lead")
    names = {role: _person(record, record.incident.roles[role]) for role in roles if role in record.incident.roles}
    return {
        "incident_commander": names.get("commander") or Gap("incident commander"),
        "technical_lead": names.get("technical_lead") or Gap("technical lead"),
        "communications_lead": names.get("communications_lead") or Gap("communications lead"),
    }


def _links(record: VariableInputs) -> dict[str, Any]:
    incident, policy = record.incident, record.policy
    bridge = policy.bookmarks_of(incident.severity).get(BRIDGE)
    runbook = next((url for title, url in policy.links.items() if "book" in title.lower()), None)
    return {
        "incident_channel": f"#{incident.channel_name}" if incident.channel_name else Gap("channel"),
        "runbook_url": runbook,
        "bridge": None if bridge in (None, HUDDLE) else _fill_in(str(bridge), incident),
        "dashboards": [f"{title}: {url}" for title, url in list(policy.links.items())[:LISTED]],
        "status_page_url": record.status_page_url,
        "company_name": policy.communications.company,
    }


def _fill_in(url: str, incident: Incident) -> str:
    values = {"id": incident.id, "number": str(incident.number), "severity": incident.severity, "slug": ""}
    for name, value in values.items():
        url = url.replace(f"{{{name}}}", value)
    return url


def _level(record: VariableInputs) -> Severity:
    try:
        return record.policy.severity(record.incident.severity)
    except Refused:
        return Severity(record.incident.severity, "")


def _severity(level: Severity) -> str:
    key = level.key.replace("_", " ").replace("-", " ").upper()
    return f"{key} - {level.name}" if level.name and level.name.upper() != key else key


def _services(record: VariableInputs) -> list[str]:
    catalog = record.policy.services
    return [catalog[key].name or key if key in catalog else key for key in record.incident.services]


def _impact(incident: Incident) -> list[str]:
    return describe(incident.facts)


def _sla(record: VariableInputs) -> Any:
    """Whether an SLA is breached. Only a person who records the impact, and marks no breach, says that none is."""
    if record.incident.facts.get(SLA_BREACH):
        return "Yes"
    has_impact = any(recorded.entry.kind == "impact" for recorded in record.entries)
    return "No" if has_impact else Gap("SLA breach: yes or no")


def _is_figure(fact: object) -> bool:
    return isinstance(fact, int | float) and not isinstance(fact, bool)


def _measures(record: VariableInputs) -> str:
    within = _level(record).review_within
    if within is None:
        return ""
    return f"Within {_span_text(within)} we review what happened, and how to keep it from happening again."


def _span_text(span: durations.Span) -> str:
    """A span for customers: `2 days`, `12 hours`, `5 business days`."""
    if isinstance(span, durations.BusinessDays):
        count, unit = span.days, "business day"
    else:
        hours = round(span.total_seconds() / 3600)
        count, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}" if count else durations.exact(span)


def _review(record: VariableInputs, level: Severity, end: datetime | None) -> str | None:
    if level.review_within is None or end is None:
        return None
    return f"due by {_moment(record, durations.add(end, level.review_within, record.policy.zone))}"


def _actions(record: VariableInputs, since: datetime | None) -> list[str]:
    """Notes and playbook steps after the last message, else of the whole incident; the newest ones."""
    kinds = ("note", "playbook")
    actions = [
        recorded
        for recorded in record.entries
        if recorded.entry.kind in kinds and not recorded.purged and recorded.current_text
    ]
    newer_actions = [recorded for recorded in actions if since is None or recorded.entry.at > since]
    return [_one_line(record, recorded.current_text) for recorded in (newer_actions or actions)[-LISTED:]]


def _timeline(record: VariableInputs) -> list[str]:
    lines = []
    for recorded in record.entries:
        line = _one_line(record, recorded.current_text)
        if recorded.purged or recorded.entry.kind in ("sent", "communication"):
            continue
        when = recorded.entry.at.astimezone(record.policy.zone).strftime("%H:%M %Z")
        lines.append(f"{when} {recorded.entry.kind.replace('_', ' ')}{f': {line}' if line else ''}")
    return lines[-LISTED:]


def _one_line(record: VariableInputs, text: str) -> str:
    line = " ".join(_text(record, text).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _text(record: VariableInputs, text: str) -> str:
    """Internal text with names in place of mentions."""
    return MENTION.sub(lambda match: _person(record, match[1]), text).strip()


def _person(record: VariableInputs, user: str) -> str:
    contact = next((c for c in record.policy.contacts.values() if c.slack == user and c.name), None)
    return contact.name if contact else record.names.get(user, user)


def _moment(record: VariableInputs, instant: datetime) -> str:
    return instant.astimezone(record.policy.zone).strftime("%Y-%m-%d %H:%M %Z")
