"""The result of an HTTP client's error for the notice that was being sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.errors import DeliveryError
from bot.domain.routing.send_result import Deferred, Failed, Retry, SendResult, result_of


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (DeliveryError("refused", permanent=True), Failed("refused")),
        (DeliveryError("busy"), Retry("busy")),
        (DeliveryError("busy", wait_s=1.5), Retry("busy", timedelta(seconds=1.5))),
        (DeliveryError("no answer", uncertain=True), Retry("no answer", uncertain=True)),
        (DeliveryError("not yet", wait_s=2, attempted=False), Deferred("not yet", timedelta(seconds=2))),
        (DeliveryError("not yet", attempted=False), Deferred("not yet", timedelta(0))),
    ],
)
def test_an_error_becomes_the_result_that_the_outbox_acts_on(error: DeliveryError, result: SendResult) -> None:
    assert result_of(error) == result


def test_a_result_may_say_it_in_other_words() -> None:
    assert result_of(DeliveryError("410", permanent=True), "Could not page Ana") == Failed("Could not page Ana")
