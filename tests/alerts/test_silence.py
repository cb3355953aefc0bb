"""A silence keeps alerts quiet until it ends, and says so where people look."""

from __future__ import annotations

import asyncio

from bot.domain.alerts.group import AlertGroup
from storage.alerts import groups
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, settle, type_command, until, words
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def wait_for_decision(world: World, decision: str) -> AlertGroup:
    """Group 1, once this is its decision."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                group = await groups.get(conn, 1)
            if group is not None and group.decision == decision:
                return group
            await asyncio.sleep(0.02)


async def test_a_silenced_alert_declares_nothing_and_is_decided_when_the_silence_ends(world: World) -> None:
    answer = await type_command(world, "maya", "#general", "/incident silence alertname=/High.*/ for 2h Load test")
    assert "SI-1: alerts with alertname=/High.*/ are silenced" in answer
    assert "@maya" in answer
    await send(world, webhook(alert(severity="critical")))
    group = await wait_for_decision(world, "silenced")
    assert "SI-1 silences alertname=/High.*/: Load test" in group.reason
    assert world.ws.find_channel("inc-1") is None
    await world.pass_time(hours=3)
    await wait_for_decision(world, "declared")
    await world.incident_channel()


async def test_an_alert_that_is_not_silenced_wakes_its_group(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident silence instance=a for 2h")
    await send(world, webhook(alert(severity="critical", instance="a")))
    await wait_for_decision(world, "silenced")
    await send(world, webhook(alert(severity="critical", instance="b")))
    await wait_for_decision(world, "declared")


async def test_the_card_opens_the_form_with_the_labels_and_says_until_when_it_is_silenced(world: World) -> None:
    await send(world, webhook(alert(team="payments", service="checkout")))
    await until(lambda: announcements(world))
    (card,) = announcements(world)
    await world.maya.press(card, "Silence…")
    assert world.maya.view.values["labels"]["labels"]["value"] == "alertname=HighErrors\nservice=checkout"
    await world.maya.fill(world.maya.view, {"For": "1 hour", "Reason": "Known bug"})
    assert (await world.maya.submit()).ok
    await settle(world)
    seen = words(world, card).replace("*", "")
    assert "Silenced by @maya until" in seen
    assert "Known bug" in seen
    assert buttons(card) == []
    await world.pass_time(hours=2)
    await wait_for_decision(world, "asked")
    await settle(world)
    assert buttons(card) == ["Declare", "Attach to…", "Dismiss", "Silence…"]
    assert announcements(world) == [card]


async def test_a_silence_that_cannot_be_used_is_answered_with_an_example(world: World) -> None:
    for line in ("for 2h", "alertname for 2h", "a=b", "a=b for soon", "a=b for 60d", "a=/(/ for 2h"):
        answer = await type_command(world, "maya", "#general", f"/incident silence {line}")
        assert "/incident silence alertname=HighErrors for 2h Load test" in answer, line
