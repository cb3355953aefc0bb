"""A digest holds every word of updates and notes, in messages that Slack takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.routing.digests import PART_LENGTH, digest_notices, first_of
from bot.domain.timeline.entry import RecordedEntry, entry
from bot.domain.values.outage_span import OutageSpan

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPAN = OutageSpan(NOON, NOON + timedelta(hours=4), NOON, NOON + timedelta(hours=4))


def record(seq: int, text: str, kind: str = "update") -> RecordedEntry:
    return RecordedEntry(1, seq, entry(NOON, kind, "U1", text, number=seq), True, "", "")


@pytest.mark.parametrize("lengths", [[10] * 200, [300] * 200, [9_000], [40_000, 1, 40_000], [0], [2_600, 2_600]])
def test_no_character_of_an_update_is_left_out(lengths: list[int]) -> None:
    records = [record(seq, chr(97 + seq % 26) * length) for seq, length in enumerate(lengths, 1)]
    notices = digest_notices(1, SPAN, records)
    told: dict[int, str] = {}
    for notice in notices:
        for seq, start, end in notice.payload["pieces"]:
            told[seq] = told.get(seq, "") + records[seq - 1].entry.text[start:end]
        assert sum(end - start for _, start, end in notice.payload["pieces"]) <= PART_LENGTH
    assert [told[r.seq] for r in records] == [r.entry.text for r in records]


def test_each_part_follows_the_one_before_in_the_thread_of_the_first() -> None:
    first, *others = digest_notices(1, SPAN, [record(seq, "x" * 300) for seq in range(1, 201)])
    assert first.depends_on == "channel:1"
    assert [notice.depends_on for notice in others] == [n.dedup_key for n in [first, *others]][:-1]
    assert {first_of(notice.dedup_key) for notice in others} == {first.dedup_key}


def test_without_entries_there_is_no_digest() -> None:
    assert digest_notices(1, SPAN, []) == []
