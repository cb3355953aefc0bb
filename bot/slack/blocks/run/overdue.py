"""Builds the reminder of a playbook step that takes too long, which one person gets in the run's thread."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.incident import Incident
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import mention, plain, render


def step_overdue(incident: Incident, run: PlaybookRun, state: StepState, person: str, late_s: float | None) -> Message:
    """The reminder: which step, why it comes now, and what stops it. `late_s` is the delay of the reminder itself."""
    title = f"*{state.key} {render(plain(state.title))}*"
    allowed = durations.exact(state.timeout)
    late = f" This reminder is late by {durations.approximate(timedelta(seconds=late_s))}." if late_s else ""
    assignment = f" It is assigned to {mention(state.holder)}." if state.holder and state.holder != person else ""
    text = (
        f"{phrases.drill_prefix(incident)}{mention(person)}, how is {title} going? "
        f"*{render(plain(run.name))}* allows {allowed} for it.{assignment}{late}"
    )
    return elements.message(text, [elements.section(text), elements.context(_what_to_do(state))])


def _what_to_do(state: StepState) -> str:
    if state.state in (StepStatus.FAILED, StepStatus.TIMED_OUT, StepStatus.MAY_HAVE_RUN):
        return "It did not succeed: look first, then press *Done*, *Roll back* or *Skip* in the message above."
    if state.needs_approval and not state.approved:
        return "Press *Ask for approval* or *Skip* in the message above, or *Assign* it to someone who can."
    return "Press *Done* or *Skip* in the message above, or *Assign* it to someone who can. Stuck? Escalate."
