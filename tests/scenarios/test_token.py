"""Slack refuses the token, or the app lacks a scope: nothing is lost, and all of it goes out once that is fixed."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest

from bot.usecases.incidents.declare import Declaration, declare
from tests.scenarios.assertions import buttons, direct_messages, of_kind, type_command, words
from tests.scenarios.running import World, policy_file, start

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2:
    update_every: null
    respond_within: null
    escalate_after: null
    roles: []
    ladder: [{after: 0s, notify: ["user:U0TOM00000"], by: [slack]}]
"""
# What Slack calls it when it refuses whatever is asked. https://docs.slack.dev/reference/methods/auth.test
REFUSALS = ("token_revoked", "invalid_auth", "account_inactive", "token_expired", "org_login_required")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def readiness(world: World) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{world.tocsin.port}/readyz") as answer:
        return answer.status, json.loads(await answer.text())["checks"]


async def complete(world: World) -> None:
    """The incident stands as if nothing had happened."""
    channel = await world.incident_channel()
    await world.delivered()
    assert world.ws.pinned(channel.id)
    assert direct_messages(world, world.tom.id, "You are paged")
    assert world.ws.bot_messages("incidents")
    shown = await world.show()
    assert not of_kind(shown, "delivery_failed")
    await world.ws.until(lambda: "Retry" not in buttons(world.card(channel)))


@pytest.mark.parametrize("error", REFUSALS)
async def test_an_incident_declared_while_slack_refuses_the_token_is_complete_once_it_is_accepted(
    world: World, error: str
) -> None:
    world.ws.faults.add("*", error=error, count=None)
    assert "INC-1" in await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: world.ws.calls("auth.test")[-1].error == error)
    status, checks = await readiness(world)
    assert status == 503
    assert error in checks["slack"]
    assert "SLACK_BOT_TOKEN" in checks["slack"]
    before = len(world.ws.calls("conversations.create"))
    world.ws.faults.clear()
    await complete(world)
    assert before <= 1  # a refused token is not tried by every notice


@pytest.mark.parametrize("method", ["conversations.create", "chat.postMessage"])
async def test_a_missing_scope_is_never_final_and_readiness_names_it(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr("bot.slack.client.api.BLOCKED_WAIT_S", 0.3)
    fault = world.ws.faults.add(method, error="missing_scope", count=None)
    await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: [call for call in world.ws.calls(method) if call.error == "missing_scope"])
    status, checks = await readiness(world)
    assert method in checks["scopes"]
    assert "reinstall it from manifest.yml" in checks["scopes"]
    assert status == 200  # what needs no more goes on
    world.ws.faults.rules.remove(fault)
    await complete(world)
    assert (await readiness(world))[1]["scopes"] == "ok"


async def test_what_waits_for_a_scope_is_on_the_card_and_in_show_and_a_retry_tries_it_at_once(world: World) -> None:
    fault = world.ws.faults.add("conversations.setTopic", error="missing_scope", count=None)
    channel = await world.declare("sev2 Checkout is down")
    await world.ws.until(lambda: "Retry" in buttons(world.card(channel)))
    assert "Waits: Could not set the topic: the app lacks a permission" in words(world, world.card(channel))
    reply = await world.maya.command(channel.id, "/incident show")
    assert "Waits: Could not set the topic" in words(world, reply.message)
    assert "Retry" in buttons(reply.message)
    world.ws.faults.rules.remove(fault)
    assert (await world.maya.press(world.card(channel), "Retry")).ok
    await world.ws.until(lambda: channel.topic["value"])
    await world.ws.until(lambda: "Retry" not in buttons(world.card(channel)))


async def test_the_card_says_no_longer_that_something_waits_once_it_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.client.api.BLOCKED_WAIT_S", 0.3)
    fault = world.ws.faults.add("conversations.setTopic", error="missing_scope", count=None)
    channel = await world.declare("sev2 Checkout is down")
    await world.ws.until(lambda: "Retry" in buttons(world.card(channel)))
    world.ws.faults.rules.remove(fault)
    await world.ws.until(lambda: channel.topic["value"])
    await world.ws.until(lambda: "Retry" not in buttons(world.card(channel)))


async def test_a_known_bot_serves_while_slack_refuses_its_token(world: World) -> None:
    await world.tocsin.stop()
    world.ws.revoke()
    world.tocsin = await start(world.ws, world.settings)
    await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    assert (await readiness(world))[0] == 503
    world.ws.accept_token()
    await complete(world)


async def test_a_new_token_of_another_workspace_sends_nothing(world: World) -> None:
    await world.tocsin.stop()
    world.tocsin = await start(world.ws, world.settings)
    world.ws.settings.team_id, ours = "T0OTHER", world.ws.settings.team_id
    before = len(world.ws.calls("chat.postMessage"))
    await world.tocsin.token_watch.use_token(world.ws.settings.bot_token)
    await declare(world.tocsin.context, Declaration("Checkout is down", "sev2", world.maya.id))
    assert "wrong_workspace" in (await readiness(world))[1]["slack"]
    assert len(world.ws.calls("chat.postMessage")) == before
    world.ws.settings.team_id = ours
    await complete(world)
