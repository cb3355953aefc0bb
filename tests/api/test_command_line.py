"""The verbs on the command line: on the database and against the API, with the same answers and the same record."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from docx import Document

from bot.domain.access.identity import Identity, Membership
from bot.domain.actions.item import NewAction
from bot.usecases.actions.create import create_action
from storage import identities, names
from tests.api.calls import GAIL, MAYA, TOM, token_for
from tests.api.commands import same_answers, tocsin
from tests.scenarios.assertions import settle
from tests.scenarios.running import World

pytestmark = pytest.mark.usefixtures("elsewhere")


async def test_an_incident_is_run_on_the_database(world: World) -> None:
    database = {"DATABASE_URL": world.settings.url}
    declared = await tocsin(database, "declare", "sev2", "Checkout", "is", "down", "--as", MAYA, "--json")
    assert (declared["id"], declared["severity"], declared["declared_by"]) == ("INC-1", "sev2", MAYA)
    await world.incident_channel(1)  # the running bot sends what the command queued
    assert "acknowledged" in await tocsin(database, "ack", "INC-1", "--as", TOM)
    await tocsin(database, "update", "1", "Rolled back")
    shown = await tocsin(database, "show", "INC-1", "--json")
    key = [(entry["kind"], entry["actor"], entry["source"]) for entry in shown["timeline"] if entry["key"]]
    assert {("declared", MAYA, "cli"), ("acknowledged", TOM, "cli"), ("update", "cli", "cli")} <= set(key)
    refused = await tocsin(database, "status", "INC-1", "detected", code=1)
    assert "cannot become undetected" in refused
    assert (await tocsin(database, "list", "--json"))[0]["id"] == "INC-1"
    quoted = await tocsin(database, "declare", "sev3 Search is slow", "--json")
    assert (quoted["severity"], quoted["title"]) == ("sev3", "Search is slow")


async def test_people_are_named_by_name_and_an_unknown_one_is_told_so_in_words(world: World) -> None:
    database = {"DATABASE_URL": world.settings.url}
    await tocsin(database, "declare", "sev2", "Checkout", "is", "down", "--as", MAYA)
    async with world.tocsin.database.transaction() as conn:
        await names.put_many(conn, {TOM: "tom", "U0TOMMY000": "tommy"}, world.tocsin.context.clock.now())
    await tocsin(database, "role", "INC-1", "commander", "@Tom", "--as", MAYA)
    assert (await world.show())["roles"]["commander"] == TOM
    assert "may be" in await tocsin(database, "role", "INC-1", "scribe", "to", code=1)
    unknown = await tocsin(database, "role", "INC-1", "scribe", "zoe", code=1)
    assert "I know nobody called “zoe” here. Write their Slack ID" in unknown
    await tocsin(database, "ack", "INC-1", "--as", TOM)
    reasons = await tocsin(database, "why", "INC-1")
    assert "acknowledged by @tom" in reasons
    assert "<@" not in reasons


async def test_people_have_their_names_against_the_api_too(world: World) -> None:
    _, secret = await token_for(world, MAYA)
    _, guests = await token_for(world, GAIL)
    server = {"TOCSIN_URL": f"http://127.0.0.1:{world.tocsin.port}", "TOCSIN_TOKEN": secret}
    await tocsin(server, "declare", "sev2", "Checkout", "is", "down")
    await world.incident_channel(1)
    async with world.tocsin.database.transaction() as conn:
        await names.put_many(conn, {TOM: "Tom Weber", MAYA: "Maya Chen"}, world.tocsin.context.clock.now())
        await identities.remember(conn, Identity(GAIL, Membership.GUEST))
    await tocsin(server, "role", "INC-1", "commander", "tom")
    await same_answers(world, server, "why", "INC-1")
    assert "commander: Tom Weber" in await same_answers(world, server, "show", "INC-1")
    refused = await tocsin({**server, "TOCSIN_TOKEN": guests}, "role", "INC-1", "scribe", "maya", code=1)
    assert "I know nobody called “maya”" in refused, "guests search nobody"


async def test_the_same_against_the_api(world: World) -> None:
    _, secret = await token_for(world, MAYA)
    server = {"TOCSIN_URL": f"http://127.0.0.1:{world.tocsin.port}", "TOCSIN_TOKEN": secret}
    declared = await tocsin(server, "declare", "Disk", "full", "--json")
    noted = await tocsin(server, "note", "INC-1", "Deploy 4512", "--json")
    assert set(noted) == set(declared)
    assert "INC-1" in await tocsin(server, "list")
    assert "Deploy 4512" in await tocsin(server, "show", "INC-1")
    assert "There is no incident INC-2." in await tocsin(server, "ack", "INC-2", code=1)
    for words in (("why", "INC-1"), ("oncall",), ("alerts",), ("alerts", "all"), ("comms", "INC-1")):
        await same_answers(world, server, *words, "--json")
    assert "There is no group of alerts AG-9." in await tocsin(server, "alerts", "explain", "AG-9", code=1)
    people = [entry for entry in (await world.show())["timeline"] if entry["actor"] == MAYA and entry["key"]]
    assert {entry["source"] for entry in people} == {"api"}


async def test_what_comes_afterwards_is_the_same_on_the_database_and_against_the_api(
    world: World, tmp_path: Path
) -> None:
    _, secret = await token_for(world, MAYA)
    database = {"DATABASE_URL": world.settings.url}
    address, server = f"http://127.0.0.1:{world.tocsin.port}", {"TOCSIN_TOKEN": secret}
    await tocsin(database, "declare", "sev2", "Checkout", "is", "down", "--as", MAYA)
    await tocsin(database, "note", "INC-1", "Deploy 4512", "--as", MAYA)
    await tocsin(database, "resolve", "INC-1", "Rolled back", "--as", MAYA)
    new = NewAction("Alert on the pool", TOM, due=date(2026, 1, 5))
    await create_action(world.tocsin.context, 1, new, MAYA)
    await world.incident_channel(1)
    await settle(world)  # the links are known
    for line in (
        "review INC-1 --json", "review INC-1", "review INC-1 --format html", "actions --json", "actions INC-1 --json",
        "actions overdue --json", "times INC-1 --json", "times INC-1", "metrics --by service --json",
    ):  # fmt: skip
        here = await tocsin(database, *line.split())
        there = await tocsin(server, *line.split(), "--server", address)
        if line.startswith("metrics"):  # each counts until now
            here, there = ({**each, "period": None, "detected": None, "trend": None} for each in (here, there))
        assert there == here, line
    assert "AI-1-1" in await tocsin(server, "actions", "--server", address)
    assert await tocsin(server, "actions", "mine", "--server", address) == "No action items."
    report = tmp_path / "review.docx"
    await tocsin(server, "review", "INC-1", "--format", "docx", "--output", str(report), "--server", address)
    assert any("Rolled back" in paragraph.text for paragraph in Document(str(report)).paragraphs)
    mitigated = (await world.show())["acknowledged_at"]
    corrected = ("times", "INC-1", "--mitigated", mitigated, "--server", address)
    assert "Say how you know" in await tocsin(server, *corrected, code=1)
    await tocsin(server, *corrected, "--reason", "The graph")
    assert (await world.show())["mitigated_at"] == mitigated
    assert "Time to resolve" in await tocsin(server, "metrics", "--server", address)
    assert "not paged" in await tocsin(server, "metrics", "--load", MAYA, "--server", address)
    assert f"acts as {MAYA}" in await tocsin(server, "metrics", "--load", TOM, "--server", address, code=1)
    wiki = await tocsin(server, "review", "INC-1", "--export", "notion", "--server", address, code=1)
    assert "where the bot runs" in wiki


async def test_an_action_item_is_added_as_in_slack(world: World) -> None:
    _, secret = await token_for(world, MAYA)
    database = {"DATABASE_URL": world.settings.url}
    server = {"TOCSIN_URL": f"http://127.0.0.1:{world.tocsin.port}", "TOCSIN_TOKEN": secret}
    await tocsin(database, "declare", "sev2", "Checkout", "is", "down", "--as", MAYA)
    for env, number in ((database, 1), (server, 2)):
        words = f"action INC-1 Alert on the pool @{TOM} by friday P1 --json"
        item = await tocsin(env, *words.split())
        assert (item["id"], item["title"], item["owner"]) == (f"AI-1-{number}", "Alert on the pool", TOM)
        assert (date.fromisoformat(item["due"]).weekday(), item["priority"], item["status"]) == (4, "P1", "open")
    assert "AI-1-3 · Fix it · no owner · no due date · P2" in await tocsin(database, "action", "INC-1", "Fix", "it")
    refused = await tocsin(database, *["action", "INC-1", "Fix", "it", "by", "2026-13-40"], code=1)
    assert "2026-13-40 is no day of the calendar" in refused


async def test_guests_and_outsiders_are_held_on_the_database_too(world: World) -> None:
    database = {"DATABASE_URL": world.settings.url}
    await tocsin(database, "declare", "sev2", "Breach", "--private", "--as", MAYA)
    await tocsin(database, "declare", "sev2", "Checkout")
    async with world.tocsin.database.transaction() as conn:
        await identities.remember(conn, Identity(GAIL, Membership.GUEST))
    for verb, *words in (("resolve", "Done"), ("severity", "sev1"), ("page", TOM)):
        unseen = await tocsin(database, verb, "INC-1", *words, "--as", TOM, code=1)
        refused = await tocsin(database, verb, "INC-2", *words, "--as", GAIL, code=1)
        assert "There is no incident INC-1." in unseen
        assert "only people of this workspace may" in refused


async def test_webhooks_are_replayed_and_how_many_is_said_in_json_too(sqlite_url: str, tmp_path: Path) -> None:
    hook = "[{url: 'https://example.com/in', secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}]"
    (tmp_path / "policy.yml").write_text(f"preset: sev1-5\nwebhooks: {hook}\n")
    env = {"DATABASE_URL": sqlite_url, "TOCSIN_POLICY": str(tmp_path / "policy.yml")}
    await tocsin(env, "migrate")
    await tocsin(env, "declare", "sev2", "Checkout", "is", "down")
    assert (await tocsin(env, "webhooks", "replay", "--since", "2h", "--json"))["events"] >= 1
    assert "will be sent again." in await tocsin(env, "webhooks", "replay", "--since", "2h")
