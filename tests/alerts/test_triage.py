"""The triage message of an incident: firing alerts, recent changes and their likely meaning."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from storage.alerts import changes
from tests.alerts.sending import alert, send, webhook
from tests.api.calls import program
from tests.scenarios.assertions import settle, until, words
from tests.scenarios.running import World


@pytest.fixture
def policy_text() -> str:
    return """
preset: sev1-5
announce: "#incidents"
services: {checkout: {name: Checkout, depends_on: [database]}, database: {name: Database}}
alerts: {wait: 1s, routes: [{match: {service: checkout}, do: declare}, {do: record}]}
"""


async def test_alerts_changes_and_possible_causes_are_told_with_their_evidence(world: World) -> None:
    now = world.tocsin.context.clock.now()
    told = [
        ServiceChange("a", ChangeKind.DEPLOYMENT, "Database v7", now - timedelta(minutes=4), "database", "anna",
                      url="https://ci.example.com/7"),
        ServiceChange("b", ChangeKind.FLAG, "new-basket", now - timedelta(minutes=80), "checkout", "ben"),
        ServiceChange("c", ChangeKind.CONFIG, "Too long ago", now - timedelta(hours=3), "checkout"),
    ]  # fmt: skip
    async with world.tocsin.database.transaction() as conn:
        await changes.save(conn, told)
    started = now.isoformat().replace("+00:00", "Z")
    await send(world, webhook(alert("DatabaseSlow", service="database", starts_at=started)))
    await send(world, webhook(alert("CheckoutDown", service="checkout", starts_at=started)))
    channel = await world.incident_channel()
    await until(lambda: [each for each in world.ws.bot_messages(channel.id) if "may help" in each.text])
    await settle(world)
    (message,) = [each for each in world.ws.bot_messages(channel.id) if "may help" in each.text]
    seen = words(world, message).replace("*", "")
    assert "Fires: AG-1 · DatabaseSlow on everything (Database)" in seen
    assert "Fires: AG-2" not in seen, "the incident's own alerts have a message of their own"
    assert "Changed: deployment of database: Database v7 (https://ci.example.com/7)" in seen
    assert "by anna" in seen
    assert seen.index("Database v7") < seen.index("new-basket")
    assert "Too long ago" not in seen
    cause = next(line for line in seen.splitlines() if "Possible cause" in line)
    assert "Possible cause: Database — deployment “Database v7” by anna" in cause
    assert "its alerts fire (AG-1" in cause
    assert "% sure" in cause


async def test_an_incident_that_a_program_declares_is_triaged_as_well(world: World) -> None:
    now = world.tocsin.context.clock.now()
    started = now.isoformat().replace("+00:00", "Z")
    flag = {"type": "change", "kind": "flag", "title": "new-index", "service": "database", "author": "anna"}
    await send(world, flag, kind="events")
    await send(world, webhook(alert("DatabaseSlow", service="database", starts_at=started)))
    async with program(world) as maya:
        body = {"title": "Checkout fails", "severity": "sev2", "services": ["checkout"]}
        assert (await maya.post("/incidents", body)).status == 201
    channel = await world.incident_channel()
    await until(lambda: [each for each in world.ws.bot_messages(channel.id) if "may help" in each.text])
    (message,) = [each for each in world.ws.bot_messages(channel.id) if "may help" in each.text]
    seen = words(world, message).replace("*", "")
    assert "DatabaseSlow on everything (Database)" in seen
    assert "new-index" in seen
    assert "Possible cause: Database — " in seen
