"""Jira and Linear with the whole bot: an item becomes a ticket, and each is closed by the other."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.usecases.actions.changes import reopen_action
from tests.integrations.doubles import serving
from tests.integrations.trackers_doubles import EMAIL, KEY, TOKEN, JiraDouble, LinearDouble, status
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.running import policy_file, running_world

INSIDE = "inc-1-checkout-is-down"
SECRET = "hook-secret-0123456789"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {tom: {name: Tom Baker, slack: U0TOM00000}}
"""


class InJira:
    """Jira as its people use it."""

    name, title = "OPS-1", "Jira"

    def __init__(self) -> None:
        self.double = JiraDouble()

    def settings(self) -> dict[str, Any]:
        return {
            "jira_url": self.double.url, "jira_email": EMAIL, "jira_api_token": TOKEN, "jira_project": "OPS",
            "jira_webhook_secret": SECRET,
        }  # fmt: skip

    @property
    def issue(self) -> dict[str, Any]:
        (issue,) = self.double.issues
        fields = issue["fields"]
        done = fields["status"] == status("done")
        return {"title": fields["summary"], "text": fields["description"], "done": done}

    async def closed_by_somebody(self, port: int) -> tuple[int, str]:
        issue = self.double.move("OPS-1", "done")
        content = {"webhookEvent": "jira:issue_updated", "issue": issue, "user": {"displayName": "Olga"}}
        headers = {"X-Hub-Signature": "sha256={}", "X-Atlassian-Webhook-Identifier": "jira-1"}
        return await _hooked(port, "jira", content, headers)


class InLinear:
    """Linear as its people use it."""

    name, title = "ENG-1", "Linear"

    def __init__(self) -> None:
        self.double = LinearDouble()

    def settings(self) -> dict[str, Any]:
        return {
            "linear_api_key": KEY, "linear_api_url": self.double.url, "linear_team": "ENG",
            "linear_webhook_secret": SECRET,
        }  # fmt: skip

    @property
    def issue(self) -> dict[str, Any]:
        (issue,) = self.double.issues.values()
        done = issue["state"]["type"] == "completed"
        return {"title": issue["title"], "text": issue["description"], "done": done}

    async def closed_by_somebody(self, port: int) -> tuple[int, str]:
        issue = self.double.move("ENG-1", "completed")
        content = {
            "type": "Issue", "action": "update", "webhookTimestamp": time.time() * 1000, "data": issue,
            "actor": {"name": "Olga"},
        }  # fmt: skip
        return await _hooked(port, "linear", content, {"Linear-Signature": "{}", "Linear-Delivery": "linear-1"})


async def _hooked(port: int, name: str, content: dict[str, Any], headers: dict[str, str]) -> tuple[int, str]:
    body = json.dumps(content).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    signed = {key: value.format(digest) for key, value in headers.items()}
    url = f"http://127.0.0.1:{port}/hooks/{name}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=signed) as answer:
        return answer.status, (await answer.json())["outcome"]


@pytest.mark.parametrize("tracker", [InJira, InLinear])
async def test_an_item_and_its_ticket_are_edited_closed_and_reopened_together(
    sqlite_url: str, tmp_path: Path, tracker: Any
) -> None:
    there = tracker()
    policy = policy_file(tmp_path, POLICY)
    async with serving(there.double), running_world(sqlite_url, policy=policy, **there.settings()) as world:
        await declare(world)
        await type_command(world, "maya", INSIDE, "/incident action Alert on pool usage @tom P1")
        await settle(world)
        assert there.issue["title"] == "Alert on pool usage (AI-1-1)"
        assert f"AI-1-1 is {there.name} in {there.title}" in texts(of_kind(await world.show(), "action"))[-1]

        answer = world.ws.ephemerals("maya")[-1]
        await world.maya.press(answer, "Edit")
        await world.maya.fill(world.maya.view, {"Title": "Alert on pools", "Priority": "P0"})
        assert (await world.maya.submit()).ok
        await settle(world)
        assert there.issue["title"] == "Alert on pools (AI-1-1)"
        assert "Priority:* P0" in there.issue["text"].replace("**", "*")
        await world.maya.press(answer, "Done")
        await settle(world)
        assert there.issue["done"]
        await reopen_action(world.tocsin.context, 1, 1, "U0MAYA0000")
        await settle(world)
        assert not there.issue["done"]

        asked = len(there.double.asked)
        assert await there.closed_by_somebody(world.tocsin.port) == (202, "taken")
        assert (await there.closed_by_somebody(world.tocsin.port))[1] in ("repeated", "ignored")
        await settle(world)
        settled = of_kind(await world.show(), "action")[-1]
        assert (settled["text"], settled["actor"]) == ("AI-1-1 done: Alert on pools", "Olga")
        assert len(there.double.asked) == asked, "what came from there is not sent back"
