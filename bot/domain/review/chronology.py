"""Drafts the timeline of a review, and reads its sentences as the rows of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.review.document import Cite, Page, Section
from bot.domain.review.record import AFTERWARDS, Record, author_text, entry_text, is_chatter
from bot.domain.timeline.entry import RecordedEntry

MOST_ROWS = 1000
BESIDE = AFTERWARDS | {"times"}  # kinds of entries about the record, not about the incident
SAID = frozenset({"acknowledged", "role", "handover", "page", "action", "joined"})  # their text says what they are
LABELS = {"message": "wrote", "note": "noted", "sent": "told", "declared": "declared", "keyed": "marked"}
_SEPARATOR = " · "
_AT = re.compile(r"^(?P<utc>[^()]+? UTC)(?: \((?P<local>[^()]+)\))?$")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the timeline: when it was, who did it, and what, with the entries that say so."""

    utc: str
    local: str  # empty where the policy's time zone is UTC, and where people folded messages
    who: str
    what: str
    cites: tuple[Cite, ...]


def draft_timeline(record: Record, page: Page) -> None:
    """Key entries one by one; what was said between them is folded into one line."""
    folded: list[RecordedEntry] = []
    for recorded in record.all_entries:
        if len(page.sentences) >= MOST_ROWS:
            last = record.all_entries[-1]
            text = f"More follows until {record.clock(last.entry.at)}: `tocsin show` has all of it."
            page.say(text, record.cite(last))
            return
        if recorded.incident != record.incident.number and recorded.entry.kind == "merged":
            continue  # the incident's own entry says so
        if is_chatter(recorded):
            folded.append(recorded)
        elif recorded.key and recorded.entry.kind not in BESIDE and recorded.entry.data.get("event") != "ticket":
            _fold(record, page, folded)
            folded = []
            page.say(
                _SEPARATOR.join(
                    (record.clock(recorded.entry.at), author_text(recorded.entry), _what(record, recorded))
                ),
                record.cite(recorded),
            )
    _fold(record, page, folded)


def rows(section: Section) -> list[Row]:
    """The sentences of the drafted timeline as rows."""
    return [_row(sentence.text, sentence.cites) for sentence in section.sentences]


def _row(text: str, cites: tuple[Cite, ...]) -> Row:
    at, _, rest = text.partition(_SEPARATOR)
    if " UTC" not in at or not rest:  # a sentence that people wrote
        return Row("", "", "", text, cites)
    author, separator, event = rest.partition(_SEPARATOR)
    if not separator:  # folded messages have no author
        author, event = "", author
    if match := _AT.match(at):
        return Row(match["utc"], match["local"] or "", author, event, cites)
    return Row(at, "", author, event, cites)


def _what(record: Record, recorded: RecordedEntry) -> str:
    """The event in words, with the ID of the incident if that was merged into this one."""
    prefix = "" if recorded.incident == record.incident.number else f"INC-{recorded.incident}: "
    return f"{prefix}{_what_alone(recorded)}"


def _what_alone(recorded: RecordedEntry) -> str:
    kind = recorded.entry.kind
    label = LABELS.get(kind, kind.replace("_", " "))
    if recorded.purged:
        return f"{label}: the words were erased"
    text = entry_text(recorded)
    if kind == "page":
        return f"paged {text[:1].lower()}{text[1:]}"
    return text if kind in SAID and text else f"{label}: {text}" if text else label


def _fold(record: Record, page: Page, folded: list[RecordedEntry]) -> None:
    if not folded:
        return
    people = len({message.entry.actor for message in folded})
    count = (
        f"{len(folded)} message{'s' if len(folded) != 1 else ''} by {people} {'people' if people != 1 else 'person'}"
    )
    until = f" to {record.clock(folded[-1].entry.at)}" if len(folded) > 1 else ""
    page.say(f"{record.clock(folded[0].entry.at)}{until} · {count}", record.cite(folded[0]), record.cite(folded[-1]))
