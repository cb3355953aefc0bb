"""The Web API endpoint: tokens, arguments, scopes, the transcript."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace, running
from tests.sandbox.conftest import SCOPES, error_of, manifest


async def test_the_bot_learns_who_it_is(client: AsyncWebClient, ws: Workspace) -> None:
    me = await client.auth_test()
    assert (me["user_id"], me["bot_id"], me["team_id"]) == (ws.bot.id, ws.bot.bot_id, ws.settings.team_id)


async def test_a_partner_is_a_stranger_until_they_share_a_channel_with_the_bot(
    client: AsyncWebClient, ws: Workspace
) -> None:
    assert (await client.users_info(user="U0GAIL0000"))["user"]["is_restricted"] is True
    alex = (await client.users_info(user="U0ALEX0000"))["user"]
    assert (alex["is_stranger"], alex["team_id"]) == (True, "T0PARTNER")
    for user in (ws.user("alex"), ws.bot):
        ws.membership.join(ws.channel("general"), user)
    alex = (await client.users_info(user="U0ALEX0000"))["user"]
    assert "is_stranger" not in alex
    assert alex["team_id"] == "T0PARTNER"


async def test_missing_invalid_revoked_and_wrong_kinds_of_tokens_have_their_own_errors(
    ws: Workspace, session: aiohttp.ClientSession
) -> None:
    async def call(method: str, token: str | None) -> str:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with session.post(f"{ws.api_url}{method}", headers=headers) as response:
            return str((await response.json()).get("error"))

    assert await call("auth.test", None) == "not_authed"
    assert await call("auth.test", "xoxb-other") == "invalid_auth"
    assert await call("auth.test", ws.settings.app_token) == "not_allowed_token_type"
    assert await call("apps.connections.open", ws.settings.bot_token) == "not_allowed_token_type"
    assert await call("no.such", ws.settings.bot_token) == "unknown_method"
    ws.revoked = True
    assert await call("auth.test", ws.settings.bot_token) == "token_revoked"
    assert await call("apps.connections.open", ws.settings.app_token) == "None", "the app-level token is another one"


@pytest.mark.parametrize("how", ["query", "form", "json", "multipart"])
async def test_arguments_are_accepted_as_query_form_json_or_multipart(
    ws: Workspace, session: aiohttp.ClientSession, how: str
) -> None:
    args = {"channel": "C0GENERAL0"}
    headers = {"Authorization": f"Bearer {ws.settings.bot_token}"}
    requests: dict[str, dict[str, Any]] = {
        "query": {"params": args},
        "form": {"data": args | {"token": ws.settings.bot_token}},
        "json": {"json": args},
        "multipart": {"data": aiohttp.FormData(args, default_to_multipart=True)},
    }
    if how == "form":
        headers = {}
    async with session.post(f"{ws.api_url}conversations.join", headers=headers, **requests[how]) as response:
        answer = await response.json()
    assert answer["ok"], answer
    assert ws.bot.id in ws.channel("general").members


async def test_a_method_without_json_input_ignores_a_json_body(ws: Workspace, session: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {ws.settings.bot_token}"}
    async with session.post(f"{ws.api_url}users.info", headers=headers, json={"user": "U0MAYA0000"}) as response:
        assert (await response.json())["error"] == "invalid_arguments"


async def test_missing_and_mistyped_arguments_are_named(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("chat.postMessage", json={"text": "hi"})
    assert caught.value.response["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]
    wrong = client.api_call("conversations.history", json={"channel": "C0GENERAL0", "limit": "many"})
    assert await error_of(wrong) == "invalid_arguments"


async def test_broken_json_is_refused(ws: Workspace, session: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {ws.settings.bot_token}", "Content-Type": "application/json"}
    async with session.post(f"{ws.api_url}chat.postMessage", headers=headers, data=b"{no") as response:
        assert (await response.json())["error"] == "invalid_json"


async def test_a_scope_that_is_not_granted_is_reported_as_missing() -> None:
    granted = [scope for scope in SCOPES if not scope.startswith(("pins", "groups"))]
    async with running(manifest=manifest(scopes=granted)) as ws, aiohttp.ClientSession() as session:
        client = AsyncWebClient(ws.settings.bot_token, base_url=ws.api_url, session=session, retry_handlers=[])
        with pytest.raises(SlackApiError) as caught:
            await client.pins_add(channel="C0GENERAL0", timestamp="1.2")
        assert caught.value.response["error"] == "missing_scope"
        assert caught.value.response["needed"] == "pins:write"
        assert await error_of(client.conversations_create(name="x", is_private=True)) == "missing_scope"


async def test_the_transcript_has_every_call_without_its_token(tmp_path: Any) -> None:
    file = tmp_path / "calls.jsonl"
    async with running(transcript=file) as ws, aiohttp.ClientSession() as session:
        client = AsyncWebClient(ws.settings.bot_token, base_url=ws.api_url, session=session)
        await client.auth_test()
        blocks = [{"type": "divider"}]
        await error_of(client.chat_postMessage(channel="C0NOSUCH00", text="x", blocks=blocks))
        lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["method"] for line in lines] == ["auth.test", "chat.postMessage"]
    assert lines[1]["args"]["blocks"] == blocks
    assert "xoxb" not in file.read_text()
    assert [(call.method, call.error) for call in ws.calls()] == [
        ("auth.test", None),
        ("chat.postMessage", "channel_not_found"),
    ]
