"""The generic webhook sends the documented request."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.domain.errors import DeliveryError
from bot.integrations.protocol import Action
from bot.integrations.webhook import Webhook, content
from tests.integrations.doubles import Double, Reply, serving
from tests.integrations.pages import page, private

SECRET = "a-long-shared-secret"


@pytest.fixture
async def receiver() -> AsyncIterator[Double]:
    double = Double()
    async with serving(double):
        yield double


@pytest.fixture
def webhook(receiver: Double, session: aiohttp.ClientSession) -> Webhook:
    return Webhook(session, f"{receiver.url}/pages?token=t", SECRET, lambda: 1_772_452_800.9)


async def test_the_body_is_as_documented_and_signed(webhook: Webhook, receiver: Double) -> None:
    receiver.replies = [Reply(200, {"id": "page-7"})]
    receipt = await webhook.send(page())
    assert (receipt.id, receipt.status) == ("page-7", "200")
    (asked,) = receiver.asked
    assert asked.json == {
        "version": 1,
        "action": "trigger",
        "key": "4f2a91c0b7d84e0a9b3c5d6e7f809182",
        "dedup_key": "tocsin-INC-42-0123456789abcdef",
        "incident": {
            "id": "INC-42",
            "private": False,
            "title": "Checkout is down",
            "severity": "sev1",
            "status": "detected",
            "link": "https://acme.slack.com/archives/C0INC42",
            "bridge": "https://meet.example.org/INC-42",
            "declared_at": "2026-03-02T12:00:00.000+00:00",
        },
        "page": {
            "person": {
                "key": "anna",
                "name": "Anna Weber",
                "slack": "U0ANNA0000",
                "email": "anna@example.com",
                "phone": "+4915112345678",
            },
            "why": "5m without being acknowledged",
            "rung": 1,
            "times": 1,
            "paged_at": "2026-03-02T12:00:00.000+00:00",
        },
    }
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Tocsin-Delivery"] == "4f2a91c0b7d84e0a9b3c5d6e7f809182"
    assert asked.headers["Tocsin-Timestamp"] == "1772452800"
    signed = hmac.new(SECRET.encode(), b"1772452800." + asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["Tocsin-Signature"] == f"v1={signed}"


async def test_of_a_private_incident_only_the_id_leaves(webhook: Webhook, receiver: Double) -> None:
    await webhook.send(private())
    told = receiver.asked[0].json
    assert told["incident"] == {
        "id": "INC-42", "private": True, "title": None, "severity": None, "status": None, "link": None,
        "bridge": None,
        "declared_at": "2026-03-02T12:00:00.000+00:00",
    }  # fmt: skip
    assert told["page"]["why"] is None


async def test_an_acknowledgement_names_nobody(webhook: Webhook, receiver: Double) -> None:
    await webhook.send(page(action=Action.ACKNOWLEDGE))
    assert (receiver.asked[0].json["action"], receiver.asked[0].json["page"]) == ("acknowledge", None)


async def test_redirects_are_not_followed(webhook: Webhook, receiver: Double) -> None:
    receiver.replies = [Reply(302, headers={"Location": f"{receiver.url}/elsewhere"})]
    with pytest.raises(DeliveryError, match="redirects are not followed") as caught:
        await webhook.send(page())
    assert caught.value.permanent
    assert len(receiver.asked) == 1


@pytest.mark.parametrize(
    ("reply", "permanent", "uncertain"),
    [
        (Reply(400), True, False),
        (Reply(401), True, False),
        (Reply(404), True, False),
        (Reply(410), True, False),
        (Reply(408), False, False),
        (Reply(429), False, False),
        (Reply(500), False, True),
        (Reply(drop=True), False, True),
    ],
)
async def test_a_4xx_is_permanent_and_a_5xx_is_retried(
    webhook: Webhook, receiver: Double, reply: Reply, permanent: bool, uncertain: bool
) -> None:
    receiver.replies = [reply]
    with pytest.raises(DeliveryError) as caught:
        await webhook.send(page())
    assert (caught.value.permanent, caught.value.uncertain) == (permanent, uncertain)


async def test_a_repeat_carries_the_same_delivery_key(webhook: Webhook, receiver: Double) -> None:
    receiver.replies = [Reply(500)]
    with pytest.raises(DeliveryError):
        await webhook.send(page())
    await webhook.send(page(uncertain=True))
    assert len({asked.headers["Tocsin-Delivery"] for asked in receiver.asked}) == 1


async def test_an_invalid_url_is_reported_without_being_shown(session: aiohttp.ClientSession) -> None:
    with pytest.raises(DeliveryError) as caught:
        await Webhook(session, "http://[secret-token/", SECRET).send(page())
    assert caught.value.permanent
    assert "secret-token" not in str(caught.value)


def test_the_body_is_json_of_any_title() -> None:
    assert json.loads(json.dumps(content(page(title='quote " and \\ and \u2028')), ensure_ascii=False))
