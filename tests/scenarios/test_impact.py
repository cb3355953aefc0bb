"""The impact of a running incident: on the card, on the timeline, and in the pages that it triggers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Channel
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command, words
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {cfo: {name: Cleo, slack: U0PRIYA000}}
services:
  web: {name: Web shop, depends_on: [payments]}
  payments: {name: Payments}
  search: {name: Search}
triggers:
  money: {name: Revenue over ten thousand is lost, when: revenue_impact, over: 10000, notify: ["contact:cfo"]}
  several: {name: More than one service is affected, when: services_affected, over: 1, notify: ["user:U0TOM00000"]}
"""


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


async def fill(world: World, channel: Channel, **values: object) -> None:
    await world.maya.command(channel.name, "/incident impact")
    await world.maya.fill(world.maya.view, values)
    assert (await world.maya.submit()).ok
    await settle(world)


async def test_impact_is_shown_on_the_card_the_timeline_and_in_triage(shop: World) -> None:
    channel = await declare(shop, "sev2 Something odd")
    assert not [m for m in shop.ws.bot_messages(channel.id) if "What may help" in words(shop, m)]
    await fill(
        shop, channel,
        **{"Affected services": ["payments"], "Regions": "eu-west-1, us-east-1", "Users affected (%)": "40",
           "Does it touch …": ["sla_breach", "customers_told"]},
    )  # fmt: skip
    card = words(shop, shop.card(channel))
    assert "Payments" in card
    assert "in eu-west-1, us-east-1 · 40 % of users · SLA breached · customers are told" in card
    assert texts(of_kind(await shop.show(), "impact")) == [
        "services: payments; regions: eu-west-1, us-east-1; 40 % of users; SLA breached; customers are told"
    ]
    (helps,) = [m for m in shop.ws.bot_messages(channel.id) if "What may help" in words(shop, m)]
    assert "Web shop cannot work without Payments" in words(shop, helps)
    await fill(shop, channel, **{"Affected services": ["search"], "Users affected (%)": ""})
    (helps,) = [m for m in shop.ws.bot_messages(channel.id) if "What may help" in words(shop, m)]
    assert "no earlier incident looks similar now" in words(shop, helps)
    assert "40 %" not in words(shop, shop.card(channel))
    assert "SLA breached" in words(shop, shop.card(channel))


async def test_revenue_and_several_services_page_the_people_of_their_triggers(shop: World) -> None:
    channel = await declare(shop, "sev3 Payments slow")
    await fill(shop, channel, **{"Revenue lost so far": "9000", "Affected services": ["payments"]})
    await shop.pass_time(minutes=1)
    assert of_kind(await shop.show(), "page") == []
    await fill(shop, channel, **{"Revenue lost so far": "12000", "Affected services": ["payments", "web"]})
    await shop.pass_time(minutes=1)
    pages = " ".join(texts(of_kind(await shop.show(), "page", "escalated")))
    assert "Revenue over ten thousand is lost" in pages
    assert "More than one service is affected" in pages


async def test_two_forms_at_once_do_not_undo_one_another(shop: World) -> None:
    channel = await declare(shop, "sev3 Payments slow")
    await shop.maya.invite(channel.id, "tom")
    await shop.tom.command(channel.name, "/incident impact")
    await fill(shop, channel, **{"Revenue lost so far": "500"})
    await shop.tom.fill(shop.tom.view, {"Regions": "eu"})
    assert (await shop.tom.submit()).ok
    shown = await shop.show()
    assert (shown["facts"], shown["regions"]) == ({"revenue": 500.0}, ["eu"])


async def test_an_invalid_number_is_an_error_beside_its_input(world: World) -> None:
    channel = await declare(world, "sev3 Payments slow")
    await type_command(world, "maya", channel.name, "/incident impact")
    view = world.maya.view
    await world.maya.fill(view, {"Affected services": "checkout, payments", "Revenue lost so far": "1e999"})
    await world.maya.submit()
    assert "Write a number, such as 12000." in str(world.maya.view.errors)
    await world.maya.fill(world.maya.view, {"Revenue lost so far": "1e3"})
    assert (await world.maya.submit()).ok
    shown = await world.show()
    assert (shown["facts"], shown["services"]) == ({"revenue": 1000.0}, ["checkout", "payments"])
