"""`tocsin check`: settings, policy, database, token and scopes, looked over in plain words. Secrets are never shown."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError

from bot import pager
from bot import policy as policy_reader
from bot.check import playbooks
from bot.check.finding import Finding
from bot.domain.errors import TocsinError
from bot.domain.paging import calls
from bot.integrations.http import LOOPBACK, in_the_clear
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import channels, usergroups
from bot.workers import pagerduty_schedule_sync
from storage import migrate
from storage.open import open_database

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


async def run(settings: Settings) -> list[Finding]:
    found = [Finding("settings", False, words) for words in settings.missing_for_serving()]
    if not found:
        mode = "Socket Mode" if settings.socket_mode else f"HTTP on {settings.host}:{settings.port}"
        found.append(Finding("settings", True, f"complete; {mode}"))
    announce, ways, policy_findings = _policy(settings)
    found += policy_findings
    found += _notifiers(settings, ways)
    found.append(_heartbeat(settings))
    found += await _database(settings)
    found += await _schedules(settings)
    if settings.slack_bot_token is not None:
        found += await _slack(settings, announce)
    return found


async def _schedules(settings: Settings) -> list[Finding]:
    """What is read from PagerDuty, really read."""
    try:
        policy = policy_reader.read(settings.policy_path).policy
    except policy_reader.PolicyError:
        return []
    elsewhere = {key: one.pagerduty for key, one in policy.schedules.items() if one.pagerduty}
    if not elsewhere:
        return []
    async with slack_api.open_session() as session:
        asked = pagerduty_schedule_sync.client(settings, session)
        if asked is None:
            words = f"{', '.join(elsewhere)}: to be read from PagerDuty, which needs PAGERDUTY_API_TOKEN. Set it."
            return [Finding("schedules", False, words)]
        return [
            Finding("schedules", *found)
            for key in elsewhere
            for found in await pagerduty_schedule_sync.looked_over(asked, policy, key)
        ]


def _policy(settings: Settings) -> tuple[str | None, set[str], list[Finding]]:
    where = str(settings.policy_path) if settings.policy_path else "preset sev1-5"
    try:
        loaded = policy_reader.read(settings.policy_path)
    except policy_reader.PolicyError as error:
        return None, set(), [Finding("policy", False, str(error))]
    found = [Finding("policy", True, f"{where}: {', '.join(s.key for s in loaded.policy.severities)}")]
    found += [Finding("policy", True, str(warning), warning=True) for warning in loaded.warnings]
    found += playbooks.look(settings, loaded.policy)
    rungs = [rung for severity in loaded.policy.severities for rung in severity.ladder]
    rungs += [trigger.rung for trigger in loaded.policy.triggers]
    return loaded.policy.announce, {method for rung in rungs for method in rung.by}, found


def _notifiers(settings: Settings, used: set[str]) -> list[Finding]:
    """Each way of paging outside Slack: set up, half set up, or asked for by the policy and not set up."""
    found = [Finding("notifiers", False, words) for words in pager.half_set_up(settings)]
    for method in pager.NEEDS:
        missing, way = pager.missing(settings, method), calls.label(method)
        if not missing:
            found.append(Finding("notifiers", True, f"{way} is set up"))
        elif method in used:
            words = (
                f"the policy pages by {method}, which is not set up: nobody is reached so. Set {', '.join(missing)}."
            )
            found.append(Finding("notifiers", True, words, warning=True))
    if settings.pagerduty_routing_key is not None and settings.pagerduty_webhook_secret is None:
        words = "acknowledging in PagerDuty is not noticed here. Set PAGERDUTY_WEBHOOK_SECRET; see docs/notifiers.md."
        found.append(Finding("notifiers", True, words, warning=True))
    for name in ("PAGERDUTY_EVENTS_URL", "TWILIO_API_URL", "WEBHOOK_URL"):
        if in_the_clear(pager.value(settings, name)):
            words = f"{name} begins with http://: others on the way can read secrets and names. Use https://."
            found.append(Finding("notifiers", True, words, warning=True))
    if pager.value(settings, "SMTP_URL").startswith("smtp+plain:"):
        words = "SMTP_URL asks for no encryption: others on the way can read mail and password."
        found.append(Finding("notifiers", True, words, warning=True))
    return found


def _heartbeat(settings: Settings) -> Finding:
    """Where it goes, not the address: that is a secret. It is not called: that would say that all is well."""
    if settings.heartbeat_url is None:
        words = "HEARTBEAT_URL is not set: nobody outside notices when Tocsin stops. See docs/operator.md."
        return Finding("heartbeat", True, words, warning=True)
    parts = urlsplit(settings.heartbeat_url.get_secret_value())
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
    if parts.hostname in LOOPBACK:
        words = f"HEARTBEAT_URL is on this machine ({where}): it falls silent with it. Let another machine listen."
    elif parts.scheme == "http":
        words = f"HEARTBEAT_URL begins with http:// ({where}): others on the way can read it. Use https://."
    else:
        return Finding("heartbeat", True, f"{where} is called every minute while all is well")
    return Finding("heartbeat", True, words, warning=True)


async def _database(settings: Settings) -> list[Finding]:
    try:
        database = await open_database(settings.url, migrate=False)
    except TocsinError as error:
        return [Finding("database", False, str(error))]
    try:
        await database.ping()
        version = await migrate.current_revision(database)
    except TocsinError as error:
        return [Finding("database", False, str(error))]
    finally:
        await database.close()
    state = f"schema {version}" if version else "empty; `tocsin serve` or `tocsin migrate` sets it up"
    return [Finding("database", True, f"{database.dialect} reachable, {state}")]


async def _slack(settings: Settings, announce: str | None) -> list[Finding]:
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    async with slack_api.open_session() as session:
        client = slack_api.web_client(token, settings.slack_api_url, session)
        api = SlackApi(client)
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            name = slack_api.error_name(error.response.data if hasattr(error.response, "data") else None)
            words = f"Slack refuses the bot token ({name}). Copy it anew: OAuth & Permissions."
            return [Finding("slack", False, words)]
        except (aiohttp.ClientError, TimeoutError) as error:
            words = f"Slack cannot be reached at {settings.slack_api_url} ({type(error).__name__})."
            return [Finding("slack", False, words)]
        found = [Finding("slack", True, f"connected to {answer.get('team')} as {answer.get('user')}")]
        granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",") if scope.strip()}
        if granted:
            missing = [f"{scope} (to {use})" for scope, use in SCOPES.items() if scope not in granted]
            words = f"missing {', '.join(missing)}. Reinstall the app from manifest.yml." if missing else "all granted"
            found.append(Finding("scopes", not missing, words))
        if announce:
            found.append(await _announcement(api, announce))
        return [*found, *await _groups(api, settings)]


async def _groups(api: SlackApi, settings: Settings) -> list[Finding]:
    """Whether Slack says who is in the user groups that the policy gives leave to."""
    try:
        policy = policy_reader.read(settings.policy_path).policy
    except policy_reader.PolicyError:
        return []
    found = []
    for group in sorted(usergroups.groups_in_policy(policy)):
        try:
            people = await usergroups.fetch_members(api, group)
        except SlackError as error:
            words = f"Slack does not say who is in {group} ({error.name}): until it does, what was last known counts."
            found.append(Finding("permissions", True, words, warning=True))
            continue
        if people is None:
            words = f"there is no user group {group}, or it is disabled: nobody has its leave. Create or rename it."
            found.append(Finding("permissions", False, words))
        elif not people:
            words = f"nobody is in the user group {group}: nobody has its leave."
            found.append(Finding("permissions", True, words, warning=True))
        else:
            number = f"{len(people)} people" if len(people) > 1 else "1 person"
            found.append(Finding("permissions", True, f"{number} in the user group {group}"))
    return found


async def _announcement(api: SlackApi, name: str) -> Finding:
    try:
        channel = await channels.find_by_name(api, name)
        if channel is None:
            return Finding(
                "announcements", True, f"there is no {name} that I can see. Create it, or set `announce`.", warning=True
            )
        await channels.join(api, channel)
    except SlackError as error:
        words = f"I cannot join {name} ({error.name}). Invite me there: /invite @Tocsin"
        return Finding("announcements", True, words, warning=True)
    return Finding("announcements", True, f"{name} is there and I am in it")
