"""Missed reactions and pins: the difference between Slack's state and the recorded one, with later events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.reactions import Reaction, SlackState, already_recorded, missed_changes, reaction_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TS, ADA, BEN = "1772366400.000100", "U0ADA", "U0BEN"


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def keyed(second: float = 0, actor: str = ADA, *, fetched: bool = False) -> Entry:
    data = {"reaction": "pushpin"} | ({"fetched": True} if fetched else {})
    return Entry(at(second), "keyed", actor, "", TS, data)


def unkeyed(second: float, actor: str = ADA) -> Entry:
    return Entry(at(second), "unkeyed", actor, "", TS, {"reaction": "pushpin"})


def eyes(second: float = 0, *, added: bool = True) -> Entry:
    return Entry(at(second), "reaction", ADA, ":eyes:" if added else ":eyes: taken back", TS, {"added": added})


def pin_entry(second: float = 0, actor: str = ADA) -> Entry:
    return Entry(at(second), "pin", actor, "pinned a message", TS, {"added": True})


def slack_state(*entries: Entry, looked_at: frozenset[str] = frozenset({TS}), unsure: bool = False) -> SlackState:
    marks = {mark: entry for entry in entries if (mark := reaction_of(entry))}
    doubtful = {(mark.ts, mark.name) for mark in marks} | {(TS, "📌")} if unsure else set()
    return SlackState(marks, looked_at, doubtful)


@pytest.mark.parametrize(
    ("before", "now", "slack", "changes"),
    [
        ([], None, slack_state(keyed()), ["keyed"]),
        ([], None, slack_state(), []),
        ([keyed()], None, slack_state(keyed()), []),
        ([keyed()], None, slack_state(), ["unkeyed"]),
        ([keyed()], None, slack_state(keyed(actor=BEN)), ["unkeyed", "keyed"]),
        ([keyed(), unkeyed(1)], None, slack_state(), []),
        ([keyed(), unkeyed(1)], None, slack_state(keyed()), ["keyed"]),
        ([unkeyed(1), keyed()], None, slack_state(), []),  # as delivered; by when it was, it is off
        ([keyed()], None, slack_state(looked_at=frozenset()), []),  # not read: nothing is known of it
        ([keyed()], None, slack_state(unsure=True), []),  # Slack did not name everybody
        ([], [keyed()], slack_state(keyed()), []),  # its event came while the history was read
        ([], [keyed(), unkeyed(1)], slack_state(keyed()), []),  # and taken back, after it was read
        ([keyed()], [keyed(), unkeyed(1)], slack_state(), []),
        ([eyes()], None, slack_state(), ["reaction"]),
        ([pin_entry()], None, slack_state(pin_entry(actor=BEN)), []),  # who pinned it does not matter
        ([pin_entry()], None, slack_state(), ["pin"]),
    ],
)
def test_unreported_changes_are_found(
    before: list[Entry], now: list[Entry] | None, slack: SlackState, changes: list[str]
) -> None:
    assert [change.kind for change in missed_changes(before, before if now is None else now, slack, at(60))] == changes


def test_a_missed_change_is_last_and_has_a_stable_key() -> None:
    known = [keyed(), unkeyed(90)]
    (first,) = missed_changes(known, known, slack_state(keyed(60)), at(60))
    assert (first.at, first.data) == (at(90), {"reaction": "pushpin", "fetched": True})
    (second,) = missed_changes(known, known, slack_state(keyed(61)), at(61))
    assert first.dedup_key == second.dedup_key
    (later,) = missed_changes([*known, first], [*known, first], slack_state(), at(120))
    assert (later.kind, later.at) == ("unkeyed", at(120))
    assert later.dedup_key != first.dedup_key


def test_a_removed_reaction_says_so_and_an_unpin_has_no_actor() -> None:
    assert [
        (change.actor, change.text, change.data["added"])
        for change in missed_changes([eyes()], [eyes()], slack_state(), at(60))
    ] == [(ADA, ":eyes: taken back", False)]
    assert [
        (change.actor, change.data["added"])
        for change in missed_changes([pin_entry()], [pin_entry()], slack_state(), at(60))
    ] == [("unknown", False)]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ([], False),
        ([keyed(60, fetched=True)], True),
        ([keyed(5, fetched=True)], True),  # Slack's clock is not ours
        ([keyed(4, fetched=True)], False),
        ([keyed(60)], False),  # told of by Slack itself: then it was another time
        ([keyed(60, BEN, fetched=True)], False),
        ([unkeyed(30), keyed(60, fetched=True)], False),
        ([unkeyed(5), keyed(60, fetched=True)], True),  # that was before
    ],
)
def test_a_change_read_from_the_history_is_not_recorded_again(known: list[Entry], told: bool) -> None:
    assert already_recorded(keyed(10), known) is told


def test_keying_by_the_shortcut_leaves_no_reaction() -> None:
    by_hand = Entry(at(0), "keyed", ADA, "", TS, {"shortcut": True})
    assert reaction_of(by_hand) is None
    assert reaction_of(keyed()) == Reaction(TS, "📌", ADA)
    assert not already_recorded(by_hand, [by_hand])
