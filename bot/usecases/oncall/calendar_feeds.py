"""Builds the secret addresses of calendar feeds, which show a person's or a schedule's on-call shifts.

Each address contains a token made from one secret in the database. `bot.web.oncall` serves the feeds.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
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
LISTED = 5  # people in a warning


async def make_secret(conn: AsyncConnection) -> None:
    """Create the secret of this database, if it has none."""
    await key_value.FEED_SECRET.put_new(conn, secrets.token_hex(32))


async def current_token(conn: AsyncConnection, feed: str) -> str | None:
    """The part of a feed's address that cannot be guessed; None before the first start has made the secret.

    `feed` is `schedule:primary` or `person:anna`.
    """
    key = await key_value.FEED_SECRET.get(conn)
    if not key:
        return None
    generation = (await key_value.FEED_GENERATIONS.get(conn) or {}).get(feed, 0)
    return _token(key, feed, generation)


async def revoke(conn: AsyncConnection, feeds: Iterable[str]) -> None:
    """Give these feeds new addresses; the old ones stop working at once."""
    generations = await key_value.FEED_GENERATIONS.lock(conn, {})
    changed = {feed: generations.get(feed, 0) + 1 for feed in feeds}
    await key_value.FEED_GENERATIONS.put(conn, {**generations, **changed})


def all_feeds(policy: Policy) -> list[str]:
    """The feeds of the schedules, then those of the people on them."""
    members = {member for schedule in policy.schedules.values() for member in schedule.member_names}
    return [f"schedule:{name}" for name in policy.schedules] + [f"person:{member}" for member in sorted(members)]


def address(base: str, feed: str, token: str) -> str:
    """The address of a feed, given its token."""
    kind, _, name = feed.partition(":")
    if kind == "review":
        return f"{base.rstrip('/')}/reviews/INC-{name}.ics?token={token}"
    folder = "oncall/people" if kind == "person" else "oncall"
    return f"{base.rstrip('/')}/{folder}/{quote(name, safe='')}.ics?token={token}"


def _token(key: str, feed: str, generation: int) -> str:
    text = f"{generation}\n{feed}" if generation else feed
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:40]


def members_of_user(policy: Policy, user: str) -> list[str]:
    """The names that a user has on the schedules: the keys of their contacts, or their Slack ID."""
    members = {member for schedule in policy.schedules.values() for member in schedule.member_names}
    return sorted(member for member in members if address_of(policy, member) == user)


async def stale(conn: AsyncConnection, policy: Policy, schedule: str | None, now: datetime) -> list[str]:
    """Warnings about schedules read from PagerDuty: out of date, or with people whom the policy does not know."""
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
            names = ", ".join(unknown[:LISTED]) + (
                f" and {len(unknown) - LISTED} more" if len(unknown) > LISTED else ""
            )
            warnings.append(f"{key}: nobody here can reach {names}: at PagerDuty on call, in the policy no contact.")
    return warnings


async def links(conn: AsyncConnection, context: Context, user: str, schedule: str | None = None) -> dict[str, str]:
    """Feed addresses by title: the user's own shifts, then the schedules. Empty if the bot has no public URL."""
    if context.url is None:
        return {}
    feeds = {"my shifts": f"person:{members[0]}"} if (members := members_of_user(context.policy, user)) else {}
    feeds |= {name: f"schedule:{name}" for name in context.policy.schedules if schedule in (None, name)}
    tokens = {feed: await current_token(conn, feed) for feed in feeds.values()}
    return {title: address(context.url, feed, token) for title, feed in feeds.items() if (token := tokens[feed])}
