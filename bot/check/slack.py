"""Checks, for `tocsin check`, Slack's token, its scopes, the announcement channel and user groups in the policy."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.check.finding import Finding, fail, ok, warn
from bot.domain.policy.policy import Policy
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.error_messages import explanation
from bot.slack.directory import accounts, channels, usergroups

# What manifest.yml asks for; without one of these something that people rely on does not work.
SCOPES = {
    "app_mentions:read": "understand mentions",
    "bookmarks:read": "keep bookmarks from doubling",
    "bookmarks:write": "put bookmarks into incident channels",
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
    "pins:read": "note pins",
    "pins:write": "pin the card",
    "reactions:read": "see 📌",
    "usergroups:read": "know who is in the user groups of `permissions`",
    "usergroups:write": "keep the user groups of `schedules` in step",
    "users:read": "know people",
    "users:read.email": "find contacts by e-mail",
}


PEOPLE = 100  # looked up at most


async def check(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Connect with the bot token, and check what it may do."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    async with slack_api.open_session() as session:
        client = slack_api.web_client(token, settings.slack_api_url, session)
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            name = slack_api.error_name(error.response.data if hasattr(error.response, "data") else None)
            return [fail("slack", f"Slack refuses the bot token ({name}). Copy it again: OAuth & Permissions.")]
        except (aiohttp.ClientError, TimeoutError) as error:
            words = f"Slack cannot be reached at {settings.slack_api_url} ({type(error).__name__})."
            return [fail("slack", words)]
        findings = [ok("slack", f"connected to {answer.get('team')} as {answer.get('user')}"), *_scopes(answer)]
        if policy is not None:
            api = SlackApi(client)
            if policy.announce:
                findings.append(await _announcement(api, policy.announce))
            findings += [await _group(api, group) for group in sorted(usergroups.groups_in_policy(policy))]
            findings += await _people(api, policy)
        return findings


async def _people(api: SlackApi, policy: Policy) -> list[Finding]:
    """Whether Slack reaches the people whom the policy names, a hundred at most."""
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
        words = f"Slack does not reach {'; '.join(missing)}. Correct them in the policy: their rungs pass on to others."
        return [warn("people", words)]
    return [ok("people", f"Slack knows the {len(names[:PEOPLE])} people of the policy")] if names else []


def _scopes(answer: AsyncSlackResponse) -> list[Finding]:
    """Findings about the scopes; none if Slack does not say which it granted."""
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",") if scope.strip()}
    if not granted:
        return []
    missing = [f"{scope} (to {use})" for scope, use in SCOPES.items() if scope not in granted]
    if missing:
        return [fail("scopes", f"missing {', '.join(missing)}. Reinstall the app from manifest.yml.")]
    return [ok("scopes", "all granted")]


async def _group(api: SlackApi, group: str) -> Finding:
    """Whether Slack lists the members of a user group that `permissions` names."""
    try:
        members = await usergroups.fetch_members(api, group)
    except SlackError as error:
        words = f"Slack does not say who is in {group} ({error.name}): until it does, the last known members count."
        return warn("permissions", words)
    if members is None:
        words = f"there is no user group {group}, or it is disabled: nobody has its permissions. Create or rename it."
        return fail("permissions", words)
    if not members:
        return warn("permissions", f"nobody is in the user group {group}: nobody has its permissions.")
    number = f"{len(members)} people" if len(members) > 1 else "1 person"
    return ok("permissions", f"{number} in the user group {group}")


async def _announcement(api: SlackApi, name: str) -> Finding:
    try:
        channel = await channels.find_by_name(api, name)
        if channel is None:
            return warn("announcements", f"there is no {name} that I can see. Create it, or set `announce`.")
        await channels.join(api, channel)
    except SlackError as error:
        words = f"I cannot join {name} ({error.name}). Invite me there: /invite @Tocsin"
        return warn("announcements", words)
    return ok("announcements", f"{name} is there and I am in it")
