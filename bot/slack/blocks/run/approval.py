"""Builds the messages that request approval of a dangerous playbook step, and that show the answer.

One of them reports a step that went ahead without approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.playbook.approvals import answer_text
from bot.domain.playbook.run import Approval, PlaybookRun, StepState
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, length, mention, plain, render

VERBS = {"run": "run", "rollback": "undo", "do": "do"}
CHUNK = 2900  # characters of a command in one section; the next section has the rest
CHUNKS = 20


def request(
    incident: Incident,
    policy: Policy,
    run: PlaybookRun,
    state: StepState,
    approval: Approval,
    dangerous: str,
    now: datetime,
) -> Message:
    """The request with its buttons, for the channel and for an approver who may see the incident.

    `dangerous` is the playbook's warning, empty if it has none.
    """
    verb = VERBS.get(approval.action, "do")
    text = (
        f"{phrases.drill_prefix(incident)}{mention(approval.by)} asks for approval to {verb} "
        f"*{state.key} {render(plain(state.title))}*"
    )
    value = press_value(incident, run.number, state.key, approval.number)
    glass, until = policy.playbooks.break_glass, phrases.at(approval.due_at, now)
    approvers = "One of the policy's approvers" if policy.playbooks.approvers else "Anyone in this workspace"
    alone = " Alone, and it cannot wait? *Break glass*: give a reason, and the channel sees it." if glass else ""
    return elements.message(
        text,
        [
            elements.section(f":raised_hand: {text}"),
            elements.context(f"{render(plain(run.name))} · {phrases.title(incident)}"),
            elements.section(f":warning: *Dangerous.* {clip(render(dangerous), 1000)}") if dangerous else None,
            elements.section(f"*This is what will be {_participle(approval)}:*"),
            *exactly(approval.shown),
            elements.actions(
                button("Approve", "walk_approve", value, style="primary"),
                button("Refuse", "walk_refuse", value),
                button("Break glass", "walk_glass", value, style="danger") if glass else None,
                block_id=f"approval:{run.number}:{approval.number}",
            ),
            elements.context(f"{approvers} other than {mention(approval.by)} can approve. It expires {until}.{alone}"),
        ],
    )


def request_outside(incident: Incident, approval: Approval) -> Message:
    """The request for an approver who may not see the private incident: nothing but its ID."""
    return elements.line(
        f"{mention(approval.by)} asks for your approval in {phrases.outside(incident)}. "
        f"You are not in its channel; ask {mention(approval.by)} to bring you in, and answer there."
    )


def settled(
    incident: Incident, run: PlaybookRun, state: StepState, approval: Approval, *, ended: bool = False
) -> Message:
    """The request after it was answered: one line without buttons. `ended`: the incident ended before an answer."""
    outcome = f"no longer needed: {incident.id} is {incident.status}" if ended else answer_text(approval)
    step = f"{VERBS.get(approval.action, 'do')} *{state.key} {render(plain(state.title))}*"
    return elements.line(
        f"{mention(approval.by)} asked to {step}, {render(plain(run.name))}: {render(outcome.rstrip('.'))}."
    )


def settled_outside(incident: Incident) -> Message:
    """The answered request for an approver who may not see the private incident."""
    return elements.line(f"The request for your approval in {phrases.outside(incident)} was answered.")


def broken(incident: Incident, run: PlaybookRun, state: StepState, approval: Approval) -> Message:
    """The message that tells the channel that a step goes ahead without a second person's approval."""
    person = mention(approval.answered_by or approval.by)
    text = (
        f"{phrases.drill_prefix(incident)}:rotating_light: {person} *broke the glass*: "
        f"*{state.key} {render(plain(state.title))}* of {render(plain(run.name))} goes ahead without approval."
    )
    return elements.message(
        text,
        [
            elements.section(text),
            elements.section(f"*Why:* {render(clip(approval.reason, 1000))}"),
            *exactly(approval.shown),
        ],
    )


def exactly(commands: Sequence[str]) -> list[Block]:
    """The commands byte for byte, a long one split over several sections."""
    blocks: list[Block] = []
    for command in commands:
        remaining = command
        while remaining:
            chunk = _first_chunk(remaining)
            blocks.append(elements.section(elements.preformatted(chunk)))
            remaining = remaining[len(chunk) :]
    if len(blocks) <= CHUNKS:
        return blocks
    more = "This is not all: the timeline has the full text. Read it before you approve."
    return [*blocks[:CHUNKS], elements.context(more)]


def _first_chunk(text: str) -> str:
    """The longest beginning that still fits into a section after escaping."""
    chunk = text[:CHUNK]
    while length(elements.preformatted(chunk)) > elements.TEXT:
        chunk = chunk[: len(chunk) * 3 // 4]
    return chunk


def _participle(approval: Approval) -> str:
    return {"run": "run", "rollback": "run to roll it back"}.get(approval.action, "done")
