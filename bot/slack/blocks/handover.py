"""Builds the messages about handing a role over: the request, its reminder, the answer, and the offer after a shift."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Handover, Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import ShiftOfferPayload
from bot.domain.timeline.entry import RecordedEntry
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.blocks.timeline import entry_line
from bot.slack.text import clip, mention, plain, render

DESCRIPTION = 600  # characters


def request(
    incident: Incident,
    policy: Policy,
    handover: Handover,
    latest: Sequence[RecordedEntry],
    now: datetime,
    *,
    inside: bool,
) -> Message:
    """The message that asks a person to take a role, with a brief of the incident.

    `latest` are the last updates, or key entries if there are none. Unless the person is `inside` (may see a private
    incident), the message has only the incident's ID.
    """
    title = _title(handover, policy)
    name = phrases.title(incident) if inside else phrases.outside(incident)
    text = f"{phrases.drill_prefix(incident)}{mention(handover.by)} asks you to take over as {title} of {name}"
    keeps = f"Until you accept, {mention(handover.holder)} keeps it." if handover.holder else "No one has it now."
    value = press_value(incident, handover.number)
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *(_brief(incident, policy, latest, now) if inside or not incident.private else []),
            elements.section(f"*Channel:* {phrases.channel_link(incident)}"),
            elements.actions(
                button("Accept", "handover_accept", value, style="primary"),
                button("Decline", "handover_decline", value),
                block_id="handover",
            ),
            elements.context(
                f"{keeps} Without an answer by {elements.clock(handover.due_at)} I ask again, then {_then(incident)}."
            ),
        ],
    )


def reminder(incident: Incident, policy: Policy, handover: Handover) -> Message:
    """The message in the channel that asks once more for an answer."""
    text = (
        f"{mention(handover.to)}, will you take over as *{_title(handover, policy)}* of {incident.id}? "
        f"Press *Accept* or *Decline* in the message I sent you. Without an answer by "
        f"{elements.clock(handover.due_at)} I {_then(incident)}."
    )
    return elements.line(phrases.drill_prefix(incident) + text)


def settled(incident: Incident, policy: Policy, role: str, outcome: str) -> Message:
    """The request after it was answered: one line without buttons."""
    title = render(plain(phrases.role_of(role, policy).title))
    go = f" {phrases.channel_link(incident)}" if incident.channel_id else ""
    return elements.line(
        f"{phrases.drill_prefix(incident)}Handover of *{title}*, {incident.id}: {render(outcome)}.{go}"
    )


def shift_offer(incident: Incident, policy: Policy, payload: ShiftOfferPayload, to: str, name: str) -> Message:
    """The offer to a person whose shift ended while they hold a role: hand it over, or keep it.

    `to` and `name` are the Slack ID and display name of the person on call now.
    """
    title = render(plain(phrases.role_of(payload.role, policy).title))
    schedule = render(plain(payload.schedule))
    shift = f"Your on-call shift on {schedule} is over"
    text = f"{phrases.drill_prefix(incident)}{shift}, and you are {title} of {incident.id}"
    value = press_value(incident, payload.role)
    return elements.message(
        text,
        [
            elements.section(f"*{text}.* {mention(to)} is on call now."),
            elements.section(f"*Channel:* {phrases.channel_link(incident)}"),
            elements.actions(
                button(
                    f"Hand over to {clip(name, 50)}",
                    "shift_hand",
                    press_value(incident, payload.role, to),
                    style="primary",
                ),
                button("I stay on", "shift_stay", value),
                block_id="shift",
            ),
            elements.context(
                "They get a brief and can accept or decline. You keep the role until they accept. I ask only once."
            ),
        ],
    )


def shift_offer_settled(incident: Incident, policy: Policy, role: str, outcome: str) -> Message:
    """The offer after it was answered: one line without buttons."""
    title = render(plain(phrases.role_of(role, policy).title))
    drill = phrases.drill_prefix(incident)
    return elements.line(f"{drill}*{title}*, {incident.id}: your on-call shift is over; {render(outcome)}.")


def requested(incident: Incident, policy: Policy, handover: Handover) -> Message:
    """The answer to the person who asked for the handover: the request is sent."""
    keeps = f" {mention(handover.holder)} keeps it until then." if handover.holder else ""
    return elements.line(f"{mention(handover.to)} is asked to take over as *{_title(handover, policy)}*.{keeps}")


def _then(incident: Incident) -> str:
    """The consequence of no answer, as a clause that follows “I”."""
    return "say whom I would page" if incident.drill else "page the next rung of the ladder"


def _brief(
    incident: Incident, policy: Policy, latest: Sequence[RecordedEntry], now: datetime
) -> list[elements.Block | None]:
    missing = [render(plain(title)) for title in phrases.missing_roles(incident, policy)]
    facts = [
        ("State", f"{phrases.severity_name(incident.severity, policy)}\n{phrases.status_line(incident)}"),
        ("Declared", f"by {mention(incident.declared_by)} {phrases.at(incident.declared_at, now)}"),
        ("Next update", _next_update(incident, now)),
        ("Roles", _roles(incident, policy)),
        (
            "Still needed",
            elements.join_comma(missing),
        ),
        ("Affected services", elements.join_comma(phrases.services(incident, policy))),
    ]
    lines = "\n".join(f"• {entry_line(record)}" for record in latest)
    return [
        *elements.fields([(label, value) for label, value in facts if value]),
        elements.section(clip(render(incident.description), DESCRIPTION)) if incident.description.strip() else None,
        elements.section(clip(f"*Last*\n{lines}", elements.TEXT)) if lines else None,
    ]


def _next_update(incident: Incident, now: datetime) -> str:
    if incident.update_due_at is None:
        return "none asked for"
    promised = f", promised by {mention(incident.promised_by)}" if incident.promised_by else ""
    return f"{'was due' if incident.update_due_at < now else 'due'} {phrases.at(incident.update_due_at, now)}{promised}"


def _roles(incident: Incident, policy: Policy) -> str:
    holders = incident.roles.items()
    return "\n".join(f"{render(plain(phrases.role_of(key, policy).title))}: {mention(user)}" for key, user in holders)


def _title(handover: Handover, policy: Policy) -> str:
    return render(plain(phrases.role_of(handover.role, policy).title))
