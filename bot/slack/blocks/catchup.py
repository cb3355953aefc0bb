"""Catching up: how it stands, what happened since somebody last read, what is next, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Incident, RunSummary, handover
from bot.domain.policy.policy import Contact, Policy
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.ledger import HANDOVER, KIND_NAMES, SHIFT, entry_line
from bot.slack.blocks.triage import contacts_and_links
from bot.slack.text import clip, mention, plain, render

SHOWN = 12  # of what happened; on a telephone nobody reads more
LINE = 220
UPCOMING = 3


def catchup(
    incident: Incident,
    policy: Policy,
    now: datetime,
    *,
    since: datetime | None,
    entries: Sequence[RecordedEntry],
    messages: int,
    upcoming: Sequence[tuple[str, int | None, datetime]],
    contacts: Sequence[Contact],
    links: Sequence[tuple[str, str]],
) -> Message:
    """`upcoming`: kind, rung and instant of each deadline that waits, in their order."""
    words = f"{phrases.drill_prefix(incident)}{phrases.title(incident)}"
    return elements.message(
        words,
        [
            elements.section(f"*{words}*\n{_stands(incident, policy)}"),
            elements.section(clip(_happened(since, entries, messages, now), elements.TEXT)),
            elements.section(
                clip(
                    "*Next*\n" + "\n".join(f"• {one}" for one in _next(incident, policy, upcoming, now)), elements.TEXT
                )
            )
            if incident.open
            else None,
            *contacts_and_links(contacts, links),
            elements.actions(button("Timeline", "timeline", incident.id), block_id="catchup"),
        ],
    )


def _stands(incident: Incident, policy: Policy) -> str:
    if not incident.open:
        fixed = f"\n*What fixed it:* {clip(render(incident.summary), LINE * 2)}" if incident.summary else ""
        return phrases.ending(incident) + fixed
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_line(incident),
            f"led by {phrases.who_leads(incident)}",
        ]
    )
    if not incident.update_text:
        return state
    return f"{state}\n*Update #{incident.updates}:* {clip(render(incident.update_text), LINE * 2)}"


def _happened(since: datetime | None, entries: Sequence[RecordedEntry], messages: int, now: datetime) -> str:
    head = f"*Since you were last here, {durations.ago(now - since)}*" if since else "*Since it was declared*"
    chatter = f"{messages} message{'s' if messages != 1 else ''} in the channel" if messages else ""
    if not entries:
        return f"{head}\nNothing of note{'; ' + chatter if chatter else ''}."
    lines = [f"• {clip(entry_line(record.entry), LINE)}" for record in entries[-SHOWN:]]
    more = len(entries) - len(lines)
    tail = elements.join_dots([f"{more} earlier ones are on the timeline" if more > 0 else "", chatter])
    return "\n".join([head, *lines, *([tail] if tail else [])])


def _next(
    incident: Incident, policy: Policy, upcoming: Sequence[tuple[str, int | None, datetime]], now: datetime
) -> list[str]:
    lines = []
    if incident.ladder.acknowledged_at is None:
        lines.append("nobody has acknowledged it yet")
    if missing := phrases.missing_roles(incident, policy):
        lines.append("still needed: " + elements.join_comma([render(plain(title)) for title in missing]))
    lines += [_walked(walking, now) for walking in incident.walks if walking.outcome is None]
    for asked in handover.open_offers(incident):
        title = render(plain(phrases.role_of(asked.role, policy).title))
        lines.append(f"{mention(asked.to)} is asked to take over as {title}")
    others = [one for one in upcoming if one[0] != "playbook"]  # told with their playbooks
    for kind, rung, at in others[:UPCOMING]:
        lines.append(f"{render(_due(kind, rung))} {phrases.at(at, now)}")
    return lines or ["nothing is owed"]


def _due(kind: str, rung: int | None) -> str:
    if rung:
        return f"rung {rung} is paged unless it is {'mitigated' if kind == 'mitigate' else 'acknowledged'} by"
    if kind == "role":
        return "empty roles are asked about"
    if kind == HANDOVER:
        return "an answer to the handover is due"
    if kind == SHIFT:
        return "a turn on call ends"
    return f"{KIND_NAMES.get(kind, kind.replace('_', ' '))} is due"


def _walked(walking: RunSummary, now: datetime) -> str:
    """How far a playbook is, and which of its steps run out of time first."""
    said = f"playbook {render(plain(walking.name))}: {walking.settled} of {walking.total} steps are done"
    if not walking.timers:
        return said
    first = min(timer.at for timer in walking.timers)
    keys = [timer.name.split(":")[2] for timer in walking.timers if timer.at == first]
    return f"{said}; {_steps(keys)} {phrases.at(first, now)}"


def _steps(keys: Sequence[str]) -> str:
    return f"step {keys[0]} is due" if len(keys) == 1 else f"steps {elements.join_comma(keys)} are due"
