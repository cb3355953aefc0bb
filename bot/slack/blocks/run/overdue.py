"""A step that takes longer than its playbook gives it: a line in the walk's thread, to one person."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.incident import Incident
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import mention, plain, render


def step_late(incident: Incident, walk: PlaybookRun, mark: StepState, person: str, late_s: float | None) -> Message:
    """Says what, why it is asked now, what stops it."""
    what = f"*{mark.key} {render(plain(mark.title))}*"
    given = durations.exact(mark.timeout)
    late = f" This reminder is late by {durations.approximate(timedelta(seconds=late_s))}." if late_s else ""
    held = f" {mention(mark.holder)} holds it." if mark.holder and mark.holder != person else ""
    words = (
        f"{phrases.drill_prefix(incident)}{mention(person)}, how is {what} going? "
        f"*{render(plain(walk.name))}* gives it {given}.{held}{late}"
    )
    return elements.message(words, [elements.section(words), elements.context(_mend(mark))])


def _mend(mark: StepState) -> str:
    if mark.state in (StepStatus.FAILED, StepStatus.TIMED_OUT, StepStatus.MAY_HAVE_RUN):
        return "It did not go through: look, then press *Done*, *Roll back* or *Skip* in the message above."
    if mark.needs_approval and not mark.approved:
        return "Press *Ask for approval* or *Skip* in the message above, or *Assign* it to somebody who can."
    return "Press *Done* or *Skip* in the message above, or *Assign* it to somebody who can. Stuck? Escalate."
