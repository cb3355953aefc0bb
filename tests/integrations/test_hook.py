"""Acknowledging in PagerDuty acknowledges here: V3 webhooks, signed, once each."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integrations.scene import HOOK_SECRET, PRIYA, TOM, Scene, scene
from tests.integrations.test_paging import calm

CHANNEL = "inc-1-payments-are-down"


def event(kind: str, shown: Scene | None = None, **data: Any) -> dict[str, Any]:
    """As in the documentation's example of a webhook payload (developer.pagerduty.com, Webhooks, Overview)."""
    key = shown.pagerduty.events[0]["dedup_key"] if shown else "d3640fbd41094207a1c11e58e46b1662"
    return {
        "event": {
            "id": str(uuid.uuid4()),
            "event_type": kind,
            "resource_type": "incident",
            "occurred_at": "2020-10-02T18:45:22.169Z",
            "agent": {
                "html_url": "https://acme.pagerduty.com/users/PLH1HKV",
                "id": "PLH1HKV",
                "self": "https://api.pagerduty.com/users/PLH1HKV",
                "summary": "Tenex Engineer",
                "type": "user_reference",
            },
            "client": {"name": "PagerDuty"},
            "data": {
                "id": "PGR0VU2",
                "type": "incident",
                "self": "https://api.pagerduty.com/incidents/PGR0VU2",
                "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
                "number": 2,
                "status": "acknowledged",
                "incident_key": key,
                "created_at": "2020-04-09T15:16:27Z",
                "title": "[INC-1] Payments are down",
                "service": {
                    "html_url": "https://acme.pagerduty.com/services/PF9KMXH",
                    "id": "PF9KMXH",
                    "self": "https://api.pagerduty.com/services/PF9KMXH",
                    "summary": "API Service",
                    "type": "service_reference",
                },
                "urgency": "high",
                "resolve_reason": None,
                **data,
            },
        }
    }


def answer(outcome: str) -> dict[str, Any]:
    """What is answered to an event that is no alert here."""
    counts = dict.fromkeys(("received", "new", "repeated", "resolved", "stale", "rejected"), 0)
    return {"outcome": outcome, **counts, "groups": []}


def signature(body: bytes, secret: str = HOOK_SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def post(shown: Scene, body: Any, signed: str | None = None) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json",
        "X-PagerDuty-Signature": signature(raw) if signed is None else signed,
    }
    url = f"http://127.0.0.1:{shown.world.tocsin.port}/hooks/pagerduty"
    async with aiohttp.ClientSession() as session, session.post(url, data=BytesIO(raw), headers=headers) as reply:
        text = await reply.text()
    await shown.world.delivered()
    return reply.status, json.loads(text) if text.startswith("{") else text


async def declare_incident(shown: Scene) -> None:
    await shown.world.declare("sev1 Payments are down")
    await calm(shown)


async def test_an_acknowledgement_in_pagerduty_acknowledges_the_incident(database_url: str, tmp_path: Path) -> None:
    async with scene(database_url, tmp_path) as shown:
        await declare_incident(shown)
        told = event("incident.acknowledged", shown)
        told["event"]["agent"]["summary"] = "priya  SHAH"
        assert await post(shown, told) == (202, answer("taken"))
        after = await shown.world.show()
        assert after["status"] == "acknowledged"
        assert after["responders"] == [PRIYA]
        assert await shown.entries("acknowledged") == ["is responding (in PagerDuty)"]
        channel = shown.world.ws.channel(CHANNEL)
        assert PRIYA in channel.members
        assert any(
            "is responding" in m.text or "acknowledged" in m.text for m in shown.world.ws.bot_messages(channel.id)
        )
        assert "I'm on it" not in str(shown.pages(TOM)[0].blocks)
        assert shown.pagerduty.of("acknowledge") == []  # it was PagerDuty's own word
        assert len(shown.hooked("acknowledge")) == 1
        await shown.world.pass_time(hours=2)
        assert shown.pages(PRIYA) == []


async def test_a_person_whom_the_policy_does_not_know_is_recorded_by_name(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        assert (await post(shown, event("incident.acknowledged", shown)))[0] == 202
        after = await shown.world.show()
        assert after["status"] == "acknowledged"
        assert "Tenex Engineer" in str(shown.world.card(shown.world.ws.channel(CHANNEL)).blocks)
        assert await shown.entries("delivery_failed") == []
        reasons = [r["reason"] for r in after["reminders"] if r["rung"] == 2]
        assert reasons == ["acknowledged by Tenex Engineer"]


async def test_the_same_event_counts_once(database_url: str, tmp_path: Path) -> None:
    async with scene(database_url, tmp_path) as shown:
        await declare_incident(shown)
        told = event("incident.acknowledged", shown)
        assert [(await post(shown, told))[1] for _ in range(3)] == [
            answer("taken"), answer("repeated"), answer("repeated"),
        ]  # fmt: skip
        assert len(await shown.entries("acknowledged", "note")) == 1


async def test_a_second_acknowledgement_is_noted(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        await shown.world.tom.command(CHANNEL, "/incident ack")
        assert (await post(shown, event("incident.acknowledged", shown)))[0] == 202
        assert await shown.entries("note") == ["Tenex Engineer acknowledged it in PagerDuty as well."]


async def test_a_resolved_alert_acknowledges_the_incident_and_does_not_resolve_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        assert (await post(shown, event("incident.resolved", shown)))[0] == 202
        assert (await shown.world.show())["status"] == "acknowledged"
        (note,) = await shown.entries("note")
        assert "Tenex Engineer resolved it in PagerDuty. The incident stays open until it is resolved here." in note


@pytest.mark.parametrize(
    "differs",
    [
        {"incident_key": "tocsin-INC-1-0000000000000000"},
        {"incident_key": "tocsin-INC-99-0000000000000000"},
        {"incident_key": None, "title": "[INC-1] Payments are down"},
        {"incident_key": "[INC-1] Payments are down"},
    ],
)
async def test_alerts_that_are_not_ours_change_nothing(
    sqlite_url: str, tmp_path: Path, differs: dict[str, Any]
) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        assert await post(shown, event("incident.acknowledged", **differs)) == (202, answer("ignored"))
        assert (await shown.world.show())["status"] == "detected"


async def test_an_incident_that_never_paged_pagerduty_cannot_be_acknowledged_there(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with scene(sqlite_url, tmp_path, first="slack, sms") as shown:
        await declare_incident(shown)
        assert await post(shown, event("incident.acknowledged")) == (202, answer("ignored"))
        assert (await shown.world.show())["status"] == "detected"


@pytest.mark.parametrize("agent", [None, {"id": "P1", "type": "inbound_integration_reference", "summary": "Events"}])
async def test_what_no_person_did_there_is_told_in_the_channel_and_acknowledges_nothing(
    sqlite_url: str, tmp_path: Path, agent: Any
) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        told = event("incident.resolved", shown)
        told["event"]["agent"] = agent
        assert await post(shown, told) == (202, answer("taken"))
        assert (await shown.world.show())["status"] == "detected"
        said = [m.text for m in shown.world.ws.bot_messages(CHANNEL)]
        assert sum("resolved in PagerDuty, by no person" in text for text in said) == 1


async def test_the_echo_of_our_own_acknowledgement_is_ignored(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        await shown.world.tom.command(CHANNEL, "/incident ack")
        await calm(shown)
        assert len(shown.pagerduty.of("acknowledge")) == 1
        told = event("incident.acknowledged", shown)
        told["event"]["agent"] = {"id": "P1", "type": "inbound_integration_reference", "summary": "Events API v2"}
        assert await post(shown, told) == (202, answer("ignored"))


@pytest.mark.parametrize("kind", ["incident.triggered", "incident.escalated", "pagey.ping", "service.updated"])
async def test_other_events_are_answered_and_ignored(sqlite_url: str, tmp_path: Path, kind: str) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        assert await post(shown, event(kind)) == (202, answer("ignored"))


async def test_an_unsigned_request_is_not_read(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await declare_incident(shown)
        told = json.dumps(event("incident.acknowledged", shown)).encode()
        good = signature(told)
        wrong = [
            "", "v1=", "v1=00", good[3:], good.replace("v1=", "v0="), good + "0", good.upper(),
            signature(told, "another"), signature(told + b" "), "v1=ü", ",".join(["v1=0"] * 5000),
        ]  # fmt: skip
        for signed in wrong:
            assert (await post(shown, told, signed.encode("ascii", "replace").decode()))[0] in (400, 401), signed[:40]
        assert (await shown.world.show())["status"] == "detected"
        rotated = f"{signature(told, 'the-old-secret')},{good}"  # while a secret is being changed, several stand there
        assert (await post(shown, told, rotated))[0] == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"event": 1}', b'{"event": {"id": 1, "event_type": "x"}}', b'{"event": {}}', b"\xff",
     b"[" * 100_000, b'{"event": {"id": "", "event_type": "x"}}'],
)  # fmt: skip
async def test_a_signed_body_that_is_invalid_is_refused(sqlite_url: str, tmp_path: Path, body: bytes) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        assert (await post(shown, body))[0] == 400


async def test_a_body_larger_than_pagerduty_sends_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        assert (await post(shown, b" " * 300_000))[0] == 413
        assert (await post(shown, b" " * 3_000_000))[0] == 413


async def test_without_a_secret_there_is_no_webhook(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path, without=("pagerduty_webhook_secret",)) as shown:
        assert (await post(shown, event("incident.acknowledged")))[0] == 404
