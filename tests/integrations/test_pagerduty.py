"""PagerDuty's Events API v2, as its documentation publishes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.domain.errors import DeliveryError
from bot.integrations.http import RETRY_MARGIN_S
from bot.integrations.pagerduty import PagerDuty
from bot.integrations.protocol import Action
from tests.integrations.doubles import PagerDutyDouble, Reply, serving
from tests.integrations.pages import ANNA, page, private

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def vendor() -> AsyncIterator[PagerDutyDouble]:
    double = PagerDutyDouble()
    async with serving(double):
        yield double


@pytest.fixture
def pagerduty(vendor: PagerDutyDouble, session: aiohttp.ClientSession) -> PagerDuty:
    return PagerDuty(session, f"{vendor.url}/v2/enqueue", KEY)


async def test_a_page_is_a_trigger_with_all_that_a_responder_needs(
    pagerduty: PagerDuty, vendor: PagerDutyDouble
) -> None:
    receipt = await pagerduty.send(page())
    assert (receipt.vendor, receipt.id, receipt.status) == ("PagerDuty", page().dedup_key, "success")
    assert vendor.asked[0].path == "/v2/enqueue"
    assert vendor.events == [
        {
            "routing_key": KEY,
            "dedup_key": "tocsin-INC-42-0123456789abcdef",
            "event_action": "trigger",
            "payload": {
                "summary": "[INC-42] Checkout is down",
                "source": "Tocsin",
                "severity": "critical",
                "timestamp": "2026-03-02T12:00:00.000+00:00",
                "class": "incident",
                "custom_details": {
                    "incident": "INC-42",
                    "severity": "sev1",
                    "status": "detected",
                    "paged": "Anna Weber",
                    "why": "5m without being acknowledged",
                    "rung": 1,
                    "times": 1,
                },
            },
            "client": "Tocsin",
            "client_url": "https://acme.slack.com/archives/C0INC42",
            "links": [
                {"href": "https://acme.slack.com/archives/C0INC42", "text": "Open the channel in Slack"},
                {"href": "https://meet.example.org/INC-42", "text": "Join the call"},
            ],
        }
    ]


@pytest.mark.parametrize("action", [Action.ACKNOWLEDGE, Action.RESOLVE])
async def test_acknowledge_and_resolve_carry_the_key_and_nothing_else(
    pagerduty: PagerDuty, vendor: PagerDutyDouble, action: Action
) -> None:
    await pagerduty.send(page(action=action))
    assert vendor.events == [{"routing_key": KEY, "dedup_key": page().dedup_key, "event_action": str(action)}]


async def test_of_a_private_incident_only_the_id_leaves(pagerduty: PagerDuty, vendor: PagerDutyDouble) -> None:
    await pagerduty.send(private())
    payload = vendor.events[0]["payload"]
    assert payload["summary"] == "[INC-42] A private incident"
    assert payload["severity"] == "critical"
    assert payload["custom_details"] == {"incident": "INC-42", "rung": 1, "times": 1}
    assert "links" not in vendor.events[0]
    assert "client_url" not in vendor.events[0]


async def test_a_person_with_their_own_pagerduty_service_is_paged_there(
    pagerduty: PagerDuty, vendor: PagerDutyDouble
) -> None:
    await pagerduty.send(page(person=replace(ANNA, pagerduty="R" * 32)))
    assert vendor.events[0]["routing_key"] == "R" * 32


@pytest.mark.parametrize(
    ("severe", "theirs"), [(0, "critical"), (1, "error"), (2, "warning"), (3, "info"), (9, "info")]
)
async def test_severities_are_translated_to_pagerdutys(
    pagerduty: PagerDuty, vendor: PagerDutyDouble, severe: int, theirs: str
) -> None:
    await pagerduty.send(page(severe=severe))
    assert vendor.events[0]["payload"]["severity"] == theirs


async def test_a_title_of_any_length_fits(pagerduty: PagerDuty, vendor: PagerDutyDouble) -> None:
    await pagerduty.send(page(title="x" * 3000))
    assert len(vendor.events[0]["payload"]["summary"]) == 1024


async def test_an_invalid_event_is_a_permanent_failure_with_a_hint(
    pagerduty: PagerDuty, vendor: PagerDutyDouble
) -> None:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": ["'routing_key' is missing"]}
    vendor.replies = [Reply(400, body)]
    with pytest.raises(DeliveryError) as caught:
        await pagerduty.send(page())
    assert caught.value.permanent
    assert "Event object is invalid 'routing_key' is missing" in str(caught.value)
    assert "PAGERDUTY_ROUTING_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({"Retry-After": "7.5"}, 7.5 + RETRY_MARGIN_S), ({}, None), ({"Retry-After": "x"}, None)]
)
async def test_429_waits_a_little_longer_than_it_is_told(
    pagerduty: PagerDuty, vendor: PagerDutyDouble, headers: dict[str, str], wait_s: float | None
) -> None:
    vendor.replies = [Reply(429, headers=headers)]
    with pytest.raises(DeliveryError) as caught:
        await pagerduty.send(page())
    assert (caught.value.permanent, caught.value.uncertain, caught.value.wait_s) == (False, False, wait_s)


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(drop=True)])
async def test_an_unknown_outcome_is_uncertain_and_repeated_under_the_same_key(
    pagerduty: PagerDuty, vendor: PagerDutyDouble, reply: Reply
) -> None:
    vendor.replies = [reply]
    with pytest.raises(DeliveryError) as caught:
        await pagerduty.send(page())
    assert (caught.value.permanent, caught.value.uncertain) == (False, True)
    await pagerduty.send(page(uncertain=True))
    assert vendor.alerts == {(KEY, page().dedup_key): "triggered"}


async def test_one_attempt_is_one_request(pagerduty: PagerDuty, vendor: PagerDutyDouble) -> None:
    vendor.always = Reply(500)
    with pytest.raises(DeliveryError):
        await pagerduty.send(page())
    assert len(vendor.asked) == 1


async def test_a_refused_connection_is_a_certain_failure(session: aiohttp.ClientSession) -> None:
    with pytest.raises(DeliveryError, match="could not connect to PagerDuty") as caught:
        await PagerDuty(session, "http://127.0.0.1:1/v2/enqueue", KEY).send(page())
    assert (caught.value.permanent, caught.value.uncertain) == (False, False)
