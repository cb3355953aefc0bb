"""Calendar feeds: their addresses, which nobody can guess, and the one secret they are made from."""

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
    """Made at the first start and kept in the database; deleting the row gives every feed a new address."""
    found = await key_value.FEED_SECRET.get(conn)
    return str(found) if found else None


async def make_secret(conn: AsyncConnection) -> None:
    await key_value.FEED_SECRET.put_new(conn, secrets.token_hex(32))


def token(key: str, feed: str) -> str:
    """`feed` is `schedule:primary` or `person:anna`."""
    return hmac.new(key.encode(), feed.encode(), hashlib.sha256).hexdigest()[:40]


def schedule_link(base: str, key: str, name: str) -> str:
    return f"{base.rstrip('/')}/oncall/{quote(name, safe='')}.ics?token={token(key, f'schedule:{name}')}"


def person_link(base: str, key: str, member: str) -> str:
    return f"{base.rstrip('/')}/oncall/people/{quote(member, safe='')}.ics?token={token(key, f'person:{member}')}"


def members_who_are(policy: Policy, user: str) -> list[str]:
    """The names under which somebody stands in the policy: contacts of theirs, or their Slack ID."""
    there = {m for schedule in policy.schedules.values() for layer in schedule.layers for m in layer.members}
    return sorted(member for member in there if address_of(policy, member) == user)


async def stale(conn: AsyncConnection, policy: Policy, schedule: str | None, now: datetime) -> list[str]:
    """What is not right with schedules that are read from PagerDuty, in words: not read lately, people unknown here."""
    found = []
    for key, one in policy.schedules.items():
        if not one.pagerduty or schedule not in (None, key):
            continue
        read = await key_value.pagerduty_read(key).get(conn)
        at = datetime.fromisoformat(read["at"]) if read and read["at"] else None
        if at is None:
            found.append(f"{key} could not be read from PagerDuty yet.")
        elif now - at > STALE:
            found.append(f"{key} as it was read {approximate(now - at)} ago: PagerDuty has not answered since.")
        turns = [one for one in await overrides.imported_shifts(conn, key) if one.ends_at > now]
        if lost := sorted({one.member for one in turns if oncall.is_unreachable(one.member, policy)}):
            names = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
            found.append(f"{key}: nobody here can reach {names}: at PagerDuty on call, in the policy no contact.")
    return found


async def links(conn: AsyncConnection, context: Context, user: str, schedule: str | None = None) -> dict[str, str]:
    """Title to address: somebody's own turns first, then the schedules. Nothing where our pages have no address."""
    key = await secret(conn) if context.url else None
    if key is None or context.url is None:
        return {}
    found: dict[str, str] = {}
    if mine := members_who_are(context.policy, user):
        found["my turns"] = person_link(context.url, key, mine[0])
    for name in context.policy.schedules:
        if schedule in (None, name):
            found[name] = schedule_link(context.url, key, name)
    return found
