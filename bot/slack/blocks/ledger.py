"""What happened and why: the timeline, and the ledger of every reminder and page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.reminder import LATE_AFTER
from bot.domain.routing import keys
from bot.domain.routing.keys import HandoverSubject, ShiftSubject
from bot.domain.timeline.entry import Entry, RecordedEntry
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message
from bot.slack.text import clip, length, mention, render, render_recorded

COMMAND = "/incident"
ENTRY = 400  # of one entry's words
ROOM = 24_000  # of our own: longer answers nobody reads on a telephone
SIGNS = {
    DeadlineState.WAITING: ":hourglass_flowing_sand:",
    DeadlineState.DUE: ":hourglass_flowing_sand:",
    DeadlineState.SENT: ":white_check_mark:",
    DeadlineState.SKIPPED: ":fast_forward:",
    DeadlineState.CANCELLED: ":heavy_multiplication_x:",
    DeadlineState.FAILED: ":x:",
}
HANDOVER, SHIFT = "handover", "shift"
ASKS = {
    "update": "status update",
    "acknowledge": "acknowledgement",
    "mitigate": "mitigation",
    "role": "empty role",
    "review": "review",
    "action": "action item",
    HANDOVER: "handover",
    SHIFT: "end of a turn on call",
}
STEP = re.compile(r"\bstep (\d+\.\d+)\b")


def asks(kind: str, dedup_key: str) -> str:
    """What a row of the ledger asks for, told apart where its kind says no more than that it is about roles."""
    subject = keys.parse(dedup_key)
    return str(subject.kind) if isinstance(subject, HandoverSubject | ShiftSubject) else kind


@dataclass(frozen=True, slots=True)
class Reminder:
    """A line of the ledger. `kind` as `asks` gives it."""

    kind: str
    rung: int | None
    due_at: datetime
    sent_at: datetime | None
    state: DeadlineState
    reason: str


def timeline(
    incident: Incident, entries: Sequence[RecordedEntry], *, everything: bool = False, command: str = COMMAND
) -> Message:
    """In order, the newest last; where there is not room for all, the newest are kept."""
    what = "everything" if everything else "the key entries"
    words = f"Timeline of {incident.id}: {what}"
    if not entries:
        return elements.line(f"{words}. Nothing is on it yet.")
    blocks, left = _newest([_line(record) for record in entries])
    more = "" if everything else f" · `{command} timeline all --in {incident.id}` for everything"
    return elements.message(
        words,
        [
            elements.section(f"*{words}*"),
            elements.left_out(left, f"These are the newest. All of it: `tocsin show {incident.id} --json`"),
            *blocks,
            elements.context(f"Add to it: `{command} note What happened`{more}"),
        ],
    )


def why(incident: Incident, policy: Policy, rows: Sequence[Reminder], now: datetime) -> Message:
    """Every reminder and page: when due, what became of it, the reason. By due time, the latest last."""
    words = f"Reminders and pages of {incident.id}"
    if not rows:
        return elements.line(f"{words}: none so far, and none to come.")
    blocks, left = _newest([_reminder(row, now) for row in _together(rows, now)])
    quiet = phrases.snoozed(incident, now)
    return elements.message(
        words,
        [
            elements.section(
                f"*{words}*" + (f"\n:zzz: Reminders are snoozed {quiet}; pages are not." if quiet else "")
            ),
            elements.left_out(left, f"These are the latest. All of them: `tocsin show {incident.id} --json`"),
            *blocks,
        ],
    )


def _line(record: RecordedEntry) -> str:
    return entry_line(record.entry) + (" _(the words were purged, as the policy asks)_" if record.purged else "")


def entry_line(entry: Entry) -> str:
    """When, who, what, and a link where there is one; one line of mrkdwn."""
    said = clip(" ".join(_said(entry).split()), ENTRY)
    return f"{elements.moment(entry.at)} {said}{_link(entry)}"


def _said(entry: Entry) -> str:
    who = mention(entry.actor)
    if entry.kind == "message":
        return f"{who}: {render_recorded(entry.text)}"
    if entry.kind == "message_edited":
        return f"{who} edited: {render_recorded(entry.text)}"
    if entry.kind == "message_deleted":
        fetched = entry.data.get("fetched")  # then it is not known by whom
        return f"a message of {who} was deleted while I was away" if fetched else f"{who} deleted a message"
    number = f" #{entry.data['number']}" if entry.kind == "update" and "number" in entry.data else ""
    return f"*{render(entry.kind.replace('_', ' '))}{number}* {who}: {render(entry.text)}".rstrip(": ")


def _link(entry: Entry) -> str:
    link = entry.data.get("link")
    if not isinstance(link, str) or not link.startswith(("https://", "http://")) or set(link) & set("<>|\n "):
        return ""
    return f" <{link.replace('&', '&amp;')}|↗>"


def _together(rows: Sequence[Reminder], now: datetime) -> list[Reminder]:
    """Of steps that are done side by side, and of which the same is to be said, one line."""
    found: dict[object, list[Reminder]] = {}
    for number, row in enumerate(rows):
        alike = (elements.moment(row.due_at), row.state, _became(row, now), STEP.sub("step", row.reason))
        found.setdefault(alike if row.kind == "playbook" else number, []).append(row)
    return [_one_of(same) for same in found.values()]


def _one_of(same: Sequence[Reminder]) -> Reminder:
    keys = list(dict.fromkeys(key for row in same for key in STEP.findall(row.reason)[:1]))
    first = same[0]
    if len(keys) < 2:
        return first
    return replace(first, reason=STEP.sub(f"steps {', '.join(keys[:-1])} and {keys[-1]}", first.reason, count=1))


def _reminder(row: Reminder, now: datetime) -> str:
    rung = f", rung {row.rung}" if row.rung else ""
    asked = ASKS.get(row.kind, row.kind)
    head = f"{SIGNS.get(row.state, '')} *{elements.moment(row.due_at)}* · {render(asked)}{rung}"
    reason = clip(render(row.reason), ENTRY)
    return f"{head} — {_became(row, now)}" + (f"\n{reason}" if reason else "")


def _became(row: Reminder, now: datetime) -> str:
    if row.state is DeadlineState.SENT and row.sent_at:
        late = row.sent_at - row.due_at
        said = "late by" in row.reason
        return f"sent {elements.clock(row.sent_at)}" + (
            f", late by {durations.approximate(late)}" if late > LATE_AFTER and not said else ""
        )
    if row.state is DeadlineState.DUE:
        return "being sent"
    if row.state is DeadlineState.WAITING:
        ahead = row.due_at - now
        return f"in {durations.approximate(ahead)}" if ahead > timedelta() else "due now"
    return str(row.state)


def _newest(lines: Sequence[str]) -> tuple[list[Block], int]:
    """As many of the last lines as there is room for, packed into sections, and how many did not fit."""
    kept: list[str] = []
    room = ROOM
    for line in reversed(lines):
        room -= length(line) + 1
        if room < 0:
            break
        kept.insert(0, line)
    blocks: list[Block] = []
    pack: list[str] = []
    for line in kept:
        if pack and length("\n".join([*pack, line])) > elements.TEXT:
            blocks.append(elements.section("\n".join(pack)))
            pack = []
        pack.append(line)
    if pack:
        blocks.append(elements.section("\n".join(pack)))
    return blocks, len(lines) - len(kept)
