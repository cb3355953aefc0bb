"""Events are sent to the webhooks of the policy: signed, in order, at least once, private ones only where said."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.domain.policy.webhook_rules import WebhookRule
from bot.integrations import standard_webhooks
from bot.usecases.replay_webhooks import replay
from tests.api.calls import program
from tests.scenarios.running import policy_file, running_world
from tests.waiting import WITHIN_S

KEY = base64.b64encode(b"a secret of twenty-four.").decode()
SECRET = f"whsec_{KEY}"
POLICY = """
preset: sev1-5
webhooks:
  - url: {url}
    secret: {secret}
    events: [incident.declared, incident.acknowledged, incident.update, incident.resolved]
    severities: [sev1, sev2]
"""


@dataclass
class Receiver:
    """A program that takes events, and now and then fails."""

    url: str = ""
    fails: int = 0
    got: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
        if self.fails:
            self.fails -= 1
            return web.Response(status=503)
        self.got.append((headers["webhook-id"], json.loads(body)))
        return web.Response(status=204)

    def types(self) -> list[object]:
        return [event["type"] for _, event in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/in/{name}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in/first"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def test_events_arrive_signed_in_order_and_again_on_replay(sqlite_url: str, tmp_path: Path) -> None:
    async with receiving() as receiver:
        policy = POLICY.format(url=receiver.url, secret=SECRET)
        async with running_world(sqlite_url, policy=policy_file(tmp_path, policy)) as world, program(world) as maya:
            receiver.fails = 1
            await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
            await maya.post("/incidents", {"title": "Breach", "severity": "sev2", "private": True})
            await maya.post("/incidents", {"title": "A typo", "severity": "sev5"})
            await maya.post("/incidents/1/update", {"text": "Rolled back"})
            await maya.post("/incidents/1/resolve", {"summary": "Done"})
            expected = ["incident.declared", "incident.acknowledged", "incident.update", "incident.resolved"]
            async with asyncio.timeout(WITHIN_S):
                while len(receiver.got) < len(expected):
                    await asyncio.sleep(0.05)
            assert receiver.types() == expected
            data = receiver.got[-1][1]["data"]
            assert isinstance(data, dict)
            assert (data["incident"]["id"], data["entry"]["source"]) == ("INC-1", "api")
            first = [message for message, _ in receiver.got]
            context = world.tocsin.context
            for _ in range(2):  # the second within the same second, on a quick machine
                assert await replay(context, context.clock.now() - timedelta(hours=1)) == len(expected)
            async with asyncio.timeout(WITHIN_S):
                while len(receiver.got) < 3 * len(expected):
                    await asyncio.sleep(0.05)
            assert sorted(message for message, _ in receiver.got[len(expected) :]) == sorted(2 * first)


def test_a_webhook_hears_what_it_asked_for() -> None:
    rule = WebhookRule("https://example.com/in", "s" * 16, ("incident.declared",), ("sev1",))
    assert rule.wants("incident.declared", "sev1", private=False)
    assert not rule.wants("incident.update", "sev1", private=False)
    assert not rule.wants("incident.declared", "sev2", private=False)
    assert not rule.wants("incident.declared", "sev1", private=True)
    assert "secret" not in repr(rule)
    assert "example.com" not in repr(rule)


@pytest.mark.parametrize(("secret", "key"), [(SECRET, b"a secret of twenty-four."), ("plain words", b"plain words")])
def test_the_key_of_a_secret(secret: str, key: bytes) -> None:
    assert standard_webhooks.key_of(secret) == key
