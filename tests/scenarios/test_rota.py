"""User groups that follow a schedule, calendar feeds, and covers that are given up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from icalendar import Calendar

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Contact, Policy
from bot.domain.policy.schedules import Layer, Schedule
from bot.usecases.oncall import calendar_feeds
from bot.web.oncall import HORIZON, calendar
from bot.workers import usergroup_sync
from sandbox.model import Usergroup
from storage import key_value
from tests.domain.policies import NOON
from tests.domain.policies import POLICY as SMALL
from tests.scenarios.assertions import settle, type_command, until
from tests.scenarios.running import World, policy_file, running_world
from tests.waiting import WITHIN_S

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  tom: {name: Tom, slack: U0TOM00000, email: tom@secret.example, phone: "+4915112345678"}
  priya: {name: Priya, slack: priya@example.com}
schedules:
  primary: {timezone: Europe/Berlin, rotation: daily, handoff: "09:00", start: 2026-01-05, members: [tom],
    usergroup: "@duty"}
  later: {timezone: Europe/Berlin, start: 2099-01-05, members: [priya], usergroup: "@nights"}
"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(usergroup_sync, "LOOK_S", 0.05)
    async with running_world(
        database_url, policy=policy_file(tmp_path, POLICY), tocsin_url="https://tocsin.example.org/"
    ) as running:
        for handle in ("duty", "nights"):
            group = Usergroup(
                f"S0{handle.upper()}", handle, handle, users=[running.noor.id], created_by=running.noor.id, created=1
            )
            running.ws.state.usergroups[group.id] = group
        yield running


def members(world: World, handle: str) -> list[str]:
    return next(group.users for group in world.ws.state.usergroups.values() if group.handle == handle)


async def begun(world: World) -> None:
    """The bot may have looked before the groups were there: then it is asked to look anew."""
    async with asyncio.timeout(WITHIN_S):
        while members(world, "duty") != [TOM]:
            async with world.tocsin.database.transaction() as conn:
                await key_value.usergroup_on_call("duty").put(conn, None)
            await asyncio.sleep(0.5)


async def test_a_user_group_follows_who_is_on_call_through_covers_and_restarts(world: World) -> None:
    await begun(world)
    await type_command(world, "maya", "#general", "/incident cover primary for 2h")
    await until(lambda: members(world, "duty") == [world.maya.id])
    await world.restart()
    await settle(world)
    assert members(world, "duty") == [world.maya.id]
    said = await type_command(world, "maya", "#general", "/incident cover primary none")
    assert "no longer" in said
    await until(lambda: members(world, "duty") == [TOM])
    refused = await type_command(world, "maya", "#general", "/incident cover primary off")
    assert "You do not cover primary now" in refused
    calls = [call for call in world.ws.journal.calls if call.method == "usergroups.users.update"]
    assert len(calls) < 8


async def test_slack_is_never_asked_to_empty_a_group(world: World) -> None:
    sync = usergroup_sync.UsergroupSync(world.tocsin.context)
    await sync.look()
    await settle(world)
    assert members(world, "nights") == [world.noor.id]
    await type_command(world, "maya", "#general", "/incident cover later for 1h")
    await until(lambda: members(world, "nights") == [world.maya.id])
    await type_command(world, "maya", "#general", "/incident cover later none")
    await sync.look()
    await settle(world)
    assert members(world, "nights") == [world.maya.id]


async def got(world: World, address: str, **headers: str) -> tuple[int, str, bytes]:
    path = address.partition("tocsin.example.org")[2]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.tocsin.port}{path}", headers=headers) as answer,
    ):
        return answer.status, answer.headers.get("ETag", ""), await answer.read()


async def test_feeds_cannot_be_guessed_and_contain_no_addresses(world: World) -> None:
    reply = await world.tom.command("#general", "/incident oncall")
    assert reply.message is not None
    links = re.findall(r"<(https://tocsin\.example\.org/[^|]+)\|([^>]+)>", str(reply.message.blocks))
    by_title = {title: url.replace("&amp;", "&") for url, title in links}
    assert set(by_title) == {"my shifts", "primary", "later"}
    status, tag, body = await got(world, by_title["primary"])
    assert status == 200
    events = Calendar.from_ical(body).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} == {"On call: primary · Tom"}
    assert b"secret" not in body
    assert b"49151" not in body
    assert (await got(world, by_title["primary"], **{"If-None-Match": tag}))[0] == 304
    mine = Calendar.from_ical((await got(world, by_title["my shifts"]))[2]).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in mine} == {"On call: primary"}
    token = by_title["primary"].rpartition("=")[2]
    for wrong in ("primary.ics", "primary.ics?token=0", f"later.ics?token={token}", f"people/tom.ics?token={token}"):
        assert (await got(world, f"tocsin.example.org/oncall/{wrong}"))[0] == 404
    await world.restart()
    assert (await got(world, by_title["primary"]))[0] == 200
    await type_command(world, "maya", "#general", "/incident cover primary for 2h")
    assert (await got(world, by_title["primary"]))[1] != tag


async def test_the_address_of_a_feed_can_be_revoked(world: World) -> None:
    async with world.tocsin.database.transaction() as conn:
        feeds = calendar_feeds.all_feeds(world.tocsin.context.policy)
        before = {feed: str(await calendar_feeds.current_token(conn, feed)) for feed in feeds}
        await calendar_feeds.revoke(conn, ["schedule:primary"])
        after = {feed: str(await calendar_feeds.current_token(conn, feed)) for feed in feeds}
    base = "tocsin.example.org"
    old, new = (calendar_feeds.address(base, "schedule:primary", made["schedule:primary"]) for made in (before, after))
    assert ((await got(world, old))[0], (await got(world, new))[0]) == (404, 200)
    assert {feed for feed in feeds if before[feed] != after[feed]} == {"schedule:primary"}


def test_a_feed_tells_names_instead_of_ids() -> None:
    """A cover is stored under the person's ID; the policy, or Slack, knows the name."""
    layers = (Layer("weekly", "mon 09:00", date(2026, 1, 5), ("U0CLEO0000",)),)
    schedule = Schedule("primary", "UTC", layers)
    policy = Policy("p", SMALL.severities, SMALL.roles, contacts={"anna": Contact("anna", "Anna", "U0ANNA0000")})
    cover = Override("primary", "U0ANNA0000", NOON, NOON + timedelta(hours=1))
    feed = calendar("On call", [schedule], policy, [cover], NOON, names={"U0CLEO0000": "Cleo"})
    names = {str(event["SUMMARY"]) for event in Calendar.from_ical(feed).walk("VEVENT")}
    assert names == {"On call: primary · Anna", "On call: primary · Cleo"}


def test_a_line_break_in_a_name_does_not_break_a_feed() -> None:
    schedule = Schedule("primary", "UTC", (Layer("weekly", "mon 09:00", date(2026, 1, 5), ("anna",)),))
    policy = Policy("p", SMALL.severities, SMALL.roles, contacts={"anna": Contact("anna", "Anna\r\nBEGIN:VEVENT")})
    imported = Override("primary", "Ben\nEvil", NOON, NOON + timedelta(hours=1))
    events = Calendar.from_ical(calendar("On call:\nAnna", [schedule], policy, [imported], NOON)).walk("VEVENT")
    names = {str(event["SUMMARY"]) for event in events}
    assert names == {"On call: primary · Anna BEGIN:VEVENT", "On call: primary · Ben Evil"}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("month", [3, 9])  # clocks change within ninety days
def test_a_feed_agrees_with_the_schedule_at_every_minute(zone: str, month: int) -> None:
    """Read back with a library, against the schedule asked minute by minute."""
    layers = (
        Layer("weekly", "mon 09:00", date(2026, 1, 5), ("anna", "ben", "cleo")),
        Layer("daily", "02:30", date(2026, 1, 5), ("dora", "emil"), "22:00-06:00"),
        Layer("monthly", "31 08:00", date(2026, 1, 5), ("finn", "gita"), "09:00-17:00 mon-fri"),
    )
    schedule = Schedule("primary", zone, layers)
    names = ("anna", "ben", "cleo", "dora", "emil", "finn", "gita")
    policy = Policy("p", SMALL.severities, SMALL.roles, contacts={n: Contact(n, n.title()) for n in names})
    now = datetime(2026, month, 5, 15, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    covers = [
        Override(
            "primary", "hugo", now + timedelta(days=3 * n, minutes=17 * n), now + timedelta(days=3 * n, hours=n + 1)
        )
        for n in range(12)
    ]
    events = Calendar.from_ical(calendar("x", [schedule], policy, covers, now)).walk("VEVENT")
    assert len({str(event["UID"]) for event in events}) == len(events)
    said: dict[datetime, str] = {}
    start = now.replace(hour=0, minute=0, second=0)
    for event in events:
        at, ends_at = max(event.decoded("DTSTART"), start), event.decoded("DTEND")
        while at < ends_at:
            assert at not in said, "two on call at once"
            said[at] = str(event["SUMMARY"]).rpartition(" · ")[2].lower()
            at += timedelta(minutes=1)
    at = start
    while at < start + HORIZON:
        there = oncall.on_call(schedule, at, covers)
        assert said.get(at) == (there[0] if there else None), at
        at += timedelta(minutes=7)
