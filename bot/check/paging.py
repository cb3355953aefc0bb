"""Checks, for `tocsin check`, paging outside Slack: the methods, the heartbeat, and PagerDuty's schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from bot import notifiers
from bot.check.finding import Finding, fail, ok, warn
from bot.domain.errors import DeliveryError
from bot.domain.oncall import schedule as oncall
from bot.domain.paging import calls
from bot.domain.policy.policy import Policy
from bot.integrations.http import LOOPBACK, is_unencrypted
from bot.integrations.pagerduty_schedules import Entry, Schedules
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.workers import pagerduty_schedule_sync
from bot.workers.pagerduty_schedule_sync import AHEAD, member_of, read_span

ONLY_WHERE_USED = frozenset({"phone", "push"})  # reported only if the policy uses them


def check(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Check the paging methods and the heartbeat."""
    return [*_notifiers(settings, calls.methods_in_policy(policy) if policy else frozenset()), _heartbeat(settings)]


def _notifiers(settings: Settings, used: frozenset[str]) -> list[Finding]:
    """A finding for each method besides Slack: set up, half set up, or used by the policy but not set up."""
    findings = [fail("notifiers", message) for message in notifiers.half_set_up(settings)]
    for method in notifiers.NEEDS:
        missing, label = notifiers.missing(settings, method), calls.label(method)
        if method not in used and method in ONLY_WHERE_USED:
            continue
        if not missing:
            findings.append(ok("notifiers", f"{label} is set up"))
        elif method in used and method == "push":
            message = f"the policy pages by push, which needs a library: pip install '{notifiers.LIBRARY}'."
            findings.append(warn("notifiers", message))
        elif method in used:
            message = (
                f"the policy pages by {method}, which is not set up: nobody is reached so. Set {', '.join(missing)}."
            )
            findings.append(warn("notifiers", message))
    if settings.pagerduty_routing_key is not None and settings.pagerduty_webhook_secret is None:
        message = (
            "acknowledging in PagerDuty is not noticed here. Set PAGERDUTY_WEBHOOK_SECRET; "
            "see docs/integrations/pagerduty.md."
        )
        findings.append(warn("notifiers", message))
    for name in ("PAGERDUTY_EVENTS_URL", "TWILIO_API_URL", "WEBHOOK_URL"):
        if is_unencrypted(notifiers.value(settings, name)):
            message = f"{name} begins with http://: others on the way can read secrets and names. Use https://."
            findings.append(warn("notifiers", message))
    if notifiers.value(settings, "SMTP_URL").startswith("smtp+plain:"):
        message = "SMTP_URL asks for no encryption: others on the way can read mail and password."
        findings.append(warn("notifiers", message))
    return findings


def _heartbeat(settings: Settings) -> Finding:
    """Report the heartbeat's host; the address is a secret. The URL is not called, as that would report health."""
    if settings.heartbeat_url is None:
        message = "HEARTBEAT_URL is not set: nobody outside notices when Tocsin stops. See docs/run/monitoring.md."
        return warn("heartbeat", message)
    parts = urlsplit(settings.heartbeat_url.get_secret_value())
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
    if parts.hostname in LOOPBACK:
        message = f"HEARTBEAT_URL is on this machine ({where}): it falls silent with it. Let another machine listen."
    elif parts.scheme == "http":
        message = f"HEARTBEAT_URL begins with http:// ({where}): others on the way can read it. Use https://."
    else:
        return ok("heartbeat", f"{where} is called every minute while all is well")
    return warn("heartbeat", message)


async def check_schedules(settings: Settings, policy: Policy) -> list[Finding]:
    """Read each schedule that PagerDuty keeps."""
    keys = [key for key, schedule in policy.schedules.items() if schedule.pagerduty]
    if not keys:
        return []
    async with slack_api.open_session() as session:
        client = pagerduty_schedule_sync.client(settings, session)
        if client is None:
            message = f"{', '.join(keys)}: to be read from PagerDuty, which needs PAGERDUTY_API_TOKEN. Set it."
            return [fail("schedules", message)]
        return [finding for key in keys for finding in await _schedule(client, policy, key)]


async def _schedule(client: Schedules, policy: Policy, key: str) -> list[Finding]:
    """Report who is on call now by PagerDuty's schedule, and which members the policy does not know."""
    now = datetime.now(UTC)
    try:
        entries = await client.entries(policy.schedules[key].pagerduty or "", *read_span(now))
    except DeliveryError as error:
        return [fail("schedules", f"{key}: {error}")]
    current = next((entry.name for entry in entries if entry.starts_at <= now < entry.ends_at), "nobody")
    message = f"{key} is read from PagerDuty: {len(entries)} shifts in {AHEAD.days} days, on call now: {current}"
    return [ok("schedules", message), *_strangers(entries, policy, key)]


def _strangers(entries: list[Entry], policy: Policy, key: str) -> list[Finding]:
    members = {member_of(entry, policy): entry.name for entry in entries}
    unknown = {member: name for member, name in members.items() if member not in policy.contacts}
    findings = []
    for unreachable, consequence in (
        (True, "nobody here can reach them"),
        (False, "Slack is asked who has their address, and no telephone of theirs is known"),
    ):
        names = sorted(n for member, n in unknown.items() if oncall.is_unreachable(member, policy) is unreachable)
        if names:
            hint = f"Give each a contact with their e-mail address or exactly that name: {', '.join(names)}."
            findings.append(warn("schedules", f"{key}: on call at PagerDuty and no contacts, so {consequence}. {hint}"))
    return findings
