"""The timeline of an incident, and the ledger of its reminders and pages."""

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
ENTRY_LENGTH = 400
ANSWER_LENGTH = 24_000  # our own limit: nobody reads longer answers on a telephone
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
    """The kind of a ledger row. Handovers and shifts are stored with the kind `role`; their key tells them apart."""
    subject = keys.parse(dedup_key)
    return str(subject.kind) if isinstance(subject, HandoverSubject | ShiftSubject) else kind


@dataclass(frozen=True, slots=True)
class Reminder:
    """A line of the ledger. `kind` as `ledger_kind` returns it."""

    kind: str
    rung: int | None
    due_at: datetime
    sent_at: datetime | None
    state: DeadlineState
    reason: str


def timeline(
    incident: Incident, entries: Sequence[RecordedEntry], *, everything: bool = False, command: str = COMMAND
) -> Message:
    """The entries in order, the newest last. If not all fit, the newest are kept."""
    what = "everything" if everything else "the key entries"
    words = f"Timeline of {incident.id}: {what}"
    if not entries:
        return elements.line(f"{words}. It has no entries yet.")
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
    """Every reminder and page with its due time, outcome and reason, in the given order."""
    words = f"Reminders and pages of {incident.id}"
    if not rows:
        return elements.line(f"{words}: none so far, and none planned.")
    blocks, left = _newest([_reminder(row, now) for row in _merge_steps(rows, now)])
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
    return entry_line(record.entry) + (" _(the text was deleted under the retention policy)_" if record.purged else "")


def entry_line(entry: Entry) -> str:
    """An entry as one line of mrkdwn: time, person, text, and a link where there is one."""
    words = clip(" ".join(_words(entry).split()), ENTRY_LENGTH)
    return f"{elements.moment(entry.at)} {words}{_link(entry)}"


def _words(entry: Entry) -> str:
    who = mention(entry.actor)
    if entry.kind == "message":
        return f"{who}: {render_recorded(entry.text)}"
    if entry.kind == "message_edited":
        return f"{who} edited: {render_recorded(entry.text)}"
    if entry.kind == "message_deleted":
        fetched = entry.data.get("fetched")  # noticed in the history, so the person is unknown
        return f"a message from {who} was deleted while I was offline" if fetched else f"{who} deleted a message"
    number = f" #{entry.data['number']}" if entry.kind == "update" and "number" in entry.data else ""
    return f"*{render(entry.kind.replace('_', ' '))}{number}* {who}: {render(entry.text)}".rstrip(": ")


def _link(entry: Entry) -> str:
    link = entry.data.get("link")
    if not isinstance(link, str) or not link.startswith(("https://", "http://")) or set(link) & set("<>|\n "):
        return ""
    return f" <{link.replace('&', '&amp;')}|↗>"


def _merge_steps(rows: Sequence[Reminder], now: datetime) -> list[Reminder]:
    """Merge rows of playbook steps that differ only in the step."""
    groups: dict[object, list[Reminder]] = {}
    for number, row in enumerate(rows):
        alike = (elements.moment(row.due_at), row.state, _outcome(row, now), STEP.sub("step", row.reason))
        groups.setdefault(alike if row.kind == "playbook" else number, []).append(row)
    return [_merged(same) for same in groups.values()]


def _merged(same: Sequence[Reminder]) -> Reminder:
    keys = list(dict.fromkeys(key for row in same for key in STEP.findall(row.reason)[:1]))
    first = same[0]
    if len(keys) < 2:
        return first
    return replace(first, reason=STEP.sub(f"steps {', '.join(keys[:-1])} and {keys[-1]}", first.reason, count=1))


def _reminder(row: Reminder, now: datetime) -> str:
    rung = f", rung {row.rung}" if row.rung else ""
    kind = KIND_NAMES.get(row.kind, row.kind)
    head = f"{STATE_EMOJI.get(row.state, '')} *{elements.moment(row.due_at)}* · {render(kind)}{rung}"
    reason = clip(render(row.reason), ENTRY_LENGTH)
    return f"{head} — {_outcome(row, now)}" + (f"\n{reason}" if reason else "")


def _outcome(row: Reminder, now: datetime) -> str:
    if row.state is DeadlineState.SENT and row.sent_at:
        late = row.sent_at - row.due_at
        explained = "late by" in row.reason
        return f"sent {elements.clock(row.sent_at)}" + (
            f", late by {durations.approximate(late)}" if late > LATE_AFTER and not explained else ""
        )
    if row.state is DeadlineState.DUE:
        return "being sent"
    if row.state is DeadlineState.WAITING:
        ahead = row.due_at - now
        return f"in {durations.approximate(ahead)}" if ahead > timedelta() else "due now"
    return str(row.state)


def _newest(lines: Sequence[str]) -> tuple[list[Block], int]:
    """The last lines that fit, packed into sections, and the number of lines that did not fit."""
    kept: list[str] = []
    room = ANSWER_LENGTH
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
