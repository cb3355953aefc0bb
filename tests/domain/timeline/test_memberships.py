"""Slack reports each join and leave twice, in any order: each is one entry, however close together they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.memberships import MembershipReport, recorded_without_report, unrecorded_moves

NOW = datetime(2026, 3, 29, 1, 30, 15, tzinfo=UTC)


def report(kind: str, after_s: float, source: str) -> MembershipReport:
    at = NOW + timedelta(seconds=after_s)
    return MembershipReport(Entry(at, kind, "U1", kind, dedup_key=f"{kind}:{after_s}"), source == "message")


def recorded_entries(reports: Sequence[MembershipReport]) -> list[Entry]:
    """The entries after these reports came in one after the other."""
    entries: list[Entry] = []
    for count, new in enumerate(reports):
        entries += unrecorded_moves(new, reports[:count], {entry.dedup_key or "" for entry in entries})
    return entries


def moves(entries: Sequence[Entry]) -> list[tuple[str, float]]:
    return sorted(((entry.kind, round((entry.at - NOW).total_seconds(), 1)) for entry in entries), key=lambda m: m[1])


OUT_IN_OUT = [("left", 0.0), ("joined", 0.2), ("left", 0.4)]


def test_who_leaves_joins_and_leaves_within_half_a_second_has_three_entries_in_any_order_of_the_reports() -> None:
    reports = [report(kind, at, "message") for kind, at in OUT_IN_OUT]
    reports += [report(kind, at + 0.001, "event") for kind, at in OUT_IN_OUT]
    for order in permutations(reports):
        assert moves(recorded_entries(order)) == OUT_IN_OUT, order


def test_member_events_stamped_with_whole_seconds_are_still_the_same_moves() -> None:
    reports = [report(kind, at + 0.5, "message") for kind, at in OUT_IN_OUT]
    reports += [report(kind, number / 10_000, "event") for number, (kind, _) in enumerate(OUT_IN_OUT)]
    for order in permutations(reports):
        entries = recorded_entries(order)
        assert [entry.kind for entry in entries].count("joined") == 1
        assert [entry.kind for entry in entries].count("left") == 2


@pytest.mark.parametrize("source", ["message", "event"])
def test_where_slack_reports_by_one_source_only_each_report_is_a_move(source: str) -> None:
    assert moves(recorded_entries([report(kind, at, source) for kind, at in OUT_IN_OUT])) == OUT_IN_OUT


def test_a_lost_report_takes_no_move_away() -> None:
    reports = [report("left", 0.0, "message"), report("left", 0.4, "message"), report("left", 0.401, "event")]
    for order in permutations(reports):
        assert moves(recorded_entries(order)) == [("left", 0.0), ("left", 0.4)]


def test_two_reports_far_apart_are_two_moves() -> None:
    assert len(recorded_entries([report("left", 0.0, "message"), report("left", 6.0, "event")])) == 2


def test_an_entry_of_an_earlier_version_stands_for_reports_of_about_its_time() -> None:
    old = Entry(NOW, "left", "U1", "left", dedup_key="old")
    again = report("left", 0.2, "message").entry
    assert recorded_without_report(again, [old], [])
    assert not recorded_without_report(again, [old], ["old"]), "it has its own report, which is compared"
    assert not recorded_without_report(report("left", 6.0, "message").entry, [old], [])
    between = Entry(NOW + timedelta(seconds=0.1), "joined", "U1", "joined", dedup_key="between")
    assert not recorded_without_report(again, [old, between], [])
