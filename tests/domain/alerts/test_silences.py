"""Silences are parsed from typed text, and formatted so that they can be parsed again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import silence
from bot.domain.alerts.routing import pattern_in
from bot.domain.errors import Refused

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "labels", "reason"),
    [
        ("a=b for 2h", (("a", "b"),), ""),
        ("a=b c=/x|y/ for 2h Load test", (("a", "b"), ("c", "/x|y/")), "Load test"),
        ('alertname="Checkout fails" service=shop for 2h', (("alertname", "Checkout fails"), ("service", "shop")), ""),
        ("alertname=“Checkout fails”\nservice=shop for 2h", (("alertname", "Checkout fails"), ("service", "shop")), ""),
        ("a='b' for 2h", (("a", "b"),), ""),
        ('a="waits for it" for 2h because', (("a", "waits for it"),), "because"),
    ],
)
def test_labels_are_read(text: str, labels: tuple[tuple[str, str], ...], reason: str) -> None:
    parsed = silence.parse(text, "U1", NOON)
    assert (parsed.labels, parsed.reason) == (labels, reason)


@pytest.mark.parametrize(
    "text", ["for 2h", "a for 2h", "a= for 2h", "a=b", "a=b for", 'a="" for 2h', "alertname=Checkout fails for 2h"]
)
def test_what_is_no_silence_is_refused_with_an_example_that_works(text: str) -> None:
    with pytest.raises(Refused) as refused:
        silence.parse(text, "U1", NOON)
    assert refused.value.example is not None
    silence.parse(refused.value.example.removeprefix("silence "), "U1", NOON)


@given(st.text(min_size=1, max_size=80).filter(lambda value: value.strip() == value and value.strip("\"'“”") == value))
def test_a_label_of_a_card_silences_alerts_with_that_label(value: str) -> None:
    """The form of the card is filled in with the label, and read again when it is submitted."""
    if pattern_in(value) is not None:
        return
    parsed = silence.parse(f"{silence.format_matcher('alertname', value)} for 2h", "U1", NOON)
    assert parsed.matches({"alertname": value})
