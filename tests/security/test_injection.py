"""People's text is data in every message of the bot: it mentions nobody and disguises no link.

A whole incident is lived through with hostile words in every place that takes words; then every call the bot made is
looked through, text by text, whichever block builder wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.scenarios.assertions import settle, type_command
from tests.scenarios.running import World

VICTIM = "U0VICTIM00"  # nobody: a real name typed with an @ is a mention that was meant
EVIL = (
    f"<!channel> <!here|x> <!everyone> <@{VICTIM}> <!subteam^S0ONCALL01> <https://evil.example|Acknowledge> "
    "@channel @here @everyone ` ``` *b* &lt;!channel&gt; &amp;lt;!everyone&amp;gt; <!date^1^{date}|x> <#C0GENERAL0>"
)
BROADCAST = re.compile(
    r"<!(?:channel|here|everyone|subteam)|(?<![\w\u200b])@(?:channel|here|everyone)\b", re.IGNORECASE
)
ODD = ["\x00\x01\x02 NUL", "\u202egnp.exe", "a\ud83d b", "\u2028\u2029", "x" * 2900, "🔥" * 700]
LINK = re.compile(r"<https?://evil\.example")


def mrkdwn(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text that Slack would read as mrkdwn, and where it stands."""
    if isinstance(value, dict):
        if value.get("type") == "plain_text":
            return
        for key, inner in value.items():
            if key in ("text", "topic", "purpose", "fallback") and isinstance(inner, str):
                yield f"{where}.{key}", inner
            else:
                yield from mrkdwn(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from mrkdwn(inner, f"{where}[{number}]")


async def lived_through(world: World, evil: str) -> None:
    """Every verb, form, message and mark, each with these words in it."""
    world.ws.state.users["U0NOOR0000"].display_name = evil[:80]
    await world.maya.shortcut("Declare incident")
    await world.maya.fill(world.maya.view, {"Title": evil[:300], "Severity": "sev1", "What is happening?": evil})
    await world.maya.submit()
    channel = await world.incident_channel(1)
    for name in ("tom", "noor", "lena"):
        await world.ws.person(name).join(channel.id)
    said = await world.tom.say(channel.id, evil)
    await world.tom.edit(said, f"{evil} edited")
    await world.tom.react(said, "pushpin")
    await world.tom.pin(said)
    await world.tom.reply(said, evil)
    await world.tom.set_topic(channel.id, evil[:60])
    await world.maya.message_shortcut("Add to timeline", said)
    other = await world.tom.say("#general", evil)
    await world.maya.message_shortcut("Add to timeline", other)
    with suppress(LookupError):
        await world.maya.submit()
    await world.maya.message_shortcut("Declare from message", other)
    with suppress(LookupError):
        await world.maya.close()
    card = world.card(channel)
    for button, fields in (
        ("Update status", {"What changed?": evil}),
        ("Change severity", {"Severity": "sev2", "Reason": evil}),
        ("Resolve", {"What fixed it?": evil, "Root cause": evil}),
    ):
        await world.maya.press(card, button)
        await world.maya.fill(world.maya.view, fields)
        await world.maya.submit()
    await type_command(world, "maya", channel.id, f"/incident reopen {evil}")
    for line in (
        "ack", f"note {evil}", f"update {evil}", f"status investigating {evil}", f"severity sev2 {evil}",
        f"severity sev1 {evil}", f"escalate {evil}", f"page @tom {evil}", "lead @noor", "role scribe @tom",
        "handover @lena", "snooze 30m", "next 1h", "timeline all", "why", "show INC-1", "list all", "roles", "oncall",
        f"oncall {evil}", f"role {evil} @tom", f"severity {evil}", f"status {evil}", f"help {evil}", evil,
        f"show {evil}", f"list {evil}", f"search {evil}", f"similar {evil}", f"cover {evil} for 2h", f"snooze {evil}",
        f"drill {evil}", f"playbook {evil}", f"resolve {evil}", "close", f"reopen {evil}",
    ):  # fmt: skip
        await type_command(world, "maya", channel.id, f"/incident {line}")
    await type_command(world, "maya", channel.id, f"/incident reopen {evil}")
    await type_command(world, "maya", channel.id, f"/incident cancel {evil}")
    await world.tom.delete(said)
    await world.maya.open_home()
    with suppress(TimeoutError):  # what Slack's rates hold back may stay where it is
        await world.pass_time(hours=2)


async def test_text_of_a_person_neither_mentions_anybody_nor_disguises_a_link(world: World) -> None:
    await lived_through(world, EVIL)
    texts = 0
    for call in world.ws.journal.calls:
        for where, text in mrkdwn(call.args, call.method):
            texts += 1
            assert not BROADCAST.search(text), (where, text)
            assert f"<@{VICTIM}" not in text, (where, text)
            assert not LINK.search(text), (where, text)
            assert "<!date^1^" not in text, (where, text)
            assert "<#C0GENERAL0" not in text, (where, text)
    for delivery in world.ws.journal.deliveries:
        for attempt in delivery.attempts:
            for where, text in mrkdwn(attempt.get("body"), delivery.kind):
                texts += 1
                assert not BROADCAST.search(text), (where, text)
                assert f"<@{VICTIM}" not in text, (where, text)
                assert not LINK.search(text), (where, text)
    assert texts > 300, "this looked at less than it should"
    channel = world.ws.find_channel("inc-1-")
    assert channel is not None
    called = {user for message in world.ws.bot_messages(channel.id) for user in world.ws.mentioned(message)}
    assert not called & {VICTIM, "here", "channel", "everyone"}


@pytest.mark.parametrize("evil", ODD, ids=range(len(ODD)))
async def test_control_and_invisible_characters_break_no_message(world: World, evil: str) -> None:
    """Slack would refuse some of these; the bot's own calls must never be refused for them."""
    clean = evil.encode("utf-8", "replace").decode()
    channel = await world.declare()
    for line in (f"note {clean}", f"update {clean}", f"severity sev1 {clean}", f"escalate {clean}", f"resolve {clean}"):
        await type_command(world, "maya", channel.id, f"/incident {line}")
    await settle(world)
    refused = [
        (call.method, call.error) for call in world.ws.journal.calls
        if call.error in ("invalid_blocks", "invalid_arguments", "msg_blocks_too_long", "msg_too_long", "no_text")
    ]  # fmt: skip
    assert refused == []
