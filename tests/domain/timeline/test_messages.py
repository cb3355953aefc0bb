"""Entries that are made from messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.domain.timeline.entry import is_from_person, is_message
from bot.domain.timeline.messages import Attachment, ChannelMessage, entries_from_edit, entries_from_message

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GRAPH, LOG = (
    Attachment("F1", "graph.png", "https://x.example/graph"),
    Attachment("F2", "app.log", "https://x.example/log"),
)
MESSAGE = ChannelMessage("C1", "1.0", "UA", "", link="https://x.example/1", files=(GRAPH, LOG))


def at(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def test_a_message_of_files_alone_is_told_once() -> None:
    first, second = entries_from_message(MESSAGE, NOON)
    assert [(entry.kind, entry.text) for entry in (first, second)] == [("file", "graph.png"), ("file", "app.log")]
    assert (is_message(first), is_message(second)) == (True, False)
    assert (is_from_person(first), is_from_person(second)) == (True, False)  # it counts as one message
    assert first.dedup_key == "m:C1:1.0"  # as of the message: an earlier version recorded an empty one


def test_a_message_of_a_bot_is_nobodys_activity_with_or_without_text() -> None:
    (first, _) = entries_from_message(replace(MESSAGE, bot=True), NOON)
    assert not is_from_person(first)


def test_a_message_with_text_and_files_is_both() -> None:
    kinds = [entry.kind for entry in entries_from_message(replace(MESSAGE, text="Look"), NOON)]
    assert kinds == ["message", "file", "file"]


def test_a_message_without_text_and_files_is_recorded_all_the_same() -> None:
    assert [entry.kind for entry in entries_from_message(replace(MESSAGE, files=()), NOON)] == ["message"]


def test_an_edit_in_the_second_of_its_message_comes_after_it() -> None:
    """Slack cuts the time of an edit to whole seconds."""
    message = replace(MESSAGE, ts="1700000000.700000", text="second", edited_ts="1700000000.000000")
    (edit,) = entries_from_edit(message, None, at)
    assert edit.at == at(message.ts)
    (later,) = entries_from_edit(message, None, at, "1700000000.900000")
    assert later.at == at("1700000000.900000")
    assert later.dedup_key == edit.dedup_key  # the same edit, read from the history
