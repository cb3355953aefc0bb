"""Checks, for `tocsin check`, Slack's token, its scopes, the announcement channel and user groups in the policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.check.finding import Finding, fail, ok, warn
from bot.domain.policy.policy import Policy
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.error_messages import explanation
from bot.slack.directory import accounts, channels, usergroups

# The scopes that manifest.yml asks for, each with its use.
SCOPES = {
    "app_mentions:read": "understand mentions",
    "bookmarks:read": "keep bookmarks from doubling",
    "bookmarks:write": "put bookmarks into incident channels",
    "canvases:read": "keep what people write in the canvas of a review",
    "canvases:write": "put reviews into canvases",
    "channels:history": "read what was said while away",
    "channels:join": "come into the announcement channel",
    "channels:manage": "open incident channels",
    "channels:read": "find channels",
    "chat:write": "speak",
    "chat:write.public": "announce in public channels",
    "commands": "be commanded",
    "files:read": "note files",
    "groups:history": "read private incident channels",
    "groups:read": "find private channels",
    "groups:write": "open private incident channels",
    "im:history": "find out whether a page arrived",
    "im:write": "page people directly",
    "links:read": "see links to incidents",
    "links:write": "show what links to incidents lead to",
    "pins:read": "note pins",
    "pins:write": "pin the card",
    "reactions:read": "see 📌",
    "usergroups:read": "know who is in the user groups of `permissions`",
    "usergroups:write": "keep the user groups of `schedules` in step",
    "users:read": "know people",
    "users:read.email": "find contacts by e-mail",
}


PEOPLE = 100  # to look up at most
OFF_S = 30.0  # a difference that people would notice
REFUSED_S = 300.0  # Slack's signatures are valid for so long, and so are ours


async def check(
    settings: Settings, policy: Policy | None, workspace: str | None, now: Callable[[], datetime]
) -> list[Finding]:
    """Connect with both tokens, and check what the bot may do. `workspace`: the ID in the database, if known."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    async with slack_api.open_session() as session:
        client = slack_api.web_client(token, settings.slack_api_url, session)
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            name = slack_api.error_name(error.response.data if hasattr(error.response, "data") else None)
            if name in slack_api.NOT_SLACKS:
                message = f"what answers at {settings.slack_api_url} is not Slack. Unset SLACK_API_URL, or correct it."
                return [fail("slack", message)]
            return [fail("slack", f"Slack refuses the bot token ({name}). Copy it again: OAuth & Permissions.")]
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"Slack cannot be reached at {settings.slack_api_url} ({type(error).__name__})."
            return [fail("slack", f"{message} Let this machine reach it, or unset SLACK_API_URL.")]
        findings = [ok("slack", f"connected to {answer.get('team')} as {answer.get('user')}"), *_scopes(answer)]
        findings += [*_workspace(answer, workspace), *_clock(answer, now()), *await _app_token(settings, client)]
        if policy is not None:
            api = SlackApi(client)
            if policy.announce:
                findings.append(await _announcement(api, policy.announce))
            findings += [await _group(api, group) for group in sorted(usergroups.groups_in_policy(policy))]
            findings += await _people(api, policy)
        return findings


async def _people(api: SlackApi, policy: Policy) -> list[Finding]:
    """Check that Slack knows the people in the policy, at most a hundred of them."""
    names = sorted(accounts.people_in(policy))
    missing = []
    for name in names[:PEOPLE]:
        try:
            await accounts.look_up(api, name)
        except SlackError as error:
            if error.name not in accounts.NO_ACCOUNT:
                return [warn("people", f"Slack does not say who {name} is ({error.name}). Check again later.")]
            missing.append(f"{name}: {explanation(error)}")
    if missing:
        message = (
            f"Slack does not reach {'; '.join(missing)}. Correct them in the policy: their rungs pass on to others."
        )
        return [warn("people", message)]
    return [ok("people", f"Slack knows the {len(names[:PEOPLE])} people of the policy")] if names else []


def _scopes(answer: AsyncSlackResponse) -> list[Finding]:
    """Check the scopes. Empty if Slack does not say which it granted."""
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",") if scope.strip()}
    if not granted:
        return []
    missing = [f"{scope} (to {use})" for scope, use in SCOPES.items() if scope not in granted]
    if missing:
        return [fail("scopes", f"missing {', '.join(missing)}. Reinstall the app from manifest.yml.")]
    return [ok("scopes", "all granted")]


async def _group(api: SlackApi, group: str) -> Finding:
    """Check that Slack lists the members of a user group in `permissions`."""
    try:
        members = await usergroups.fetch_members(api, group)
    except SlackError as error:
        message = f"Slack does not say who is in {group} ({error.name}): until it does, the last known members count."
        return warn("permissions", message)
    if members is None:
        message = f"there is no user group {group}, or it is disabled: nobody has its permissions. Create or rename it."
        return fail("permissions", message)
    if not members:
        return warn("permissions", f"nobody is in the user group {group}: nobody has its permissions.")
    number = f"{len(members)} people" if len(members) > 1 else "1 person"
    return ok("permissions", f"{number} in the user group {group}")


def _workspace(answer: AsyncSlackResponse, workspace: str | None) -> list[Finding]:
    team = str(answer.get("team_id", ""))
    if workspace is None or workspace == team:
        return []
    message = (
        f"SLACK_BOT_TOKEN belongs to the workspace {answer.get('team')} ({team}), and the incidents of this database"
    )
    return [fail("slack", f"{message} to {workspace}. Put that one's token, or use another database.")]


def _clock(answer: AsyncSlackResponse, now: datetime) -> list[Finding]:
    """Compare this machine's clock with Slack's. Empty if Slack does not say the time."""
    try:
        slacks = parsedate_to_datetime(str(answer.headers.get("Date", "")))
    except ValueError:
        return []
    off_s = (now - slacks).total_seconds()
    if abs(off_s) < OFF_S:
        return []
    message = f"this machine's clock is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} Slack's."
    if abs(off_s) < REFUSED_S:
        return [warn("clock", f"{message} Let it run by NTP.")]
    return [fail("clock", f"{message} Every request of Slack's is refused as forged. Let the clock run by NTP.")]


async def _app_token(settings: Settings, client: AsyncWebClient) -> list[Finding]:
    """Check the app token: ask for the address of a Socket Mode connection without opening it."""
    if settings.slack_app_token is None:
        return []
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        name = slack_api.error_name(error.response.data if hasattr(error.response, "data") else None)
        message = (
            f"Slack refuses SLACK_APP_TOKEN ({name}). Create one: Basic Information, App-Level Tokens, with the scope"
        )
        return [fail("slack", f"{message} connections:write; and turn on Socket Mode.")]
    except (aiohttp.ClientError, TimeoutError) as error:
        return [warn("slack", f"Slack did not say whether SLACK_APP_TOKEN is right ({type(error).__name__}).")]
    return [ok("slack", "Socket Mode is on, and the app token fits")]


async def _announcement(api: SlackApi, name: str) -> Finding:
    try:
        channel = await channels.find_by_name(api, name)
        if await channels.is_archived(api, name, channel):
            message = (
                f"{name} is archived, and nothing can be announced there. Unarchive it, or set `announce` to another."
            )
            return fail("announcements", message)
        if channel is None:
            return warn("announcements", f"there is no {name} that I can see. Create it, or set `announce`.")
        await channels.join(api, channel)
    except SlackError as error:
        message = f"I cannot join {name} ({error.name}). Invite me there: /invite @Tocsin"
        return warn("announcements", message)
    return ok("announcements", f"{name} is there and I am in it")
