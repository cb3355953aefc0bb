"""Builds the form **Run step**, which shows exactly what a runner would do before anything runs."""

from __future__ import annotations

from bot.domain.playbook.definition import Step
from bot.domain.playbook.job import Action, Plan
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.domain.values.durations import exact
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.run.job import code_block
from bot.slack.blocks.run.step import UNDO
from bot.slack.text import plain, render

CALLBACK = "job_run"


def run_step_modal(run: PlaybookRun, state: StepState, step: Step, plan: Plan, rolls_back: bool) -> Block:
    """The form, with commands, place, user, limits, success criterion, and what follows a failure.

    With `rolls_back`, the plan's undo commands run by themselves after a failure for good.
    """
    facts = [
        f"*Where* {render(plain(plan.where))}, as {render(plain(plan.run_as))}",
        f"*Limits* {render(plain(plan.limits))}{_total_timeout(plan)}",
        f"*It worked if* {render(plain(plan.success_text))}",
        f"*Why it may run* {render(plain(plan.rule))}",
    ]
    if plan.retries:
        more = "once more" if plan.retries == 1 else f"up to {plan.retries} times more"
        facts.append(f"*If it fails* it is tried {more}, after {exact(plan.retry_every)}")
    is_rollback = plan.action is Action.ROLLBACK
    blocks = [
        elements.section(f"*{state.key} {render(plain(state.title))}*"),
        *([elements.section(f":warning: *Dangerous.* {render(plain(step.dangerous))}")] if step.dangerous else []),
        elements.section("Exactly this will run:"),
        elements.section(code_block(plan.preview, 2700)),
        elements.section("\n".join(facts)),
    ]
    if plan.undo and rolls_back:
        undo = code_block("\n".join(invocation.quoted for invocation in plan.undo), 2000)
        blocks += [elements.section("If it fails for good, it is rolled back with:"), elements.section(undo)]
    metadata = inputs.metadata(
        incident=f"INC-{run.incident}", walk=run.number, step=state.key, action=str(plan.action), digest=plan.digest
    )
    title, submit = (UNDO, UNDO) if is_rollback else ("Run step", "Run")
    return elements.modal(CALLBACK, title, submit, blocks, metadata)


def _total_timeout(plan: Plan) -> str:
    """The timeout of the whole plan. Empty if the limit of each command says it already."""
    total = exact(plan.timeout)
    return "" if total in plan.limits.split(", ") else f"; all of it is stopped after {total}"
