"""Builds the incident card: the message that is pinned in the incident's channel and edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.incident.classification import checklist
from bot.domain.incident.impact import describe
from bot.domain.incident.status import Status
from bot.domain.playbook.search_hit import Hit
from bot.domain.policy.policy import Policy
from bot.domain.routing.continuations import ON_CARD_DESCRIPTION, is_cut_on_card
from bot.slack.blocks import custom_fields, elements, phrases, playbooks
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, length, mention, plain, quote, render

LATEST = 900
FAILURES = 5
CHECKS = 8
TOPIC = 250
RUNS = 5
ROLES = 10


@dataclass(frozen=True, slots=True)
class Failure:
    """A step of setting up the incident that failed."""

    step: str  # kind of the notice
    text: str  # what failed and why, as house text


def card(
    incident: Incident,
    policy: Policy,
    now: datetime,
    *,
    failures: Sequence[Failure] = (),
    warnings: Sequence[str] = (),
    playbook: Hit | None = None,
    bridge: str = "",
) -> Message:
    """The card. `warnings` are texts to read at once, such as that a schedule has nobody on call.

    `playbook` is the best match, which the card offers until a playbook is opened. `bridge` is the link to the
    call, as mrkdwn.
    """
    blocks = [
        elements.header(f"{phrases.drill_prefix(incident)}{incident.id} · {incident.title}"),
        _marks(incident),
        *elements.fields(_facts(incident, policy, now, bridge)),
        *_description(incident),
        *_ending(incident, now),
        _latest(incident, now),
        custom_fields.missing(incident, policy),
        _checklist(incident, policy),
        *[elements.section(f":warning: {render(text)}") for text in warnings[:FAILURES]],
        *failed_steps(incident, failures),
        *_playbooks(incident, playbook),
        buttons(incident),
    ]
    return elements.message(notification(incident, policy), blocks)


def body(incident: Incident, policy: Policy, now: datetime) -> list[Block | None]:
    """The card without its buttons, to show the incident elsewhere."""
    return [
        elements.header(f"{phrases.drill_prefix(incident)}{incident.id} · {incident.title}"),
        _marks(incident),
        *elements.fields([("Channel", phrases.channel_link(incident)), *_facts(incident, policy, now)]),
        *_description(incident),
        *_ending(incident, now),
        _latest(incident, now),
    ]


def notification(incident: Incident, policy: Policy) -> str:
    """One line of plain text: title, severity, status and commander."""
    level = phrases.severity_plain(phrases.level_of(incident, policy))
    lead = phrases.leadership(incident)
    parts = [render(plain(level)), phrases.status_name(incident.status).lower(), lead if incident.open else ""]
    return f"{phrases.drill_prefix(incident)}{phrases.title(incident)} ({', '.join(part for part in parts if part)})"


def topic(incident: Incident, policy: Policy) -> str:
    """The channel's topic, as mrkdwn; a long title is clipped."""
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            "" if incident.open else phrases.status_name(incident.status),
            f"IC {phrases.who_leads(incident)}" if incident.open or phrases.LEADS in incident.roles else "",
        ]
    )
    start = f"{phrases.drill_prefix(incident)}{state} · "
    return start + clip(phrases.title(incident), max(1, TOPIC - length(start)))


def purpose(incident: Incident) -> str:
    """The channel's purpose, as mrkdwn."""
    return clip(
        f"{phrases.drill_prefix(incident)}{phrases.title(incident)}. Everything written here is recorded.", TOPIC
    )


def response_buttons(value: str) -> list[Block]:
    """The buttons of an open incident."""
    return [
        button("Update status", "update", value),
        button("Change severity", "severity", value),
        button("Assign roles", "roles", value),
        button("Escalate", "escalate", value),
        button("Playbooks", "playbooks", value),
        button("Resolve", "resolve", value),
    ]


def buttons(incident: Incident) -> Block | None:
    """The buttons that fit the status; None for a merged incident. Every value is the incident's ID."""
    value = press_value(incident)
    if incident.open:
        waiting = incident.ladder.acknowledged_at is None
        return elements.actions(
            button("Acknowledge", "ack", value, style="primary") if waiting else None,
            *response_buttons(value),
            block_id="card",
        )
    if incident.status is Status.RESOLVED:
        close = button("Close", "close", value)
        return elements.actions(button("Reopen", "reopen", value), _review(incident), close, block_id="card")
    if incident.status is Status.MERGED:
        return None
    review = _review(incident) if incident.status is Status.CLOSED else None
    return elements.actions(button("Reopen", "reopen", value), review, block_id="card")


def _review(incident: Incident) -> Block:
    return button("Review" if incident.review else "Start review", "review", incident.id)


def _playbooks(incident: Incident, best: Hit | None) -> list[Block | None]:
    """The open playbooks; if none is open, an offer of `best`."""
    if best is not None:
        return playbooks.offer(incident, best)
    active = [run for run in incident.walks if run.outcome is None] if incident.open else []
    lines = [f":blue_book: {render(plain(run.name))} is open" for run in active[:RUNS]]
    return [elements.context("\n".join(lines))] if lines else []


def _marks(incident: Incident) -> Block | None:
    marks = phrases.marks(incident)
    return elements.context(marks) if marks else None


def _facts(incident: Incident, policy: Policy, now: datetime, bridge: str = "") -> list[tuple[str, str]]:
    facts = [
        ("Severity", phrases.severity_name(incident.severity, policy)),
        ("Status", phrases.status_line(incident)),
        ("Incident commander", _commander(incident)),
        ("Bridge", bridge),
        ("Declared", f"by {mention(incident.declared_by)} {_declared_at(incident, now)}{_declared_from(incident)}"),
        ("Acknowledged", _acknowledgement(incident, now)),
        ("Next update due", _next_update(incident, now)),
        ("Reminders snoozed", phrases.snoozed(incident, now)),
        ("Still needed", _missing(incident, policy)),
        ("Other roles", _other_roles(incident, policy)),
        ("Affected services", elements.join_comma(phrases.services(incident, policy))),
        ("Impact", impact(incident)),
        ("Category", render(plain(category_name(incident.category, policy))) if incident.category else ""),
        ("Merged into it", _ids(incident.merged)),
        ("Related", _ids(incident.related)),
        ("Tags", render(plain(elements.join_comma(incident.tags)))),
        *custom_fields.answered_fields(incident, policy),
    ]
    return [(label, value) for label, value in facts if value]


def _ids(numbers: Sequence[int]) -> str:
    return elements.join_comma([f"INC-{number}" for number in numbers])


def impact(incident: Incident) -> str:
    """Regions and impact facts as mrkdwn; empty if none are known."""
    where = f"in {render(plain(elements.join_comma(incident.regions)))}" if incident.regions else ""
    return elements.join_dots([where, *describe(incident.facts)])


def _checklist(incident: Incident, policy: Policy) -> Block | None:
    """The first actions that the policy recommends."""
    actions = checklist(incident, policy) if incident.open else ()
    lines = [f"☐ {clip(render(action), 150)}" for action in actions[:CHECKS]]
    return elements.context("\n".join(["*First*", *lines])) if lines else None


def category_name(key: str, policy: Policy) -> str:
    """The category's name as plain text; the key if the policy has no name for it."""
    detail = policy.category_details.get(key)
    return detail.name if detail and detail.name else key


def _commander(incident: Incident) -> str:
    if phrases.LEADS in incident.roles:
        return phrases.who_leads(incident)
    return "nobody yet — press *Assign roles*" if incident.open else ""


def _declared_at(incident: Incident, now: datetime) -> str:
    """When it was declared; while it is open, with how long it has been open."""
    return phrases.since(incident.declared_at, now) if incident.open else phrases.at(incident.declared_at, now)


def _declared_from(incident: Incident) -> str:
    return f", from {elements.link(incident.source_link, 'this message')}" if incident.source_link else ""


def _acknowledgement(incident: Incident, now: datetime) -> str:
    if acknowledgement := phrases.acknowledged(incident, now):
        return acknowledgement
    if not incident.open or incident.ladder.acknowledged_at is not None:
        return ""
    if incident.responders:  # the worse severity has to be acknowledged by itself
        people = elements.join_comma([mention(person) for person in incident.responders], 3)
        raised = f"not yet since it was raised to {render(incident.severity)}"
        return f"{raised}; {people} responded before. Press *Acknowledge*"
    return "not yet — press *Acknowledge* if you are responding"


def _next_update(incident: Incident, now: datetime) -> str:
    due = incident.update_due_at
    if due is None or not incident.open:
        return ""
    snoozed = incident.snooze is not None and incident.snooze.until == due
    promised = f" (promised by {mention(incident.promised_by)})" if incident.promised_by and not snoozed else ""
    return f"{'was due ' if due < now else ''}{phrases.at(due, now)}{promised}"


def _missing(incident: Incident, policy: Policy) -> str:
    missing = phrases.missing_roles(incident, policy) if incident.open else []
    return ":bust_in_silhouette: " + elements.join_comma([render(plain(title)) for title in missing]) if missing else ""


def _other_roles(incident: Incident, policy: Policy) -> str:
    lines = [
        f"{render(plain(phrases.role_of(key, policy).title))}: {mention(user)}"
        for key, user in incident.roles.items()
        if key != phrases.LEADS
    ]
    if len(lines) > ROLES:
        lines = [*lines[:ROLES], f"and {len(lines) - ROLES} more"]
    return "\n".join(lines)


def _description(incident: Incident) -> list[Block]:
    """The description, and a pointer to the full texts if the card cuts them."""
    description = clip(render(incident.description), ON_CARD_DESCRIPTION)
    blocks = [elements.section(description)] if description.strip() else []
    if is_cut_on_card(incident):
        blocks.append(elements.context("Title and description in full are in the thread under the card."))
    return blocks


def _latest(incident: Incident, now: datetime) -> Block | None:
    if not incident.updates or not incident.update_text:
        return None
    when = f" {phrases.at(incident.updated_at, now)}" if incident.updated_at else ""
    return elements.section(f"*Update #{incident.updates}*{when}\n{quote(clip(render(incident.update_text), LATEST))}")


def _ending(incident: Incident, now: datetime) -> list[Block]:
    if incident.open:
        return []
    lines = [phrases.ending(incident)]
    if incident.summary:
        lines.append(f"*What fixed it:* {clip(render(incident.summary), LATEST)}")
    if incident.root_cause:
        lines.append(f"*Root cause:* {clip(render(incident.root_cause), LATEST)}")
    if incident.impact_ended_at:
        lines.append(f"*Customer impact ended:* {elements.moment(incident.impact_ended_at)}")
    return [elements.section("\n".join(lines))]


def failed_steps(incident: Incident, failures: Sequence[Failure]) -> list[Block | None]:
    """The steps that failed and why, with the button that retries them."""
    if not failures:
        return []
    lines = [f":warning: {clip(render(failure.text), 500)}" for failure in failures[:FAILURES]]
    if len(failures) > FAILURES:
        lines.append(f"… and {len(failures) - FAILURES} more.")
    return [
        elements.section("\n".join(lines)),
        elements.actions(button("Retry", "retry", press_value(incident)), block_id="retry"),
    ]
