"""Builds the digests of what happened while Slack was down: one message a channel, continued in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.routing.announcements import announcement_key
from bot.domain.routing.channel import in_channel
from bot.domain.routing.continuations import IN_NEWS
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import DigestPayload, GatherPayload
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.values.outage_span import OutageSpan

# The entries that the channel would have been told of, and notes: people elsewhere wrote them for those inside.
TOLD_IN_DIGEST = frozenset(
    {
        "acknowledged", "status", "severity", "role", "update", "note", "page", "escalated", "sent", "resolved",
        "closed", "cancelled", "reopened", "merged", "impact", "snoozed", "times", "action", "handover", "policy",
    }
)  # fmt: skip
GATHERED = frozenset({NoticeKind.NEWS, NoticeKind.UPDATE, NoticeKind.CONTINUATION})  # from the incident's channel
# Not tried while Slack is down. Of several pages, and of several receipts of the status page, the newest stands.
WITHHELD = GATHERED | {NoticeKind.THREAD, NoticeKind.PAGE_CHANNEL, NoticeKind.STATUS_RECEIPT}
# Not tried either, but woken at the end of the outage: the channels of the worst incidents are made first.
IN_ORDER = frozenset({NoticeKind.CHANNEL, NoticeKind.ANNOUNCE})
OWN_REPLIES = 5  # so many under the announcement stand as messages of their own; more become one digest
CHANNEL, ANNOUNCEMENT = "channel", "announcement"
FIRST_LENGTH, PART_LENGTH = 2_600, 9_000  # characters of entries in the first message, and in each of its thread
LINE_LENGTH = 120  # of the markup around an entry's text
WHOLE = frozenset({"update", "note"})  # every word of these is told; of others as much as the news would tell
PIECE = 4_000  # of one entry's text in one message


def gathering(number: int, span: OutageSpan) -> Notice:
    """Have the outbox build the digest of an incident. It calls nothing, and goes before all news."""
    payload = GatherPayload(span.since, span.until, span.since_wall, span.until_wall).to_json()
    return Notice(f"gather:{number}:{_stamp(span)}", NoticeKind.GATHER, number, payload, priority=Priority.ANSWER)


def digest_notices(
    number: int, span: OutageSpan, records: Sequence[RecordedEntry], place: str = CHANNEL
) -> list[Notice]:
    """The digest of these entries and its continuations, each in the thread of the first; empty without entries."""
    parts = _parts(records)
    notices: list[Notice] = []
    for index, pieces in enumerate(parts, 1):
        seqs = tuple(dict.fromkeys(seq for seq, _, _ in pieces))
        payload = DigestPayload(
            since=span.since, until=span.until, place=place, pieces=tuple(pieces), part=index, parts=len(parts),
            seqs=seqs,
        )  # fmt: skip
        notices.append(_digest(number, _key(number, span, place, index), payload, notices))
    return notices


def _digest(number: int, key: str, payload: DigestPayload, before: Sequence[Notice]) -> Notice:
    notice = in_channel(key, NoticeKind.DIGEST, number, payload.to_json())
    if before:
        return replace(notice, depends_on=before[-1].dedup_key)
    return replace(notice, depends_on=announcement_key(number)) if payload.place == ANNOUNCEMENT else notice


def first_of(dedup_key: str) -> str:
    """The key of the first message of the digest to which the message with this key belongs."""
    return f"{dedup_key.rpartition(':')[0]}:1"


def _key(number: int, span: OutageSpan, place: str, part: int) -> str:
    return f"digest:{number}:{place}:{_stamp(span)}:{part}"


def _stamp(span: OutageSpan) -> str:
    return f"{span.until_wall.timestamp():.6f}"


def _parts(records: Sequence[RecordedEntry]) -> list[list[tuple[int, int, int]]]:
    """The pieces of each message. A long text is divided; no message is longer than Slack takes, by far."""
    parts: list[list[tuple[int, int, int]]] = []
    room = 0
    for record in records:
        text = record.entry.text
        for start, end in _pieces(len(text)) if record.entry.kind in WHOLE else [(0, IN_NEWS)]:
            takes = _escaped_length(text[start:end]) + LINE_LENGTH
            if not parts or takes > room:
                parts.append([])
                room = FIRST_LENGTH if len(parts) == 1 else PART_LENGTH
            parts[-1].append((record.seq, start, end))
            room -= takes
    return parts


def _pieces(length: int) -> list[tuple[int, int]]:
    return [(start, min(start + PIECE, length)) for start in range(0, max(1, length), PIECE)]


def _escaped_length(text: str) -> int:
    escapes = 4 * text.count("&") + 3 * (text.count("<") + text.count(">")) + text.count("@")
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + escapes
