"""Whoever is paged about a card acts on the page itself, and everything then shows who did."""

from __future__ import annotations

import pytest

from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, direct, rest, until, words
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


async def test_a_person_is_paged_until_somebody_acts(here: World) -> None:
    await send(here, webhook(alert(service="checkout")))
    await until(lambda: announcements(here))
    (card,) = announcements(here)
    await until(lambda: "its card asks there" in words(here, card))
    await here.pass_time(minutes=11)
    await until(lambda: direct(here, here.tom.id, "AG-1"))
    (page,) = direct(here, here.tom.id, "AG-1")
    seen = words(here, page).replace("*", "")
    assert "You are paged about AG-1: nobody has acted for" in seen
    assert "again every 30m" in seen
    assert buttons(page) == buttons(card) == ["Declare", "Attach to…", "Dismiss", "Silence…"]
    await rest(here)
    assert "rung 2 paged" in words(here, card)
    assert [each for each in here.ws.bot_messages("general") if "Somebody has to act about AG-1" in each.text]
    await here.pass_time(minutes=31)
    await until(lambda: len(direct(here, here.tom.id, "AG-1")) == 2)
    await rest(here)
    latest = direct(here, here.tom.id, "AG-1")[-1]
    assert "(2nd time)" in words(here, latest)
    await here.tom.press(latest, "Dismiss")
    await here.tom.fill(here.tom.view, {"Why": "False alarm"})
    assert (await here.tom.submit()).ok
    await rest(here)
    for message in (card, page, latest):
        assert buttons(message) == []
        assert "Dismissed by @tom" in words(here, message).replace("*", "")
    await here.pass_time(hours=2)
    await rest(here)
    assert len(direct(here, here.tom.id, "AG-1")) == 2
