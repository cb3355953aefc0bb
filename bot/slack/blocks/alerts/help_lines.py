"""Formats what may help beside alerts: owners, changes of their services, similar incidents and playbooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts.service_change import ServiceChange
from bot.domain.policy.policy import Policy
from bot.domain.triage.alert_facts import AlertFacts
from bot.domain.triage.similarity import SimilarIncident
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block
from bot.slack.text import clip, plain, render

NAME_LENGTH, TITLE_LENGTH, FIX_LENGTH = 80, 120, 200


def owner(facts: AlertFacts) -> str:
    """The owners of the services: contacts by name, and who is on call by the schedule. Nobody is mentioned."""
    people = [_data(contact.name or contact.key, NAME_LENGTH) for contact in facts.owners]
    schedules = [f"on call: {_data(name, NAME_LENGTH)}" for name in facts.on_call]
    return elements.join_comma([*people, *schedules], 5)


def blocks(facts: AlertFacts, now: datetime) -> list[Block | None]:
    """Recent changes, similar incidents and playbooks. Empty if nothing is known."""
    lines = [
        *(f":wrench: {change_line(change, now)}" for change in facts.changes),
        *(f":mag: {_similar(match)}" for match in facts.similar),
        *(f":book: Playbook: {_data(title, TITLE_LENGTH)}" for title in facts.playbooks),
    ]
    return [elements.section(clip("\n".join(lines), elements.TEXT))] if lines else []


def change_line(change: ServiceChange, now: datetime) -> str:
    """One change with its time, author and link."""
    title = _data(change.title, TITLE_LENGTH)
    if change.url and not set(change.url) & set("<>|\n \t\r"):
        title = elements.link(change.url, title)
    subject = f"{change.kind} of {_data(change.service, NAME_LENGTH)}" if change.service else str(change.kind)
    author = f"by {_data(change.author, NAME_LENGTH)}" if change.author else ""
    return elements.join_dots([f"{subject}: {title}", author, phrases.at(change.at, now)])


def changes_before(changes: Sequence[ServiceChange], start: datetime, now: datetime) -> list[str]:
    """Each change with how long before the start it was."""
    return [
        f"{change_line(change, now)}, {durations.approximate(start - change.at)} before the start" for change in changes
    ]


def service_name(key: str, policy: Policy) -> str:
    """The service's name, rendered."""
    service = policy.services.get(key)
    return _data(service.name if service and service.name else key, NAME_LENGTH)


def _similar(match: SimilarIncident) -> str:
    incident = match.incident
    fixed = f" — fixed by: {clip(render(match.fixed), FIX_LENGTH)}" if match.fixed else ""
    state = "open" if incident.open else str(incident.status)
    return f"Like {incident.id} ({state}): {_data(incident.title, TITLE_LENGTH)}{fixed}"


def _data(text: str, longest: int) -> str:
    return clip(render(plain(text)), longest)
