"""Builds the answer to `/incident why`: every reminder and page of an incident, with its state and reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Incident
from bot.domain.lapsed.reminder_reason import LATE_AFTER
from bot.domain.policy.policy import Policy
from bot.domain.routing import keys
from bot.domain.routing.keys import HandoverSubject, ShiftSubject
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, render

REASON_LENGTH = 400
STATE_EMOJI = {
    DeadlineState.WAITING: ":hourglass_flowing_sand:",
    DeadlineState.DUE: ":hourglass_flowing_sand:",
    DeadlineState.SENT: ":white_check_mark:",
    DeadlineState.SKIPPED: ":fast_forward:",
    DeadlineState.CANCELLED: ":heavy_multiplication_x:",
    DeadlineState.FAILED: ":x:",
}
HANDOVER, SHIFT = "handover", "shift"
KIND_NAMES = {
    "update": "status update",
    "acknowledge": "acknowledgement",
    "mitigate": "mitigation",
    "role": "empty role",
    "review": "review",
    "action": "action item",
    HANDOVER: "handover",
    SHIFT: "end of an on-call shift",
}
STEP = re.compile(r"\bstep (\d+\.\d+)\b")


def ledger_kind(kind: str, dedup_key: str) -> str:
    """The kind of a ledger row. Handovers and shifts are stored with the kind `role`; their key distinguishes them."""
    subject = keys.parse(dedup_key)
    return str(subject.kind) if isinstance(subject, HandoverSubject | ShiftSubject) else kind


@dataclass(frozen=True, slots=True)
class Reminder:
    """A line of the ledger. `kind` is what `ledger_kind` returns."""

    kind: str
    rung: int | None
    due_at: datetime
    sent_at: datetime | None
    state: DeadlineState
    reason: str


def why(incident: Incident, policy: Policy, rows: Sequence[Reminder], now: datetime) -> Message:
    """Every reminder and page by the time when it was sent or is due, with its outcome, reason and whom it paged."""
    text = f"Reminders and pages of {incident.id}"
    if not rows:
        return elements.line(f"{text}: none so far, and none planned.")
    blocks, omitted = elements.newest_lines([_reminder(row, now) for row in sorted(_merge_steps(rows, now), key=_at)])
    quiet = phrases.snoozed(incident, now)
    return elements.message(
        text,
        [
            elements.section(f"*{text}*" + (f"\n:zzz: Reminders are snoozed {quiet}; pages are not." if quiet else "")),
            elements.left_out(omitted, f"These are the latest. All of them: `tocsin show {incident.id} --json`"),
            *blocks,
        ],
    )


def _merge_steps(rows: Sequence[Reminder], now: datetime) -> list[Reminder]:
    """Merge rows of playbook steps that differ only in the step."""
    groups: dict[object, list[Reminder]] = {}
    for number, row in enumerate(rows):
        alike = (elements.moment(row.due_at), row.state, _outcome(row, now), STEP.sub("step", row.reason))
        groups.setdefault(alike if row.kind == "playbook" else number, []).append(row)
    return [_merge(group) for group in groups.values()]


def _merge(rows: Sequence[Reminder]) -> Reminder:
    keys = list(dict.fromkeys(key for row in rows for key in STEP.findall(row.reason)[:1]))
    first = rows[0]
    if len(keys) < 2:
        return first
    return replace(first, reason=STEP.sub(f"steps {', '.join(keys[:-1])} and {keys[-1]}", first.reason, count=1))


def _reminder(row: Reminder, now: datetime) -> str:
    rung = f", rung {row.rung}" if row.rung else ""
    kind = KIND_NAMES.get(row.kind, row.kind)
    head = f"{STATE_EMOJI.get(row.state, '')} *{elements.moment(_at(row))}* · {render(kind)}{rung}"
    reason = clip(render(row.reason), REASON_LENGTH)
    return f"{head} — {_outcome(row, now)}" + (f"\n{reason}" if reason else "")


def _at(row: Reminder) -> datetime:
    """When it was sent, or else is or was due."""
    return row.sent_at if row.state is DeadlineState.SENT and row.sent_at else row.due_at


def _outcome(row: Reminder, now: datetime) -> str:
    if row.state is DeadlineState.SENT and row.sent_at:
        late = row.sent_at - row.due_at
        if late < -LATE_AFTER:
            return f"sent early, due {elements.clock(row.due_at)}"
        explained = "late by" in row.reason
        return "sent" + (f", late by {durations.approximate(late)}" if late > LATE_AFTER and not explained else "")
    if row.state is DeadlineState.DUE:
        return "being sent"
    if row.state is DeadlineState.WAITING:
        ahead = row.due_at - now
        return f"in {durations.approximate(ahead)}" if ahead > timedelta() else "due now"
    return str(row.state)
