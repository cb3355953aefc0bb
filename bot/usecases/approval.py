"""Approving a step: asked of others, answered by somebody else, or broken open with a reason; it expires."""

from __future__ import annotations

from collections.abc import Collection

from bot.domain import routing, spans, walk_approvals
from bot.domain import walk as walks
from bot.domain.deadlines import State, is_late
from bot.domain.errors import Refused
from bot.domain.incident import must_be_open
from bot.domain.playbook import Playbook
from bot.domain.walk import Answer, Walk
from bot.usecases import walking
from bot.usecases.desk import Desk, Work, working_on
from bot.usecases.dry_run import would_run
from bot.usecases.playbook import will_do
from bot.usecases.walking import commit
from storage import deadlines
from storage.deadlines import Row


async def ask(desk: Desk, number: int, walk: int, step: str, actor: str, delivery: str | None = None) -> Walk:
    """Somebody wants to do a step that needs approval: the channel is asked, and the approvers directly."""
    async with walking.walking(desk, number, walk, delivery) as (work, known, playbook):
        mark = known.mark(step)
        wanted = next(one for one in playbook.steps if one.key == mark.key)
        runs = would_run(desk, work.incident, playbook, wanted, known.values)
        return await ask_in(work, known, playbook, step, "run" if runs else "do", actor)


async def ask_in(work: Work, walk: Walk, playbook: Playbook, step: str, action: str, actor: str) -> Walk:
    """Exactly what is shown is asked for: with a value missing there is nothing to show."""
    must_be_open(work.incident)
    wanted = next(one for one in playbook.steps if one.key == step)
    if missing := playbook.missing(wanted, walk.values):
        raise Refused(f"Fill in {', '.join(one.name for one in missing)} first, so that it can be shown.", "playbook")
    shown = will_do(playbook, step, walk.values, action)
    people = await walking.asked_directly(work, actor)
    change = walk_approvals.ask(
        walk, step, action, shown, actor, work.policy.playbooks.approval_expires, work.now, people
    )
    asked = change.walk.mark(step).asked
    assert asked is not None  # noqa: S101 - it was asked for just now
    return await commit(work, change, routing.walks.asked(change.walk, asked))


async def approve(
    desk: Desk, number: int, walk: int, step: str, request: int, actor: str, *,
    known_as: Collection[str] = (), delivery: str | None = None,
) -> Walk:  # fmt: skip
    """`known_as`: the addresses that are this person, besides their ID."""
    async with walking.walking(desk, number, walk, delivery) as (work, known, playbook):
        must_be_open(work.incident)
        change = walk_approvals.approve(known, step, request, actor, work.now)
        await _may_approve(work, {actor, *known_as})
        return await _go_on(work, change, playbook, step, actor)


async def refuse(
    desk: Desk, number: int, walk: int, step: str, request: int, actor: str, reason: str = "",
    delivery: str | None = None,
) -> Walk:  # fmt: skip
    """Anybody in the incident may: saying no is never dangerous."""
    async with walking.walking(desk, number, walk, delivery) as (work, known, _):
        return await commit(work, walk_approvals.refuse(known, step, request, actor, work.now, reason))


async def break_glass(
    desk: Desk, number: int, walk: int, step: str, request: int, actor: str, reason: str, delivery: str | None = None
) -> Walk:
    """Alone, and it cannot wait. Told aloud in the channel, and kept."""
    async with walking.walking(desk, number, walk, delivery) as (work, known, playbook):
        must_be_open(work.incident)
        if not work.policy.playbooks.break_glass:
            raise Refused("This policy asks for somebody else's approval in every case. Page somebody.", "escalate")
        change = walk_approvals.break_glass(known, step, request, actor, work.now, reason)
        return await _go_on(work, change, playbook, step, actor)


async def lapse(work: Work, row: Row) -> None:
    """Nobody answered in time: the request ends, and may be made again."""
    _, _, _, walk, step, request = row.once.split(":")
    known, _ = await walking.found(work.conn, work.incident.number, int(walk))
    change = walk_approvals.expire(known, step, int(request), work.now)
    late = work.now - row.due_at
    suffix = f" (late by {spans.roughly(late)})" if is_late(late, None) else ""
    await deadlines.decided(work.conn, row.once, State.SKIPPED, f"expired unanswered{suffix}", work.now)
    await commit(work, change)


async def approver_addresses(desk: Desk, number: int) -> tuple[str, ...]:
    """E-mail addresses among the approvers, which have to be looked up before somebody can be told to be one."""
    async with working_on(desk, number) as work:
        return tuple(one for one in await walking.approvers(work) if "@" in one)


async def _may_approve(work: Work, names: Collection[str]) -> None:
    if not work.policy.playbooks.approvers:
        return
    allowed = await walking.approvers(work)
    if set(allowed).isdisjoint(names):
        people = (
            ", ".join(f"<@{one}>" if one[:1] in "UW" and "@" not in one else one for one in allowed) or "nobody now"
        )
        raise Refused(f"The policy names who may approve: {people}.", "playbook")


async def _go_on(work: Work, change: walks.Change, playbook: Playbook, step: str, actor: str) -> Walk:
    mark = change.walk.mark(step)
    assert mark.asked is not None  # noqa: S101 - it was answered just now
    if tuple(will_do(playbook, step, change.walk.values, mark.asked.action)) != mark.asked.shown:
        raise Refused("What would be done has changed since it was shown. Ask for approval again.", "playbook")
    loud = [routing.walks.broken_glass(change.walk, mark)] if mark.asked.answer is Answer.BROKEN else []
    return await commit(work, change, loud)
