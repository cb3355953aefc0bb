"""Defines the ticket of an action item or of an incident, in a tracker such as GitHub.

The rules here say what gets a ticket, and what the ticket says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.actions.item import ActionItem, ActionStatus, due_text
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy

OF_INCIDENT = 0  # in place of an item's number, for the ticket of the incident itself
LABEL = "incident"  # on every ticket


class TrackerKind(StrEnum):
    """Which tracker. The values are persisted."""

    GITHUB = "github"
    JIRA = "jira"
    LINEAR = "linear"
    WEBHOOK = "webhook"


TITLES = {
    TrackerKind.GITHUB: "GitHub",
    TrackerKind.JIRA: "Jira",
    TrackerKind.LINEAR: "Linear",
    TrackerKind.WEBHOOK: "the webhook",
}


class TicketState(StrEnum):
    """The state of a ticket in its tracker. The values are persisted."""

    OPEN = "open"
    DONE = "done"
    NOT_DOING = "not_doing"  # closed without being done
    GONE = "gone"  # deleted there, or moved out of sight


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to create in a tracker."""

    title: str
    body: str  # Markdown
    labels: tuple[str, ...]
    assignee: str | None  # the owner's login there; None: nobody, or not known
    key: str  # opaque; the ticket is found by it when an earlier attempt may have created it


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that exists in a tracker."""

    incident: int
    item: int  # number of the action item; `OF_INCIDENT` for the incident's own ticket
    tracker: TrackerKind
    project: str  # repository, project or team
    external: str  # its number or key there, such as `12` or `OPS-12`
    url: str
    state: TicketState
    created_at: datetime
    sent: NewTicket | None = None  # the words that we wrote into it last; None: not known

    @property
    def name(self) -> str:
        """The name that people use: `acme/app#12`, `OPS-12`."""
        return f"{self.project}#{self.external}" if self.tracker is TrackerKind.GITHUB else self.external


@dataclass(frozen=True, slots=True)
class TicketNews:
    """A tracker's report about one of its tickets."""

    tracker: TrackerKind
    project: str
    external: str
    state: TicketState
    who: str  # the name there of the person who did it; empty where it is not told


def wants_ticket(incident: Incident, item: ActionItem | None) -> bool:
    """Whether an item, or without one the incident itself, may leave for a tracker.

    Of a private incident and of a drill nothing leaves, and checklists stay here.
    """
    return not incident.private and not incident.drill and (item is None or item.checklist is None)


def incident_wants_ticket(incident: Incident, policy: Policy) -> bool:
    """Whether the incident's severity says that a ticket is made of it."""
    level = next((level for level in policy.severities if level.key == incident.severity), None)
    return level is not None and bool(level.extra.get("ticket")) and wants_ticket(incident, None)


def state_of(item: ActionItem) -> TicketState:
    """The state that the item's ticket should have."""
    if item.live:
        return TicketState.OPEN
    return TicketState.DONE if item.status is ActionStatus.COMPLETED else TicketState.NOT_DOING


def state_of_incident(incident: Incident) -> TicketState:
    """The state that the incident's own ticket should have."""
    if incident.open:
        return TicketState.OPEN
    return TicketState.NOT_DOING if incident.status in (Status.CANCELLED, Status.MERGED) else TicketState.DONE


def of_item(item: ActionItem, incident: Incident, owner: str, assignee: str | None, link: str, key: str) -> NewTicket:
    """The ticket of an action item. `owner` is a name, `link` leads to the incident; either may be empty."""
    facts = [
        f"**Owner:** {owner}" if owner else "",
        f"**Due:** {due_text(item.due).removeprefix('due ')}" if item.due else "",
        f"**Priority:** {item.priority}",
        f"**Incident:** {f'[{incident.id}]({link})' if link else incident.id} {incident.title}",
    ]
    body = "\n".join([*([item.description, ""] if item.description else []), *filter(None, facts)])
    labels = (LABEL, str(item.priority).lower(), *((str(item.kind),) if item.kind else ()))
    return NewTicket(f"{item.title} ({item.id})", body, labels, assignee, key)


def of_incident(incident: Incident, link: str, key: str) -> NewTicket:
    """The ticket of an incident whose severity asks for one."""
    facts = [
        f"**Severity:** {incident.severity}",
        f"**Services:** {', '.join(incident.services)}" if incident.services else "",
        f"**Incident:** [{incident.id}]({link})" if link else "",
    ]
    body = "\n".join([*([incident.description, ""] if incident.description else []), *filter(None, facts)])
    return NewTicket(f"{incident.id}: {incident.title}", body, (LABEL, incident.severity), None, key)


def dropped_text(ticket: NewTicket, labels: tuple[str, ...], assignees: tuple[str, ...]) -> str:
    """What a tracker dropped without an error: `the labels incident, p1 and the assignee maya`. Empty: nothing."""
    have = {label.lower() for label in labels}
    missing = [label for label in ticket.labels if label.lower() not in have]
    parts = []
    if missing:
        parts.append(f"the label{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
    if ticket.assignee and ticket.assignee.lower() not in {assignee.lower() for assignee in assignees}:
        parts.append(f"the assignee {ticket.assignee}")
    return " and ".join(parts)
