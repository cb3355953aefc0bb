"""The modals of a running incident: update, severity, roles, resolve, reopen. Each with the reader of its values.

A block's `block_id` and its element's `action_id` are the same word; `private_metadata` is JSON with the incident's ID.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.incident.status import CHOOSABLE, MEANINGS, Status
from bot.domain.policy.policy import Policy
from bot.domain.values import durations
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, inputs, phrases
from bot.slack.blocks.declare import severity_select
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

NEXT_IN = ("15m", "30m", "1h", "2h", "4h", "1d")
CADENCE = "cadence"
ROLE = "role_"
ROLES = elements.VIEW_BLOCKS - 2


@dataclass(frozen=True, slots=True)
class UpdateValues:
    """`status` and `severity` as chosen: the same as before where nobody touched them. `next_in` None: by the cadence.

    `status_seen` and `severity_seen` are what the person saw when the form opened: only what differs was meant.
    """

    incident: int
    status: Status
    severity: str
    text: str
    next_in: timedelta | None
    status_seen: str = ""
    severity_seen: str = ""


@dataclass(frozen=True, slots=True)
class SeverityValues:
    incident: int
    severity: str
    reason: str


@dataclass(frozen=True, slots=True)
class RolesValues:
    """Only what the person changed against what they saw: `assign` role → user, `clear` roles."""

    incident: int
    assign: dict[str, str] = field(default_factory=dict)
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolveValues:
    incident: int
    summary: str
    root_cause: str
    impact_ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReopenValues:
    incident: int
    reason: str


def update_modal(incident: Incident, policy: Policy, *, text: str = "") -> Block:
    """Blocks `status`, `severity`, `text`, `next_in`."""
    level = phrases.level_of(incident, policy)
    shown = [*([] if incident.status in CHOOSABLE else [incident.status]), *CHOOSABLE]
    if Status.RESOLVED not in shown:
        shown.append(Status.RESOLVED)
    statuses = [elements.option(phrases.status_name(status), str(status), MEANINGS[status]) for status in shown]
    spans_ahead = [elements.option(f"By the cadence ({phrases.cadence(level)})", CADENCE)]
    spans_ahead += [elements.option(span, span) for span in NEXT_IN]
    return _modal(
        "update",
        "Update status",
        "Post update",
        incident,
        [
            elements.input_block("status", "Status", elements.select(statuses, str(incident.status))),
            elements.input_block("severity", "Severity", severity_select(policy, incident.severity)),
            elements.input_block(
                "text",
                "What changed?",
                elements.text_input(text, multiline=True, placeholder="What we know, what we do next"),
            ),
            elements.input_block("next_in", "Next update in", elements.select(spans_ahead, CADENCE)),
            elements.context(f"Will be told: {told(incident, policy)}"),
        ],
        status=str(incident.status),
        severity=incident.severity,
    )


def severity_modal(incident: Incident, policy: Policy) -> Block:
    """Blocks `severity`, `reason`."""
    return _modal(
        "severity",
        "Change severity",
        "Change",
        incident,
        [
            elements.input_block("severity", "Severity", severity_select(policy, incident.severity)),
            elements.input_block(
                "reason",
                "Reason",
                elements.text_input(multiline=True, longest=1000, placeholder="All customers are affected"),
                optional=True,
            ),
            elements.context("Making it worse pages that severity's ladder from now. Making it milder pages nobody."),
        ],
    )


def roles_modal(incident: Incident, policy: Policy) -> Block:
    """One block `role_<key>` for each role, labelled with its title; whoever holds it is preselected."""
    required = phrases.level_of(incident, policy).roles
    ordered = sorted(policy.roles, key=lambda role: role.key not in required)[:ROLES]
    held = {role.key: incident.roles[role.key] for role in ordered if role.key in incident.roles}
    blocks: list[Block] = []
    for role in ordered:
        element: Block = {
            "type": "users_select",
            "placeholder": elements.plain_text("Nobody yet", elements.PLACEHOLDER),
        }
        if is_user_id(held.get(role.key, "")):
            element["initial_user"] = held[role.key]
        needed = f"Needed at {incident.severity}. " if role.key in required else ""
        hint = needed + (role.description or " ".join(f"{duty.rstrip('.')}." for duty in role.duties[:3]))
        blocks.append(elements.input_block(f"{ROLE}{role.key}", role.title, element, optional=True, hint=hint.strip()))
    if not blocks:
        blocks = [elements.section("The policy has no roles. Add some under `roles:`.")]
    return _modal("roles", "Assign roles", "Assign", incident, blocks, held=held)


def resolve_modal(incident: Incident) -> Block:
    """Blocks `summary`, `root_cause`, `impact_ended`."""
    return _modal(
        "resolve",
        "Resolve incident",
        "Resolve",
        incident,
        [
            elements.input_block(
                "summary",
                "What fixed it?",
                elements.text_input(incident.summary, multiline=True, placeholder="Rolled back deploy 4512"),
            ),
            elements.input_block(
                "root_cause",
                "Root cause",
                elements.text_input(incident.root_cause, multiline=True),
                optional=True,
                hint="If you know it. The review can add it later.",
            ),
            elements.input_block("impact_ended", "Customer impact ended", {"type": "datetimepicker"}, optional=True),
            elements.context("Ends reminders and pages. It can be reopened."),
        ],
    )


def reopen_modal(incident: Incident) -> Block:
    """Block `reason`."""
    return _modal(
        "reopen",
        "Reopen incident",
        "Reopen",
        incident,
        [
            elements.input_block(
                "reason",
                "Reason",
                elements.text_input(multiline=True, longest=1000, placeholder="Errors are back since 04:10"),
            ),
            elements.context("Reminders and pages start afresh."),
        ],
    )


def told(incident: Incident, policy: Policy) -> str:
    """Where an update is posted, as mrkdwn."""
    here = phrases.channel_link(incident) if incident.channel_id else "the incident channel"
    if incident.private or not policy.announce:
        return here
    return f"{here}, and {phrases.channel_named(policy.announce)} (in the thread)"


def values_of_update(view: View, policy: Policy) -> UpdateValues:
    number, seen = inputs.incident_of(view), inputs.metadata_of(view)
    text = inputs.text(view, "text")
    status, severity = inputs.chosen(view, "status"), inputs.chosen(view, "severity")
    errors = {}
    if not text:
        errors["text"] = "Write what changed, such as “Rolled back, error rate is falling”."
    if status not in list(Status):
        errors["status"] = "Choose a status, such as Investigating."
    errors |= _wrong_severity(severity, policy)
    if errors or status is None or severity is None:
        raise InputErrors(errors)
    return UpdateValues(
        incident=number,
        status=Status(status),
        severity=severity,
        text=text,
        next_in=_next_in(inputs.chosen(view, "next_in")),
        status_seen=str(seen.get("status", "")),
        severity_seen=str(seen.get("severity", "")),
    )


def values_of_severity(view: View, policy: Policy) -> SeverityValues:
    number, severity = inputs.incident_of(view), inputs.chosen(view, "severity")
    errors = _wrong_severity(severity, policy)
    if errors or severity is None:
        raise InputErrors(errors)
    return SeverityValues(number, severity, inputs.text(view, "reason"))


def values_of_roles(view: View, policy: Policy) -> RolesValues:
    """Compared with what stood there when the form opened, so that another's change in between is not undone."""
    number, held = inputs.incident_of(view), inputs.metadata_of(view).get("held") or {}
    assign: dict[str, str] = {}
    clear: list[str] = []
    for role in policy.roles:
        if f"{ROLE}{role.key}" not in ((view.get("state") or {}).get("values") or {}):
            continue
        user = inputs.user(view, f"{ROLE}{role.key}")
        before = held.get(role.key)
        if user and user != before:
            assign[role.key] = user
        elif user is None and before is not None and is_user_id(before):
            clear.append(role.key)
    return RolesValues(number, assign, tuple(clear))


def values_of_resolve(view: View, now: datetime) -> ResolveValues:
    number = inputs.incident_of(view)
    summary, ended_at = inputs.text(view, "summary"), inputs.instant(view, "impact_ended")
    errors = {}
    if not summary:
        errors["summary"] = "Say what fixed it, such as “Rolled back deploy 4512”."
    if ended_at is not None and ended_at > now + timedelta(minutes=1):
        errors["impact_ended"] = "That is still to come. Choose when it ended, or leave it empty."
    if errors:
        raise InputErrors(errors)
    return ResolveValues(number, summary, inputs.text(view, "root_cause"), ended_at)


def values_of_reopen(view: View) -> ReopenValues:
    number, reason = inputs.incident_of(view), inputs.text(view, "reason")
    if not reason:
        raise InputErrors({"reason": "Say why, such as “Errors are back since 04:10”."})
    return ReopenValues(number, reason)


def _wrong_severity(severity: str | None, policy: Policy) -> dict[str, str]:
    if severity is None:
        return {"severity": f"Choose a severity, such as {policy.severities[0].key}."}
    if not policy.has_severity(severity):
        return {"severity": f"{severity} is no longer in the policy. Choose another."}
    return {}


def _next_in(chosen: str | None) -> timedelta | None:
    return durations.parse_duration(chosen) if chosen in NEXT_IN else None


def _modal(callback: str, title: str, submit: str, incident: Incident, blocks: list[Block], **known: object) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": elements.plain_text(title, elements.MODAL_TITLE),
        "submit": elements.plain_text(submit, elements.MODAL_TITLE),
        "close": elements.plain_text("Cancel", elements.MODAL_TITLE),
        "private_metadata": inputs.metadata(incident=incident.id, **known),
        "blocks": blocks,
    }
