"""Action items and GitHub: issues are created once, closed on both sides, dropped labels are reported, limits kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import sandbox
from bot import trackers
from bot.cli.main import main
from bot.domain.actions.ticket import TicketNews
from bot.integrations.trackers import hooks
from bot.workers import retention
from bot.workers.outbox import UNCERTAIN_WAIT
from bot.workers.ticket_poller import ticket_poller
from storage import tickets
from storage.database import Database
from storage.open import open_database
from tests.integrations.doubles import Reply, serving
from tests.integrations.github_double import REPOSITORY, SECRET, TOKEN, GitHubDouble, event, hooked
from tests.scenarios import processes
from tests.scenarios.assertions import answer_to, declare, of_kind, settle, texts, type_command, words
from tests.scenarios.running import MANIFEST, World, policy_file, running_world
from tests.waiting import WITHIN_S

INSIDE = "inc-1-checkout-is-down"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {tom: {name: Tom Baker, slack: U0TOM00000, github: tombaker}}
services: {checkout: {name: Checkout, repository: acme/checkout}}
"""


def github_settings(double: GitHubDouble) -> dict[str, Any]:
    return {
        "github_token": TOKEN,
        "github_api_url": double.url,
        "github_repository": REPOSITORY,
        "github_webhook_secret": SECRET,
    }


@asynccontextmanager
async def tracker_world(url: str, folder: Path, double: GitHubDouble) -> AsyncIterator[World]:
    async with (
        serving(double),
        running_world(url, policy=policy_file(folder, POLICY), **github_settings(double)) as world,
    ):
        await declare(world)
        yield world


async def poll(world: World) -> None:
    await ticket_poller(world.tocsin.context, lambda: trackers.build(world.settings, world.tocsin.session)).work()


async def test_an_item_gets_an_issue_which_is_closed_there_and_here_by_webhook(sqlite_url: str, tmp_path: Path) -> None:
    github = GitHubDouble()
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        await type_command(world, "maya", INSIDE, "/incident action Alert on pool usage @tom by friday P1")
        await settle(world)
        (asked,) = github.posted()
        assert asked["title"] == "Alert on pool usage (AI-1-1)"
        assert asked["labels"] == ["incident", "p1"]
        assert asked["assignees"] == ["tombaker"]
        told = texts(of_kind(await world.show(), "action"))
        assert told[-1] == "AI-1-1 is acme/app#1 in GitHub: https://github.com/acme/app/issues/1"
        listed = CliRunner(env={"DATABASE_URL": sqlite_url}).invoke
        (item,) = json.loads((await asyncio.to_thread(listed, main, ["actions", "--json"])).output)
        assert item["ticket"] == {
            "tracker": "github", "name": "acme/app#1", "url": "https://github.com/acme/app/issues/1", "state": "open",
        }  # fmt: skip
        issue = dict(github.close(1))
        port = world.tocsin.port
        assert await hooked(port, event("closed", issue), secret="wrong") == (401, {"error": "bad signature"})
        assert await hooked(port, event("closed", issue)) == (202, {"outcome": "taken"})
        assert (await hooked(port, event("closed", issue)))[1]["outcome"] in ("repeated", "ignored")
        await settle(world)
        assert texts(of_kind(await world.show(), "action"))[-1] == "AI-1-1 done: Alert on pool usage"
        assert of_kind(await world.show(), "action")[-1]["actor"] == "octocat"
        assert github.posted("PATCH") == []
        assert (await hooked(port, event("reopened", github.reopen(1)), "d-2"))[1] == {"outcome": "taken"}
        await settle(world)
        assert texts(of_kind(await world.show(), "action"))[-1] == "AI-1-1 open again: Alert on pool usage"
        recorded = await hooked(port, event("closed", issue), "d-3")  # the ID of a delivery is not signed
        assert recorded == (202, {"outcome": "repeated"})


@pytest.mark.parametrize("read", ["github", "jira"])
def test_a_webhook_about_a_change_of_long_ago_is_no_news(read: str) -> None:
    """A recorded body is refused by its digest while that is remembered, and later by its age."""
    assert timedelta(seconds=hooks.NEWS_FOR_S) < retention.OPERATIONAL
    assert _news(read, timedelta(seconds=hooks.NEWS_FOR_S - 60)) is not None
    assert _news(read, timedelta(seconds=hooks.NEWS_FOR_S + 60)) is None


def _news(read: str, ago: timedelta) -> TicketNews | None:
    at = datetime.now(UTC) - ago
    if read == "github":
        issue = {"number": 1, "state": "closed", "updated_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return hooks.github({"x-github-event": "issues"}, event("closed", issue))
    changed = {"webhookEvent": "jira:issue_updated", "timestamp": int(at.timestamp() * 1000), "issue": {"key": "OPS-1"}}
    return hooks.jira({}, changed)


async def test_an_item_that_is_settled_here_is_closed_there_with_its_reason(sqlite_url: str, tmp_path: Path) -> None:
    github = GitHubDouble()
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        reply = await world.maya.command(INSIDE, "/incident action Write the runbook @maya")
        await settle(world)
        assert reply.message is not None
        await world.maya.press(reply.message, "Done")
        await settle(world)
        closed = [each for each in github.posted("PATCH") if "state" in each]  # a name may have been learnt meanwhile
        assert closed == [{"state": "closed", "state_reason": "completed"}]
        issue = github.issues[REPOSITORY][0]
        assert (await hooked(world.tocsin.port, event("closed", issue)))[1] == {"outcome": "ignored"}  # our own echo


async def test_later_edits_of_an_item_go_to_its_issue_and_words_of_people_there_stay(
    sqlite_url: str, tmp_path: Path
) -> None:
    github = GitHubDouble()
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        await type_command(world, "maya", INSIDE, "/incident action Alert on pool usage @maya P1")
        await settle(world)
        issue = github.issues[REPOSITORY][0]
        issue["body"] = "See the dashboard first.\n\n" + issue["body"]
        issue["labels"].append({"name": "team-sre"})
        assert "acme/app#1" in await answer_to(world, "maya", INSIDE, "/incident actions")
        await world.maya.press(world.ws.ephemerals("maya")[-1], "Edit")
        values = {"Title": "Alert on pool usage above 80 %", "Owner": "U0TOM00000", "Priority": "P0"}
        await world.maya.fill(world.maya.view, values)
        assert (await world.maya.submit()).ok
        await settle(world)
        assert issue["title"] == "Alert on pool usage above 80 % (AI-1-1)"
        assert issue["body"].startswith("See the dashboard first.\n\n**Owner:** Tom")
        assert "**Priority:** P0" in issue["body"]
        assert "P1" not in issue["body"]
        assert [each["name"] for each in issue["labels"]] == ["incident", "team-sre", "p0"]
        assert [each["login"] for each in issue["assignees"]] == ["tombaker"]
        assert len(github.posted("PATCH")) == 1


TICKETS = POLICY + "severities: {sev3: {ticket: true}}\n"


async def test_the_ticket_of_an_incident_is_closed_and_reopened_with_it(sqlite_url: str, tmp_path: Path) -> None:
    github = GitHubDouble()
    policy = policy_file(tmp_path, TICKETS)
    async with serving(github), running_world(sqlite_url, policy=policy, **github_settings(github)) as world:
        await type_command(world, "maya", "#general", "/incident declare sev3 Checkout is slow")
        channel = await world.incident_channel(1)
        await settle(world)
        (issue,) = github.issues[REPOSITORY]
        assert (issue["title"], issue["state"]) == ("INC-1: Checkout is slow", "open")
        await type_command(world, "maya", f"#{channel.name}", "/incident resolve Added an index")
        await settle(world)
        assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
        await type_command(world, "maya", f"#{channel.name}", "/incident reopen It is back")
        await settle(world)
        assert issue["state"] == "open"
        await type_command(world, "maya", f"#{channel.name}", "/incident severity sev1 Nobody can pay")
        await settle(world)
        assert "**Severity:** sev1" in issue["body"]
        await type_command(world, "maya", f"#{channel.name}", "/incident cancel It was a test")
        await settle(world)
        assert (issue["state"], issue["state_reason"]) == ("closed", "not_planned")
        assert len(github.issues[REPOSITORY]) == 1


async def test_what_the_webhook_missed_is_found_by_asking(sqlite_url: str, tmp_path: Path) -> None:
    github = GitHubDouble()
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        await type_command(world, "maya", INSIDE, "/incident action Write the runbook")
        await settle(world)
        await poll(world)
        github.close(1, "not_planned")
        await poll(world)
        await settle(world)
        assert "not doing" in texts(of_kind(await world.show(), "action"))[-1]


async def test_labels_and_assignees_that_github_drops_are_said(sqlite_url: str, tmp_path: Path) -> None:
    github = GitHubDouble(may_push=False)
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        await type_command(world, "maya", INSIDE, "/incident action Alert on pool usage @tom P1")
        await settle(world)
        dropped = "GitHub dropped the labels incident, p1 and the assignee tombaker"
        assert dropped in texts(of_kind(await world.show(), "action"))[-1]
        channel = world.ws.channel(INSIDE)
        assert any(dropped in words(world, message) for message in world.ws.bot_messages(channel.id))


async def test_a_service_names_its_own_repository_and_nothing_private_leaves(sqlite_url: str, tmp_path: Path) -> None:
    github = GitHubDouble()
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        await world.maya.command("#general", "/incident declare")
        values = {"Title": "Cart is slow", "Severity": "sev3", "Affected services": ["Checkout"]}
        await world.maya.fill(world.maya.view, values)
        assert (await world.maya.submit()).ok
        await world.incident_channel(2)
        await type_command(world, "maya", "#general", "/incident action Cache the cart --in INC-2")
        await type_command(world, "maya", "#general", "/incident declare sev2 Leak --private")
        await world.incident_channel(3)
        await type_command(world, "maya", "#general", "/incident action Rotate the keys --in INC-3")
        await settle(world)
        assert [issue["title"] for issue in github.issues["acme/checkout"]] == ["Cache the cart (AI-2-1)"]
        assert github.issues[REPOSITORY] == []
        assert not any("Rotate" in str(each) for each in github.posted())


@pytest.mark.parametrize(
    "limit",
    [
        Reply(403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "1"}),
        Reply(429, {"message": "API rate limit exceeded"}, {"Retry-After": "1"}),
    ],
)
async def test_a_rate_limit_is_waited_for(sqlite_url: str, tmp_path: Path, limit: Reply) -> None:
    github = GitHubDouble(replies=[limit])
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        await type_command(world, "maya", INSIDE, "/incident action Write the runbook")
        await settle(world)
        assert len(github.posted()) == 2
        assert len(github.issues[REPOSITORY]) == 1


async def test_an_issue_whose_answer_was_lost_is_looked_for_and_not_doubled(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workers.outbox.UNCERTAIN_WAIT", UNCERTAIN_WAIT / 10)
    github = GitHubDouble()
    async with tracker_world(sqlite_url, tmp_path, github) as world:
        github.hurt = _drop(github)
        await type_command(world, "maya", INSIDE, "/incident action Write the runbook")
        async with asyncio.timeout(WITHIN_S):
            while not await ticket_names(world.tocsin.database):
                await asyncio.sleep(0.05)
        assert len(github.issues[REPOSITORY]) == 1
        assert await ticket_names(world.tocsin.database) == ["acme/app#1"]


async def test_a_process_that_dies_after_github_created_the_issue_doubles_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    github = GitHubDouble()
    async with serving(github), sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        settings = github_settings(github) | {
            "slack_bot_token": ws.settings.bot_token,
            "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url,
            "database_url": sqlite_url,
            "tocsin_policy": str(policy_file(tmp_path, POLICY)),
            "port": 0,
        }
        bot = processes.launch(settings, None, processes.Tuning(timeout_s=10.0, lease_s=30.0))
        await bot.ready()
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        reply = await ws.person("maya").command("#general", "/incident declare sev3 Checkout is down")
        assert reply.ok, reply
        died = asyncio.Event()
        github.hurt = _killing(bot, died)
        reply = await ws.person("maya").command("#general", "/incident action Write the runbook --in INC-1")
        assert reply.ok, reply
        async with asyncio.timeout(WITHIN_S):
            await died.wait()
        bot = processes.launch(settings, None, processes.Tuning(timeout_s=10.0, lease_s=30.0))
        await bot.ready()
        database = await open_database(sqlite_url, migrate=False)
        try:
            async with asyncio.timeout(WITHIN_S):
                while not await ticket_names(database):
                    await asyncio.sleep(0.05)
        finally:
            await database.close()
            await bot.kill()
        assert len(github.issues[REPOSITORY]) == 1
        assert len(github.posted()) == 1


async def ticket_names(database: Database) -> list[str]:
    async with database.reading() as conn:
        return [ticket.name for ticket in await tickets.of_incident(conn, 1)]


def _killing(bot: processes.Bot, died: asyncio.Event) -> Any:
    async def kill() -> None:
        await bot.kill()
        died.set()

    return kill


def _drop(double: GitHubDouble) -> Any:
    async def drop() -> None:
        raise ConnectionResetError  # the answer never arrives

    return drop
