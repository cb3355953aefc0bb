"""A paged person acknowledges by telephone: they press 1 during the call, or reply to the text message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import aiohttp
import pytest

from bot.integrations.twilio import signature
from bot.usecases.acknowledge_links import address_for
from storage import incidents
from tests.api.calls import TOM, program
from tests.integrations.doubles import serving
from tests.integrations.test_phone import CallsDouble
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S

PUBLIC = "https://tocsin.example.com/in/here"
TOKEN = "the-auth-token-of-twilio"
NUMBER = "+4915112345678"
POLICY = f"""
preset: sev1-5
contacts:
  tom: {{name: Tom, slack: {TOM}, phone: "+49 151 12345678"}}
severities:
  sev2:
    ladder: [{{after: 0m, notify: ["contact:tom"]}}]
"""


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY)
    async with running_world(sqlite_url, policy=policy, tocsin_url=PUBLIC, twilio_auth_token=TOKEN) as running:
        async with program(running) as maya:
            await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
            await wait_for_page(running)
        yield running


async def wait_for_page(world: World) -> None:
    """Wait until the ladder has paged Tom."""
    async with asyncio.timeout(WITHIN_S):
        while "page" not in await world.kinds():
            await asyncio.sleep(0.02)


async def post(world: World, path: str, fields: dict[str, str], *, token: str = TOKEN) -> tuple[int, str]:
    """Post a form as Twilio does, signed for the public address."""
    headers = {"X-Twilio-Signature": signature(token, PUBLIC + path, fields)}
    url = f"http://127.0.0.1:{world.tocsin.port}{path}"
    async with aiohttp.ClientSession() as session, session.post(url, data=fields, headers=headers) as answer:
        return answer.status, await answer.text()


async def acknowledgements(world: World) -> list[tuple[str, str]]:
    """Who acknowledged, and with which source."""
    timeline = (await world.show())["timeline"]
    return [(entry["actor"], entry["source"]) for entry in timeline if entry["kind"] == "acknowledged"]


async def call(world: World) -> str:
    async with world.tocsin.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    address = await address_for(world.tocsin.context, incident, TOM, "page-1")
    assert address is not None
    return f"/hooks/twilio/voice?ack={quote(address.rpartition('/')[2])}"


async def test_press_1_acknowledges_once_and_any_other_key_asks_again(world: World) -> None:
    path = await call(world)
    status, said = await post(world, path, {"Digits": "5"})
    assert (status, "Press 1 to acknowledge" in said, "<Gather" in said) == (200, True, True)
    assert (await world.show())["acknowledged_at"] is None
    assert "You have acknowledged it" in (await post(world, path, {"Digits": "1"}))[1]
    assert await acknowledgements(world) == [(TOM, "console")]
    assert "already" in (await post(world, path, {"Digits": "1"}))[1]


async def test_a_reply_acknowledges_once_and_says_so(world: World) -> None:
    reply = {"From": NUMBER, "Body": "I’m on it", "MessageSid": "SM1"}
    assert "You have acknowledged INC-1 and are responding." in (await post(world, "/hooks/twilio/sms", reply))[1]
    assert await acknowledgements(world) == [(TOM, "hook")]
    assert "<Message>" not in (await post(world, "/hooks/twilio/sms", reply))[1]  # delivered again
    again = await post(world, "/hooks/twilio/sms", {**reply, "MessageSid": "SM2"})
    assert "You have acknowledged INC-1 already." in again[1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"From": "+15005550006", "Body": "1"}, ""),  # a number of nobody learns nothing
        ({"From": NUMBER, "Body": "STOP"}, ""),  # Twilio answers it
        ({"From": NUMBER, "Body": "no"}, "Not acknowledged."),
        ({"From": NUMBER, "Body": "No, INC-1 must wait"}, "Not acknowledged."),
        ({"From": NUMBER, "Body": "I’m driving right now, back at 9"}, "Not acknowledged: I did not understand."),
        ({"From": NUMBER, "Body": "ack INC-9"}, "You were not paged for INC-9."),
    ],
)
async def test_a_reply_that_acknowledges_nothing(world: World, fields: dict[str, str], said: str) -> None:
    status, answer = await post(world, "/hooks/twilio/sms", {**fields, "MessageSid": "SM1"})
    assert (status, said in answer, "<Message>" in answer) == (200, True, bool(said))
    assert (await world.show())["acknowledged_at"] is None


async def test_what_twilio_did_not_sign_is_refused(world: World) -> None:
    fields = {"From": NUMBER, "Body": "1", "MessageSid": "SM1"}
    assert (await post(world, "/hooks/twilio/sms", fields, token="another"))[0] == 403
    assert (await post(world, await call(world), {"Digits": "1"}, token="another"))[0] == 403
    assert (await world.show())["acknowledged_at"] is None


STEPS = f"""
preset: sev1-5
contacts:
  tom:
    name: Tom
    slack: {TOM}
    phone: "+49 151 12345678"
    methods: [{{slack, after: 0m}}, {{sms, after: 1s}}, {{phone, after: 2s}}]
severities:
  sev2:
    ladder: [{{after: 0m, notify: ["contact:tom"]}}]
"""


async def test_a_person_who_does_not_answer_gets_a_text_then_a_call_and_presses_1(
    sqlite_url: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(STEPS)
    vendor = CallsDouble()
    async with serving(vendor):
        twilio: dict[str, Any] = {
            "twilio_account_sid": "AC0", "twilio_auth_token": TOKEN, "twilio_from": "+14155552345",
            "twilio_api_url": vendor.url, "twilio_replies": True,
        }  # fmt: skip
        async with running_world(sqlite_url, policy=policy, tocsin_url=PUBLIC, **twilio) as world:
            async with program(world) as maya:
                await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
            async with asyncio.timeout(WITHIN_S):
                while len(vendor.posted) < 2:
                    await asyncio.sleep(0.05)
            text, call_made = vendor.posted
            assert text["Body"].splitlines()[0] == "INC-1 sev2: Checkout is down"
            assert "Or reply 1." in text["Body"]
            gather = ElementTree.fromstring(call_made["Twiml"]).find("Gather")
            action = gather.get("action", "") if gather is not None else ""
            assert "You have acknowledged it" in (await post(world, action.removeprefix(PUBLIC), {"Digits": "1"}))[1]
            assert await acknowledgements(world) == [(TOM, "console")]
            rows = [row for row in (await world.show())["reminders"] if "Tom by" in row["reason"]]
            assert [row["reason"].partition(",")[0] for row in rows] == ["paged: Tom by SMS", "paged: Tom by telephone"]
