"""Handles a lapsed deadline: a drill plays the next of a past incident, or tells how it went, then and now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, Incident
from bot.domain.outcome import Outcome, skipped
from bot.domain.timeline.entry import BOT, Entry, RecordedEntry, entry, is_from_person
from bot.domain.values import durations
from bot.domain.values.past_play import PastPlay
from bot.usecases.unit_of_work import UnitOfWork
from storage import incidents
from storage.timeline import entries as timeline

MOST = 10  # entries in one message
PAGE = 50  # entries of the past incident that are read at a time
PLAYED = ("alert", "message", "file")
KEPT = ("update", "reminder")  # what tells whether updates came in time
TOGETHER = timedelta(seconds=5)  # what is due within is one message
LENGTH = 300  # characters of one entry
_MENTION = re.compile(r"<[@!]([^>|]+)(?:\|([^>]*))?>")


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Play what is due, or compare once the drill has ended."""
    incident, plays = work.incident, work.incident.plays
    past = await incidents.get(work.conn, plays.of) if plays is not None else None
    if plays is None or past is None or past.private:
        gone = replace(incident, plays=replace(plays, compared=True) if plays else None)
        return skipped(Change(gone), deadline.dedup_key, "the past incident cannot be played")
    if not incident.open:
        return await _compare(work, deadline, past, plays)
    page = await timeline.next_of_kinds(work.conn, past.number, PLAYED, plays.seq, past.ended_at or work.now, PAGE)
    due, after = step(plays, incident, page, work.now)
    lines = [f"Replayed from {past.id}:", *(line(plays, each) for each in due)]
    said = (entry(work.now, "drill", BOT, "\n".join(lines), told=True, of=past.id),) if due else ()
    return skipped(Change(replace(incident, plays=after), said), deadline.dedup_key, f"{len(due)} entries played")


def step(
    plays: PastPlay, incident: Incident, page: Sequence[RecordedEntry], now: datetime
) -> tuple[list[RecordedEntry], PastPlay]:
    """What is played now, and how far the drill is then. `page` is what comes next in the past incident."""
    plays = replace(plays, turn=plays.turn + 1)
    waiting = [each for each in page if is_played(each)]
    due = [each for each in waiting if due_at(plays, incident, each.entry) <= now + TOGETHER][:MOST]
    left = waiting[len(due) :]
    if not left and len(page) == PAGE:  # nothing more of this page is played; look at the next
        return due, replace(plays, seq=page[-1].seq, next_at=now)
    seq = due[-1].seq if due else plays.seq
    return due, replace(plays, seq=seq, next_at=max(now, due_at(plays, incident, left[0].entry)) if left else None)


async def _compare(work: UnitOfWork, deadline: Deadline, past: Incident, plays: PastPlay) -> Outcome:
    then = await timeline.of_kinds(work.conn, past.number, KEPT)
    now = await timeline.of_kinds(work.conn, work.incident.number, KEPT)
    text = "\n".join(comparison(past, then, work.incident, now))
    said = entry(work.now, "drill", BOT, text, told=True, of=past.id)
    done = replace(work.incident, plays=replace(plays, compared=True))
    return skipped(Change(done, (said,)), deadline.dedup_key, "compared, then and now")


def is_played(record: RecordedEntry) -> bool:
    """Whether it came in from outside: an alert, or a message of a person that is still there."""
    return not record.purged and not record.deleted and (record.entry.kind == "alert" or is_from_person(record.entry))


def due_at(plays: PastPlay, incident: Incident, item: Entry) -> datetime:
    """When an entry of the past incident is played."""
    return incident.declared_at + max(timedelta(0), item.at - plays.began_at) / plays.speed


def line(plays: PastPlay, record: RecordedEntry) -> str:
    """An entry as a line that mentions nobody: people are named, not called."""
    text = " ".join(_MENTION.sub(lambda found: _name(record, found), record.current_text).split())
    text = text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"
    after = max(timedelta(0), record.entry.at - plays.began_at)
    minutes = int(after.total_seconds() // 60)
    who = "alert" if record.entry.kind == "alert" else record.names.get(record.entry.actor, "a responder")
    return f"• +{minutes} min, {who}: {text}"


def _name(record: RecordedEntry, found: re.Match[str]) -> str:
    return record.names.get(found[1]) or (found[2] or "").lstrip("@") or "somebody"


def comparison(past: Incident, then: Sequence[Entry], drill: Incident, now: Sequence[Entry]) -> list[str]:
    """How long the acknowledgement took, and how many updates there were, then and now."""
    return [
        f"{past.id} then, and this drill now:",
        f"• acknowledged after {_acknowledged(past)} then, {_acknowledged(drill)} now",
        f"• status updates: {_kept(past, then)} then, {_kept(drill, now)} now",
    ]


def _acknowledged(incident: Incident) -> str:
    at = incident.ladder.acknowledged_at
    return durations.exact(max(timedelta(0), at - incident.declared_at)) if at else "never"


def _kept(incident: Incident, entries: Sequence[Entry]) -> str:
    posted = sum(each.kind == "update" for each in entries)
    missed = sum(each.kind == "reminder" and each.data.get("of") == "update" for each in entries)
    return f"{posted} posted, {missed} asked for"
