"""Builds the answer to `/incident catchup`: what one person missed in an incident, and what is due next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incident import Incident, RunSummary, handover
from bot.domain.policy.policy import Contact, Policy
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.blocks.timeline import entry_line
from bot.slack.blocks.triage import contacts_and_links
from bot.slack.blocks.why import HANDOVER, KIND_NAMES, SHIFT
from bot.slack.text import clip, mention, plain, render

ENTRIES = 12  # more is too long to read on a phone
LINE = 220  # characters
UPCOMING = 3


@dataclass(frozen=True, slots=True)
class UpcomingDeadline:
    """A deadline that has not lapsed."""

    kind: str  # as `ledger` names it
    rung: int | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MissedEntries:
    """The entries that one person missed, with deadlines, contacts and links that help them."""

    since: datetime | None  # when the person last read or took part; None: never
    entries: Sequence[RecordedEntry]  # key entries since then, oldest first
    messages: int  # number of messages in the channel since then
    upcoming: Sequence[UpcomingDeadline]  # the earliest first
    contacts: Sequence[Contact] = ()
    links: Sequence[tuple[str, str]] = ()  # title and URL


def catchup(incident: Incident, policy: Policy, now: datetime, missed: MissedEntries) -> Message:
    """The answer to `catchup`, for one person."""
    title = f"{phrases.drill_prefix(incident)}{phrases.title(incident)}"
    next_lines = "\n".join(f"• {line}" for line in _next(incident, policy, missed.upcoming, now))
    return elements.message(
        title,
        [
            elements.section(f"*{title}*\n{_state(incident, policy)}"),
            elements.section(clip(_events(missed, now), elements.TEXT)),
            elements.section(clip(f"*Next*\n{next_lines}", elements.TEXT)) if incident.open else None,
            *contacts_and_links(missed.contacts, missed.links),
            elements.actions(button("Timeline", "timeline", press_value(incident)), block_id="catchup"),
        ],
    )


def _state(incident: Incident, policy: Policy) -> str:
    if not incident.open:
        fixed = f"\n*What fixed it:* {clip(render(incident.summary), LINE * 2)}" if incident.summary else ""
        return phrases.ending(incident) + fixed
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_line(incident),
            phrases.leadership(incident),
        ]
    )
    if not incident.update_text:
        return state
    return f"{state}\n*Update #{incident.updates}:* {clip(render(incident.update_text), LINE * 2)}"


def _events(missed: MissedEntries, now: datetime) -> str:
    since, entries, count = missed.since, missed.entries, missed.messages
    head = f"*Since you were last here, {durations.ago(now - since)}*" if since else "*Since it was declared*"
    chatter = f"{count} message{'s' if count != 1 else ''} in the channel" if count else ""
    if not entries:
        return f"{head}\nNothing of note{'; ' + chatter if chatter else ''}."
    lines = [f"• {clip(entry_line(record), LINE)}" for record in entries[-ENTRIES:]]
    more = len(entries) - len(lines)
    tail = elements.join_dots([f"{more} earlier entries are on the timeline" if more > 0 else "", chatter])
    return "\n".join([head, *lines, *([tail] if tail else [])])


def _next(incident: Incident, policy: Policy, upcoming: Sequence[UpcomingDeadline], now: datetime) -> list[str]:
    lines = []
    if incident.ladder.acknowledged_at is None:
        lines.append("nobody has acknowledged it yet")
    if missing := phrases.missing_roles(incident, policy):
        lines.append("still needed: " + elements.join_comma([render(plain(title)) for title in missing]))
    lines += [_run(run, now) for run in incident.walks if run.outcome is None]
    for offer in handover.open_offers(incident):
        title = render(plain(phrases.role_of(offer.role, policy).title))
        lines.append(f"{mention(offer.to)} is asked to take over as {title}")
    deadlines = [deadline for deadline in upcoming if deadline.kind != "playbook"]  # the runs above have those
    for deadline in deadlines[:UPCOMING]:
        lines.append(f"{render(_due(deadline.kind, deadline.rung))} {phrases.at(deadline.due_at, now)}")
    return lines or ["nothing is due"]


def _due(kind: str, rung: int | None) -> str:
    if rung:
        return f"rung {rung} is paged unless it is {'mitigated' if kind == 'mitigate' else 'acknowledged'} by"
    if kind == "role":
        return "a question about empty roles is due"
    if kind == HANDOVER:
        return "an answer to the handover is due"
    if kind == SHIFT:
        return "an on-call shift ends"
    return f"{KIND_NAMES.get(kind, kind.replace('_', ' '))} is due"


def _run(run: RunSummary, now: datetime) -> str:
    """Progress of a playbook run, and the steps that are due first."""
    progress = f"playbook {render(plain(run.name))}: {run.settled} of {run.total} steps are done"
    if not run.timers:
        return progress
    first = min(timer.at for timer in run.timers)
    keys = [timer.name.split(":")[2] for timer in run.timers if timer.at == first]
    return f"{progress}; {_steps(keys)} {phrases.at(first, now)}"


def _steps(keys: Sequence[str]) -> str:
    return f"step {keys[0]} is due" if len(keys) == 1 else f"steps {elements.join_comma(keys)} are due"
