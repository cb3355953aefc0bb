"""Drafts the questions to each participant about what they did themselves.

They ask what a person saw and expected, which brings out how it looked then; "why did you" asks for a defence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.domain.review.document import Page
from bot.domain.review.record import Record, entry_text
from bot.domain.timeline.entry import RecordedEntry, is_from_person

DID, HARD = "did_", "hard_"  # the keys of these questions begin so, followed by the person's Slack ID
MOST_PEOPLE = 12
QUOTED = 120
WRITTEN = ("note", "update", "status", "severity")  # kinds of entries with a person's own words


@dataclass(slots=True)
class Part:
    """A person's part in the record."""

    paged: RecordedEntry | None = None
    written: RecordedEntry | None = None
    acted: bool = False  # whether there is anything of them but coming and going
    messages: list[RecordedEntry] = field(default_factory=list)


def did(record: Record, page: Page) -> None:
    """Ask everybody who took part about the first thing that they wrote, or whether their page reached them."""
    for person, part in _parts(record):
        if part.written is not None:
            at = record.clock(part.written.entry.at)
            text = f"On {at} you wrote “{_quoted(part.written)}”. What did you see then, and what did you expect?"
        elif part.messages:
            count = f"{len(part.messages)} message{'s' if len(part.messages) != 1 else ''}"
            at = record.clock(part.messages[0].entry.at)
            text = f"You wrote {count}, the first on {at}. What did you know then that others did not?"
        elif part.paged is not None and (record.merged or not record.incident.merged):  # else it may stand in another
            at = record.clock(part.paged.entry.at)
            text = f"You were paged on {at}, and the record has no word of you. Did the page reach you?"
            if part.acted:
                text = f"You were paged on {at} and responded. What did you see first, and what was unclear?"
        else:
            continue
        page.ask(f"{DID}{person}", person, text)


def found_hard(record: Record, page: Page) -> None:
    """Ask everybody who wrote something what they missed."""
    for person, part in _parts(record):
        if part.written is not None or part.messages:
            page.ask(f"{HARD}{person}", person, "What helped you, and what was missing or hard to find?")


def _parts(record: Record) -> Iterator[tuple[str, Part]]:
    parts: dict[str, Part] = {}
    for part in (record, *record.merged):
        _collect(part, parts)
    acted = {recorded.entry.actor for recorded in record.all_entries if recorded.entry.kind not in ("joined", "left")}
    for person in record.participants[:MOST_PEOPLE]:
        if person in parts:
            parts[person].acted = person in acted
            yield person, parts[person]


def _collect(record: Record, parts: dict[str, Part]) -> None:
    """Add what one incident's own record has of each person."""
    for recorded in record.of("page"):
        for person in recorded.entry.data.get("people") or ():
            part = parts.setdefault(person, Part())
            part.paged = part.paged or recorded
    for recorded in record.of(*WRITTEN):
        part = parts.setdefault(recorded.entry.actor, Part())
        if part.written is None and _quoted(recorded):
            part.written = recorded
    for recorded in record.of("message", "file"):
        if is_from_person(recorded.entry):
            parts.setdefault(recorded.entry.actor, Part()).messages.append(recorded)


def _quoted(recorded: RecordedEntry) -> str:
    """The words of an entry; of a change of status or severity, the reason that was given."""
    text = entry_text(recorded)
    if recorded.entry.kind in ("status", "severity"):
        text = text.partition(": ")[2]
    return text if len(text) <= QUOTED else text[: QUOTED - 1].rstrip() + "…"
