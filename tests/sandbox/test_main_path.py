"""The main path through all parts: a command, a channel, a card, a press, a message."""

from typing import Any

from tests.sandbox.conftest import Bot

CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*INC-1* Checkout is down"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "ack",
                "text": {"type": "plain_text", "text": "Acknowledge"},
                "value": "1",
            }
        ],
    },
]


async def test_a_command_opens_a_channel_with_a_pinned_card_and_its_button_edits_it(bot: Bot) -> None:
    ws, client = bot.ws, bot.client

    @bot.app.command("/incident")
    async def declare(ack: Any, command: dict[str, Any]) -> None:
        made = await client.conversations_create(name="inc-1-checkout")
        channel = made["channel"]["id"]
        card = await client.chat_postMessage(channel=channel, text="INC-1", blocks=CARD)
        await client.pins_add(channel=channel, timestamp=card["ts"])
        await client.conversations_invite(channel=channel, users=command["user_id"])
        await ack(f"Declared: <#{channel}>")

    @bot.app.action("ack")
    async def acknowledge(ack: Any, body: dict[str, Any]) -> None:
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=f"by <@{body['user']['id']}>", blocks=CARD[:1]
        )
        await ack()

    maya = ws.person("maya")
    reply = await maya.command("#incidents", "/incident declare sev2 Checkout is down")
    assert reply.ok
    assert reply.text.startswith("Declared: <#C")

    (card,) = ws.pinned("inc-1-checkout")
    pressed = await maya.press(card, "Acknowledge")
    assert pressed.ok
    assert card.text == f"by {maya.mention}"

    await maya.say("inc-1-checkout", "rolling back <now> & watching @tom")
    await ws.settled()
    assert bot.received("message", None)[-1]["text"] == "rolling back &lt;now&gt; &amp; watching <@U0TOM00000>"
    assert "[Acknowledge]" not in ws.text("inc-1-checkout", "maya")

    history = await client.conversations_history(channel=card.channel)
    assert next(m["text"] for m in history["messages"]).startswith("rolling back")
