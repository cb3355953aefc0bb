"""A channel as plain text."""

import re

from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace
from tests.sandbox.block_kit import RICH, button, input_block, plain, section, select


async def test_a_channel_reads_like_slack(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_setTopic(channel=channel, topic="SEV2 · Checkout")
    await client.conversations_invite(channel=channel, users="U0MAYA0000")
    blocks = [
        {"type": "header", "text": plain("INC-1 Checkout is down")},
        section("Lead: <@U0TOM00000> in <#C0PAYMENTS> &amp; <https://x.example|the graph>", accessory=select()),
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "updated <!date^1^{time}|now>"}]},
        {"type": "actions", "elements": [button("Acknowledge"), button("Resolve", action_id="r")]},
        RICH,
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]},
        input_block({"type": "plain_text_input"}),
    ]
    posted = await client.chat_postMessage(channel=channel, text="INC-1", blocks=blocks)
    await client.pins_add(channel=channel, timestamp=posted["ts"])
    maya = ws.person("maya")
    message = await maya.say(channel, "looking <at> it")
    await maya.reply(message, "found")
    await maya.react(message, "eyes")
    await client.chat_postEphemeral(channel=channel, user=maya.id, text="psst")

    text = re.sub(r"\d\d:\d\d", "12:00", maya.text(channel))
    assert text == (
        "#inc-1 — SEV2 · Checkout\n\n"
        "12:00  @tocsin has joined the channel\n"
        "12:00  @tocsin set the channel topic: SEV2 · Checkout\n"
        "12:00  @maya has joined the channel\n"
        "12:00  Tocsin APP (pinned)\n"
        "       # INC-1 Checkout is down\n"
        "       Lead: @tom in #payments & the graph (https://x.example)\n"
        "       [static select ▾]\n"
        "       ────────\n"
        "       · updated now\n"
        "       [Acknowledge] [Resolve]\n"
        "       a@U1https://x.example:eyes:\n"
        "       • b\n"
        "       a | b\n"
        "       Title: [plain text input ▾]\n"
        "12:00  Maya Lindqvist\n"
        "       looking <at> it\n"
        "       :eyes: 1\n"
        "    12:00  Maya Lindqvist\n"
        "           found\n"
        "12:00  the app (only visible to you)\n"
        "       psst\n"
    )
    assert "psst" not in ws.text("inc-1")
