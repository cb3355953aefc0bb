"""Where the bot goes by itself: to addresses of the settings and to Slack's answer addresses, and nowhere they lead."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from yarl import URL

from bot import notifiers, trackers, wikis
from bot.domain.errors import DeliveryError
from bot.domain.routing.send_result import NotNeeded
from bot.slack.blocks.elements import line
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.response_urls import trusted_response_url
from bot.slack.senders.ephemeral import by_url
from tests.integrations.pages import ANNA, page
from tests.scenarios.assertions import all_messages, settle
from tests.scenarios.hostile_requests import FORM, send, still_works
from tests.scenarios.running import World
from tests.waiting import WITHIN_S

SLACK = "https://slack.com/api/"
INSIDE = "inc-1-checkout-is-down"


@dataclass
class Metadata:
    """Stands for the machine's metadata service, at the other end of a redirect."""

    url: str = ""
    vendor_url: str = ""
    reached: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def leading_astray(status: int) -> AsyncIterator[Metadata]:
    """A vendor's server that redirects every request to another server."""
    found = Metadata()

    async def reached(request: web.Request) -> web.Response:
        found.reached.append(f"{request.method} {request.path} {await request.text()}")
        return web.json_response({"ok": True, "AccessKeyId": "stolen"})

    async def astray(request: web.Request) -> web.Response:
        found.asked.append(request.path)
        return web.Response(status=status, headers={"Location": f"{found.url}/latest/meta-data/"})

    async with _serving(reached) as inside, _serving(astray) as outside:
        found.url, found.vendor_url = inside, outside
        yield found


@asynccontextmanager
async def _serving(handler: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["pagerduty", "sms", "phone", "webhook"])
async def test_no_notifier_follows_a_redirect(world: World, method: str, status: int) -> None:
    async with leading_astray(status) as found, slack_api.open_session() as session:
        settings = world.settings.model_copy(
            update={
                "pagerduty_routing_key": SecretStr("k" * 32), "pagerduty_events_url": f"{found.vendor_url}/v2/enqueue",
                "twilio_account_sid": "AC1", "twilio_auth_token": SecretStr("t" * 32), "twilio_from": "+15005550006",
                "twilio_api_url": found.vendor_url, "webhook_url": SecretStr(f"{found.vendor_url}/hook"),
                "webhook_secret": SecretStr("s" * 32),
            }
        )  # fmt: skip
        with pytest.raises(DeliveryError):
            await notifiers.build(settings, session)[method].send(page(person=ANNA))
        assert found.asked
        assert found.reached == []


@pytest.mark.parametrize("status", [302, 307, 308])
@pytest.mark.parametrize("vendor", ["confluence", "notion", "github", "jira", "linear"])
async def test_no_wiki_and_no_tracker_follows_a_redirect(world: World, vendor: str, status: int) -> None:
    async with leading_astray(status) as found, slack_api.open_session() as session:
        token = SecretStr("t" * 32)
        settings = world.settings.model_copy(
            update={
                "confluence_url": f"{found.vendor_url}/wiki", "confluence_email": "ops@example.com",
                "confluence_api_token": token, "confluence_space": "OPS",
                "notion_api_url": found.vendor_url, "notion_token": token, "notion_parent": "0" * 32,
                "github_api_url": found.vendor_url, "github_token": token, "github_repository": "acme/app",
                "jira_url": found.vendor_url, "jira_api_token": token, "jira_project": "OPS",
                "linear_api_url": found.vendor_url, "linear_api_key": token, "linear_team": "ENG",
            }
        )  # fmt: skip
        clients: dict[Any, Any] = dict(trackers.build(settings, session))
        clients |= dict(wikis.build(settings, session))
        client = clients[vendor]
        if vendor in ("confluence", "notion"):
            looked = client.find("Review of INC-1")
        else:
            looked = client.changed_since(client.project, datetime.now(UTC))
        with pytest.raises(DeliveryError):
            await looked
        assert found.asked
        assert found.reached == []


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_redirect_from_slack_is_not_followed(status: int) -> None:
    """The token would go along."""
    async with leading_astray(status) as found, slack_api.open_session() as session:
        api = SlackApi(slack_api.web_client("xoxb-secret", f"{found.vendor_url}/api/", session))
        with pytest.raises(SlackError) as raised:
            await api.call("auth.test")
        assert "SLACK_API_URL" in str(raised.value)
        assert not raised.value.permanent
        assert found.reached == []


async def test_the_shared_session_follows_no_redirect() -> None:
    async with leading_astray(302) as found, slack_api.open_session() as session:
        for method in ("GET", "POST", "PUT", "HEAD"):
            with pytest.raises(slack_api.RedirectRefused):
                await session.request(method, f"{found.vendor_url}/heartbeat")
        assert found.reached == []


async def test_an_answer_whose_address_is_not_slacks_is_posted_in_the_channel(world: World) -> None:
    """A person who can make the bot accept a payload cannot make it call an address of theirs."""
    await world.declare()
    async with leading_astray(200) as found:
        for number, url in enumerate(
            [
                f"{found.url}/latest/meta-data/",
                "http://169.254.169.254/latest/",
                "file:///etc/passwd",
                "x",
                "http://[::1",
            ]
        ):
            body = urlencode(
                {
                    "command": "/incident", "text": f"sev4 Something else {number}", "user_id": world.maya.id,
                    "trigger_id": f"7.{number}.x", "channel_id": "C0GENERAL0", "response_url": url,
                    "team_id": world.ws.settings.team_id,
                }
            ).encode()  # fmt: skip
            assert (await send(world, body, FORM)).status == 200
        async with asyncio.timeout(WITHIN_S):
            while sum("The channel of INC-" in shown.text for shown in all_messages(world)) < 5:  # directly
                await asyncio.sleep(0.05)
        assert found.reached == []
    await still_works(world)


async def test_a_response_url_that_redirects_is_not_called_again(world: World) -> None:
    await world.declare()
    async with leading_astray(307) as found:
        url = URL(f"{found.vendor_url}/response")
        result = await by_url(world.tocsin.session, url, line("secret words"), replace=False)
        assert result == NotNeeded("the answer's address is used up (307)")
        assert found.reached == []
    await settle(world)


@pytest.mark.parametrize(
    ("url", "api", "ours"),
    [
        ("https://hooks.slack.com/commands/T1/2/x", SLACK, True),
        ("https://hooks.slack.com:443/actions/T1/2/x", SLACK, True),
        ("https://hooks.slack-gov.com/commands/x", "https://slack-gov.com/api/", True),
        ("http://127.0.0.1:3100/response/x", "http://127.0.0.1:3100/api/", True),
        ("http://hooks.slack.com/commands/x", SLACK, False),
        ("https://hooks.slack.com:8443/x", SLACK, False),
        ("https://hooks.slack.com.evil.example/x", SLACK, False),
        ("https://evilslack.com/x", SLACK, False),
        ("https://hooks.slack-gov.com/x", SLACK, False),
        ("https://hooks.slack.com@evil.example/x", SLACK, False),
        ("https://evil.example#hooks.slack.com", SLACK, False),
        ("https://evil.example\\@hooks.slack.com/", SLACK, False),
        ("https://user:pass@hooks.slack.com/", SLACK, False),
        ("//hooks.slack.com/x", SLACK, False),
        ("file:///etc/passwd", SLACK, False),
        ("gopher://hooks.slack.com/", SLACK, False),
        ("http://169.254.169.254/latest/", SLACK, False),
        ("http://127.0.0.1:3101/response/x", "http://127.0.0.1:3100/api/", False),
        ("http://localhost:3100/response/x", "http://127.0.0.1:3100/api/", False),
        ("https://sub.slack.example/x", "https://slack.example/api/", False),
        ("", SLACK, False), (None, SLACK, False), (7, SLACK, False), ("http://[::1", SLACK, False),
    ],
)  # fmt: skip
def test_only_response_urls_of_slack_are_called(url: object, api: str, ours: bool) -> None:
    assert (trusted_response_url(url, api) is not None) is ours


@given(st.text() | st.from_regex(r"https?://[^\s]{0,30}(slack\.com)?[^\s]{0,30}"))
def test_every_accepted_response_url_leads_to_slack(url: str) -> None:
    found = trusted_response_url(url, SLACK)
    if found is not None:
        assert found.scheme == "https"
        assert found.host == "slack.com" or str(found.host).endswith(".slack.com")


def test_no_address_of_a_notifier_or_a_bookmark_comes_from_a_person_in_slack() -> None:
    """Addresses are read from settings and policy alone: no module that reads Slack's payloads builds a request."""
    root = Path(notifiers.__file__).parent
    calling = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"session\.(post|get|put|request|ws_connect)\(", path.read_text())
    }
    # Commands that call Tocsin itself, by its settings, or a Prometheus that they have started.
    operators = {
        "check/settings.py", "cli/alert_sending.py", "cli/mcp.py", "cli/operation_client.py",
        "integrations/temporary_prometheus.py",
        "importers/reader.py",  # `tocsin import`: tests/importers/test_reader.py
    }  # fmt: skip
    bot = {
        "slack/senders/ephemeral.py", "integrations/http.py", "integrations/prometheus.py",
        "integrations/probe_request.py", "workers/heartbeat.py",
        "web/hooks/cloudwatch.py",  # SNS alone: tests/integrations/alerts/test_sns.py
    }  # fmt: skip
    assert calling <= bot | operators, "a new way out"
    for name in calling:
        assert "allow_redirects=False" in (root / name).read_text(), name
