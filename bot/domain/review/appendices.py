"""Drafts the appendices of a review: files, alerts, links, and where the whole record is."""

from __future__ import annotations

import re
from itertools import islice

from bot.domain.review.document import Page
from bot.domain.review.record import AFTERWARDS, Record, author_text, entry_text
from bot.domain.timeline.entry import RecordedEntry

MOST_LINKS = 30
_LINK = re.compile(r"https?://[^\s<>|\"'`)\]]+")


def appended(record: Record, page: Page) -> None:
    """Files and alerts, the links that key entries have, and where the whole record is."""
    for recorded in record.of("file"):
        address = recorded.entry.data.get("link")
        link = f" {address}" if address else ""
        page.say(f"File by {author_text(recorded.entry)}: {entry_text(recorded)}{link}", recorded.seq)
    for recorded in record.of("alert"):
        if recorded.entry.data.get("event") == "fired":
            page.say(f"Alert on {record.clock(recorded.entry.at)}: {entry_text(recorded)}", recorded.seq)
    for link, recorded in _links(record).items():
        page.say(f"Link by {author_text(recorded.entry)} on {record.clock(recorded.entry.at)}: {link}", recorded.seq)
    entries = [recorded for recorded in record.entries if recorded.entry.kind not in AFTERWARDS]
    if entries:
        first, last = entries[0], entries[-1]
        count = f"{len(entries)} entr{'ies' if len(entries) != 1 else 'y'}"
        span = f"from {record.clock(first.entry.at)} to {record.clock(last.entry.at)}"
        page.say(
            f"The record has {count}, {span}: `tocsin show {record.incident.id}` prints them.", first.seq, last.seq
        )


def _links(record: Record) -> dict[str, RecordedEntry]:
    """The web addresses in key entries, each with the first entry that has it."""
    entries_by_link: dict[str, RecordedEntry] = {}
    for recorded in record.entries:
        if recorded.key and not recorded.purged and not recorded.deleted and recorded.entry.kind not in AFTERWARDS:
            for link in _LINK.findall(recorded.current_text):
                entries_by_link.setdefault(link.rstrip(".,;:"), recorded)
    return dict(islice(entries_by_link.items(), MOST_LINKS))
