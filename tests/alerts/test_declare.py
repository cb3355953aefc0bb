"""An alert becomes an incident, or a question to people; what follows is told where people look."""

from __future__ import annotations

import asyncio

from bot.domain.alerts.group import AlertGroup
from storage.alerts import groups
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, of_kind, rest, texts, until, words
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def test_a_route_that_declares_opens_an_incident_detected_when_the_first_alert_began(here: World) -> None:
    body = webhook(
        alert(severity="critical", service="checkout", instance="a"),
        alert(severity="critical", service="checkout", instance="b", starts_at="2026-03-02T09:05:00Z"),
    )
    status, answer = await send(here, body)
    assert (status, answer["received"], answer["new"], answer["repeated"]) == (202, 2, 2, 0)
    assert answer["groups"] == ["AG-1"]
    await here.opened()
    shown = await here.show()
    assert shown["title"] == "HighErrors on a"
    assert (shown["severity"], shown["services"]) == ("sev1", ["checkout"])
    assert shown["detected_at"].startswith("2026-03-02T09:00:00")
    assert shown["declared_by"] == "tocsin"


async def test_the_incident_lists_its_alerts_and_the_list_follows_them(here: World) -> None:
    await send(here, webhook(alert(severity="critical", instance="a"), truncatedAlerts=7))
    channel = await here.opened()
    await rest(here)
    (listed,) = [message for message in here.ws.bot_messages(channel.id) if message.text.startswith("Alerts")]
    seen = words(here, listed)
    assert "AG-1" in seen
    assert "1 firing and 7 more, not sent to us" in seen
    await send(here, webhook(alert(severity="critical", instance="a", status="resolved")))
    await rest(here)
    assert "Alerts: one group, resolved" in words(here, listed)
    entries = of_kind(await here.show(), "alert")
    assert [entry["data"]["event"] for entry in entries] == ["fired", "resolved"]
    assert (await here.show())["status"] == "detected", "an alert never resolves an incident"


async def test_repetitions_change_nothing(here: World) -> None:
    body = webhook(alert(severity="critical"))
    await send(here, body)
    await here.opened()
    await rest(here)
    before = await here.show()
    status, answer = await send(here, body)
    assert (status, answer["new"], answer["repeated"], answer["groups"]) == (202, 0, 1, [])
    await rest(here)
    assert await here.show() == before


async def test_a_firing_that_arrives_after_its_resolution_is_ignored(here: World) -> None:
    await send(here, webhook(alert(severity="critical")))
    await here.opened()
    await send(here, webhook(alert(severity="critical", status="resolved")))
    _, answer = await send(here, webhook(alert(severity="critical")))
    assert (answer["stale"], answer["new"], answer["groups"]) == (1, 0, [])
    assert texts(of_kind(await here.show(), "alert"))[-1].startswith("Alert AG-1 resolved")


async def test_alerts_of_a_dependency_and_its_dependents_are_one_incident(here: World) -> None:
    body = webhook(
        alert("CheckoutDown", severity="critical", service="checkout"),
        alert("DatabaseDown", severity="critical", service="database"),
    )
    await send(here, body)
    await here.opened()
    async with asyncio.timeout(WITHIN_S):
        while len(attached := await groups_of(here, 1)) < 2:
            await asyncio.sleep(0.02)
    await rest(here)
    leaf = next(group for group in attached if group.services == ("checkout",))
    assert leaf.decision == "attached"
    assert "checkout depends on database, whose alerts (AG-2) fire" in leaf.reason
    assert here.ws.find_channel("inc-2") is None


async def groups_of(here: World, incident: int) -> list[AlertGroup]:
    async with here.tocsin.database.reading() as conn:
        return await groups.of_incident(conn, incident, 10)


async def test_a_route_that_asks_posts_a_card_that_edits_itself(here: World) -> None:
    await send(here, webhook(alert(team="payments", severity="warning")))
    await until(lambda: announcements(here))
    (card,) = announcements(here)
    assert buttons(card) == ["Declare", "Attach to…", "Dismiss", "Silence…"]
    assert "HighErrors on everything" in words(here, card)
    await send(here, webhook(alert(team="payments", severity="warning", status="resolved")))
    await rest(here)
    assert "0 firing, 1 resolved" in words(here, card)
    await here.maya.press(card, "Declare")
    view = here.maya.view
    assert view.values["title"]["title"]["value"] == "HighErrors on everything"
    assert view.values["severity"]["severity"]["selected_option"]["value"] == "sev3"
    assert (await here.maya.submit()).ok
    await here.opened()
    await rest(here)
    assert buttons(card) == []
    assert "Declared as INC-1" in words(here, card).replace("*", "")
    assert "@maya" in words(here, card)
    assert (await here.show())["declared_by"] == here.maya.id


async def test_a_card_is_dismissed_with_a_reason_that_stands_on_it(here: World) -> None:
    await send(here, webhook(alert(team="payments")))
    await until(lambda: announcements(here))
    (card,) = announcements(here)
    await here.maya.press(card, "Dismiss")
    await here.maya.fill(here.maya.view, {"Why": "Known", "Note": "Load test"})
    assert (await here.maya.submit()).ok
    await rest(here)
    assert "Dismissed by @maya" in words(here, card).replace("*", "")
    assert "Known: Load test" in words(here, card)
    assert buttons(card) == []


async def test_a_card_is_attached_to_an_open_incident(here: World) -> None:
    channel = await here.declared()
    await send(here, webhook(alert(team="payments")))
    await until(lambda: [message for message in announcements(here) if "AG-1" in message.text])
    (card,) = [message for message in announcements(here) if "AG-1" in message.text]
    await here.maya.press(card, "Attach to…")
    await here.maya.fill(here.maya.view, {"Incident": "INC-1"})
    assert (await here.maya.submit()).ok
    await rest(here)
    assert "Attached to INC-1" in words(here, card).replace("*", "")
    assert [message for message in here.ws.bot_messages(channel.id) if message.text.startswith("Alerts")]
    assert of_kind(await here.show(), "alert")[0]["actor"] == here.maya.id


async def test_the_second_of_two_who_act_on_a_card_is_told_who_was_first(here: World) -> None:
    await send(here, webhook(alert(team="payments")))
    await until(lambda: announcements(here))
    (card,) = announcements(here)
    old = card.blocks
    await here.maya.press(card, "Declare")
    await here.tom.press(card, "Declare")
    assert (await here.maya.submit()).ok
    await here.opened()
    await rest(here)
    assert (await here.tom.submit()).errors == {"title": "AG-1 is declared as INC-1 by <@U0MAYA0000> already."}
    assert old is not None
    card.blocks = old
    await here.tom.press(card, "Declare")
    await rest(here)
    assert "AG-1 is declared as INC-1 by @maya already." in words(here, here.ws.ephemerals("tom")[-1])
    assert here.ws.find_channel("inc-2") is None
