"""Delivery to the app: signatures, retries, and the error that a person sees if the app does not answer."""

import asyncio
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from sandbox import Workspace
from tests.sandbox.conftest import Bot


@pytest.fixture
async def workspace(bot: Bot) -> Workspace:
    """A workspace whose bot is a member of #general."""
    bot.ws.membership.join(bot.ws.channel("general"), bot.ws.bot)
    await bot.ws.settled()
    bot.events.clear()
    bot.headers.clear()
    bot.bodies.clear()
    return bot.ws


async def test_every_delivery_is_signed(bot: Bot, workspace: Workspace) -> None:
    await workspace.person("maya").say("general", "hello")
    await workspace.settled()
    verifier = SignatureVerifier(workspace.settings.signing_secret)
    assert verifier.is_valid_request(bot.bodies[0], bot.headers[0])
    assert not verifier.is_valid_request(b"other", bot.headers[0])


async def test_an_unacknowledged_event_is_retried_three_times_with_the_same_id(bot: Bot, workspace: Workspace) -> None:
    bot.answer_with = 500
    await workspace.person("maya").say("general", "hello")
    await workspace.settled()
    numbers = [headers.get("x-slack-retry-num") for headers in bot.headers]
    assert numbers == [None, "1", "2", "3"]
    assert bot.headers[1]["x-slack-retry-reason"] == "http_error"
    record = workspace.journal.deliveries[-1]
    assert (record.state, len(record.attempts)) == ("failed", 4)


async def test_an_acknowledged_retry_is_the_last(bot: Bot, workspace: Workspace) -> None:
    workspace.delivery.faults.lose_acks = 1
    await workspace.person("maya").say("general", "hello")
    await workspace.settled()
    assert [headers.get("x-slack-retry-reason") for headers in bot.headers] == [None, "http_timeout"]
    assert [event["text"] for event in bot.received("message", None)] == ["hello", "hello"]


async def test_a_command_times_out_on_a_silent_app_and_fails_on_an_unreachable_one(
    bot: Bot, workspace: Workspace
) -> None:
    forever = asyncio.Event()

    @bot.app.command("/incident")
    async def never(ack: Any) -> None:
        await forever.wait()

    workspace.http.timeout_s = 0.05
    maya = workspace.person("maya")
    reply = await maya.command("general", "/incident list")
    assert (reply.ok, reply.error) == (False, "operation_timeout")
    assert reply.text == '/incident failed with the error "operation_timeout"'
    workspace.request_url = "http://127.0.0.1:9/"
    reply = await maya.command("general", "/incident list")
    assert reply.error == "dispatch_failed"
    assert [shown.from_slack for shown in maya.ephemerals("general")] == [True, True]
    assert sum(record.kind == "slash_commands" for record in workspace.journal.deliveries) == 2
    assert (await maya.command("general", "/unheard of")).error == "invalid_command"
    forever.set()


async def test_a_command_carries_mentions_only_if_the_manifest_asks_for_them(bot: Bot, workspace: Workspace) -> None:
    commands = []

    async def keep(ack: Any, command: dict[str, Any]) -> None:
        commands.append(command)
        await ack()

    bot.app.command("/incident")(keep)
    bot.app.command("/plain")(keep)
    maya = workspace.person("maya")
    await maya.command("general", "/incident lead @tom in #payments <b> @nobody")
    await maya.command("general", "/plain lead @tom")
    assert commands[0]["text"] == "lead <@U0TOM00000|tom> in <#C0PAYMENTS|payments> &lt;b&gt; @nobody"
    assert commands[1]["text"] == "lead @tom"
    assert {"token", "team_id", "channel_name", "user_name", "api_app_id", "response_url", "trigger_id"} <= set(
        commands[0]
    )


async def test_events_can_be_duplicated_reordered_dropped_or_held(bot: Bot, workspace: Workspace) -> None:
    maya, faults = workspace.person("maya"), workspace.delivery.faults
    faults.copies = 3
    await maya.say("general", "thrice")
    await workspace.settled()
    ids = [d.id for d in workspace.journal.deliveries if d.payload["event"].get("text") == "thrice"]
    assert len(ids) == 3
    assert len(set(ids)) == 1

    bot.events.clear()
    faults.copies, faults.reorder = 1, 2
    for word in ("one", "two"):
        await maya.say("general", word)
    await workspace.settled()
    assert [event["text"] for event in bot.received("message", None)] == ["two", "one"]

    bot.events.clear()
    faults.reorder, faults.drop = 0, True
    await maya.say("general", "lost")
    faults.drop, faults.hold = False, True
    await maya.say("general", "kept")
    await workspace.settled()
    assert bot.events == []
    workspace.delivery.release()
    await workspace.settled()
    assert [event["text"] for event in bot.received("message", None)] == ["kept"]


async def test_a_failed_press_is_reported_and_not_retried(bot: Bot, workspace: Workspace) -> None:
    card = [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}]
    posted = await bot.client.chat_postMessage(channel="C0GENERAL0", text="card", blocks=card)
    await workspace.settled()
    bot.answer_with = 500
    message = workspace.state.message("C0GENERAL0", posted["ts"])
    assert message
    reply = await workspace.person("maya").press(message, "Go")
    assert (reply.ok, reply.error) == (False, "dispatch_failed")
    assert sum(record.kind == "interactive" for record in workspace.journal.deliveries) == 1
