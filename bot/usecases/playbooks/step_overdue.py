"""A step takes longer than its playbook gives it: whoever holds it is asked, then the commander."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import State, is_late
from bot.domain.incident import Incident
from bot.domain.playbook import run as walks
from bot.domain.playbook import timers
from bot.domain.playbook.run import Mark, Walk
from bot.domain.values import durations
from bot.usecases.context import Work
from bot.usecases.playbooks.unit_of_work import commit, found
from storage import deadlines
from storage.deadlines import Row


async def lapse(work: Work, row: Row) -> None:
    """1. Whom; 2. the decision in the ledger; 3. a message in the walk's thread, with the entry."""
    _, _, _, number, step, _, _ = row.once.split(":")
    walk, _ = await found(work.conn, work.incident.number, int(number))
    mark = walk.mark(step)
    person = _whom(work.incident, walk, mark)
    if mark.nudged and person == _first(work.incident, walk, mark):
        reason = f"<@{person}> was asked already, and leads"
        await deadlines.decided(work.conn, row.once, State.SKIPPED, reason, work.now)
        await commit(work, walks.Change(timers.not_again(walk, step)))
        return
    late = work.now - row.due_at
    late_s = late.total_seconds() if is_late(late, mark.timeout) else None
    suffix = f", late by {durations.roughly(late)}" if late_s else ""
    reason = f"{walk.name}, step {step}: not settled, <@{person}> is asked{suffix}"
    await deadlines.decided(work.conn, row.once, State.DUE, reason, work.now)
    change = timers.reminded(walk, step, person, row.once, work.now, suffix)
    await commit(
        work, change, [routing.playbook_runs.step_late(change.walk, change.walk.mark(step), person, row.once, late_s)]
    )


def _whom(incident: Incident, walk: Walk, mark: Mark) -> str:
    return _leads(incident) if mark.nudged else _first(incident, walk, mark)


def _first(incident: Incident, walk: Walk, mark: Mark) -> str:
    return mark.holder or incident.roles.get("commander") or walk.opened_by


def _leads(incident: Incident) -> str:
    return incident.roles.get("commander") or incident.declared_by
