"""Handles the buttons and forms about approval of playbook steps: request, approve and refuse.

A person may also break the glass: go ahead without approval, with a reason.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.errors import Refused
from bot.domain.playbook.run import Approval, ApprovalStatus, PlaybookRun, StepAlreadySettled, StepState
from bot.slack.blocks import inputs
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.run import form
from bot.slack.blocks.modals.run.break_glass import break_glass_modal
from bot.slack.blocks.modals.run.refuse import refuse_modal
from bot.slack.listeners.calls import Press, PressHandler, Submission, SubmissionHandler, View
from bot.slack.listeners.handlers.run_buttons import open_run_form, run_and_step, run_of, with_trailing_number
from bot.usecases.playbooks import approvals


async def _press_ask(call: Press) -> None:
    """Request approval; the request is posted in the channel."""
    run, step = run_and_step(call.argument)
    await approvals.request_approval(call.context, call.number, run, step, call.user, call.delivery)


async def _press_approve(call: Press) -> None:
    step_ref, number = with_trailing_number(call.argument)
    run, step = run_and_step(step_ref)
    identity = call.identity
    await approvals.approve(call.context, call.number, run, step, number, identity, call.delivery)


async def _press_break_glass(call: Press) -> Message | None:
    """Open the form to go ahead without approval, for a person who may."""
    await approvals.require_break_glass(call.context, call.number, call.identity)
    return await _open_request_form(call, break_glass_modal)


async def _press_refuse(call: Press) -> Message | None:
    return await _open_request_form(call, refuse_modal)


async def _open_request_form(call: Press, build: Callable[[PlaybookRun, StepState, Approval], View]) -> Message | None:
    """Open a form about a request that still waits. Raises `Refused` or `StepAlreadySettled` otherwise."""
    step_ref, number = with_trailing_number(call.argument)
    run, _ = await run_of(call, step_ref)
    state = run.step(run_and_step(step_ref)[1])
    if state.asked is None or state.asked.number != number:
        raise Refused("That request is over: another one followed.")
    if state.asked.answer is not ApprovalStatus.WAITING:
        raise StepAlreadySettled("answered", state)
    return await open_run_form(call, build(run, state, state.asked))


async def _submit_refusal(call: Submission) -> None:
    subject, reason = form.subject_of(call.view), inputs.text(call.view, "reason")
    await approvals.refuse(
        call.context, subject.incident, subject.run, subject.step, subject.approval, call.user, reason, call.delivery
    )


async def _submit_break_glass(call: Submission) -> None:
    subject, reason = (
        form.subject_of(call.view),
        form.reason(call.view, "Nobody else is awake and customers cannot pay"),
    )
    identity = call.identity
    await approvals.break_glass(
        call.context, subject.incident, subject.run, subject.step, subject.approval, identity, reason, call.delivery
    )


PRESSES: dict[str, PressHandler] = {
    "walk_ask": _press_ask,
    "walk_approve": _press_approve,
    "walk_refuse": _press_refuse,
    "walk_glass": _press_break_glass,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {"walk_refuse": _submit_refusal, "walk_glass": _submit_break_glass}
