"""The form before a run: everything that will happen, and nothing has."""

from __future__ import annotations

from bot.domain.playbook.definition import Step
from bot.domain.playbook.job import Action, Plan
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.domain.values.durations import exact
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.run.job import code_block
from bot.slack.text import plain, render

CALLBACK = "job_run"


def run_modal(walk: PlaybookRun, mark: StepState, step: Step, plan: Plan, rolls_back: bool) -> Block:
    """What runs, where, as whom, within what, what decides, and what follows where it fails."""
    facts = [
        f"*Where* {render(plain(plan.where))}, as {render(plain(plan.run_as))}",
        f"*Limits* {render(plain(plan.limits))}{_altogether(plan)}",
        f"*It worked if* {render(plain(plan.success_text))}",
        f"*Why it may run* {render(plain(plan.rule))}",
    ]
    if plan.retries:
        more = "once more" if plan.retries == 1 else f"up to {plan.retries} times more"
        facts.append(f"*If it fails* it is tried {more}, after {exact(plan.retry_every)}")
    back = plan.action is Action.ROLLBACK
    blocks = [
        elements.section(f"*{mark.key} {render(plain(mark.title))}*"),
        *([elements.section(f":warning: *Dangerous.* {render(plain(step.dangerous))}")] if step.dangerous else []),
        elements.section("This is run, to the letter:"),
        elements.section(code_block(plan.preview, 2700)),
        elements.section("\n".join(facts)),
    ]
    if plan.undo and rolls_back:
        shown = code_block("\n".join(piece.quoted for piece in plan.undo), 2000)
        blocks += [elements.section("If it fails for good it is taken back with:"), elements.section(shown)]
    known = inputs.metadata(
        incident=f"INC-{walk.incident}", walk=walk.number, step=mark.key, action=str(plan.action), digest=plan.digest
    )
    title, submit = ("Roll back step", "Run rollback") if back else ("Run step", "Run")
    return elements.modal(CALLBACK, title, submit, blocks, known)


def _altogether(plan: Plan) -> str:
    """How long all of it may take, where that is not what each piece may."""
    whole = exact(plan.timeout)
    return "" if whole in plan.limits.split(", ") else f"; all of it is stopped after {whole}"


def refused(words: str) -> Message:
    return elements.line(
        f"🚫 {render(plain(words))}\nNothing was run. Copy the commands and run them yourself where that is right."
    )


def why(step: Step, words: str) -> Message:
    return elements.line(f"*{step.key} {render(plain(step.title))}*\n{render(plain(words))}")
