"""Defines a reminder or page that was sent or would be, and compares the two lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from bot.domain.timeline.entry import BOT, Entry
from bot.domain.values.durations import exact

SAME = timedelta(seconds=60)  # what the clock's tick and a busy outbox may take is no difference
NIGHT_FROM, NIGHT_TO = 22, 7  # o'clock, in the policy's time zone


@dataclass(frozen=True, slots=True)
class Sending:
    """One reminder or page."""

    at: datetime
    kind: str  # `page`, or what a reminder asks for: `update`, `role` …
    rung: int | None = None
    to: tuple[str, ...] = ()  # people, channels and contacts
    by: tuple[str, ...] = ()  # methods of a page
    reason: str = ""


def sending_of(entry: Entry) -> Sending | None:
    """The reminder or page that an entry records; None for any other entry, and for a page by a fallback method."""
    data = entry.data
    if entry.kind == "reminder" and entry.actor == BOT:
        return Sending(entry.at, str(data.get("of") or "update"), reason=entry.text)
    if entry.kind != "page" or "why" not in data:
        return None
    to = (*(data.get("people") or ()), *(data.get("channels") or ()))
    rung = data.get("rung")
    return Sending(
        entry.at, "page", rung if isinstance(rung, int) else None, tuple(to or data.get("contacts") or ()),
        tuple(data.get("by") or ("slack",)), str(data["why"]),
    )  # fmt: skip


def differences(sent: Sequence[Sending], would_send: Sequence[Sending]) -> list[dict[str, Any]]:
    """The differences in the order of time: messages added, left out, at another time or to other people.

    The first of one kind and rung is compared with the first of the other, the second with the second.
    """
    sent_by_kind, planned_by_kind = _by_kind(sent), _by_kind(would_send)
    rows: list[tuple[datetime, dict[str, Any]]] = []
    for kind, rung in sorted({*sent_by_kind, *planned_by_kind}, key=str):
        before, after = sent_by_kind[kind, rung], planned_by_kind[kind, rung]
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else None
            new = after[index] if index < len(after) else None
            at = min(sending.at for sending in (old, new) if sending is not None)
            if words := _differs(old, new):
                rows.append((at, {"kind": kind, "rung": rung, "difference": words, "at": at}))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _by_kind(sendings: Sequence[Sending]) -> defaultdict[tuple[str, int | None], list[Sending]]:
    grouped: defaultdict[tuple[str, int | None], list[Sending]] = defaultdict(list)
    for sending in sendings:
        grouped[sending.kind, sending.rung].append(sending)
    return grouped


def _differs(old: Sending | None, new: Sending | None) -> str:
    if old is None or new is None:
        return "would be sent as well" if old is None else "would not be sent"
    words = []
    if abs(new.at - old.at) > SAME:
        span = exact(timedelta(seconds=round(abs((new.at - old.at).total_seconds()))))
        words.append(f"{span} {'later' if new.at > old.at else 'earlier'}")
    if new.kind == "page" and set(new.to) != set(old.to):
        words.append(f"to {', '.join(new.to)} instead of {', '.join(old.to)}")
    if new.kind == "page" and set(new.by) != set(old.by):
        words.append(f"by {', '.join(new.by)} instead of {', '.join(old.by)}")
    return "; ".join(words)


def pages(sendings: Sequence[Sending]) -> int:
    """The number of pages among them."""
    return sum(sending.kind == "page" for sending in sendings)


def night_pages(sendings: Sequence[Sending], zone: tzinfo) -> int:
    """The number of pages between 22:00 and 07:00."""
    hours = [sending.at.astimezone(zone).hour for sending in sendings if sending.kind == "page"]
    return sum(hour >= NIGHT_FROM or hour < NIGHT_TO for hour in hours)


def silent_minutes(marks: Sequence[datetime], cadence: timedelta | None) -> float:
    """The minutes in which nothing was heard for longer than the cadence of updates. `marks` are when something was."""
    if cadence is None:
        return 0.0
    gaps = [later - earlier for earlier, later in zip(sorted(marks), sorted(marks)[1:], strict=False)]
    return sum(max(0.0, (gap - cadence).total_seconds()) for gap in gaps) / 60


def as_json(sending: Sending) -> dict[str, Any]:
    """The fields as a dictionary; `at` stays an instant."""
    return {**asdict(sending), "to": list(sending.to), "by": list(sending.by)}
