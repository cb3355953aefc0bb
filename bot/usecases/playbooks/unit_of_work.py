"""How a change of a walk is committed: the walk, its incident, entries, deadlines and notices in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.errors import NotFound
from bot.domain.incident import Change
from bot.domain.outcome import Outcome
from bot.domain.paging import ladder
from bot.domain.playbook import run as walks
from bot.domain.playbook import timers
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun
from bot.domain.policy.policy import Rung
from bot.domain.routing.notice import Notice
from bot.domain.values.slack_ids import is_user_id, user_mention
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_calendar
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import playbook_runs as stored


async def commit(
    work: UnitOfWork, change: walks.RunChange, notices: Sequence[Notice] = (), *, new: bool = False
) -> PlaybookRun:
    """Save a changed walk with all that follows. Call it with the incident locked, as `working_on` does."""
    await work.write(await save_run(work, change, notices, new=new))
    return change.run


async def save_run(
    work: UnitOfWork, change: walks.RunChange, notices: Sequence[Notice] = (), *, new: bool = False
) -> Outcome:
    """Save a changed run. The outcome for its incident, with the run's messages, is left for the caller to write."""
    after = change.run
    before = None if new else await stored.get(work.conn, after.incident, after.number)
    if before == after and not change.entries:
        return Outcome(Change(work.incident))
    await stored.save(work.conn, after)
    settled = (
        [
            *routing.playbook_runs.requests_settled(before, after),
            *routing.playbook_runs.reminders_settled(before, after),
        ]
        if before
        else []
    )
    shown = routing.playbook_runs.run_opened(after) if new else routing.run_edit(after.incident, after.number)
    last = change.entries[-1] if change.entries else None
    said = f"{last.text} ({user_mention(last.actor)})" if last and is_user_id(last.actor) else last.text if last else ""
    mirror = replace(timers.run_summary(after, said), asking=routing.playbook_runs.live_request_keys(after))
    others = tuple(one for one in work.incident.walks if one.number != after.number)
    kept = tuple(sorted((*others, mirror), key=lambda one: one.number))
    return Outcome(Change(replace(work.incident, walks=kept), change.entries), (shown, *settled, *notices))


async def load_run(conn: AsyncConnection, incident: int, number: int) -> tuple[PlaybookRun, Playbook]:
    """The walk, and its playbook as it was when the walk was opened. Raises `NotFound`."""
    run = await stored.get(conn, incident, number)
    playbook = await stored.playbook_version(conn, run.digest) if run else None
    if run is None or playbook is None:
        raise NotFound("That playbook is not open in this incident.", "playbook")
    return run, playbook


async def approvers(work: UnitOfWork) -> tuple[str, ...]:
    """Slack user IDs or addresses of whoever the policy lets approve; empty where that is everybody."""
    targets = work.policy.playbooks.approvers
    if not targets:
        return ()
    who = await current_calendar(work.conn, work.policy, work.now)
    return ladder.recipients_of(Rung(timedelta(), targets), work.incident, work.policy, who, work.now).people


async def direct_approvers(work: UnitOfWork, asker: str) -> tuple[str, ...]:
    """Who gets a request as a direct message: the approvers; without any, whoever leads. In a drill nobody."""
    if work.incident.drill:
        return ()
    leading = (work.incident.roles.get(role) for role in ("commander", "technical_lead"))
    named = await approvers(work) if work.policy.playbooks.approvers else filter(None, leading)
    return tuple(dict.fromkeys(person for person in named if person != asker))


@asynccontextmanager
async def locked_run(
    context: Context, number: int, run_number: int, delivery: str | None = None
) -> AsyncIterator[tuple[UnitOfWork, PlaybookRun, Playbook]]:
    """Lock the incident for an act on one of its walks. Raises `NotFound`, or `Repeated`."""
    async with locked_incident(context, number, delivery) as work:
        known, playbook = await load_run(work.conn, number, run_number)
        yield work, known, playbook
