"""The API changes incidents through the same use cases as Slack."""

from __future__ import annotations

from tests.api.calls import BOOTSTRAP, MAYA, Program, program
from tests.scenarios.running import World


async def test_an_incident_declared_by_the_api_gets_its_channel_and_its_update(world: World, maya: Program) -> None:
    declared = await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
    assert declared.status == 201
    assert declared.headers["Location"] == "/api/v1/incidents/INC-1"
    channel = await world.incident_channel(1)
    updated = await maya.post("/incidents/INC-1/update", {"text": "Rolled back"})
    assert (updated.status, updated.body["updates"]) == (200, 1)
    await world.delivered()
    assert any("Rolled back" in str(message.blocks) for message in world.ws.bot_messages(channel.id))
    listed = await maya.get("/incidents?status=open")
    assert [incident["id"] for incident in listed.body["incidents"]] == ["INC-1"]
    entries = (await world.show())["timeline"]
    assert {(entry["kind"], entry["actor"], entry["source"]) for entry in entries if entry["key"]} >= {
        ("declared", MAYA, "api"),
        ("update", MAYA, "api"),
    }


async def test_an_entry_made_in_slack_says_so(world: World, maya: Program) -> None:
    await world.declare()
    (declared,) = [entry for entry in (await world.show())["timeline"] if entry["kind"] == "declared"]
    assert declared["source"] == "slack"


async def test_the_bootstrap_token_acts_as_nobody_and_nobody_is_invited(world: World) -> None:
    async with program(world, BOOTSTRAP) as api:
        assert (await api.post("/incidents", {"title": "Disk full", "severity": "sev3"})).status == 201
        assert (await api.post("/incidents/INC-1/acknowledge")).status == 200
    await world.incident_channel(1)
    await world.delivered()
    shown = await world.show()
    assert shown["declared_by"] == "api"
    assert "delivery_failed" not in {entry["kind"] for entry in shown["timeline"]}


async def test_without_a_valid_token_nothing_is_answered(world: World) -> None:
    async with program(world, "tcs_nonsense") as nobody:
        answer = await nobody.get("/incidents")
        nobody.token = None
        bare = await nobody.get("/incidents")
    assert (answer.status, bare.status) == (401, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_figures_are_read_by_period_and_selection(world: World, maya: Program) -> None:
    for severity in ("sev2", "sev3"):
        await maya.post("/incidents", {"title": "Checkout is down", "severity": severity, "services": ["checkout"]})
    figures = (await maya.get("/metrics?since=7d&severity=sev2&by=service")).body
    assert (figures["incidents"], figures["by_service"]) == (1, {"checkout": 1})
    assert figures["split"]["rows"]["checkout"]["open"] == 1
    assert figures["selection"] == {"severity": "sev2"}
    for query in ("severity=sev9", "since=7d&start=2026-01-01T00:00:00Z", "end=2026-01-01T00:00:00Z", "by=colour"):
        assert (await maya.get(f"/metrics?{query}")).status in (400, 422), query
