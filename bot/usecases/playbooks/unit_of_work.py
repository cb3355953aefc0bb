"""Loads playbook runs and commits their changes, together with the incident, entries, deadlines and notices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.errors import NotFound
from bot.domain.incident import Change, Incident
from bot.domain.outcome import Outcome
from bot.domain.paging.recipients import recipients_of
from bot.domain.playbook import timers
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import Approval, PlaybookRun, RunChange
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import Entry
from bot.domain.values.slack_ids import is_user_id, user_mention
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import playbook_runs as stored


async def commit(
    work: UnitOfWork, change: RunChange, notices: Sequence[Notice] = (), *, new: bool = False
) -> PlaybookRun:
    """Save a changed run with all consequences. The incident must be locked.

    A change that changes nothing is not written. `new` is for a run that is not stored yet.
    """
    await work.write(await save_run(work, change, notices, new=new))
    return change.run


async def save_run(
    work: UnitOfWork, change: RunChange, notices: Sequence[Notice] = (), *, new: bool = False
) -> Outcome:
    """Save a changed run, and return the outcome for its incident, with the run's messages, for the caller to write."""
    after = change.run
    before = None if new else await stored.get(work.conn, after.incident, after.number)
    if before == after and not change.entries:
        return Outcome(Change(work.incident))
    await stored.save(work.conn, after)
    settled = []
    if before is not None:
        settled += routing.playbook_runs.requests_settled(before, after)
        settled += routing.playbook_runs.reminders_settled(before, after)
    message = (
        routing.playbook_runs.run_posted(after.incident, after.number)
        if new
        else routing.run_edit(after.incident, after.number)
    )
    last = _last_line(change.entries[-1]) if change.entries else ""
    summary = replace(timers.run_summary(after, last), asking=routing.playbook_runs.live_request_keys(after))
    other_summaries = (run_summary for run_summary in work.incident.walks if run_summary.number != after.number)
    summaries = tuple(sorted((*other_summaries, summary), key=lambda run_summary: run_summary.number))
    return Outcome(Change(replace(work.incident, walks=summaries), change.entries), (message, *settled, *notices))


def _last_line(entry: Entry) -> str:
    return f"{entry.text} ({user_mention(entry.actor)})" if is_user_id(entry.actor) else entry.text


async def load_run(conn: AsyncConnection, incident: int, number: int) -> tuple[PlaybookRun, Playbook]:
    """A run, and its playbook as it was when the run was opened. Raises `NotFound`."""
    run = await stored.get(conn, incident, number)
    playbook = await stored.playbook_version(conn, run.digest) if run else None
    if run is None or playbook is None:
        raise NotFound("That playbook is not open in this incident.", "playbook")
    return run, playbook


async def approvers(work: UnitOfWork) -> tuple[str, ...]:
    """Slack user IDs or addresses of the people whom the policy lets approve. Empty: everyone may."""
    targets = work.policy.playbooks.approvers
    if not targets:
        return ()
    return recipients_of(targets, work.incident, await work.paging_context()).people


async def approvers_of(work: UnitOfWork, run: PlaybookRun, approval: Approval) -> tuple[str, ...]:
    """The approvers of one request, without people who became approvers after it or by the requester's own act.

    A role counts if its holder took it before the request, or if somebody else gave it; one given by the requester
    counts only if that was before the playbook was opened. A cover counts if it was taken before the request.
    """
    context = await work.paging_context(covers_until=approval.asked_at)
    roles = {
        role: holder for role, holder in work.incident.roles.items() if _counts(work.incident, role, run, approval)
    }
    return recipients_of(work.policy.playbooks.approvers, replace(work.incident, roles=roles), context).people


def _counts(incident: Incident, role: str, run: PlaybookRun, approval: Approval) -> bool:
    """Whether holding the role lets its holder answer the request."""
    grant = incident.role_grants.get(role)
    if grant is None:
        return True
    if grant.by == incident.roles.get(role):
        return grant.at < approval.asked_at
    return grant.by != approval.by or grant.at < run.opened_at


async def direct_approvers(work: UnitOfWork, requester: str) -> tuple[str, ...]:
    """The people who get a request directly: the approvers, else the commander and technical lead. None in a drill."""
    if work.incident.drill:
        return ()
    leads = (work.incident.roles.get(role) for role in ("commander", "technical_lead"))
    people = await approvers(work) if work.policy.playbooks.approvers else filter(None, leads)
    return tuple(dict.fromkeys(person for person in people if person != requester))


@asynccontextmanager
async def locked_run(
    context: Context, number: int, run_number: int, delivery: str | None = None
) -> AsyncIterator[tuple[UnitOfWork, PlaybookRun, Playbook]]:
    """Lock an incident and load one of its runs. Raises `NotFound`, and `DuplicateDelivery` for a repeated delivery."""
    async with locked_incident(context, number, delivery) as work:
        run, playbook = await load_run(work.conn, number, run_number)
        yield work, run, playbook
