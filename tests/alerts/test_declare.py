"""An alert becomes an incident, or a question to people, and the channels show the consequences."""

from __future__ import annotations

import asyncio

from bot.domain.alerts.group import AlertGroup
from storage.alerts import groups
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, of_kind, settle, texts, until, words
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def test_a_route_that_declares_opens_an_incident_detected_when_the_first_alert_began(world: World) -> None:
    body = webhook(
        alert(severity="critical", service="checkout", instance="a"),
        alert(severity="critical", service="checkout", instance="b", starts_at="2026-03-02T09:05:00Z"),
    )
    status, answer = await send(world, body)
    assert (status, answer["received"], answer["new"], answer["repeated"]) == (202, 2, 2, 0)
    assert answer["groups"] == ["AG-1"]
    await world.incident_channel()
    shown = await world.show()
    assert shown["title"] == "HighErrors on a"
    assert (shown["severity"], shown["services"]) == ("sev1", ["checkout"])
    assert shown["detected_at"].startswith("2026-03-02T09:00:00")
    assert shown["declared_by"] == "tocsin"


async def test_the_incident_lists_its_alerts_and_the_list_follows_them(world: World) -> None:
    await send(world, webhook(alert(severity="critical", instance="a"), truncatedAlerts=7))
    channel = await world.incident_channel()
    await settle(world)
    (listed,) = [message for message in world.ws.bot_messages(channel.id) if message.text.startswith("Alerts")]
    seen = words(world, listed)
    assert "AG-1" in seen
    assert "1 firing and 7 more, not sent to us" in seen
    await send(world, webhook(alert(severity="critical", instance="a", status="resolved")))
    await settle(world)
    assert "Alerts: one group, resolved" in words(world, listed)
    entries = of_kind(await world.show(), "alert")
    assert [entry["data"]["event"] for entry in entries] == ["fired", "resolved"]
    assert (await world.show())["status"] == "detected", "an alert never resolves an incident"


async def test_repetitions_change_nothing(world: World) -> None:
    body = webhook(alert(severity="critical"))
    await send(world, body)
    await world.incident_channel()
    await settle(world)
    before = await world.show()
    status, answer = await send(world, body)
    assert (status, answer["new"], answer["repeated"], answer["groups"]) == (202, 0, 1, [])
    await settle(world)
    assert await world.show() == before


async def test_a_firing_that_arrives_after_its_resolution_is_ignored(world: World) -> None:
    await send(world, webhook(alert(severity="critical")))
    await world.incident_channel()
    await send(world, webhook(alert(severity="critical", status="resolved")))
    _, answer = await send(world, webhook(alert(severity="critical")))
    assert (answer["stale"], answer["new"], answer["groups"]) == (1, 0, [])
    assert texts(of_kind(await world.show(), "alert"))[-1].startswith("Alert AG-1 resolved")


async def test_alerts_of_a_dependency_and_its_dependents_are_one_incident(world: World) -> None:
    body = webhook(
        alert("CheckoutDown", severity="critical", service="checkout"),
        alert("DatabaseDown", severity="critical", service="database"),
    )
    await send(world, body)
    await world.incident_channel()
    async with asyncio.timeout(WITHIN_S):
        while len(attached := await groups_of(world, 1)) < 2:
            await asyncio.sleep(0.02)
    await settle(world)
    leaf = next(group for group in attached if group.services == ("checkout",))
    assert leaf.decision == "attached"
    assert "checkout depends on database, whose alerts (AG-2) fire" in leaf.reason
    assert world.ws.find_channel("inc-2") is None


async def groups_of(world: World, incident: int) -> list[AlertGroup]:
    async with world.tocsin.database.reading() as conn:
        return await groups.of_incident(conn, incident, 10)


async def test_a_route_that_asks_posts_a_card_that_edits_itself(world: World) -> None:
    await send(world, webhook(alert(team="payments", severity="warning")))
    await until(lambda: announcements(world))
    (card,) = announcements(world)
    assert buttons(card) == ["Declare", "Attach to…", "Dismiss", "Silence…"]
    assert "HighErrors on everything" in words(world, card)
    await send(world, webhook(alert(team="payments", severity="warning", status="resolved")))
    await settle(world)
    assert "0 firing, 1 resolved" in words(world, card)
    await world.maya.press(card, "Declare")
    view = world.maya.view
    assert view.values["title"]["title"]["value"] == "HighErrors on everything"
    assert view.values["severity"]["severity"]["selected_option"]["value"] == "sev3"
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await settle(world)
    assert buttons(card) == []
    assert "Declared as INC-1" in words(world, card).replace("*", "")
    assert "@maya" in words(world, card)
    assert (await world.show())["declared_by"] == world.maya.id


async def test_a_card_is_dismissed_with_a_reason_that_stands_on_it(world: World) -> None:
    await send(world, webhook(alert(team="payments")))
    await until(lambda: announcements(world))
    (card,) = announcements(world)
    await world.maya.press(card, "Dismiss")
    await world.maya.fill(world.maya.view, {"Why": "Known", "Note": "Load test"})
    assert (await world.maya.submit()).ok
    await settle(world)
    assert "Dismissed by @maya" in words(world, card).replace("*", "")
    assert "Known: Load test" in words(world, card)
    assert buttons(card) == []


async def test_a_card_is_attached_to_an_open_incident(world: World) -> None:
    channel = await world.declare()
    await send(world, webhook(alert(team="payments")))
    await until(lambda: [message for message in announcements(world) if "AG-1" in message.text])
    (card,) = [message for message in announcements(world) if "AG-1" in message.text]
    await world.maya.press(card, "Attach to…")
    await world.maya.fill(world.maya.view, {"Incident": "INC-1"})
    assert (await world.maya.submit()).ok
    await settle(world)
    assert "Attached to INC-1" in words(world, card).replace("*", "")
    assert [message for message in world.ws.bot_messages(channel.id) if message.text.startswith("Alerts")]
    assert of_kind(await world.show(), "alert")[0]["actor"] == world.maya.id


async def test_the_second_of_two_who_act_on_a_card_is_told_who_was_first(world: World) -> None:
    await send(world, webhook(alert(team="payments")))
    await until(lambda: announcements(world))
    (card,) = announcements(world)
    old = card.blocks
    await world.maya.press(card, "Declare")
    await world.tom.press(card, "Declare")
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await settle(world)
    assert (await world.tom.submit()).errors == {"title": "AG-1 is declared as INC-1 by <@U0MAYA0000> already."}
    assert old is not None
    card.blocks = old
    await world.tom.press(card, "Declare")
    await settle(world)
    assert "AG-1 is declared as INC-1 by @maya already." in words(world, world.ws.ephemerals("tom")[-1])
    assert world.ws.find_channel("inc-2") is None
