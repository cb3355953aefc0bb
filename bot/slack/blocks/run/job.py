"""What runners did: output in the walk's thread, what may have run, and what is left for people to take back."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.playbook.definition import Step
from bot.domain.playbook.job import Action, Job, JobState
from bot.domain.values import durations
from bot.domain.values.redaction import truncate_middle
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import mention, plain, render

SHOWN = 2700  # characters of output in one message; a section holds 3,000
LINES = 1200


def output(incident: Incident, walk: str, job: Job) -> Message:
    """How it ended, what exactly ran, what it printed."""
    mark, what = _ended(job)
    words = f"{mark} *{job.step} {render(plain(job.title))}* {what}: {render(plain(job.outcome))}"
    blocks = [elements.section(words), elements.section(code_block(job.plan.preview, LINES))]
    if job.output.strip():
        blocks.append(elements.section(code_block(job.output, SHOWN)))
    return elements.message(f"{phrases.drill_prefix(incident)}{words}", [*blocks, elements.context(_about(walk, job))])


def question(incident: Incident, walk: str, job: Job, step: Step) -> Message:
    """It may have run: look, then say how it stands. The order of the buttons is that of safety."""
    words = (
        f"⚠️ *{job.step} {render(plain(job.title))}* may have run. The bot ended while it did, so nobody knows how far "
        "it came. It is not run again by itself."
    )
    look = f"*Look first:* {render(plain(step.verification))}" if step.verification else "*Look first* whether it did."
    value = f"{incident.id}:{job.walk}:{job.step}:{job.id}"
    again = elements.confirmed(
        elements.button("Run again", "job_again", value, style="danger"),
        "Run it again?", "If it did run, this does it a second time.", "Run again",
    )  # fmt: skip
    return elements.message(
        words,
        [
            elements.section(words),
            elements.section(code_block(job.plan.preview, LINES)),
            elements.section(look),
            elements.actions(
                elements.button("It ran", "job_ran", value), elements.button("It did not", "job_not", value), again
            ),
            elements.context(_about(walk, job)),
        ],
    )


def question_over(job: Job, outcome: str) -> Message:
    return elements.line(f"*{job.step} {render(plain(job.title))}* may have run. {render(outcome)}")


def left(incident: Incident, walk: str, job: Job, why: str, lines: Sequence[str]) -> Message:
    words = (
        f"{phrases.drill_prefix(incident)}↩️ *Not rolled back by itself:* {render(plain(why))}. To take back what was "
        f"done in {render(plain(walk))}, run this, in this order:"
    )
    return elements.message(words, [elements.section(words), elements.section(code_block("\n".join(lines), SHOWN))])


def code_block(text: str, most: int) -> str:
    """Trimmed so that it fits also when what Slack takes for markup is escaped."""
    while len(block := elements.preformatted(truncate_middle(text, most))) > elements.TEXT and most > 100:
        most = most * 3 // 4
    return block


def _ended(job: Job) -> tuple[str, str]:
    back = job.action is Action.ROLLBACK
    match job.state:
        case JobState.DONE:
            return ("↩️", "is rolled back") if back else ("✅", "worked")
        case JobState.REFUSED:
            return "🚫", "was not run"
        case JobState.FAILED:
            return "❌", "could not be rolled back" if back else "failed"
    return "⏳", "was run"


def _about(walk: str, job: Job) -> str:
    who = "by itself" if job.asked_by.islower() else f"asked by {mention(job.asked_by)}"
    approved = f", approved by {mention(job.approved_by)}" if job.approved_by else ""
    took = ""
    if job.started_at and job.finished_at:
        took = f" · {durations.approximate(job.finished_at - job.started_at)}"
    tries = f" · {job.attempts} attempts" if job.attempts > 1 else ""
    return (
        f"{render(plain(walk))} · {who}{approved} · {render(plain(job.plan.where))}, as {job.plan.run_as}{took}{tries}"
    )
