"""A workspace and a real Bolt app connected to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace, running

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


@dataclass
class Bot:
    """A Bolt app that remembers every event it was told."""

    ws: Workspace
    app: AsyncApp
    client: AsyncWebClient
    events: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer_with: int | None = None

    def heard(self, kind: str, subtype: str | None = "any") -> list[dict[str, Any]]:
        """The events of one kind."""
        return [e for e in self.events if e["type"] == kind and subtype in ("any", e.get("subtype"))]


@pytest.fixture
def settings() -> dict[str, Any]:
    """What the workspace is started with; modules override it."""
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
    made = Bot(ws, bolt(ws, client), client)

    async def remember(event: dict[str, Any]) -> None:
        made.events.append(event)

    made.app.event("message")(remember)
    for name in {name.partition(".")[0] for name in EVENTS}:
        made.app.event(name)(remember)

    async def handle(request: web.Request) -> web.Response:
        made.headers.append(dict(request.headers))
        if made.answer_with is not None:
            return web.Response(status=made.answer_with)
        body = (await request.read()).decode()
        headers: dict[str, Any] = dict(request.headers)
        answer = await made.app.async_dispatch(AsyncBoltRequest(body=body, query="", headers=headers))
        kind = answer.headers.get("content-type", ["text/plain"])[0]
        return web.Response(status=answer.status, text=answer.body, content_type=kind.split(";")[0])

    door = web.Application()
    door.router.add_post("/slack/events", handle)
    runner = web.AppRunner(door, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    ws.request_url = f"http://127.0.0.1:{port}/slack/events"
    yield made
    ws.request_url = None
    await runner.cleanup()
