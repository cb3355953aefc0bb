"""A deadline has lapsed: look at the incident as it stands now, decide, and write the decision with what follows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain import routing
from bot.domain.deadlines import DeadlineState, plan
from bot.domain.incident import Change, Incident
from bot.domain.paging import ladder, triggers
from bot.domain.reminder import Activity, Nudge, decide_nudge, is_late
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values import durations
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_calendar
from bot.usecases.incidents import handover
from bot.usecases.incidents.escalate import commit_climb, next_rung
from bot.usecases.oncall import shift_change
from bot.usecases.playbooks import approvals, step_overdue
from bot.usecases.unit_of_work import UnitOfWork, begin, commit_many
from storage import deadlines, incidents, user_activity
from storage.deadlines import LedgerRow
from storage.timeline import entries

REMINDED = ("update", "role")


async def lapse_together(context: Context, rows: list[LedgerRow]) -> list[LedgerRow]:
    """Remind many incidents in one transaction, with as many statements as for one. Gives back the rows that want
    looking at one by one: whatever is more than a reminder, or whose incident somebody holds.

    Incidents are locked before anything else and in the order of their numbers, so that nobody waits for ever.
    """
    simple = _one_each([row for row in rows if row.kind in REMINDED and not _of_its_own(row)])
    if len(simple) < 2 or context.policy.record == "key":
        return rows
    done: list[LedgerRow] = []
    async with context.database.transaction() as conn:
        now = context.clock.now()
        found = await incidents.lock_unlocked(conn, sorted(simple))
        ours = await deadlines.still_claimed(conn, [simple[incident.number] for incident in found])
        works = [await begin(context, conn, incident) for incident in found]
        works = [work for work in works if simple[work.incident.number].dedup_key in ours]
        works = [work for work in works if _owes_nothing_else(work, simple[work.incident.number])]
        activities = await _activities(works)
        steps, reasons = [], {}
        for work in works:
            row = simple[work.incident.number]
            nudge = decide_nudge(work.incident, work.policy, row.kind, row.due_at, activities[row.incident], now)
            if not nudge.page:
                reasons[row.dedup_key] = nudge.words
                steps.append(work.pending(*_reminder(work, row, nudge)))
                done.append(row)
        await deadlines.mark_many_due(conn, reasons, now)
        await commit_many(conn, steps, now)
    context.wakeups.notify()
    return [row for row in rows if row not in done]


def _one_each(rows: list[LedgerRow]) -> dict[int, LedgerRow]:
    """By incident, of those with one row."""
    count = Counter(row.incident for row in rows)
    return {row.incident: row for row in rows if count[row.incident] == 1}


def _owes_nothing_else(work: UnitOfWork, row: LedgerRow) -> bool:
    """Whether the row is planned still, and the only one that its reminder would answer for."""
    return [one.dedup_key for one in plan(work.incident, work.policy) if one.kind in REMINDED] == [row.dedup_key]


async def _activities(works: list[UnitOfWork]) -> dict[int, Activity]:
    since: dict[timedelta, list[UnitOfWork]] = {}
    for work in works:
        since.setdefault(work.policy.nudges.busy_within, []).append(work)
    found: dict[int, Activity] = {}
    for within, those in since.items():
        numbers = [work.incident.number for work in those]
        found |= await entries.activity_by_incident(those[0].conn, numbers, those[0].now - within)
    return found


async def lapse(context: Context, rows: list[LedgerRow]) -> None:
    """Act on claimed deadlines in one transaction. A row that is not ours any more, or not wanted, is passed over.

    Raises what the database raises; the caller then tries the rows one by one.
    """
    async with context.database.transaction() as conn:
        for row in sorted(rows, key=lambda row: (row.incident, row.due_at, row.rung or 0)):
            incident = await incidents.lock(conn, row.incident)
            if incident is None or not await deadlines.is_claimed(conn, row):
                continue
            work = await begin(context, conn, incident)
            await _act(work, row)
    context.wakeups.notify()


async def _act(work: UnitOfWork, row: LedgerRow) -> None:
    if row.dedup_key not in {deadline.dedup_key for deadline in plan(work.incident, work.policy)}:
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.SKIPPED, "the incident moved on", work.now)
    elif row.dedup_key.startswith("shift:"):
        await shift_change.lapse(work, row)
    elif row.kind in REMINDED:
        await _remind(work, row)
    elif row.dedup_key.startswith("step:"):
        await step_overdue.remind(work, row)
    elif row.dedup_key.startswith("approval:"):
        await approvals.expire(work, row)
    elif row.dedup_key.startswith("trigger:"):
        await _trigger(work, row)
    elif row.rung is not None:
        await _rung(work, row)
    else:
        await _target(work, row)


def _is_handover(row: LedgerRow) -> bool:
    return row.dedup_key.startswith("handover:")


def _of_its_own(row: LedgerRow) -> bool:
    """Not listed in the one reminder of what is owed: it is asked of one person, privately."""
    return row.dedup_key.startswith(("handover:", "shift:"))


async def _remind(work: UnitOfWork, row: LedgerRow) -> None:
    """One new message that lists everything owed; the reminder before it is edited and loses its buttons.

    A handover that was not answered is asked for by itself.
    """
    if _is_handover(row):
        await handover.lapse(work, row)
        return
    rules = work.policy.nudges
    since = work.now - rules.busy_within
    known = user_activity if work.context.policy.record == "key" else entries
    activity = await known.activity(work.conn, work.incident.number, since)
    nudge = decide_nudge(work.incident, work.policy, row.kind, row.due_at, activity, work.now)
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, nudge.words, work.now)
    await _cover_siblings(work, row, nudge)
    await work.commit(*_reminder(work, row, nudge))
    if nudge.page:
        climb = await next_rung(work, nudge.words)
        if climb.rung is not None or climb.fell_through:
            await commit_climb(work, climb, nudge.words, f"silence:{row.dedup_key}")


def _reminder(work: UnitOfWork, row: LedgerRow, nudge: Nudge) -> tuple[Change, list[Notice]]:
    """What a reminder changes, and the message."""
    notice = routing.nudge(work.incident.number, row.dedup_key, _payload(row, nudge))
    said = entry(work.now, "reminder", BOT, nudge.words, of=row.kind, soft=nudge.soft, deadline=row.dedup_key)
    changed = _reminded(work.incident, nudge, notice.dedup_key)
    if nudge.page:
        changed = replace(changed, ladder=replace(changed.ladder, silence_paged=True))
    return Change(changed, (said,)), [notice]


async def _cover_siblings(work: UnitOfWork, row: LedgerRow, nudge: Nudge) -> None:
    """What else is owed stands in the same message, so its own row needs none."""
    if all(
        other.dedup_key == row.dedup_key or other.kind not in REMINDED for other in plan(work.incident, work.policy)
    ):
        return
    for other in await deadlines.waiting(work.conn, work.incident.number):
        if other.dedup_key == row.dedup_key or other.kind not in REMINDED:
            continue
        listed = nudge.owes_update if other.kind == "update" else bool(nudge.missing) and not _of_its_own(other)
        if listed and (other.kind == "role" or other.due_at <= work.now):
            why = f"listed in the reminder about {'an update' if row.kind == 'update' else 'roles'}"
            await deadlines.decide(work.conn, other.dedup_key, DeadlineState.SKIPPED, why, work.now)


def _reminded(incident: Incident, nudge: Nudge, dedup_key: str) -> Incident:
    return replace(
        incident,
        update_due_at=nudge.next_update_at,
        unanswered=incident.unanswered + 1 if nudge.owes_update else incident.unanswered,
        roles_due_at=nudge.next_roles_at if nudge.missing else incident.roles_due_at,
        roles_asked=incident.roles_asked + 1 if nudge.missing else incident.roles_asked,
        promised_by=None if nudge.owes_update else incident.promised_by,
        snooze=None,
        live_nudge=dedup_key,
    )


def _payload(row: LedgerRow, nudge: Nudge) -> dict[str, Any]:
    upcoming = [at for at in (nudge.next_update_at if nudge.owes_update else nudge.next_roles_at,) if at]
    return {
        "mention": list(nudge.mention),
        "soft": nudge.soft,
        "late_s": nudge.late.total_seconds() if nudge.late else None,
        "reason": nudge.words,
        "owes_update": nudge.owes_update,
        "missing": list(nudge.missing),
        "due_at": row.due_at.isoformat(),
        "next_at": upcoming[0].isoformat() if upcoming else None,
        "page": nudge.page,
    }


async def _rung(work: UnitOfWork, row: LedgerRow) -> None:
    """A rung's own time has come: for the first page, or for a repeat. Rungs before it that are due go first.

    They may be in the hands of a process that has died: whoever takes them over finds them decided.
    """
    for before in await _due_before(work, row):
        if _still_planned(work, before):
            await _page_rung(work, before)
    if _still_planned(work, row):  # one before it may have fallen through to this one
        await _page_rung(work, row)


async def _due_before(work: UnitOfWork, row: LedgerRow) -> list[LedgerRow]:
    lower = {
        one.dedup_key
        for one in plan(work.incident, work.policy)
        if one.rung is not None and row.rung is not None and one.rung < row.rung and one.due_at <= work.now
    }
    if not lower:
        return []
    return [one for one in await deadlines.waiting(work.conn, work.incident.number) if one.dedup_key in lower]


def _still_planned(work: UnitOfWork, row: LedgerRow) -> bool:
    return row.dedup_key in {one.dedup_key for one in plan(work.incident, work.policy)}


async def _page_rung(work: UnitOfWork, row: LedgerRow) -> None:
    assert row.rung is not None  # noqa: S101 - the caller dispatched on it
    level = work.policy.severity(work.incident.severity)
    rung = level.ladder[row.rung - 1]
    late = work.now - row.due_at
    suffix = f", late by {durations.approximate(late)}" if is_late(late, rung.after) else ""
    if row.rung in work.incident.ladder.spent.get(level.key, ()):
        who = await current_calendar(work.conn, work.policy, work.now)
        climb = ladder.repeat_rung(work.incident, work.policy, who, work.now, row.rung)
        why = f"still not {rung.until}{suffix}"
    else:
        why = (
            f"{durations.exact(rung.after)} without being {rung.until}" if rung.after else _occasion(work.incident)
        ) + suffix
        climb = await next_rung(work, why, rung=row.rung)
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, f"paged: {why}", work.now)
    await _commit_or_say_nobody(work, climb, why, row)


def _occasion(incident: Incident) -> str:
    """What set the ladder off."""
    if incident.ladder.started_at == incident.declared_at:
        return f"{incident.severity} was declared"
    if incident.episode > 1 and not incident.ladder.spent:
        return f"{incident.severity} was reopened"
    return f"it is {incident.severity} now"


async def _trigger(work: UnitOfWork, row: LedgerRow) -> None:
    """Something other than time asks for somebody."""
    key = row.dedup_key.split(":")[3]
    trigger = next(one for one in work.policy.triggers if one.key == key)
    late = work.now - row.due_at
    why = trigger.name + (f", late by {durations.approximate(late)}" if is_late(late, trigger.rung.after) else "")
    label = f"trigger:{key}"
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, f"paged: {why}", work.now)
    await work.commit(Change(triggers.record_page(work.incident, trigger, work.now)))
    times = work.incident.ladder.tripped[key].times
    who = await current_calendar(work.conn, work.policy, work.now)
    page = ladder.DirectPage(trigger.rung, label, "A trigger", why, times=times)
    climb = ladder.page_directly(work.incident, work.policy, who, work.now, page)
    if not climb.reached:
        await deadlines.decide(
            work.conn, row.dedup_key, DeadlineState.DUE, f"{why}: {'; '.join(climb.recipients.gaps)}", work.now
        )
    await commit_climb(work, climb, why, row.dedup_key, rung=trigger.rung)


async def _target(work: UnitOfWork, row: LedgerRow) -> None:
    """Not acknowledged, or not mitigated, in time: the next unspent rung at once."""
    level = work.policy.severity(work.incident.severity)
    target = level.respond_within if row.kind == "acknowledge" else level.escalate_after
    goal = "acknowledged" if row.kind == "acknowledge" else "mitigated"
    late = work.now - row.due_at
    suffix = f" (late by {durations.approximate(late)})" if is_late(late, target) else ""
    why = f"not {goal} within {durations.exact(target) if target else 'its target'}{suffix}"
    briefings = routing.briefings(work.incident, work.policy, "unmitigated", why) if row.kind == "mitigate" else []
    await work.commit(Change(ladder.target_acted_on(work.incident, row.kind)), briefings)
    if page := next((p for p in work.incident.ladder.pages if p.rung and p.last_at >= row.due_at), None):
        said = f"{why}: rung {page.rung} was paged at the same time"
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.SKIPPED, said, work.now)
        return
    climb = await next_rung(work, why)
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, why, work.now)
    await _commit_or_say_nobody(work, climb, why, row)


async def _commit_or_say_nobody(work: UnitOfWork, climb: ladder.PagingOutcome, why: str, row: LedgerRow) -> None:
    """Also when nobody is left to page, the channel is told, and the ledger says so."""
    if climb.rung is None:
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, f"{why}: nobody left to page", work.now)
    await commit_climb(work, climb, why, row.dedup_key)
