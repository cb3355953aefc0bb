"""The alert card: its hints, the people who may act on it, and that it names no private incident."""

from __future__ import annotations

import pytest

from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from sandbox import Message
from storage.alerts import changes
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import (
    announcements,
    buttons,
    declare,
    ephemeral_texts,
    settle,
    type_command,
    until,
    words,
)
from tests.scenarios.running import World


@pytest.fixture
def policy_text() -> str:
    return """
preset: sev1-5
announce: "#incidents"
contacts: {anna: {name: Anna Shop, slack: U0ANNA0000}}
schedules: {primary: {members: [U0MAYA0000]}}
services:
  checkout:
    name: Checkout
    depends_on: [database]
    schedule: primary
    contacts: [anna]
    links: {Dashboard of checkout: "https://grafana.example.com/checkout"}
  database: {name: Database}
alerts: {wait: 1s, routes: [{match: {severity: critical}, do: declare}, {do: ask}]}
"""


async def card_of(world: World, group: int = 1) -> Message:
    """The card, once it is posted."""
    await until(lambda: [each for each in announcements(world) if f"AG-{group} " in each.text])
    await settle(world)
    return next(each for each in announcements(world) if f"AG-{group} " in each.text)


async def test_the_card_says_what_may_help(world: World) -> None:
    await declare(world, "sev3 HighErrors on everything")
    await type_command(world, "maya", "inc-1-higherrors-on-everything", "/incident resolve Rolled back v41")
    await settle(world)
    change = ServiceChange(
        "k", ChangeKind.DEPLOYMENT, "Database v7", world.tocsin.context.clock.now(), "database", "anna",
        url="https://ci.example.com/7",
    )  # fmt: skip
    async with world.tocsin.database.transaction() as conn:
        await changes.save(conn, [change])
    started = (change.at).isoformat().replace("+00:00", "Z")
    fired = alert(service="checkout", starts_at=started)
    fired["annotations"] |= {
        "runbook_url": "https://runbooks.example.com/1", "dashboard_url": "javascript:alert(1)", "threshold": "0.5",
    }  # fmt: skip
    await send(world, webhook(fired))
    seen = words(world, await card_of(world))
    assert "Anna Shop" in seen
    assert "on call: primary" in seen
    assert "deployment of database: Database v7 (https://ci.example.com/7)" in seen
    assert "by anna" in seen
    assert "Like INC-1 (resolved)" in seen
    assert "Rolled back v41" in seen
    assert "Runbook (https://runbooks.example.com/1)" in seen
    assert "Dashboard of checkout (https://grafana.example.com/checkout)" in seen
    assert "javascript" not in seen


async def test_a_guest_attaches_dismisses_and_silences_nothing(world: World) -> None:
    await declare(world)
    world.ws.membership.join(world.ws.channel("incidents"), world.ws.user("gail"))
    await send(world, webhook(alert()))
    card = await card_of(world)
    for name in ("Attach to…", "Dismiss", "Silence…"):
        await world.gail.press(card, name)
        assert "only people of this workspace may" in (await ephemeral_texts(world, "gail"))[-1], name
    assert len(buttons(card)) == 4


async def test_no_private_incident_is_named_where_everybody_reads(world: World) -> None:
    await send(world, webhook(alert()))
    card = await card_of(world)
    old = card.blocks
    await world.maya.press(card, "Declare")
    await world.maya.fill(world.maya.view, {"Private": ["private"]})
    assert (await world.maya.submit()).ok
    await settle(world)
    assert "Declared as a private incident by @maya" in words(world, card).replace("*", "")
    assert "INC-1" not in words(world, card)
    assert "INC-1" not in await type_command(world, "tom", "#general", "/incident alerts")
    card.blocks = old
    await world.tom.press(card, "Dismiss")
    assert "AG-1 is declared as a private incident by @maya already." in (await ephemeral_texts(world, "tom"))[-1]
    await world.tom.press(card, "Attach to…")
    assert "INC-1" not in (await ephemeral_texts(world, "tom"))[-1]


async def test_alerts_that_fire_again_after_the_end_offer_to_reopen_and_join_the_reopened_incident(
    world: World,
) -> None:
    await send(world, webhook(alert(severity="critical")))
    channel = await world.incident_channel()
    await settle(world)
    await send(world, webhook(alert(severity="critical", status="resolved")))
    await type_command(world, "maya", channel.name, "/incident resolve Rolled back")
    await send(world, webhook(alert(severity="critical", starts_at="2026-03-02T10:00:00Z")))
    card = await card_of(world)
    assert buttons(card) == ["Declare", "Reopen INC-1", "Attach to…", "Dismiss", "Silence…"]
    await world.maya.press(card, "Reopen INC-1")
    await world.maya.fill(world.maya.view, {"Reason": "It is back"})
    assert (await world.maya.submit()).ok
    await until(lambda: buttons(card) == [])
    assert "Attached to INC-1" in words(world, card).replace("*", "")
