"""A workspace and a real Bolt app connected to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace, running

# Slack's published reference data; tests that need it are skipped where it is not beside the checkout.
REFERENCE = Path(__file__).parents[2].parent / "shared" / "slack" / "conformance.py"
SCOPES = [
    "app_mentions:read", "bookmarks:read", "bookmarks:write", "canvases:write", "channels:history", "channels:join",
    "channels:manage", "channels:read", "chat:write", "commands", "files:read", "files:write", "groups:history",
    "groups:read", "groups:write", "im:history", "im:read", "im:write", "mpim:history", "mpim:read", "mpim:write",
    "pins:read", "pins:write", "reactions:read", "reactions:write", "team:read", "usergroups:read",
    "usergroups:write", "users:read", "users:read.email",
]  # fmt: skip
EVENTS = [
    "app_home_opened", "app_mention", "channel_archive", "channel_created", "channel_deleted",
    "channel_left", "channel_rename", "channel_unarchive",
    "file_shared", "group_archive", "group_rename", "group_unarchive", "member_joined_channel", "member_left_channel",
    "message.channels", "message.groups", "message.im", "message.mpim", "pin_added", "pin_removed", "reaction_added",
    "reaction_removed", "team_join", "user_change",
]  # fmt: skip


def manifest(**changes: Any) -> dict[str, Any]:
    """A manifest with every scope and event these tests use."""
    return {
        "display_information": {"name": "Tocsin"},
        "features": {
            "bot_user": {"display_name": "tocsin"},
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "slash_commands": [
                {"command": "/incident", "description": "Incidents", "should_escape": True},
                {"command": "/plain", "description": "Unescaped", "should_escape": False},
            ],
            "shortcuts": [
                {"name": "Declare incident", "callback_id": "declare", "type": "global", "description": "d"},
                {"name": "Add to timeline", "callback_id": "timeline", "type": "message", "description": "d"},
            ],
        },
        "oauth_config": {"scopes": {"bot": changes.get("scopes", SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": changes.get("events", EVENTS)},
            "interactivity": {"is_enabled": True},
        },
    }


async def error_of(awaitable: Any) -> str:
    """The name of Slack's refusal."""
    with pytest.raises(SlackApiError) as caught:
        await awaitable
    return str(caught.value.response["error"])


@dataclass
class Bot:
    """A Bolt app that records the events and requests it receives."""

    ws: Workspace
    app: AsyncApp
    client: AsyncWebClient
    events: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer_with: int | None = None

    def received(self, kind: str, subtype: str | None = "any") -> list[dict[str, Any]]:
        """The events of one kind."""
        return [e for e in self.events if e["type"] == kind and subtype in ("any", e.get("subtype"))]


@pytest.fixture
def settings() -> dict[str, Any]:
    """The settings of the workspace; test modules may override the fixture."""
    return {"manifest": manifest(), "retry_delays_s": (0.0, 0.0, 0.0), "ack_timeout_s": 2.0}


@pytest.fixture
async def ws(settings: dict[str, Any]) -> AsyncIterator[Workspace]:
    """A running workspace."""
    async with running(**settings) as workspace:
        yield workspace


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client session."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def client(ws: Workspace, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Slack's own client, as the bot."""
    return AsyncWebClient(ws.settings.bot_token, base_url=ws.api_url, session=session, retry_handlers=[])


def bolt(ws: Workspace, client: AsyncWebClient) -> AsyncApp:
    """A Bolt app that answers when its listeners are done."""
    return AsyncApp(
        signing_secret=ws.settings.signing_secret,
        client=client,
        token=ws.settings.bot_token,
        process_before_response=True,
        ignoring_self_events_enabled=False,
    )


@pytest.fixture
async def bot(ws: Workspace, client: AsyncWebClient) -> AsyncIterator[Bot]:
    """A Bolt app behind signed HTTP."""
    bot_app = Bot(ws, bolt(ws, client), client)

    async def remember(event: dict[str, Any]) -> None:
        bot_app.events.append(event)

    bot_app.app.event("message")(remember)
    for name in {name.partition(".")[0] for name in EVENTS}:
        bot_app.app.event(name)(remember)

    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        bot_app.headers.append(dict(request.headers))
        bot_app.bodies.append(raw)
        if bot_app.answer_with is not None:
            return web.Response(status=bot_app.answer_with)
        headers: dict[str, Any] = dict(request.headers)
        answer = await bot_app.app.async_dispatch(AsyncBoltRequest(body=raw.decode(), query="", headers=headers))
        kind = answer.headers.get("content-type", ["text/plain"])[0]
        return web.Response(status=answer.status, text=answer.body, content_type=kind.split(";")[0])

    server = web.Application()
    server.router.add_post("/slack/events", handle)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    ws.request_url = f"http://127.0.0.1:{port}/slack/events"
    yield bot_app
    ws.request_url = None
    await runner.cleanup()
