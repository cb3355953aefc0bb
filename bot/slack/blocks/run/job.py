"""Builds the messages in a playbook run's thread about its jobs: output, unknown results, rollbacks by hand.

A job is one execution of a step by a runner.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.playbook.definition import Step
from bot.domain.playbook.job import Action, Job, JobState
from bot.domain.values import durations
from bot.domain.values.masking import truncate_middle
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.blocks.press_value import press_value
from bot.slack.text import mention, plain, render

OUTPUT = 2700  # characters in one message; a section holds 3,000
PREVIEW = 1200


def output(incident: Incident, run_name: str, job: Job) -> Message:
    """The message that says how the job ended, exactly what ran, and its output."""
    sign, ending = _ending(job)
    text = f"{sign} *{job.step} {render(plain(job.title))}* {ending}: {render(plain(job.outcome))}"
    blocks = [elements.section(text), elements.section(code_block(job.plan.preview, PREVIEW))]
    if job.output.strip():
        blocks.append(elements.section(code_block(job.output, OUTPUT)))
    return elements.message(
        f"{phrases.drill_prefix(incident)}{text}", [*blocks, elements.context(_about(run_name, job))]
    )


def question(incident: Incident, run_name: str, job: Job, step: Step) -> Message:
    """The question whether an interrupted job ran. The buttons are ordered from the safest to the riskiest."""
    text = (
        f"⚠️ *{job.step} {render(plain(job.title))}* may have run. The bot stopped in the meantime and cannot "
        "know how far it got. It is not run again automatically."
    )
    look = f"*Look first:* {render(plain(step.verification))}" if step.verification else "*Look first* whether it ran."
    value = press_value(incident, job.walk, job.step, job.id)
    run_button = elements.with_confirmation(
        elements.button("Run again", "job_again", value, style="danger"),
        "Run it again?", "If it did run, this does it a second time.", "Run again",
    )  # fmt: skip
    return elements.message(
        text,
        [
            elements.section(text),
            elements.section(code_block(job.plan.preview, PREVIEW)),
            elements.section(look),
            elements.actions(
                elements.button("It ran", "job_ran", value), elements.button("It did not", "job_not", value), run_button
            ),
            elements.context(_about(run_name, job)),
        ],
    )


def question_over(job: Job, outcome: str) -> Message:
    """The question after it was answered: one line without buttons."""
    return elements.line(f"*{job.step} {render(plain(job.title))}* may have run. {render(outcome)}")


def manual_rollback(incident: Incident, run_name: str, why: str, commands: Sequence[str]) -> Message:
    """The commands that people must run, in this order, because the bot did not roll back."""
    text = (
        f"{phrases.drill_prefix(incident)}↩️ *Not rolled back automatically:* {render(plain(why))}. To roll back what "
        f"was done in {render(plain(run_name))}, run these commands in this order:"
    )
    return elements.message(text, [elements.section(text), elements.section(code_block("\n".join(commands), OUTPUT))])


def refused(reason: str) -> Message:
    """The answer that says why nothing was run, and what to do instead."""
    return elements.line(
        f"🚫 {render(plain(reason))}\nNothing was run. If it is still right, copy the commands and run them yourself."
    )


def why(step: Step, explanation: str) -> Message:
    """The answer that explains why no runner executes the step."""
    return elements.line(f"*{step.key} {render(plain(step.title))}*\n{render(plain(explanation))}")


def code_block(text: str, most: int) -> str:
    """Preformatted text of at most about `most` characters that still fits into a section after escaping."""
    while len(block := elements.preformatted(truncate_middle(text, most))) > elements.TEXT and most > 100:
        most = most * 3 // 4
    return block


def _ending(job: Job) -> tuple[str, str]:
    is_rollback = job.action is Action.ROLLBACK
    match job.state:
        case JobState.DONE:
            return ("↩️", "is rolled back") if is_rollback else ("✅", "worked")
        case JobState.REFUSED:
            return "🚫", "was not run"
        case JobState.FAILED:
            return "❌", "could not be rolled back" if is_rollback else "failed"
    return "⏳", "was run"


def _about(run_name: str, job: Job) -> str:
    origin = "automatically" if job.asked_by.islower() else f"asked by {mention(job.asked_by)}"
    approved = f", approved by {mention(job.approved_by)}" if job.approved_by else ""
    took = ""
    if job.started_at and job.finished_at:
        took = f" · {durations.approximate(job.finished_at - job.started_at)}"
    tries = f" · {job.attempts} attempts" if job.attempts > 1 else ""
    where = f"{render(plain(job.plan.where))}, as {job.plan.run_as}"
    return f"{render(plain(run_name))} · {origin}{approved} · {where}{took}{tries}"
