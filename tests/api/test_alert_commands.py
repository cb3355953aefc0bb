"""`tocsin alerts …` answers the same through the API of a bot elsewhere as on the database."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.domain.access.identity import Identity, Membership
from storage import identities, names
from storage.alerts import groups
from tests.api.calls import GAIL, MAYA, TOM, Program, token_for
from tests.api.commands import same_answers, tocsin
from tests.scenarios.running import World, policy_file, running_world
from tests.usecases.alerts.telling import alert, report

pytestmark = pytest.mark.usefixtures("elsewhere")


async def server_of(world: World, person: str, scopes: str = "write") -> dict[str, str]:
    _, secret = await token_for(world, person, scopes)
    return {"TOCSIN_URL": f"http://127.0.0.1:{world.tocsin.port}", "TOCSIN_TOKEN": secret}


async def test_silences_are_added_listed_and_ended_on_a_server(world: World) -> None:
    server, address = await server_of(world, MAYA), f"http://127.0.0.1:{world.tocsin.port}"
    async with world.tocsin.database.transaction() as conn:
        await names.put_many(conn, {MAYA: "Maya Chen"}, world.tocsin.context.clock.now())
    words = ("alerts", "silence", "env=staging", "alertname=Checkout fails", "--for", "1h 30m", "--reason", "Load test")
    added = await tocsin({"TOCSIN_TOKEN": server["TOCSIN_TOKEN"]}, *words, "--server", address)
    assert added.startswith("SI-1    until ")
    assert added.endswith(" UTC  env=staging, alertname=Checkout fails  by Maya Chen  Load test")
    (listed,) = await same_answers(world, server, "alerts", "silence", "--json")
    assert (listed["id"], listed["by"], listed["reason"]) == ("SI-1", MAYA, "Load test")
    assert listed["labels"] == {"env": "staging", "alertname": "Checkout fails"}
    assert await same_answers(world, server, "alerts", "silence") == added
    here = await tocsin({"DATABASE_URL": world.settings.url}, "alerts", "silence", "env=dev", "--for", "2h", "--json")
    assert [(row["id"], row["by"]) for row in here] == [("SI-2", "tocsin"), ("SI-1", MAYA)]
    assert [row["id"] for row in await tocsin(server, "alerts", "silence", "--end", "si-2", "--json")] == ["SI-1"]
    assert await tocsin(server, "alerts", "silence", "--end", "SI-1") == "No alert is silenced."
    assert "There is no silence SI-1 in force." in await tocsin(server, "alerts", "silence", "--end", "SI-1", code=1)


async def test_a_silence_that_cannot_be_is_refused_before_anything_is_sent(world: World) -> None:
    server = await server_of(world, MAYA)
    refused = await tocsin(server, "alerts", "silence", "env=a", "env=b", "--for", "2h", code=1)
    assert "Name each label once" in refused
    assert "The longest silence is 30d" in await tocsin(server, "alerts", "silence", "env=a", "--for", "31d", code=1)
    assert "Say for how long" in await tocsin(server, "alerts", "silence", "env=a", code=1)
    assert await tocsin(server, "alerts", "silence", "--json") == []


async def test_a_server_silences_for_those_who_may_alone(world: World) -> None:
    words = ("alerts", "silence", "env=staging", "--for", "2h")
    reader = await server_of(world, TOM, "read")
    assert "scope" in await tocsin(reader, *words, code=1)
    async with world.tocsin.database.transaction() as conn:
        await identities.remember(conn, Identity(GAIL, Membership.GUEST))
    refused = await tocsin(await server_of(world, GAIL), *words, code=1)
    assert "workspace may" in refused
    assert await tocsin(reader, "alerts", "silence") == "No alert is silenced."


async def test_noise_is_the_same_on_the_database_and_on_a_server(world: World) -> None:
    server = await server_of(world, MAYA, "read")
    assert (await tocsin(server, "alerts", "noise", "--json"))["detection_rate"] is None
    await tocsin(await server_of(world, MAYA), "declare", "Disk", "full")
    await report(world.tocsin.context, alert("Slow"))
    rates = await same_answers(world, server, "alerts", "noise", "--since", "1w", "--json")
    assert (rates["incidents"], rates["detection_rate"], rates["false_negative_rate"]) == (1, 0.0, 1.0)
    assert (await same_answers(world, server, "alerts", "noise")).startswith("1 incident: 0% an alert told of first")
    assert "longer than 400 days" in await tocsin(server, "alerts", "noise", "--since", "500d", code=1)


async def test_a_fingerprint_is_not_looked_up_on_another_database_than_that_of_the_server(world: World) -> None:
    server = await server_of(world, MAYA)
    assert "Name a group, such as AG-7" in await tocsin(server, "alerts", "explain", "aaaa000000000001", code=1)


PREVIEWED = """
preset: sev1-5
schedules: {primary: {members: [U0MAYA0000]}}
alerts:
  wait: 0s
  routes: [{do: ask, channel: "#general"}]
  inhibit: [{source: {alertname: ClusterDown}, target: {severity: warning}, equal: [cluster]}]
"""


async def test_a_dry_run_names_the_silences_and_inhibitions_that_would_hold_an_alert(
    sqlite_url: str, tmp_path: Path
) -> None:
    policy = policy_file(tmp_path, PREVIEWED)
    file = tmp_path / "alerts.json"
    slow, down = ({"title": title, "severity": "warning", "labels": {"cluster": "a"}} for title in ("Slow", "Down"))
    file.write_text(json.dumps([slow, down, {"title": ""}]))
    async with running_world(sqlite_url, policy=policy) as world:
        server = await server_of(world, MAYA)
        send = ("alerts", "send", "--kind", "events", "--dry-run", str(file))
        assert "hold it" not in await tocsin(server, *send)
        async with world.tocsin.database.transaction() as conn:
            await names.put_many(conn, {MAYA: "Maya Chen"}, world.tocsin.context.clock.now())
        await tocsin(server, "alerts", "silence", "alertname=Slow", "--for", "2h", "--reason", "Load test")
        await report(world.tocsin.context, alert("ClusterDown", cluster="a"))
        here = await tocsin({"DATABASE_URL": world.settings.url, "TOCSIN_POLICY": str(policy)}, *send)
        assert await tocsin(server, *send) == here
        lines = [line.strip() for line in here.splitlines()]
        (silence,) = [line for line in lines if "silence" in line]
        of_maya = r"by Maya Chen \(SI-1: alertname=Slow: Load test\) would hold it"
        assert re.fullmatch(rf"A silence until [0-9-]{{10}} [0-9:]{{5}} UTC {of_maya}", silence)
        held = "An inhibition would hold it: AG-1 (alertname=ClusterDown) fires and inhibits severity=warning"
        assert lines.count(f"{held} of the same cluster=a") == 2, "of both, whatever silences one"
        assert lines[-1] == "rejected  alert 2: `title` is missing"
        async with world.tocsin.database.reading() as conn:
            assert [group.title for group in await groups.newest(conn, 9)] == ["ClusterDown"], "nothing is stored"
        answer = await tocsin(server, *send, "--json")
        assert [hold["id"] for hold in answer["alerts"][0]["holds"]] == ["SI-1", "AG-1"]


async def test_a_preview_refuses_what_is_no_payload_of_its_kind(world: World, maya: Program) -> None:
    reply = await maya.post("/alerts/preview", {"kind": "smoke signals", "payload": {}})
    assert (reply.status, reply.body["detail"][:28]) == (422, "There is no kind “smoke sign")
    reply = await maya.post("/alerts/preview", {"kind": "events", "payload": {"status": "over"}})
    assert (reply.status, reply.body["errors"][0]["field"]) == (422, "payload")
    reply = await maya.post("/alerts/preview", {"kind": "events", "payload": [{"title": "Slow"}] * 1001})
    assert (reply.status, reply.body["detail"]) == (422, "1001 alerts; at most 1000 are previewed.")


async def test_without_a_database_a_dry_run_says_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "alerts.json").write_text(json.dumps({"title": "Slow"}))
    shown = await tocsin({}, "alerts", "send", "--kind", "events", "--dry-run", "alerts.json")
    assert "Silences, and alerts that fire, are not known: There is no database at" in shown
    assert "record: there are no routes" in shown
