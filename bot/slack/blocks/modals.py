"""Forms of a declared incident: update, severity, roles, resolve and reopen, each with the reader of its values.

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
    """Values of the update form."""

    incident: int
    status: Status
    severity: str
    text: str
    next_in: timedelta | None  # None: by the severity's cadence
    status_seen: str = ""  # when the form opened; the person meant a change only if `status` differs from it
    severity_seen: str = ""  # likewise


@dataclass(frozen=True, slots=True)
class SeverityValues:
    """Values of the severity form."""

    incident: int
    severity: str
    reason: str


@dataclass(frozen=True, slots=True)
class RolesValues:
    """Only the roles that differ from what the person saw when the form opened."""

    incident: int
    assign: dict[str, str] = field(default_factory=dict)  # role to user
    clear: tuple[str, ...] = ()  # roles


@dataclass(frozen=True, slots=True)
class ResolveValues:
    """Values of the resolve form."""

    incident: int
    summary: str
    root_cause: str
    impact_ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReopenValues:
    """Values of the reopen form."""

    incident: int
    reason: str


def update_modal(incident: Incident, policy: Policy, *, text: str = "") -> Block:
    """Inputs `status`, `severity`, `text` and `next_in`."""
    level = phrases.level_of(incident, policy)
    choices = [*([] if incident.status in CHOOSABLE else [incident.status]), *CHOOSABLE]
    if Status.RESOLVED not in choices:
        choices.append(Status.RESOLVED)
    statuses = [elements.option(phrases.status_name(status), str(status), MEANINGS[status]) for status in choices]
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
            elements.context(f"Will be posted in {update_channels(incident, policy)}"),
        ],
        status=str(incident.status),
        severity=incident.severity,
    )


def severity_modal(incident: Incident, policy: Policy) -> Block:
    """Inputs `severity` and `reason`."""
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
            elements.context("Raising it starts paging by the ladder of the new severity. Lowering it pages no one."),
        ],
    )


def roles_modal(incident: Incident, policy: Policy) -> Block:
    """One input `role_<key>` for each role, labelled with its title, with its holder preselected."""
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
    """Inputs `summary`, `root_cause` and `impact_ended`."""
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
    """Has one input, `reason`."""
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
            elements.context("Reminders and pages start over."),
        ],
    )


def update_channels(incident: Incident, policy: Policy) -> str:
    """The channels in which an update is posted, as mrkdwn."""
    here = phrases.channel_link(incident) if incident.channel_id else "the incident channel"
    if incident.private or not policy.announce:
        return here
    return f"{here}, and {phrases.channel_named(policy.announce)} (in the thread)"


def values_of_update(view: View, policy: Policy) -> UpdateValues:
    """Raises `InputErrors` for a missing text, and for a status or severity that does not exist any more."""
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
    """Raises `InputErrors` for a severity that is not in the policy."""
    number, severity = inputs.incident_of(view), inputs.chosen(view, "severity")
    errors = _wrong_severity(severity, policy)
    if errors or severity is None:
        raise InputErrors(errors)
    return SeverityValues(number, severity, inputs.text(view, "reason"))


def values_of_roles(view: View, policy: Policy) -> RolesValues:
    """Compares with the holders at the time the form opened, so that a change made meanwhile is not undone."""
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
    """Raises `InputErrors` for a missing summary and for an end of impact in the future."""
    number = inputs.incident_of(view)
    summary, ended_at = inputs.text(view, "summary"), inputs.instant(view, "impact_ended")
    errors = {}
    if not summary:
        errors["summary"] = "Say what fixed it, such as “Rolled back deploy 4512”."
    if ended_at is not None and ended_at > now + timedelta(minutes=1):
        errors["impact_ended"] = "That is in the future. Choose when it ended, or leave it empty."
    if errors:
        raise InputErrors(errors)
    return ResolveValues(number, summary, inputs.text(view, "root_cause"), ended_at)


def values_of_reopen(view: View) -> ReopenValues:
    """Raises `InputErrors` if there is no reason."""
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


def _modal(
    callback: str, title: str, submit: str, incident: Incident, blocks: list[Block], **metadata: object
) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": elements.plain_text(title, elements.MODAL_TITLE),
        "submit": elements.plain_text(submit, elements.MODAL_TITLE),
        "close": elements.plain_text("Cancel", elements.MODAL_TITLE),
        "private_metadata": inputs.metadata(incident=incident.id, **metadata),
        "blocks": blocks,
    }
