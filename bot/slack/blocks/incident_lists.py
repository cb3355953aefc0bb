"""Builds the answers to `/incident list`, `show` and `roles`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy, Role
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.values import durations
from bot.slack.blocks import card, elements, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.blocks.timeline import entry_line
from bot.slack.text import clip, mention, plain, render

COMMAND = "/incident"
INCIDENTS = 40
ROLES = 40
ROLE_LENGTH = 700


@dataclass(frozen=True, slots=True)
class IncidentList:
    """The incidents to list, which are the first of all that match."""

    incidents: Sequence[Incident]
    total: int  # all that match, without drills
    drills: int = 0
    is_all: bool = True  # False: there are more than were counted


def listing(
    incident_list: IncidentList,
    policy: Policy,
    now: datetime,
    *,
    scope: str = "open",
    narrowed: bool = False,
    command: str = COMMAND,
) -> Message:
    """The incidents in the given order; those that do not fit are counted. Drills are counted by themselves.

    `narrowed`: only some severities were asked for.
    """
    if not incident_list.incidents:
        return _empty(scope, command, "such incident" if narrowed else "incident")
    incidents, total = incident_list.incidents[:INCIDENTS], incident_list.total + incident_list.drills
    text = f"{'' if incident_list.is_all else 'more than '}{_count(incident_list.total, 'incident')}"
    text = f"{text[0].upper()}{text[1:]}{' open' if scope == 'open' else ''}"
    text += f" and {_count(incident_list.drills, 'drill')}" if incident_list.drills else ""
    narrower = f"Narrow it down: `{command} list {policy.severities[0].key}`, or see one: `{command} show INC-42`"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *[elements.section(_row(incident, policy, now)) for incident in incidents],
            elements.left_out(total - len(incidents), narrower, at_least=not incident_list.is_all),
        ],
    )


def show(
    incident: Incident,
    policy: Policy,
    entries: Sequence[RecordedEntry],
    now: datetime,
    failures: Sequence[card.Failure] = (),
) -> Message:
    """The card with its buttons, the latest key entries, and what did not go out."""
    latest = [entry_line(record) for record in entries[-5:]]
    return elements.message(
        card.notification(incident, policy),
        [
            *card.body(incident, policy, now),
            elements.section(clip("*Latest*\n" + "\n".join(latest), elements.TEXT)) if latest else None,
            *card.failed_steps(incident, failures),
            card.buttons(incident),
        ],
    )


def roles(incident: Incident, policy: Policy, command: str = COMMAND, reader: str = "") -> Message:
    """Each role with its holder, required ones first. Duties are listed only for the reader's own roles."""
    required = phrases.level_of(incident, policy).roles
    ordered = sorted(policy.roles, key=lambda role: role.key not in required)
    filled = sum(1 for role in ordered if role.key in incident.roles)
    assign = button("Assign roles", "roles", press_value(incident)) if incident.open else None
    text = f"Roles of {incident.id}: {filled} of {len(ordered)} filled"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *[elements.section(_role(role, incident, reader, needed=role.key in required)) for role in ordered[:ROLES]],
            elements.left_out(len(ordered) - ROLES, "The policy has them all."),
            elements.actions(assign, block_id="roles"),
            elements.context(
                f"Or type it: `{command} role {render(ordered[0].key)} @user`. The new holder is told the duties."
            )
            if ordered
            else None,
        ],
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _empty(scope: str, command: str, noun: str) -> Message:
    if scope == "open":
        return elements.line(f"No {noun} is open. `{command} list all` shows the past ones too.")
    return elements.line(f"No {noun} yet. `{command} declare` opens one.")


def _row(incident: Incident, policy: Policy, now: datetime) -> str:
    where = phrases.channel_link(incident) if incident.channel_id else ""
    since = incident.declared_at if incident.open else incident.ended_at or incident.declared_at
    age = durations.ago(now - since) if since <= now else ""
    lock = ":lock:" if incident.private else ""
    head = f"{phrases.drill_prefix(incident)}*{incident.id}* · {clip(render(plain(incident.title)), 400)}"
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_name(incident.status),
            f"declared {age}" if incident.open else age,
            f"led by {phrases.who_leads(incident)}" if incident.open and phrases.LEADS in incident.roles else "",
            where,
            lock,
        ]
    )
    return f"{head}\n{state}"


def _role(role: Role, incident: Incident, reader: str, *, needed: bool) -> str:
    holder = incident.roles.get(role.key)
    holder_name = mention(holder) if holder else ("nobody yet — needed" if needed else "nobody")
    lines = [f"*{render(plain(role.title))}*: {holder_name}"]
    if role.description:
        lines.append(render(role.description))
    if holder and holder == reader:
        lines += [f"• {render(duty)}" for duty in role.duties]
    return clip("\n".join(lines), ROLE_LENGTH)
