"""**Send a test** of each integration makes a harmless call, and reports the result and its remedy."""

from __future__ import annotations

import html
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.api.test_webhooks import SECRET, receiving
from tests.integrations import github_double, trackers_doubles, wikis_doubles
from tests.integrations.doubles import Double, Reply, serving
from tests.integrations.github_double import GitHubDouble
from tests.integrations.statuspage import KEY, PAGE, statuspage
from tests.integrations.trackers_doubles import JiraDouble, LinearDouble
from tests.integrations.wikis_doubles import ConfluenceDouble, NotionDouble
from tests.scenarios.running import policy_file, running_world
from tests.web.console.browser import Browser, browser

POLICY = """
preset: sev1-5
services:
  checkout: {{name: Checkout, repository: acme/checkout, project: OPS}}
  search: {{name: Search, repository: acme/nothing}}
status_page: {{visibility: public, components: [{{key: api, name: API}}, {{key: web, name: Web shop}}]}}
webhooks:
  - {{url: "{url}", secret: {secret}}}
"""


async def integration_result(maya: Browser, name: str) -> str:
    """What the page says after the button of an integration."""
    page = await maya.send(await maya.get("/setup"), f"/setup/test/{name}")
    assert page.status == 200, page.text
    match = re.search(r'<p role="status">(.*?)</p>', page.text)
    assert match is not None, page.text
    return html.unescape(match[1])


async def test_each_integration_is_tested_without_harm(sqlite_url: str, tmp_path: Path) -> None:
    github, jira, linear, monitor = GitHubDouble(), JiraDouble(), LinearDouble(), Double()
    confluence, notion = ConfluenceDouble(), NotionDouble()
    async with AsyncExitStack() as stack:
        for double in (github, jira, linear, monitor, confluence, notion):
            await stack.enter_async_context(serving(double))
        there = await stack.enter_async_context(statuspage("API"))
        receiver = await stack.enter_async_context(receiving())
        settings: dict[str, Any] = {
            "github_api_url": github.url, "github_token": github_double.TOKEN,
            "github_repository": github_double.REPOSITORY,
            "jira_url": jira.url, "jira_email": trackers_doubles.EMAIL, "jira_api_token": trackers_doubles.TOKEN,
            "jira_project": "OPS",
            "linear_api_url": linear.url, "linear_api_key": trackers_doubles.KEY, "linear_team": "ENG",
            "confluence_url": f"{confluence.url}/wiki", "confluence_email": wikis_doubles.EMAIL,
            "confluence_api_token": wikis_doubles.TOKEN, "confluence_space": "OPS",
            "notion_api_url": notion.url, "notion_token": wikis_doubles.TOKEN, "notion_parent": wikis_doubles.PARENT,
            "statuspage_api_url": there.url, "statuspage_api_key": KEY, "statuspage_page_id": PAGE,
            "heartbeat_url": f"{monitor.url}/canary-of-the-heartbeat",
        }  # fmt: skip
        policy = policy_file(tmp_path, POLICY.format(url=receiver.url, secret=SECRET))
        world = await stack.enter_async_context(running_world(sqlite_url, policy=policy, **settings))
        maya = await stack.enter_async_context(browser(world, scopes="admin"))
        tom = await stack.enter_async_context(browser(world, "U0TOM00000"))

        checked = await maya.send(await maya.get("/setup"), "/setup/check")
        assert checked.status == 200, checked.text
        assert "<strong>database</strong>" in checked.text

        said = await integration_result(maya, "github")
        assert "GitHub answers, and shows acme/app, acme/checkout. Nothing was created." in said
        assert "It failed for acme/nothing: GitHub refuses it (404): there is no repository acme/nothing" in said
        assert (
            await integration_result(maya, "jira") == "Jira answers, and shows OPS (Operations). Nothing was created."
        )
        assert "Linear answers, and shows ENG" in await integration_result(maya, "linear")
        assert "Confluence answers" in await integration_result(maya, "confluence")
        assert "Notion answers" in await integration_result(maya, "notion")
        assert {asked.method for double in (github, jira, confluence, notion) for asked in double.asked} == {"GET"}
        said = await integration_result(maya, "statuspage")
        assert "Statuspage answers: the page “Example”. Nothing was published." in said
        assert "It has no component Web shop: create them there." in said
        assert there.writes == 0

        count = len(monitor.asked)
        assert await integration_result(maya, "heartbeat") == "Sent; the monitor has it."
        assert len(monitor.asked) >= count + 1

        page = await maya.get("/setup")
        (webhook,) = re.findall(r"/setup/test/(webhook-[0-9a-f]+)", page.text)
        assert "/in/first" not in page.text, "the path of a webhook may be secret"
        assert await integration_result(maya, webhook) == "Sent; the receiver answered that it has it."
        assert await integration_result(maya, webhook) == "Sent; the receiver answered that it has it."
        assert receiver.types() == ["test"] * 2, "two presses within a second are two tests"
        assert "It is not set up" in (await maya.act("/setup/test/pagerduty", {})).text
        assert (await maya.act("/setup/test/nothing", {})).status == 404
        assert (await tom.act("/setup/test/github", {})).status == 403
        assert "Send a test" not in (await tom.get("/setup")).text

        # What is wrong is told with what to do about it, and without a secret.
        github.always, receiver.fails = Reply(401, {"message": "Bad credentials"}), 1
        assert "check GITHUB_TOKEN" in await integration_result(maya, "github")
        there.busy = 1
        assert "Statuspage is asked too often (420). Check the address" in await integration_result(maya, "statuspage")
        monitor.always = Reply(500)
        said = await integration_result(maya, "heartbeat")
        assert "It failed: it was answered 500. Check that HEARTBEAT_URL is right" in said
        assert "canary" not in said
        said = await integration_result(maya, webhook)
        assert "It failed: the webhook answered 503. Check the address and the secret" in said
        assert receiver.types() == ["test"] * 2, "a test is not tried again"
