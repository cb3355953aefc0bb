"""Handles the buttons and forms of a playbook run and its steps, except approvals and automation."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.errors import Refused
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun, StepAlreadySettled, StepState, status_text
from bot.slack.blocks import inputs, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.run import form
from bot.slack.blocks.modals.run.assign import assign_modal
from bot.slack.blocks.modals.run.fill_in import fill_in_modal, values_of_fill_in
from bot.slack.blocks.modals.run.note import note_modal
from bot.slack.blocks.modals.run.rollback import rollback_modal
from bot.slack.blocks.modals.run.skip import skip_modal
from bot.slack.blocks.modals.run.stop import stop_modal
from bot.slack.blocks.run.all_steps import all_steps
from bot.slack.blocks.run.step import step_in_full
from bot.slack.listeners.calls import Press, PressHandler, Submission, SubmissionHandler, View
from bot.slack.listeners.handlers import jobs
from bot.slack.listeners.handlers.run_buttons import STALE_BUTTON, open_run_form, run_and_step, run_of, step_of
from bot.usecases import authorize
from bot.usecases.playbooks import runs
from bot.usecases.playbooks.dry_run import would_run
from bot.usecases.playbooks.unit_of_work import load_run

MAX_CRITERIA = 50  # escalation criteria with a button each


async def _press_done(call: Press) -> None:
    run, step = run_and_step(call.argument)
    await runs.complete(call.context, call.number, run, step, call.user, call.delivery)


async def _press_helped(call: Press) -> None:
    run, _ = run_and_step(call.argument)
    await runs.judge(call.context, call.number, run, True, call.user, call.delivery)


async def _press_not_helped(call: Press) -> None:
    run, _ = run_and_step(call.argument)
    await runs.judge(call.context, call.number, run, False, call.user, call.delivery)


async def _press_all_steps(call: Press) -> Message:
    run, playbook = await run_of(call, call.argument)
    return all_steps(call.incident, playbook, run, call.context.clock.now())


async def _press_escalate(call: Press) -> Message:
    """Page the next rung, because one of the playbook's escalation criteria applies."""
    run, criterion = run_and_step(call.argument)
    position = int(criterion) if criterion.isdecimal() else -1
    outcome = await runs.escalate(call.context, call.number, run, position, call.user, call.delivery)
    escalated = outcome.escalated
    return replies.escalation_reply(escalated.incident, call.policy, escalated.paging, escalated.withheld_for)


async def _press_more(call: Press) -> Message | None:
    """Handle a choice from a step's overflow menu."""
    step_ref, _, choice = call.argument.rpartition(":")
    run, playbook = await run_of(call, step_ref)
    _, step = run_and_step(step_ref)
    match choice:
        case "show":
            return step_in_full(playbook, run, step)
        case "note":
            return await open_run_form(call, note_modal(run, run.step(step)))
        case "reopen":
            await runs.reopen(call.context, call.number, run.number, step, call.user, call.delivery)
        case "why":
            return await jobs.explain(call, step_ref)
        case "rollback":
            return await _roll_back(call, step_ref)
    return None


async def _press_rollback(call: Press) -> Message | None:
    return await _roll_back(call, call.argument)


async def _roll_back(call: Press, step_ref: str) -> Message | None:
    """Offer to run a step's rollback if automation may; else open the form that records one done by hand."""
    run, playbook = await run_of(call, step_ref)
    state = run.step(run_and_step(step_ref)[1])
    step = step_of(playbook, state.key)
    if step.rollback and would_run(call.context, call.incident, playbook, step, run.values, "rollback"):
        return await jobs.offer_to_run(call, step_ref, "rollback")
    return await open_run_form(call, rollback_modal(run, state, step))


def _press_for_run_form(build: Callable[[PlaybookRun, Playbook], View]) -> PressHandler:
    """The handler of a button that opens a form about the run, for people who may run it."""

    async def press(call: Press) -> Message | None:
        authorize.require_member(call.context, "run", call.user, call.incident, "do that to a playbook")
        return await open_run_form(call, build(*await run_of(call, call.argument)))

    return press


def _press_for_step_form(build: Callable[[PlaybookRun, StepState, str], View]) -> PressHandler:
    """The handler of a button that opens a form about an unsettled step, for the person who pressed it."""

    async def press(call: Press) -> Message | None:
        run, _ = await run_of(call, call.argument)
        _, step = run_and_step(call.argument)
        if not step:
            raise Refused(STALE_BUTTON, "playbook")
        state = run.step(step)
        if state.settled:
            raise StepAlreadySettled(status_text(state.state), state)
        return await open_run_form(call, build(run, state, call.user))

    return press


async def _submit_skip(call: Submission) -> None:
    subject, reason = form.subject_of(call.view), form.reason(call.view, "We have no replica")
    await runs.skip(call.context, subject.incident, subject.run, subject.step, call.user, reason, call.delivery)


async def _submit_note(call: Submission) -> None:
    subject, text = form.subject_of(call.view), inputs.text(call.view, "text")
    if not text:
        raise inputs.InputErrors({"text": "Write a few words."})
    await runs.note(call.context, subject.incident, subject.run, subject.step or None, call.user, text, call.delivery)


async def _submit_stop(call: Submission) -> None:
    subject, reason = form.subject_of(call.view), form.reason(call.view, "It is not the database")
    await runs.abandon(call.context, subject.incident, subject.run, call.user, reason, call.delivery)


async def _submit_assignment(call: Submission) -> None:
    subject, user = form.subject_of(call.view), inputs.user(call.view, "holder")
    await runs.assign(call.context, subject.incident, subject.run, subject.step, user, call.user, call.delivery)


async def _submit_rollback(call: Submission) -> None:
    subject, reason = form.subject_of(call.view), inputs.text(call.view, "reason")
    await runs.roll_back(call.context, subject.incident, subject.run, subject.step, call.user, reason, call.delivery)


async def _submit_values(call: Submission) -> None:
    subject = form.subject_of(call.view)
    async with call.context.database.reading() as conn:
        _, playbook = await load_run(conn, subject.incident, subject.run)
    values = values_of_fill_in(call.view, playbook)
    await runs.fill(call.context, subject.incident, subject.run, values, call.user, call.delivery)


PRESSES: dict[str, PressHandler] = {
    "walk_done": _press_done,
    "walk_skip": _press_for_step_form(lambda run, state, user: skip_modal(run, state)),
    "walk_assign": _press_for_step_form(assign_modal),
    "walk_stop": _press_for_run_form(lambda run, playbook: stop_modal(run)),
    "walk_fill": _press_for_run_form(fill_in_modal),
    "walk_rollback": _press_rollback,
    "walk_steps": _press_all_steps,
    "walk_more": _press_more,
    **{f"walk_escalate_{number}": _press_escalate for number in range(MAX_CRITERIA)},
    "walk_helped": _press_helped,
    "walk_not_helped": _press_not_helped,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {
    "walk_skip": _submit_skip,
    "walk_note": _submit_note,
    "walk_stop": _submit_stop,
    "walk_assign": _submit_assignment,
    "walk_rollback": _submit_rollback,
    "walk_fill": _submit_values,
}
