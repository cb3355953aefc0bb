"""Requests for approval: what exactly will be done, who asks, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.playbook.approvals import answer_text
from bot.domain.playbook.run import Approval, PlaybookRun, StepState
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, length, mention, plain, render

WANTS = {"run": "run", "rollback": "roll back", "do": "do"}
PIECE = 2900  # of a command within a section; a longer one goes on in the next
PIECES = 20


def asked(
    incident: Incident,
    policy: Policy,
    walk: PlaybookRun,
    mark: StepState,
    approval: Approval,
    dangerous: str,
    now: datetime,
) -> Message:
    """In the channel, and to an approver who may see the incident."""
    wants = WANTS.get(approval.action, "do")
    words = (
        f"{phrases.drill_prefix(incident)}{mention(approval.by)} asks for approval to {wants} "
        f"*{mark.key} {render(plain(mark.title))}*"
    )
    value = f"{incident.id}:{walk.number}:{mark.key}:{approval.number}"
    glass, until = policy.playbooks.break_glass, phrases.at(approval.due_at, now)
    alone = " Alone, and it cannot wait? *Break glass*, with a reason, for everybody to see." if glass else ""
    return elements.message(
        words,
        [
            elements.section(f":raised_hand: {words}"),
            elements.context(f"{render(plain(walk.name))} · {phrases.title(incident)}"),
            elements.section(f":warning: *Dangerous.* {clip(render(dangerous), 1000)}") if dangerous else None,
            elements.section(f"*This is what will be {_participle(approval)}:*"),
            *exactly(approval.shown),
            elements.actions(
                button("Approve", "walk_approve", value, style="primary"),
                button("Refuse", "walk_refuse", value),
                button("Break glass", "walk_glass", value, style="danger") if glass else None,
                block_id=f"approval:{walk.number}:{approval.number}",
            ),
            elements.context(f"{_who(policy)} other than {mention(approval.by)} approves. It expires {until}.{alone}"),
        ],
    )


def _who(policy: Policy) -> str:
    return "One of the policy's approvers" if policy.playbooks.approvers else "Somebody of this workspace"


def asked_outside(incident: Incident, approval: Approval) -> Message:
    """To an approver who is not in a private incident: its ID, and nothing of it."""
    return elements.line(
        f"{mention(approval.by)} asks for your approval in {phrases.outside(incident)}. "
        f"You are not in its channel; ask {mention(approval.by)} to bring you in, and answer there."
    )


def settled(
    incident: Incident, walk: PlaybookRun, mark: StepState, approval: Approval, *, ended: bool = False
) -> Message:
    """What the request becomes: one line without buttons."""
    outcome = f"no longer needed: {incident.id} is {incident.status}" if ended else answer_text(approval)
    what = f"{WANTS.get(approval.action, 'do')} *{mark.key} {render(plain(mark.title))}*"
    return elements.line(
        f"{mention(approval.by)} asked to {what}, {render(plain(walk.name))}: {render(outcome.rstrip('.'))}."
    )


def settled_outside(incident: Incident) -> Message:
    return elements.line(f"The request for your approval in {phrases.outside(incident)} was answered.")


def broken(incident: Incident, walk: PlaybookRun, mark: StepState, approval: Approval) -> Message:
    """Loudly, in the channel."""
    who = mention(approval.answered_by or approval.by)
    words = (
        f"{phrases.drill_prefix(incident)}:rotating_light: {who} *broke the glass*: "
        f"*{mark.key} {render(plain(mark.title))}* of {render(plain(walk.name))} goes on without anybody's approval."
    )
    return elements.message(
        words,
        [
            elements.section(words),
            elements.section(f"*Why:* {render(clip(approval.reason, 1000))}"),
            *exactly(approval.shown),
        ],
    )


def exactly(shown: Sequence[str]) -> list[Block]:
    """Byte for byte; what is longer than a section goes on in the next one."""
    found: list[Block] = []
    for one in shown:
        rest = one
        while rest:
            piece = _fitting(rest)
            found.append(elements.section(elements.preformatted(piece)))
            rest = rest[len(piece) :]
    if len(found) <= PIECES:
        return found
    return [*found[:PIECES], elements.context("It goes on; the whole of it is on the timeline. Do not approve unread.")]


def _fitting(text: str) -> str:
    """As much of the beginning as a section takes once it is escaped."""
    piece = text[:PIECE]
    while length(elements.preformatted(piece)) > elements.TEXT:
        piece = piece[: len(piece) * 3 // 4]
    return piece


def _participle(approval: Approval) -> str:
    return {"run": "run", "rollback": "run to roll it back"}.get(approval.action, "done")
