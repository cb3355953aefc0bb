"""Somebody types `/incident declare …`, and an incident runs."""

from __future__ import annotations

from tests.scenarios.running import World


async def test_one_line_opens_a_channel_with_a_pinned_card(here: World) -> None:
    reply = await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    channel = await here.opened()
    print(reply)
    print(here.ws.text(channel.id, "maya"))
    print(here.ws.text("incidents", "maya"))
    whole = await here.show()
    import json

    print(json.dumps(whole, indent=1)[:3000])
    assert channel.name == "inc-1-checkout-is-down"
    raise AssertionError
