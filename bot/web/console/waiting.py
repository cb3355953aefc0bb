"""Finds what a visitor has to do: pages, offered roles, approvals of playbook steps, overdue action items."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.identity import OPERATOR
from bot.domain.incident import Incident, handover
from bot.operations.base import API
from bot.usecases.context import Context
from bot.usecases.playbooks.approvals import is_waiting, may_answer
from bot.usecases.queries.find_incidents import find_incidents
from bot.usecases.visibility import can_see
from bot.web.console.visitor import Visitor
from storage import directory, incidents, playbook_runs

INVOLVED, MOST = 100, 10  # open incidents that name the person; lines of a kind
MOST_RUNS = 50  # that wait for an approval


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line: the path it links to, its title, and what is asked."""

    path: str
    title: str
    asked: str


async def lines_waiting_for(visitor: Visitor) -> list[Waiting]:
    """The work that waits for the visitor, the most urgent kind first. None for the operator, who is no person."""
    if visitor.person in {API, OPERATOR}:
        return []
    context = visitor.context
    async with context.database.reading() as conn:
        addresses = frozenset({visitor.person, *await directory.addresses_of(conn, visitor.person)})
        order = [level.key for level in context.policy.severities]
        open_incidents = await find_incidents(conn, visitor.person, worst_first=order, naming=addresses, limit=INVOLVED)
        approvals = await _approvals(context, conn, visitor.person)
    pages = [
        _incident_line(incident, "you are paged")
        for incident in open_incidents.incidents
        if _is_paged(incident, visitor.person, addresses)
    ]
    offers = [
        _incident_line(incident, f"you are asked to take over as {context.policy.role(offer.role).title}")
        for incident in open_incidents.incidents
        for offer in handover.open_offers(incident)
        if offer.to == visitor.person
    ]
    return [*pages[:MOST], *offers[:MOST], *approvals, *await _overdue_actions(visitor)]


def _incident_line(incident: Incident, question: str) -> Waiting:
    return Waiting(f"/incidents/{incident.id}", f"{incident.id} {incident.title}", question)


def _is_paged(incident: Incident, person: str, addresses: frozenset[str]) -> bool:
    """Whether a page of this person waits for an acknowledgement."""
    if incident.ladder.acknowledged_at is not None or person in incident.responders or incident.drill:
        return False
    paged = {
        address.lower() if "@" in address else address for page in incident.ladder.pages for address in page.people
    }
    return not addresses.isdisjoint(paged)


async def _approvals(context: Context, conn: AsyncConnection, person: str) -> list[Waiting]:
    """The steps whose approval this person may give: those they were asked for directly first."""
    lines_waiting_for = [run for run in await playbook_runs.running(conn) if any(map(is_waiting, run.steps))][
        :MOST_RUNS
    ]
    incidents_by_number = await incidents.get_many(conn, {run.incident for run in lines_waiting_for})
    lines: list[tuple[bool, Waiting]] = []
    for run in lines_waiting_for:
        incident = incidents_by_number.get(run.incident)
        if incident is None or not await can_see(conn, incident, person):
            continue
        may = await may_answer(context, conn, incident, run, person)
        for step in filter(is_waiting, run.steps):
            directly = step.asked is not None and person in step.asked.people
            if directly or (may and step.asked is not None and step.asked.by != person):
                path = f"/incidents/{incident.id}/playbooks/{run.number}#s{step.key}"
                request = "your approval is asked for" if directly else "approval is asked for, and you may give it"
                lines.append((not directly, Waiting(path, f"{incident.id} {step.title}", request)))
    return [line for _, line in sorted(lines, key=lambda ranked: ranked[0])][:MOST]


async def _overdue_actions(visitor: Visitor) -> list[Waiting]:
    answer = await visitor.ask("list_actions", owner=visitor.person, overdue=True, limit=MOST)
    return [Waiting("/reviews?scope=mine", f"{action['id']} {action['title']}", f"overdue since {action['due']}")
            for action in answer["actions"]]  # fmt: skip
