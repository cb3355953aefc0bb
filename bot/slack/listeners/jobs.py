"""Running steps: the button, the form that shows exactly what would happen, and what may have run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.domain.policy.policy import Policy
from bot.slack.blocks import inputs, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import forms, job_forms
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases.playbooks import approvals as approving
from bot.usecases.playbooks import confidence, job_queue, unit_of_work
from bot.usecases.playbooks import jobs as running
from bot.usecases.playbooks.dry_run import dry_run
from bot.usecases.playbooks.unit_of_work import load_run

Press = Callable[[ListenerContext, Interaction, Incident, Policy, str], Awaitable[Message | None]]
View = dict[str, Any]
FORM_FAILED = "I couldn't open the form in time. Please press the button again."


async def run(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    return await _show(ctx, interaction, incident, rest, "run")


async def roll_back(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    return await _show(ctx, interaction, incident, rest, "rollback")


async def _show(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, rest: str, action: str
) -> Message | None:
    """A form with everything that would happen. What is refused is said, and stands on the timeline."""
    walk, playbook, mark, step = await _read(ctx, incident, rest)
    dry = dry_run(ctx.context, incident, playbook, step, walk.values, action)
    if dry.plan is None or not dry.allowed:
        asked = await job_queue.queue_step(
            ctx.context, incident.number, walk.number, step.key, interaction.user, action, interaction.delivery
        )
        return job_forms.refused(asked.refused or "")
    if _needs_asking(mark, action):
        async with unit_of_work.locked_run(ctx.context, incident.number, walk.number, interaction.delivery) as (
            work,
            known,
            _,
        ):
            await approving.request_approval_in(work, known, playbook, step.key, action, interaction.user)
        return None  # the channel is asked
    rolls_back = ctx.context.policy.automation.on_failure == "rollback"
    failed = await ctx.open_view(interaction, job_forms.run_modal(walk, mark, step, dry.plan, rolls_back), "")
    return replies.refused(FORM_FAILED) if failed else None


def _needs_asking(mark: StepState, action: str) -> bool:
    """Whether somebody else has to approve first. Of another approval than that of this action nothing is made."""
    if not mark.needs_approval:
        return False
    granted = mark.state is StepStatus.APPROVED and mark.asked is not None
    return not granted or (mark.asked is not None and (mark.asked.action == "rollback") != (action == "rollback"))


async def why(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    """Dry words about why a step is run, or is not."""
    walk, playbook, _, step = await _read(ctx, incident, rest)
    async with ctx.context.database.reading() as conn:
        sure = await confidence.playbook_confidence(conn, incident, playbook.id, ctx.context.clock.now())
    return job_forms.why(step, dry_run(ctx.context, incident, playbook, step, walk.values, confidence=sure).explanation)


def _said(answer: str) -> Press:
    async def press(
        ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
    ) -> Message | None:
        await running.settle(ctx.context, incident.number, _job(rest), answer, interaction.user, interaction.delivery)
        return None  # the question is edited

    return press


async def _again(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    """As if Run were pressed: with approval where that is asked for."""
    place, _, _ = rest.rpartition(":")
    walk, _, mark, _ = await _read(ctx, incident, place)
    if mark.state is not StepStatus.MAY_HAVE_RUN or mark.job != str(_job(rest)):
        raise Refused("Somebody has said already how it stands.")
    return await _show(ctx, interaction, incident, f"{walk.number}:{mark.key}", mark.action)


async def _submitted(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    """What was shown is what runs: where the walk has changed meanwhile, nothing does."""
    of, data = forms.of(view), inputs.metadata_of(view)
    action = "rollback" if data.get("action") == "rollback" else "run"
    asked = await job_queue.queue_step(
        ctx.context,
        of.incident,
        of.walk,
        of.step,
        interaction.user,
        action,
        interaction.delivery,
        plan_digest=str(data.get("digest")),
    )
    if asked.refused is not None:
        raise Refused(asked.refused)


async def _read(ctx: ListenerContext, incident: Incident, rest: str) -> tuple[PlaybookRun, Playbook, StepState, Step]:
    number, _, key = rest.partition(":")
    if not number.isdecimal():
        raise Refused("That button belongs to nothing any more.", "playbook")
    async with ctx.context.database.reading() as conn:
        walk, playbook = await load_run(conn, incident.number, int(number))
    mark = walk.step(key)
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
