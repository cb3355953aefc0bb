"""The alert card says what may help; who may act on it, and who may not; no private incident is named on it."""

from __future__ import annotations

import pytest

from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from sandbox import Message
from storage.alerts import changes
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import announcements, buttons, declared, rest, told, typed, until, words
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


async def card_of(here: World, group: int = 1) -> Message:
    """The card, once it is posted."""
    await until(lambda: [each for each in announcements(here) if f"AG-{group} " in each.text])
    await rest(here)
    return next(each for each in announcements(here) if f"AG-{group} " in each.text)


async def test_the_card_says_what_may_help(here: World) -> None:
    await declared(here, "sev3 HighErrors on everything")
    await typed(here, "maya", "inc-1-higherrors-on-everything", "/incident resolve Rolled back v41")
    await rest(here)
    change = ServiceChange(
        "k", ChangeKind.DEPLOYMENT, "Database v7", here.tocsin.context.clock.now(), "database", "anna",
        url="https://ci.example.com/7",
    )  # fmt: skip
    async with here.tocsin.database.transaction() as conn:
        await changes.save(conn, [change])
    started = (change.at).isoformat().replace("+00:00", "Z")
    fired = alert(service="checkout", starts_at=started)
    fired["annotations"] |= {
        "runbook_url": "https://runbooks.example.com/1", "dashboard_url": "javascript:alert(1)", "threshold": "0.5",
    }  # fmt: skip
    await send(here, webhook(fired))
    seen = words(here, await card_of(here))
    assert "Anna Shop" in seen
    assert "on call: primary" in seen
    assert "deployment of database: Database v7 (https://ci.example.com/7)" in seen
    assert "by anna" in seen
    assert "Like INC-1 (resolved)" in seen
    assert "Rolled back v41" in seen
    assert "Runbook (https://runbooks.example.com/1)" in seen
    assert "Dashboard of checkout (https://grafana.example.com/checkout)" in seen
    assert "javascript" not in seen


async def test_a_guest_attaches_dismisses_and_silences_nothing(here: World) -> None:
    await declared(here)
    here.ws.membership.join(here.ws.channel("incidents"), here.ws.user("gail"))
    await send(here, webhook(alert()))
    card = await card_of(here)
    for name in ("Attach to…", "Dismiss", "Silence…"):
        await here.gail.press(card, name)
        assert "only people of this workspace may" in (await told(here, "gail"))[-1], name
    assert len(buttons(card)) == 4


async def test_no_private_incident_is_named_where_everybody_reads(here: World) -> None:
    await send(here, webhook(alert()))
    card = await card_of(here)
    old = card.blocks
    await here.maya.press(card, "Declare")
    await here.maya.fill(here.maya.view, {"Private": ["private"]})
    assert (await here.maya.submit()).ok
    await rest(here)
    assert "Declared as a private incident by @maya" in words(here, card).replace("*", "")
    assert "INC-1" not in words(here, card)
    assert "INC-1" not in await typed(here, "tom", "#general", "/incident alerts")
    card.blocks = old
    await here.tom.press(card, "Dismiss")
    assert "AG-1 is declared as a private incident by @maya already." in (await told(here, "tom"))[-1]
    await here.tom.press(card, "Attach to…")
    assert "INC-1" not in (await told(here, "tom"))[-1]


async def test_alerts_that_fire_again_after_the_end_offer_to_reopen_and_join_the_reopened_incident(
    here: World,
) -> None:
    await send(here, webhook(alert(severity="critical")))
    channel = await here.opened()
    await rest(here)
    await send(here, webhook(alert(severity="critical", status="resolved")))
    await typed(here, "maya", channel.name, "/incident resolve Rolled back")
    await send(here, webhook(alert(severity="critical", starts_at="2026-03-02T10:00:00Z")))
    card = await card_of(here)
    assert buttons(card) == ["Declare", "Reopen INC-1", "Attach to…", "Dismiss", "Silence…"]
    await here.maya.press(card, "Reopen INC-1")
    await here.maya.fill(here.maya.view, {"Reason": "It is back"})
    assert (await here.maya.submit()).ok
    await until(lambda: buttons(card) == [])
    assert "Attached to INC-1" in words(here, card).replace("*", "")
