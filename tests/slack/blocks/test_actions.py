"""Messages about action items."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.domain.actions import item as items
from bot.domain.actions.item import ActionItem, NewAction
from bot.slack.blocks import actions, news
from bot.slack.blocks.modals.action import later_modal
from tests.factories import FIVE, new_incident

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
TODAY = NOW.date()
ITEM = items.create(1, 1, NewAction("Alert on the pool", owner="U0TOM00000", due=date(2026, 12, 4)), "U0MAYA0000", NOW)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (ITEM, "<@U0MAYA0000> added AI-1-1 Alert on the pool (<@U0TOM00000>, due 4 Dec 2026, P2)"),
        (items.complete(ITEM.item, "U0TOM00000", NOW), "<@U0TOM00000> finished AI-1-1: Alert on the pool"),
        (
            items.defer(ITEM.item, "The pool is gone", "U0TOM00000", NOW),
            "<@U0TOM00000> decided against AI-1-1: Alert on the pool (because: The pool is gone)",
        ),
        (
            items.postpone(ITEM.item, date(2026, 12, 8), TODAY, "U0TOM00000", NOW),
            "<@U0TOM00000> moved AI-1-1: Alert on the pool (due 8 Dec 2026, was due 4 Dec 2026)",
        ),
    ],
)
def test_the_channel_reads_who_did_what_to_an_item(change: items.ActionChange, line: str) -> None:
    assert change.entry is not None
    assert news.news_line(change.entry, new_incident(), FIVE).text == f":ballot_box_with_check: {line}"


@pytest.mark.parametrize(
    ("due", "suggested"), [(None, "2026-12-08"), ("2026-11-20", "2026-12-08"), ("2026-12-04", "2026-12-11")]
)
def test_later_suggests_a_day_that_is_ahead(due: str | None, suggested: str) -> None:
    item = replace(ITEM.item, due=date.fromisoformat(due) if due else None)
    element = later_modal(item, TODAY)["blocks"][1]["element"]
    assert element["initial_date"] == suggested


def last_block(item: ActionItem) -> str:
    return str(actions.created(item, "/incident").blocks[-1])


def test_a_new_item_without_owner_or_day_says_how_to_name_them() -> None:
    assert "It needs an owner and a due date: press *Edit*." in last_block(replace(ITEM.item, owner=None, due=None))
    assert "It needs a due date: press *Edit*." in last_block(replace(ITEM.item, due=None))
    assert "It needs" not in last_block(ITEM.item)


def test_a_new_owner_is_told_when_they_are_reminded() -> None:
    told = actions.assigned(ITEM.item, new_incident(), TODAY)
    assert "I remind you two business days before it is due, and on the day." in str(told.blocks)
    undated = actions.assigned(replace(ITEM.item, due=None), new_incident(), TODAY)
    assert "I remind you once it has a due date: press *Edit*." in str(undated.blocks)
