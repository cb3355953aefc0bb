"""Handles the buttons and form that run a playbook step, or explain why a runner does not run it.

It also handles a person's answer whether an interrupted step has run.
"""

from __future__ import annotations

from bot.domain.access import permissions
from bot.domain.errors import Refused
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.slack.blocks import inputs
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.run import form
from bot.slack.blocks.modals.run.run_step import CALLBACK, run_step_modal
from bot.slack.blocks.run.job import refused, why
from bot.slack.listeners.calls import Press, PressHandler, Submission, SubmissionHandler
from bot.slack.listeners.handlers.run_buttons import STALE_BUTTON, open_run_form, run_and_step, run_of, step_of
from bot.usecases.playbooks import approvals, confidence, job_queue, jobs, unit_of_work
from bot.usecases.playbooks.dry_run import dry_run


async def _press_run(call: Press) -> Message | None:
    return await offer_to_run(call, call.argument, "run")


async def offer_to_run(call: Press, step_ref: str, action: str) -> Message | None:
    """Open the form that shows everything that would run.

    A step that may not run is refused in the answer and on the timeline; one that needs approval asks for it.
    """
    call.require("run", call.incident)
    run, playbook, state, step = await _load_step(call, step_ref)
    dry = dry_run(call.context, call.incident, playbook, step, run.values, action)
    if dry.plan is None or not dry.allowed:
        outcome = await job_queue.queue_step(
            call.context, call.number, run.number, step.key, call.user, action, call.delivery
        )
        return refused(outcome.refused or "")
    if _needs_approval(state, action):
        async with unit_of_work.locked_run(call.context, call.number, run.number, call.delivery) as (work, locked, _):
            await approvals.request_approval_in(work, locked, playbook, step.key, action, call.user)
        return None  # the channel sees the request
    rolls_back = call.context.policy.automation.on_failure == "rollback"
    return await open_run_form(call, run_step_modal(run, state, step, dry.plan, rolls_back))


def _needs_approval(step: StepState, action: str) -> bool:
    """Whether another person has to approve first. An approval of the other action does not count."""
    if not step.needs_approval:
        return False
    granted = step.state is StepStatus.APPROVED and step.asked is not None
    return not granted or (step.asked is not None and (step.asked.action == "rollback") != (action == "rollback"))


async def _press_why(call: Press) -> Message:
    return await explain(call, call.argument)


async def explain(call: Press, step_ref: str) -> Message:
    """Explain why automation runs the step, or does not."""
    run, playbook, _, step = await _load_step(call, step_ref)
    async with call.context.database.reading() as conn:
        certainty = await confidence.playbook_confidence(conn, call.incident, playbook.id, call.context.clock.now())
    dry = dry_run(call.context, call.incident, playbook, step, run.values, confidence=certainty)
    return why(step, dry.explanation)


def _press_settle(answer: str) -> PressHandler:
    """The handler of a button that answers whether a step has run; the question is edited."""

    async def press(call: Press) -> None:
        await jobs.settle(call.context, call.number, _job_number(call), answer, call.user, call.delivery)

    return press


async def _press_run_again(call: Press) -> Message | None:
    """Run a step again that may have run, as if a person pressed Run: with approval if that is required."""
    call.require("run", call.incident)
    step_ref, _, _ = call.argument.rpartition(":")
    run, _, state, _ = await _load_step(call, step_ref)
    if state.state is not StepStatus.MAY_HAVE_RUN or state.job != str(_job_number(call)):
        raise Refused("That question has been answered already.")
    return await offer_to_run(call, f"{run.number}:{state.key}", state.action)


async def _submit_run(call: Submission) -> None:
    """Run what the form showed. Raises `Refused` if the run has changed meanwhile."""
    permissions.require_known(call.identity, permissions.PHRASES["run"])
    subject, metadata = form.subject_of(call.view), inputs.metadata_of(call.view)
    action = "rollback" if metadata.get("action") == "rollback" else "run"
    outcome = await job_queue.queue_step(
        call.context,
        subject.incident,
        subject.run,
        subject.step,
        call.user,
        action,
        call.delivery,
        plan_digest=str(metadata.get("digest")),
    )
    if outcome.refused is not None:
        raise Refused(outcome.refused)


async def _load_step(call: Press, step_ref: str) -> tuple[PlaybookRun, Playbook, StepState, Step]:
    run, playbook = await run_of(call, step_ref)
    state = run.step(run_and_step(step_ref)[1])
    return run, playbook, state, step_of(playbook, state.key)


def _job_number(call: Press) -> int:
    job = call.argument.rpartition(":")[2]
    if not job.isdecimal():
        raise Refused(STALE_BUTTON, "playbook")
    return int(job)


PRESSES: dict[str, PressHandler] = {
    "walk_run": _press_run,
    "walk_why": _press_why,
    "job_ran": _press_settle("ran"),
    "job_not": _press_settle("not"),
    "job_again": _press_run_again,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit_run}
