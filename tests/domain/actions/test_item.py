from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.domain.actions import item as items
from bot.domain.actions.checklists import missing_items
from bot.domain.actions.item import ActionStatus, NewAction
from bot.domain.errors import Refused
from tests.factories import new_incident

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
TODAY = NOW.date()
ITEM = items.create(1, 2, NewAction("Alert on  pool\nusage", "U2", due=date(2026, 12, 4)), "U1", NOW).item


def test_a_new_item_has_an_id_and_one_line() -> None:
    assert (ITEM.id, ITEM.title, ITEM.status) == ("AI-1-2", "Alert on pool usage", "open")


def test_a_long_title_is_cut_and_kept_whole_as_the_description() -> None:
    long = items.create(1, 1, NewAction("word " * 100), "U1", NOW).item
    assert len(long.title) <= items.TITLE_LENGTH
    assert long.description == ("word " * 100).strip()


def test_what_is_said_twice_makes_no_second_entry() -> None:
    done = items.complete(ITEM, "U2", NOW)
    assert done.entry is not None
    assert items.complete(done.item, "U3", NOW).entry is None
    assert done.item.settled_by == "U2"


def test_an_item_that_is_not_done_says_why() -> None:
    with pytest.raises(Refused):
        items.defer(ITEM, "  ", "U2", NOW)
    deferred = items.defer(ITEM, "It is retired", "U2", NOW).item
    assert (deferred.status, deferred.reason) == (ActionStatus.DEFERRED, "It is retired")


def test_only_live_items_move_and_only_ahead() -> None:
    moved = items.postpone(ITEM, date(2026, 12, 9), TODAY, "U2", NOW)
    assert moved.item.due == date(2026, 12, 9)
    assert moved.entry is not None
    assert moved.entry.text == "AI-1-2 later: Alert on pool usage (due 9 Dec 2026, was due 4 Dec 2026)"
    with pytest.raises(Refused):
        items.postpone(ITEM, date(2026, 11, 29), TODAY, "U2", NOW)
    with pytest.raises(Refused):
        items.postpone(items.complete(ITEM, "U2", NOW).item, date(2026, 12, 9), TODAY, "U2", NOW)


def test_checklists_are_due_so_many_days_after_resolve_and_added_once() -> None:
    incident = replace(new_incident(), resolved_at=NOW, roles={"commander": "U1"})
    new = missing_items(incident, [], TODAY, TODAY)
    assert {(each.checklist, each.due) for each in new} == {
        ("Day 1", date(2026, 12, 1)), ("Week 1", date(2026, 12, 7)), ("Month 1", date(2026, 12, 30)),
    }  # fmt: skip
    known = [items.create(1, number, each, "U1", NOW).item for number, each in enumerate(new, 1)]
    assert missing_items(incident, known, TODAY, TODAY) == []
    with pytest.raises(Refused):
        missing_items(new_incident(), [], TODAY, TODAY)
