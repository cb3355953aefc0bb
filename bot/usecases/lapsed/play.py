"""Handles a lapsed deadline: a drill replays entries of a past incident, or compares the two at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, Incident
from bot.domain.outcome import Outcome, skip
from bot.domain.timeline.entry import BOT, Entry, RecordedEntry, entry, is_from_person
from bot.domain.values import durations
from bot.domain.values.past_play import PastPlay
from bot.usecases.unit_of_work import UnitOfWork
from storage import incidents
from storage.timeline import entries as timeline

MOST = 10  # entries in one message
PAGE = 50  # entries of the past incident read at a time
PLAYED = ("alert", "message", "file")
UPDATE_KINDS = ("update", "reminder")  # show whether updates came in time
TOGETHER = timedelta(seconds=5)  # entries due within this span share a message
LENGTH = 300  # characters of one entry
_MENTION = re.compile(r"<[@!]([^>|]+)(?:\|([^>]*))?>")


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Replay the entries that are due, or compare once the drill has ended."""
    incident, plays = work.incident, work.incident.plays
    past = await incidents.get(work.conn, plays.of) if plays is not None else None
    if plays is None or past is None or past.private:
        unplayable = replace(incident, plays=replace(plays, compared=True) if plays else None)
        return skip(Change(unplayable), deadline.dedup_key, "the past incident cannot be played")
    if not incident.open:
        return await _compare(work, deadline, past, plays)
    page = await timeline.next_of_kinds(work.conn, past.number, PLAYED, plays.seq, past.ended_at or work.now, PAGE)
    due, after = step(plays, incident, page, work.now)
    lines = [f"Replayed from {past.id}:", *(line(plays, record) for record in due)]
    drill_entries = (entry(work.now, "drill", BOT, "\n".join(lines), told=True, of=past.id),) if due else ()
    return skip(Change(replace(incident, plays=after), drill_entries), deadline.dedup_key, f"{len(due)} entries played")


def step(
    plays: PastPlay, incident: Incident, page: Sequence[RecordedEntry], now: datetime
) -> tuple[list[RecordedEntry], PastPlay]:
    """The entries to replay now, and the progress after them. `page` has the next entries of the past incident."""
    plays = replace(plays, turn=plays.turn + 1)
    waiting = [record for record in page if is_played(record)]
    due = [record for record in waiting if due_at(plays, incident, record.entry) <= now + TOGETHER][:MOST]
    remaining = waiting[len(due) :]
    if not remaining and len(page) == PAGE:  # nothing more of this page is due; read the next one
        return due, replace(plays, seq=page[-1].seq, next_at=now)
    seq = due[-1].seq if due else plays.seq
    return due, replace(
        plays, seq=seq, next_at=max(now, due_at(plays, incident, remaining[0].entry)) if remaining else None
    )


async def _compare(work: UnitOfWork, deadline: Deadline, past: Incident, plays: PastPlay) -> Outcome:
    past_entries = await timeline.of_kinds(work.conn, past.number, UPDATE_KINDS)
    drill_entries = await timeline.of_kinds(work.conn, work.incident.number, UPDATE_KINDS)
    text = "\n".join(comparison(past, past_entries, work.incident, drill_entries))
    drill_entry = entry(work.now, "drill", BOT, text, told=True, of=past.id)
    compared = replace(work.incident, plays=replace(plays, compared=True))
    return skip(Change(compared, (drill_entry,)), deadline.dedup_key, "compared, then and now")


def is_played(record: RecordedEntry) -> bool:
    """Whether a drill replays the entry: an alert, or a message of a person that was not deleted."""
    return not record.purged and not record.deleted and (record.entry.kind == "alert" or is_from_person(record.entry))


def due_at(plays: PastPlay, incident: Incident, item: Entry) -> datetime:
    """When an entry of the past incident is replayed."""
    return incident.declared_at + max(timedelta(0), item.at - plays.began_at) / plays.speed


def line(plays: PastPlay, record: RecordedEntry) -> str:
    """An entry as a line with names instead of mentions, so that nobody is notified."""
    text = " ".join(_MENTION.sub(lambda match: _name(record, match), record.current_text).split())
    text = text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"
    after = max(timedelta(0), record.entry.at - plays.began_at)
    minutes = int(after.total_seconds() // 60)
    author = "alert" if record.entry.kind == "alert" else record.names.get(record.entry.actor, "a responder")
    return f"• +{minutes} min, {author}: {text}"


def _name(record: RecordedEntry, match: re.Match[str]) -> str:
    return record.names.get(match[1]) or (match[2] or "").lstrip("@") or "somebody"


def comparison(
    past: Incident, past_entries: Sequence[Entry], drill: Incident, drill_entries: Sequence[Entry]
) -> list[str]:
    """The time to each step and the number of updates, in the past incident and in the drill."""
    instants = [
        ("acknowledged", past.ladder.acknowledged_at, drill.ladder.acknowledged_at),
        ("mitigated", past.mitigated_at, drill.mitigated_at),
        ("ended", past.ended_at, drill.ended_at),
    ]
    return [
        f"{past.id} then, and this drill now, counted from the declaration:",
        *(f"• {step} after {_after(past, then)} then, {_after(drill, now)} now" for step, then, now in instants),
        f"• status updates: {_update_counts(past, past_entries)} then; {_update_counts(drill, drill_entries)} now",
    ]


def _after(incident: Incident, at: datetime | None) -> str:
    return durations.exact(max(timedelta(0), at - incident.declared_at)) if at else "never"


def _update_counts(incident: Incident, entries: Sequence[Entry]) -> str:
    posted = sum(item.kind == "update" for item in entries)
    missed = sum(item.kind == "reminder" and item.data.get("of") == "update" for item in entries)
    reminders = "no reminder" if not missed else "1 reminder" if missed == 1 else f"{missed} reminders"
    return f"{posted} posted, {reminders}"
