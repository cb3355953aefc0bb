"""Decides which changes of an action item change its ticket in a tracker."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import OF_INCIDENT, incident_wants_ticket, state_of, wants_ticket
from bot.domain.actions.ticket_edit import changes_ticket
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork


def ticket_of_incident(context: Context, incident: Incident, policy: Policy) -> list[Notice]:
    """The notice that creates a ticket for an incident whose severity asks for one. None without a tracker."""
    if context.tracker is None or not incident_wants_ticket(incident, policy):
        return []
    return [routing.ticket(incident.number, OF_INCIDENT)]


def notices(work: UnitOfWork, before: ActionItem | None, item: ActionItem) -> list[Notice]:
    """The notices that create, change, close or reopen the ticket of an item. None without a tracker."""
    if work.context.tracker is None or not wants_ticket(work.incident, item):
        return []
    if before is None:
        return [routing.ticket(item.incident, item.number)]
    if state_of(before) is not state_of(item) or changes_ticket(before, item):
        return [routing.ticket_moved(item.incident, item.number)]
    return []
