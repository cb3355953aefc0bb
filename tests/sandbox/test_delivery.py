"""How payloads reach the app: signatures, repetition, and what a person sees when nobody answers."""

import asyncio
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from sandbox import Workspace
from tests.sandbox.conftest import Bot


@pytest.fixture
async def inside(bot: Bot) -> Workspace:
    """The bot sits in #general."""
    bot.ws.membership.join(bot.ws.channel("general"), bot.ws.bot)
    await bot.ws.settled()
    bot.events.clear()
    bot.headers.clear()
    return bot.ws


async def test_every_delivery_is_signed(bot: Bot, inside: Workspace) -> None:
    await inside.person("maya").say("general", "hello")
    await inside.settled()
    verifier = SignatureVerifier(inside.settings.signing_secret)
    assert bot.headers[0]["X-Slack-Signature"].startswith("v0=")
    assert not verifier.is_valid_request(b"other", bot.headers[0])


async def test_an_event_nobody_takes_is_repeated_three_times_with_the_same_id(bot: Bot, inside: Workspace) -> None:
    bot.answer_with = 500
    await inside.person("maya").say("general", "hello")
    await inside.settled()
    numbers = [headers.get("x-slack-retry-num") for headers in bot.headers]
    assert numbers == [None, "1", "2", "3"]
    assert bot.headers[1]["x-slack-retry-reason"] == "http_error"
    record = inside.journal.deliveries[-1]
    assert (record.state, len(record.attempts)) == ("failed", 4)


async def test_a_repetition_that_is_taken_is_the_last(bot: Bot, inside: Workspace) -> None:
    inside.delivery.faults.lose_acks = 1
    await inside.person("maya").say("general", "hello")
    await inside.settled()
    assert [headers.get("x-slack-retry-reason") for headers in bot.headers] == [None, "http_timeout"]
    assert [event["text"] for event in bot.heard("message", None)] == ["hello", "hello"]


async def test_a_silent_app_times_out_and_a_dead_one_fails_the_command(bot: Bot, inside: Workspace) -> None:
    forever = asyncio.Event()

    @bot.app.command("/incident")
    async def never(ack: Any) -> None:
        await forever.wait()

    inside.http.timeout_s = 0.05
    maya = inside.person("maya")
    reply = await maya.command("general", "/incident list")
    assert (reply.ok, reply.error) == (False, "operation_timeout")
    assert reply.text == '/incident failed with the error "operation_timeout"'
    inside.request_url = "http://127.0.0.1:9/"
    reply = await maya.command("general", "/incident list")
    assert reply.error == "dispatch_failed"
    assert [shown.from_slack for shown in maya.ephemerals("general")] == [True, True]
    assert sum(record.kind == "slash_commands" for record in inside.journal.deliveries) == 2
    assert (await maya.command("general", "/unheard of")).error == "invalid_command"
    forever.set()


async def test_a_command_carries_mentions_only_where_the_manifest_asks(bot: Bot, inside: Workspace) -> None:
    seen = []

    async def keep(ack: Any, command: dict[str, Any]) -> None:
        seen.append(command)
        await ack()

    bot.app.command("/incident")(keep)
    bot.app.command("/plain")(keep)
    maya = inside.person("maya")
    await maya.command("general", "/incident lead @tom in #payments <b> @nobody")
    await maya.command("general", "/plain lead @tom")
    assert seen[0]["text"] == "lead <@U0TOM00000|tom> in <#C0PAYMENTS|payments> &lt;b&gt; @nobody"
    assert seen[1]["text"] == "lead @tom"
    assert {"token", "team_id", "channel_name", "user_name", "api_app_id", "response_url", "trigger_id"} <= set(seen[0])


async def test_events_can_come_twice_backwards_late_or_never(bot: Bot, inside: Workspace) -> None:
    maya, faults = inside.person("maya"), inside.delivery.faults
    faults.copies = 3
    await maya.say("general", "thrice")
    await inside.settled()
    ids = [d.id for d in inside.journal.deliveries if d.payload["event"].get("text") == "thrice"]
    assert len(ids) == 3
    assert len(set(ids)) == 1

    bot.events.clear()
    faults.copies, faults.reorder = 1, 2
    for word in ("one", "two"):
        await maya.say("general", word)
    await inside.settled()
    assert [event["text"] for event in bot.heard("message", None)] == ["two", "one"]

    bot.events.clear()
    faults.reorder, faults.drop = 0, True
    await maya.say("general", "lost")
    faults.drop, faults.hold = False, True
    await maya.say("general", "kept")
    await inside.settled()
    assert bot.events == []
    inside.delivery.release()
    await inside.settled()
    assert [event["text"] for event in bot.heard("message", None)] == ["kept"]


async def test_a_press_the_app_does_not_take_is_told_and_not_repeated(bot: Bot, inside: Workspace) -> None:
    card = [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}]
    posted = await bot.client.chat_postMessage(channel="C0GENERAL0", text="card", blocks=card)
    await inside.settled()
    bot.answer_with = 500
    message = inside.state.message("C0GENERAL0", posted["ts"])
    assert message
    reply = await inside.person("maya").press(message, "Go")
    assert (reply.ok, reply.error) == (False, "dispatch_failed")
    assert sum(record.kind == "interactive" for record in inside.journal.deliveries) == 1
