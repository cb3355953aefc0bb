"""Builds the notices that continue in a thread a text that is longer than Slack takes, or shows, in one message."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.routing.channel import card_key
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.routing.payloads import ContinuationPayload
from bot.domain.timeline.entry import Entry, RecordedEntry

# In characters, after Slack's escapes.
MESSAGE = 11_200  # of a text in one message; Slack takes some 13,000 over all blocks
ON_CARD_TITLE, ON_CARD_DESCRIPTION = 120, 900
IN_NEWS = 1500  # of a reason or note
MOST_MESSAGES = 20  # of one text


def update_continued(number: int, update_key: str, record: RecordedEntry) -> list[Notice]:
    """The messages that follow a status update which does not fit into one."""
    messages = _messages(record.entry.text)
    return _thread(number, update_key, record.seq, 2, messages) if messages > 1 else []


def news_in_full(number: int, news_key: str, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    """The whole text of entries that the news can only begin to show."""
    notices = []
    for record in recorded:
        if is_cut_in_news(record.entry):
            notices += _thread(number, news_key, record.seq, 1, _messages(text_of(record.entry)))
    return notices


def described_in_full(incident: Incident) -> list[Notice]:
    """Title and description, under the card, if it can only begin to show them."""
    if not is_cut_on_card(incident):
        return []
    return _thread(incident.number, card_key(incident.number), None, 1, _messages(whole_description(incident)))


def is_cut_on_card(incident: Incident) -> bool:
    """Whether the card may show only the beginning of title or description."""
    return _longest(incident.title) > ON_CARD_TITLE or _longest(incident.description) > ON_CARD_DESCRIPTION


def is_cut_in_news(entry: Entry) -> bool:
    """Whether the news may show only the beginning of what a person wrote."""
    return _longest(text_of(entry)) > IN_NEWS


def whole_description(incident: Incident) -> str:
    """Title and description; a title that had to be cut begins the description already."""
    return f"{incident.title}\n\n{incident.description}".strip()


def text_of(entry: Entry) -> str:
    """A person's words with an act: a reason, a note, the fix and the root cause."""
    text = str(entry.data.get("note") or entry.data.get("reason") or entry.text)
    cause = entry.data.get("root_cause")
    return f"{text}\n\nRoot cause: {cause}".strip() if cause else text


def _thread(number: int, parent: str, seq: int | None, first: int, last: int) -> list[Notice]:
    """One notice a message, each after the one before. If the text ends earlier, the rest is not needed."""
    notices: list[Notice] = []
    behind = parent
    for part in range(first, min(last, MOST_MESSAGES) + 1):
        key = f"more:{parent}:{seq or 0}:{part}"
        payload = ContinuationPayload(parent, seq, part).to_json()
        notices.append(Notice(key, NoticeKind.CONTINUATION, number, payload, depends_on=behind))
        behind = key
    return notices


def _messages(text: str) -> int:
    """The most messages that the text can fill: a message is cut where a line or word ends, and half full at least."""
    return math.ceil(_longest(text) / MESSAGE * 2) if _longest(text) > MESSAGE else 1


def _longest(text: str) -> int:
    """The most characters that the text has once it is escaped, as Slack counts them."""
    escapes = 4 * text.count("&") + 3 * (text.count("<") + text.count(">")) + text.count("@")
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + escapes
