"""A settled page keeps its recipient, reason and method, and gains the person who answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.routing.payloads import PagePayload, PageSettledPayload
from bot.slack.blocks import settled_page
from tests.factories import BEN, MAYA, minutes, mrkdwn, new_incident, presses, with_channel

OPEN = with_channel(new_incident())
PAGE = PagePayload(
    rung=2, pages=True, why="not acknowledged within 5m", people=(BEN,), methods=("slack", "sms"),
    fell_through=((1, "nobody is on call on primary now"),),
)  # fmt: skip
ANSWERED = PageSettledPayload("page:1", by=MAYA)
PRIVATE = replace(OPEN, private=True)


def test_a_page_in_the_channel_becomes_one_line_that_keeps_the_page() -> None:
    message = settled_page.in_channel(OPEN, PAGE, ANSWERED, minutes(1), minutes(3))
    assert message.text == (
        f"Paged <@{BEN}> (rung 2, Slack, SMS): not acknowledged within 5m — answered by <@{MAYA}> after 2m."
    )
    assert mrkdwn(message.blocks[1]) == ":warning: Rung 1 reached nobody: nobody is on call on primary now"
    assert presses(message.blocks) == []


@pytest.mark.parametrize(
    ("settled", "ending"),
    [
        (PageSettledPayload("page:1", by=MAYA, ended="resolved"), f"resolved by <@{MAYA}> after 2m."),
        (PageSettledPayload("page:1", ended="cancelled"), "cancelled after 2m."),
        (PageSettledPayload("page:1"), "answered after 2m."),  # of an earlier version
    ],
)
def test_a_page_says_how_it_ended(settled: PageSettledPayload, ending: str) -> None:
    page = replace(PAGE, times=3, fell_through=())
    message = settled_page.in_channel(OPEN, page, settled, minutes(1), minutes(3))
    assert message.text == f"Paged <@{BEN}> (rung 2, 3rd time, Slack, SMS): not acknowledged within 5m — {ending}"


def test_a_warning_that_nobody_is_left_keeps_its_words() -> None:
    left = PagePayload(why="not acknowledged within 5m", paged_before=((1, (BEN,)),))
    message = settled_page.in_channel(OPEN, left, ANSWERED, minutes(1), minutes(3))
    assert message.text.startswith(":warning: *Everybody on the ladder was paged* for INC-1: ")
    assert message.text.endswith(f" — answered by <@{MAYA}> after 2m.")


def test_a_direct_page_keeps_why_and_leads_to_the_channel() -> None:
    message = settled_page.direct(OPEN, replace(PAGE, rung=None, called="By hand"), ANSWERED, minutes(1), minutes(3))
    assert message.text == (
        "You were paged for INC-1 · Checkout is down (by hand, Slack, SMS): not acknowledged within 5m — "
        f"answered by <@{MAYA}> after 2m. <#C0INC>"
    )


def test_of_a_private_incident_another_channel_learns_neither_why_nor_who() -> None:
    message = settled_page.elsewhere(PRIVATE, PAGE, ANSWERED, minutes(1), minutes(3))
    assert message.text == "Help was asked for INC-1 (private) (rung 2, Slack, SMS) — answered after 2m."
    assert "Checkout" not in settled_page.direct(PRIVATE, PAGE, ANSWERED, minutes(1), minutes(3)).text
