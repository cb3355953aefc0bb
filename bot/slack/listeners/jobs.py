"""Running steps: the button, the form that shows exactly what would happen, and what may have run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import Mark, State, Walk
from bot.domain.policy.policy import Policy
from bot.slack.blocks import inputs, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import forms, job_forms
from bot.slack.listeners.context import Asking, Front
from bot.usecases.playbooks import approvals as approving
from bot.usecases.playbooks import confidence, unit_of_work
from bot.usecases.playbooks import jobs as running
from bot.usecases.playbooks.dry_run import dry_run
from bot.usecases.playbooks.unit_of_work import found

Press = Callable[[Front, Asking, Incident, Policy, str], Awaitable[Message | None]]
View = dict[str, Any]
FORM_FAILED = "I couldn't open the form in time. Please press the button again."


async def run(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    return await _show(front, asking, incident, rest, "run")


async def roll_back(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    return await _show(front, asking, incident, rest, "rollback")


async def _show(front: Front, asking: Asking, incident: Incident, rest: str, action: str) -> Message | None:
    """A form with everything that would happen. What is refused is said, and stands on the timeline."""
    walk, playbook, mark, step = await _read(front, incident, rest)
    dry = dry_run(front.desk, incident, playbook, step, walk.values, action)
    if dry.plan is None or not dry.allowed:
        asked = await running.run(
            front.desk, incident.number, walk.number, step.key, asking.user, action, asking.delivery
        )
        return job_forms.refused(asked.refused or "")
    if _needs_asking(mark, action):
        async with unit_of_work.walking(front.desk, incident.number, walk.number, asking.delivery) as (work, known, _):
            await approving.ask_in(work, known, playbook, step.key, action, asking.user)
        return None  # the channel is asked
    rolls_back = front.desk.policy.automation.on_failure == "rollback"
    failed = await front.open_view(asking, job_forms.run_modal(walk, mark, step, dry.plan, rolls_back), "")
    return replies.refused(FORM_FAILED) if failed else None


def _needs_asking(mark: Mark, action: str) -> bool:
    """Whether somebody else has to approve first. Of another approval than that of this action nothing is made."""
    if not mark.needs_approval:
        return False
    granted = mark.state is State.APPROVED and mark.asked is not None
    return not granted or (mark.asked is not None and (mark.asked.action == "rollback") != (action == "rollback"))


async def why(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    """Dry words about why a step is run, or is not."""
    walk, playbook, _, step = await _read(front, incident, rest)
    async with front.desk.database.reading() as conn:
        sure = await confidence.of(conn, incident, playbook.id, front.desk.clock.now())
    return job_forms.why(step, dry_run(front.desk, incident, playbook, step, walk.values, confidence=sure).words)


def _said(answer: str) -> Press:
    async def press(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
        await running.settle(front.desk, incident.number, _job(rest), answer, asking.user, asking.delivery)
        return None  # the question is edited

    return press


async def _again(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    """As if Run were pressed: with approval where that is asked for."""
    place, _, _ = rest.rpartition(":")
    walk, _, mark, _ = await _read(front, incident, place)
    if mark.state is not State.MAY_HAVE_RUN or mark.job != str(_job(rest)):
        raise Refused("Somebody has said already how it stands.")
    return await _show(front, asking, incident, f"{walk.number}:{mark.key}", mark.action)


async def _submitted(front: Front, asking: Asking, view: View) -> None:
    """What was shown is what runs: where the walk has changed meanwhile, nothing does."""
    of, data = forms.of(view), inputs.metadata_of(view)
    action = "rollback" if data.get("action") == "rollback" else "run"
    asked = await running.run(
        front.desk, of.incident, of.walk, of.step, asking.user, action, asking.delivery, shown=str(data.get("digest"))
    )
    if asked.refused is not None:
        raise Refused(asked.refused)


async def _read(front: Front, incident: Incident, rest: str) -> tuple[Walk, Playbook, Mark, Step]:
    number, _, key = rest.partition(":")
    if not number.isdecimal():
        raise Refused("That button belongs to nothing any more.", "playbook")
    async with front.desk.database.reading() as conn:
        walk, playbook = await found(conn, incident.number, int(number))
    mark = walk.mark(key)
    return walk, playbook, mark, next(one for one in playbook.steps if one.key == mark.key)


def _job(rest: str) -> int:
    job = rest.rpartition(":")[2]
    if not job.isdecimal():
        raise Refused("That button belongs to nothing any more.", "playbook")
    return int(job)


PRESSES: dict[str, Press] = {
    "walk_run": run,
    "walk_why": why,
    "job_ran": _said("ran"),
    "job_not": _said("not"),
    "job_again": _again,
}
SUBMITS = {job_forms.CALLBACK: _submitted}
