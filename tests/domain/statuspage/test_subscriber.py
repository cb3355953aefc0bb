"""How often an address is asked to confirm that it wants to be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Refused
from bot.domain.statuspage.subscriber import (
    ASKED_AGAIN_WITHIN,
    UNANSWERED_AT_MOST,
    Subscriber,
    SubscriberKind,
    mail_address,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEW = Subscriber("s" * 24, SubscriberKind.EMAIL, "ada@example.com", NOON)


def times_asked(subscriber: Subscriber, hours: int) -> list[int]:
    """The hours at which an address is asked for which a request comes every hour."""
    asked = []
    for hour in range(hours):
        now = NOON + timedelta(hours=hour)
        if subscriber.may_be_asked(now):
            asked.append(hour)
            subscriber = replace(subscriber, asked_at=now, asked=subscriber.asked + 1)
    return asked


def test_an_address_that_does_not_answer_is_asked_a_few_times_and_ever_more_seldom() -> None:
    assert times_asked(NEW, 24 * 30) == [0, 1, 3, 7, 15]
    assert UNANSWERED_AT_MOST == 5


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?ada=0d=0abcc=3a_evil?=@example.com", "ada@=?utf-8?q?example=0d=0abcc=3a_evil?=.com", "ada@example",
        "ada@example.com\r\nbcc: evil@example.com", "ada@example.com,evil@example.com", "a\u2028b@example.com",
    ],
)  # fmt: skip
def test_an_address_that_would_end_a_header_or_name_two_people_is_none(address: str) -> None:
    with pytest.raises(Refused):
        mail_address(address)


def test_a_subscriber_who_changes_components_is_asked_each_time_but_ever_more_seldom() -> None:
    active = replace(NEW, confirmed_at=NOON)
    assert times_asked(active, 80) == [0, 1, 3, 7, 15, 31, 55, 79]
    long_ago = replace(active, asked=50, asked_at=NOON - ASKED_AGAIN_WITHIN)
    assert long_ago.may_be_asked(NOON)
    assert not long_ago.may_be_asked(NOON - timedelta(seconds=1))
