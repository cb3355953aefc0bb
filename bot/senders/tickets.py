"""Creates the tickets of action items and incidents in a tracker, and closes and reopens them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import (
    OF_INCIDENT,
    NewTicket,
    Ticket,
    TicketState,
    TrackerKind,
    dropped_text,
    of_incident,
    of_item,
    state_of,
    state_of_incident,
    wants_ticket,
)
from bot.domain.actions.ticket_edit import NOTHING, additions, same_text
from bot.domain.errors import DeliveryError
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import TicketPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, SendResult, Sent, result_of
from bot.integrations import http
from bot.integrations.trackers.protocol import Created, Tracker
from bot.usecases.actions.ticket_news import ticket_created, ticket_edited, ticket_moved
from bot.usecases.context import Context
from storage import actions, incidents, names, tickets
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

GIVEN_UP_AFTER = timedelta(days=2)
LONGEST_REQUESTS_S = 2 * http.TIMEOUT_S  # a look-up and a change


@dataclass(frozen=True, slots=True)
class _TicketSource:
    """The source of a ticket, as it is now: an action item, or the incident itself."""

    incident: Incident
    policy: Policy
    item: ActionItem | None  # None: the incident itself
    ticket: Ticket | None
    owner: str = ""  # the name of the item's owner

    @property
    def wanted_state(self) -> TicketState:
        return state_of(self.item) if self.item is not None else state_of_incident(self.incident)

    @property
    def id(self) -> str:
        return self.item.id if self.item is not None else self.incident.id


class TicketSender:
    """Sends notices of the kinds `TICKET_KINDS`. `trackers` returns those that are configured now."""

    def __init__(self, context: Context, trackers: Callable[[], Mapping[TrackerKind, Tracker]]) -> None:
        self._context = context
        self._trackers = trackers

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Make one attempt."""
        payload = read_payload(row, TicketPayload)
        async with self._context.database.reading() as conn:
            source = await self._source(conn, row.incident or 0, payload.item)
        if source is None:
            return NotNeeded("there is no such action item")
        try:
            return await (self._create(row, source) if row.kind == NoticeKind.TICKET else self._update(row, source))
        except DeliveryError as error:
            problem = f"Could not {'create' if row.kind == NoticeKind.TICKET else 'change'} the ticket of {source.id}: "
            problem += f"{error}."
            if datetime.now(UTC) - row.first_try_at > GIVEN_UP_AFTER:
                return Failed(problem)
            return result_of(error, problem)

    async def _source(self, conn: AsyncConnection, number: int, item_number: int) -> _TicketSource | None:
        incident = await incidents.get(conn, number)
        item = await actions.get(conn, number, item_number) if item_number != OF_INCIDENT else None
        if incident is None or (item is None and item_number != OF_INCIDENT):
            return None
        owner = item.owner if item is not None and item.owner else ""
        names_by_person = await names.get_many(conn, {owner}) if owner else {}
        ticket = await tickets.get(conn, number, item_number)
        policy = await self._context.policies.of(conn, incident)
        return _TicketSource(incident, policy, item, ticket, names_by_person.get(owner) or _contact(owner, policy))

    async def _create(self, row: ClaimedNotice, source: _TicketSource) -> SendResult:
        """1. Look for what an uncertain attempt created; 2. create; 3. store it. Raises `DeliveryError`."""
        if source.ticket is not None:
            return Sent({"vendor": source.ticket.tracker.value, "id": source.ticket.name})
        tracker = self._trackers().get(self._context.tracker) if self._context.tracker else None
        if tracker is None:
            return NotNeeded("no tracker is set up any more")
        if not wants_ticket(source.incident, source.item):
            return NotNeeded("nothing of a private incident or a drill leaves")
        project = project_of(source.incident, source.policy, tracker)
        new = self._new(source, tracker.kind, row.key)
        created = await tracker.find(project, new, row.first_try_at) if row.uncertain else None
        if created is None:
            if not row.lease_covers(http.TIMEOUT_S):
                return LEASE_TOO_SHORT
            created = await tracker.create(project, new)
        ticket = _ticket(source, tracker.kind, created, created.project or project, self._context.clock.now())
        ticket = replace(ticket, sent=new)
        await ticket_created(self._context, ticket, dropped_text(new, created.labels, created.assignees))
        return Sent({"vendor": tracker.kind.value, "id": ticket.name})

    async def _update(self, row: ClaimedNotice, source: _TicketSource) -> SendResult:
        """Write the words that changed, then close or reopen the ticket. Raises `DeliveryError`."""
        ticket = source.ticket
        if ticket is None:
            return NotNeeded("it has no ticket")
        new = self._new(source, ticket.tracker, "")
        edits, moves = ticket.sent is None or not same_text(ticket.sent, new), ticket.state is not source.wanted_state
        if ticket.state is TicketState.GONE or not (edits or moves):
            return NotNeeded("the ticket stands so already")
        tracker = self._trackers().get(ticket.tracker)
        if tracker is None:
            return NotNeeded("its tracker is not set up any more")
        if edits:
            if not row.lease_covers(LONGEST_REQUESTS_S):
                return LEASE_TOO_SHORT
            before = ticket.sent or NOTHING
            edited = await tracker.edit(ticket.project, ticket.external, before, new)
            dropped = dropped_text(additions(before, new), edited.labels, edited.assignees)
            await ticket_edited(self._context, ticket, new, dropped)
        if moves:
            if not row.lease_covers(LONGEST_REQUESTS_S):
                return LEASE_TOO_SHORT
            await tracker.move(
                ticket.project, ticket.external, source.wanted_state, source.item.reason if source.item else ""
            )
            await ticket_moved(self._context, ticket, source.wanted_state)
        return Sent({"vendor": tracker.kind.value, "id": ticket.name})

    def _new(self, source: _TicketSource, tracker: TrackerKind, key: str) -> NewTicket:
        url = self._context.url
        link = f"{url.rstrip('/')}/incidents/{source.incident.id}" if url else ""
        if source.item is None:
            return of_incident(source.incident, link, key)
        login = login_of(source.item.owner, source.policy) if tracker is TrackerKind.GITHUB else None
        return of_item(source.item, source.incident, source.owner, login, link, key)


def project_of(incident: Incident, policy: Policy, tracker: Tracker) -> str:
    """The repository or project for the incident's tickets: its first service's, else the one of the settings."""
    for key in incident.services:
        service = policy.services.get(key)
        project = service and (service.repository if tracker.kind is TrackerKind.GITHUB else service.project)
        if project:
            return project
    return tracker.project


def _contact(owner: str, policy: Policy) -> str:
    """The name of a person whose Slack name is not stored yet: the contact's, else the Slack ID. Empty for nobody."""
    return next(
        (contact.name for contact in policy.contacts.values() if owner and contact.slack == owner and contact.name),
        owner,
    )


def login_of(owner: str | None, policy: Policy) -> str | None:
    """The GitHub login of a person, if the policy's contacts have it."""
    return next((contact.github for contact in policy.contacts.values() if owner and contact.slack == owner), None)


def _ticket(source: _TicketSource, tracker: TrackerKind, created: Created, project: str, now: datetime) -> Ticket:
    item = source.item.number if source.item is not None else OF_INCIDENT
    return Ticket(source.incident.number, item, tracker, project, created.external, created.url, TicketState.OPEN, now)
