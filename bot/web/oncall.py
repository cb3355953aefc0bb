"""Serves calendar feeds of on-call shifts (`/oncall/….ics`), without addresses, telephone numbers or incidents."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.policy.policy import Policy
from bot.domain.policy.schedules import Schedule
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import is_user_id
from bot.usecases.context import Context
from bot.usecases.oncall import calendar_feeds
from storage import names, overrides

if TYPE_CHECKING:
    from icalendar import Event

HORIZON = timedelta(days=90)
MOST_CACHED = 200
LOOK_BACK = timedelta(days=40)  # a shift under way keeps its start, which is part of its UID


def calendar(
    name: str, schedules: Sequence[Schedule], policy: Policy, overrides_in_force: Sequence[Override], now: datetime,
    only: frozenset[str] | None = None, names: Mapping[str, str] = {},
) -> bytes:  # fmt: skip
    """A calendar with an event for each shift up to `HORIZON` from today, in UTC. `only`: shifts of these members.

    `names` are those of members whom the policy knows by Slack ID alone.
    """
    from icalendar import Calendar  # noqa: PLC0415 - slow to import, and seldom needed

    today = datetime.combine(now.astimezone(UTC).date(), time(0), UTC)
    feed = Calendar()
    feed.add("prodid", "-//Tocsin//on call//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", one_line(name))
    feed.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for schedule in schedules:
        for shift in oncall.shifts(schedule, today - LOOK_BACK, today + HORIZON, overrides_in_force):
            if shift.ends_at > today and (only is None or shift.member in only):
                member = _member_name(shift.member, policy, names) if only is None else None
                feed.add_component(_event(schedule, shift, member))
    return bytes(feed.to_ical())


def _event(schedule: Schedule, shift: Shift, name: str | None) -> Event:
    from icalendar import Event  # noqa: PLC0415 - as above

    event = Event()
    identity = f"{schedule.key}:{shift.member}:{shift.starts_at.isoformat()}"
    event.add("uid", f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}@tocsin")
    event.add("dtstamp", shift.starts_at.astimezone(UTC))  # stays the same, so that feeds can be cached
    event.add("dtstart", shift.starts_at.astimezone(UTC))
    event.add("dtend", shift.ends_at.astimezone(UTC))
    event.add("summary", f"On call: {schedule.key}" + (f" · {name}" if name else ""))
    event.add("transp", "TRANSPARENT")
    return event


def _member_name(member: str, policy: Policy, names: Mapping[str, str]) -> str:
    """The name in the policy, found by key or Slack ID, else the one that Slack told."""
    by_id = (contact for contact in policy.contacts.values() if contact.slack == member)
    contact = policy.contacts.get(member) or next(by_id, None)
    name = contact.name or contact.key if contact else names.get(member, member)
    return one_line(name)  # an imported member has any name


def routes(context: Context) -> list[web.RouteDef]:
    """A feed for each schedule, and one for each person's own shifts."""
    rendered_feeds: dict[Any, bytes] = {}  # by everything that a feed depends on: calendars poll often

    async def schedule(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return await _answer(context, rendered_feeds, request, f"schedule:{name}", name, None)

    async def person(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return await _answer(context, rendered_feeds, request, f"person:{name}", None, frozenset({name}))

    return [web.get("/oncall/people/{name}.ics", person), web.get("/oncall/{name}.ics", schedule)]


async def _answer(
    context: Context,
    cache: dict[Any, bytes],
    request: web.Request,
    feed: str,
    name: str | None,
    only: frozenset[str] | None,
) -> web.Response:
    """The feed, or 404 for a wrong token and for an unknown feed alike."""
    policy, now = context.policy, context.clock.now()
    async with context.database.reading() as conn:
        expected = await calendar_feeds.current_token(conn, feed)
        in_force = await overrides.in_force(conn, now - LOOK_BACK)
        ids = _slack_ids(policy, in_force)
        known_names = await names.get_many(conn, ids)
    context.names.request(ids)
    token = request.query.get("token", "").encode("utf-8", "replace")
    if expected is None or not hmac.compare_digest(expected.encode(), token):
        raise web.HTTPNotFound
    schedules = [schedule for schedule in policy.schedules.values() if name in (None, schedule.key)]
    if not schedules:
        raise web.HTTPNotFound
    title = f"On call: {name}" if name else f"On call: {_member_name(feed.partition(':')[2], policy, known_names)}"
    cache_key = (feed, policy.digest, tuple(in_force), now.astimezone(UTC).date(), tuple(sorted(known_names.items())))
    if cache_key not in cache:
        people = only and _with_slack_ids(only, policy)
        if len(cache) >= MOST_CACHED:
            cache.clear()
        # A busy schedule takes half a second: in a thread, so that other requests do not wait.
        cache[cache_key] = await asyncio.to_thread(
            calendar, title, schedules, policy, in_force, now, people, known_names
        )
    body = cache[cache_key]
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": "text/calendar; charset=utf-8"})


def _slack_ids(policy: Policy, covers: Sequence[Override]) -> set[str]:
    """The members of schedules that are Slack IDs, those who cover included."""
    members = {member for schedule in policy.schedules.values() for member in schedule.member_names}
    return {member for member in (*members, *(cover.member for cover in covers)) if is_user_id(member)}


def _with_slack_ids(members: frozenset[str], policy: Policy) -> frozenset[str]:
    """The members, together with the Slack IDs under which they cover for others."""
    slack = {contact.slack for key in members if (contact := policy.contacts.get(key)) and contact.slack}
    return members | slack
