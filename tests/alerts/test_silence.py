"""A silence keeps alerts quiet until it ends, and says so where people look."""

from __future__ import annotations

import asyncio

from bot.domain.alerts.group import AlertGroup
from storage.alerts import groups
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, rest, typed, until, words
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def decided(here: World, decision: str) -> AlertGroup:
    """Group 1, once this is its decision."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with here.tocsin.database.reading() as conn:
                group = await groups.get(conn, 1)
            if group is not None and group.decision == decision:
                return group
            await asyncio.sleep(0.02)


async def test_a_silenced_alert_declares_nothing_and_is_decided_when_the_silence_ends(here: World) -> None:
    answer = await typed(here, "maya", "#general", "/incident silence alertname=/High.*/ for 2h Load test")
    assert "SI-1: alerts with alertname=/High.*/ are silenced" in answer
    assert "@maya" in answer
    await send(here, webhook(alert(severity="critical")))
    group = await decided(here, "silenced")
    assert "SI-1 silences alertname=/High.*/: Load test" in group.reason
    assert here.ws.find_channel("inc-1") is None
    await here.pass_time(hours=3)
    await decided(here, "declared")
    await here.opened()


async def test_an_alert_that_is_not_silenced_wakes_its_group(here: World) -> None:
    await typed(here, "maya", "#general", "/incident silence instance=a for 2h")
    await send(here, webhook(alert(severity="critical", instance="a")))
    await decided(here, "silenced")
    await send(here, webhook(alert(severity="critical", instance="b")))
    await decided(here, "declared")


async def test_the_card_opens_the_form_with_the_labels_and_says_until_when_it_is_silenced(here: World) -> None:
    await send(here, webhook(alert(team="payments", service="checkout")))
    await until(lambda: announcements(here))
    (card,) = announcements(here)
    await here.maya.press(card, "Silence…")
    assert here.maya.view.values["labels"]["labels"]["value"] == "alertname=HighErrors\nservice=checkout"
    await here.maya.fill(here.maya.view, {"For": "1 hour", "Reason": "Known bug"})
    assert (await here.maya.submit()).ok
    await rest(here)
    seen = words(here, card).replace("*", "")
    assert "Silenced by @maya until" in seen
    assert "Known bug" in seen
    assert buttons(card) == []
    await here.pass_time(hours=2)
    await decided(here, "asked")
    await rest(here)
    assert buttons(card) == ["Declare", "Attach to…", "Dismiss", "Silence…"]
    assert announcements(here) == [card]


async def test_a_silence_that_cannot_be_used_is_answered_with_an_example(here: World) -> None:
    for line in ("for 2h", "alertname for 2h", "a=b", "a=b for soon", "a=b for 60d", "a=/(/ for 2h"):
        answer = await typed(here, "maya", "#general", f"/incident silence {line}")
        assert "/incident silence alertname=HighErrors for 2h Load test" in answer, line
