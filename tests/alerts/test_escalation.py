"""A person who is paged about a card acts on the page itself, and every message then shows who acted."""

from __future__ import annotations

import pytest

from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, direct_messages, settle, until, words
from tests.scenarios.running import World


@pytest.fixture
def policy_text() -> str:
    return """
preset: sev1-5
announce: "#incidents"
contacts: {tom: {name: Tom, slack: U0TOM00000}}
alerts:
  wait: 1s
  routes:
    - do: ask
      escalate:
        - {after: 0s, notify: ["channel:#incidents"]}
        - {after: 10m, notify: ["contact:tom", "channel:#general"], repeat: 30m}
"""


async def test_a_person_is_paged_until_somebody_acts(world: World) -> None:
    await send(world, webhook(alert(service="checkout")))
    await until(lambda: announcements(world))
    (card,) = announcements(world)
    await until(lambda: "its card asks there" in words(world, card))
    await world.pass_time(minutes=11)
    await until(lambda: direct_messages(world, world.tom.id, "AG-1"))
    (page,) = direct_messages(world, world.tom.id, "AG-1")
    seen = words(world, page).replace("*", "")
    assert "You are paged about AG-1: nobody has acted for" in seen
    assert "again every 30m" in seen
    assert buttons(page) == buttons(card) == ["Declare", "Attach to…", "Dismiss", "Silence…"]
    await settle(world)
    assert "rung 2 paged" in words(world, card)
    assert [each for each in world.ws.bot_messages("general") if "Somebody has to act about AG-1" in each.text]
    await world.pass_time(minutes=31)
    await until(lambda: len(direct_messages(world, world.tom.id, "AG-1")) == 2)
    await settle(world)
    latest = direct_messages(world, world.tom.id, "AG-1")[-1]
    assert "(2nd time)" in words(world, latest)
    await world.tom.press(latest, "Dismiss")
    await world.tom.fill(world.tom.view, {"Why": "False alarm"})
    assert (await world.tom.submit()).ok
    await settle(world)
    for message in (card, page, latest):
        assert buttons(message) == []
        assert "Dismissed by @tom" in words(world, message).replace("*", "")
    await world.pass_time(hours=2)
    await settle(world)
    assert len(direct_messages(world, world.tom.id, "AG-1")) == 2
