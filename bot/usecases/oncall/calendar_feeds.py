"""Calendar feeds: their addresses, which cannot be guessed, and the one secret that they are made from."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall import schedule as oncall
from bot.domain.policy.policy import Policy
from bot.domain.values.durations import approximate
from bot.usecases.context import Context
from bot.usecases.effects.on_call import address_of
from storage import key_value, overrides

STALE = timedelta(minutes=20)


async def secret(conn: AsyncConnection) -> str | None:
    """The secret of this database; None before the first start has made it."""
    value = await key_value.FEED_SECRET.get(conn)
    return str(value) if value else None


async def make_secret(conn: AsyncConnection) -> None:
    """Make it once. To give every feed a new address, delete the row."""
    await key_value.FEED_SECRET.put_new(conn, secrets.token_hex(32))


def token(key: str, feed: str) -> str:
    """The part of a feed's address that cannot be guessed. `feed` is `schedule:primary` or `person:anna`."""
    return hmac.new(key.encode(), feed.encode(), hashlib.sha256).hexdigest()[:40]


def schedule_link(base: str, key: str, name: str) -> str:
    """The address of a schedule's feed. `base` is the bot's public URL, `key` the database's secret."""
    return f"{base.rstrip('/')}/oncall/{quote(name, safe='')}.ics?token={token(key, f'schedule:{name}')}"


def person_link(base: str, key: str, member: str) -> str:
    """The address of the feed of one person's shifts. `base` is the bot's public URL, `key` the database's secret."""
    return f"{base.rstrip('/')}/oncall/people/{quote(member, safe='')}.ics?token={token(key, f'person:{member}')}"


def members_of_user(policy: Policy, user: str) -> list[str]:
    """The names of a user on the schedules: their contacts, or their Slack ID."""
    members = {m for schedule in policy.schedules.values() for layer in schedule.layers for m in layer.members}
    return sorted(member for member in members if address_of(policy, member) == user)


async def stale(conn: AsyncConnection, policy: Policy, schedule: str | None, now: datetime) -> list[str]:
    """Warnings about schedules read from PagerDuty, in words: out of date, or with people who are unknown here."""
    warnings = []
    for key, policy_schedule in policy.schedules.items():
        if not policy_schedule.pagerduty or schedule not in (None, key):
            continue
        read = await key_value.pagerduty_read(key).get(conn)
        at = datetime.fromisoformat(read["at"]) if read and read["at"] else None
        if at is None:
            warnings.append(f"{key} could not be read from PagerDuty yet.")
        elif now - at > STALE:
            warnings.append(f"{key} as it was read {approximate(now - at)} ago: PagerDuty has not answered since.")
        shifts = [shift for shift in await overrides.imported_shifts(conn, key) if shift.ends_at > now]
        if unknown := sorted({shift.member for shift in shifts if oncall.is_unreachable(shift.member, policy)}):
            names = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            warnings.append(f"{key}: nobody here can reach {names}: at PagerDuty on call, in the policy no contact.")
    return warnings


async def links(conn: AsyncConnection, context: Context, user: str, schedule: str | None = None) -> dict[str, str]:
    """Feed addresses by title: the user's own shifts, then the schedules. Empty where our web pages have no address."""
    key = await secret(conn) if context.url else None
    if key is None or context.url is None:
        return {}
    feeds: dict[str, str] = {}
    if members := members_of_user(context.policy, user):
        feeds["my shifts"] = person_link(context.url, key, members[0])
    for name in context.policy.schedules:
        if schedule in (None, name):
            feeds[name] = schedule_link(context.url, key, name)
    return feeds
