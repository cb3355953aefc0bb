"""Covering a schedule, now or later: by a command in the person's time zone, by the form, with its consequences."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage import overrides
from tests.scenarios.assertions import buttons, direct_messages, ephemeral_texts, settle, type_command, words
from tests.scenarios.hostile_requests import send_payload
from tests.scenarios.running import World, policy_file, running_world

TOM, MAYA = "U0TOM00000", "U0MAYA0000"
POLICY = f"""
preset: sev1-5
announce: "#incidents"
contacts: {{tom: {{name: Tom, slack: {TOM}}}}}
schedules:
  primary: {{timezone: Europe/Berlin, members: [tom]}}
  later: {{timezone: Europe/Berlin, start: 2099-01-05, members: [tom]}}
severities:
  sev1: {{respond_within: null, escalate_after: null, update_every: null, roles: [], notify_executives: false,
    ladder: [{{after: 0m, notify: ["schedule:primary"], by: [slack]}}]}}
"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(database_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


async def covers(world: World) -> list[tuple[str, datetime, datetime]]:
    now = world.tocsin.context.clock.now()
    async with world.tocsin.database.reading() as conn:
        return [(one.member, one.starts_at, one.ends_at) for one in await overrides.in_force(conn, now)]


async def test_a_cover_begins_as_written_in_the_time_zone_of_its_author(world: World) -> None:
    world.maya.user.tz = "America/New_York"
    said = await type_command(world, "maya", "#general", "/incident cover primary from tomorrow 18:00 for 12h")
    ((member, starts_at, ends_at),) = await covers(world)
    today = world.tocsin.context.clock.now().astimezone(ZoneInfo("America/New_York")).date()
    due = datetime.combine(today + timedelta(days=1), datetime.min.time(), ZoneInfo("America/New_York"))
    assert (member, starts_at) == (MAYA, due.replace(hour=18).astimezone(UTC))
    assert ends_at - starts_at == timedelta(hours=12)
    assert "You will be on call on primary from" in said.replace("*", "")
    assert "(12h). Pages for it come to you then. You stand in for @tom." in said
    reply = world.ws.ephemerals("maya")[-1]
    for instant in (starts_at, ends_at):
        assert f"<!date^{int(instant.timestamp())}^" in str(reply.blocks)  # Slack shows it where the reader is


async def test_without_a_time_zone_from_slack_the_schedules_is_used_and_named(world: World) -> None:
    profiles = world.tocsin.token_watch._api.profiles
    profiles._kept[MAYA] = (time.monotonic(), {**await profiles.get(MAYA, 60.0), "tz": "Nowhere/City"})
    said = await type_command(world, "maya", "#general", "/incident cover primary from tomorrow 18:00 until 22:00")
    assert "Times as in Europe/Berlin" in said
    ((_, starts_at, ends_at),) = await covers(world)
    assert starts_at.astimezone(ZoneInfo("Europe/Berlin")).hour == 18
    assert ends_at - starts_at == timedelta(hours=4)


async def test_pages_go_to_the_cover_only_once_it_has_begun(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident cover primary in 3h for 2h")
    listed = await type_command(world, "tom", "#general", "/incident oncall primary")
    assert "covering" not in listed
    assert "Next: @maya" in listed
    assert "Upcoming covers: @maya" in listed
    for hours, paged, spared in ((0, TOM, MAYA), (4, MAYA, TOM), (2, TOM, MAYA)):
        await world.pass_time(hours=hours)
        await world.priya.command("#general", f"/incident declare sev1 Payments are down {hours}")
        await settle(world)
        title = f"Payments are down {hours}"
        assert any(title in words(world, m) for m in direct_messages(world, paged)), hours
        assert not any(title in words(world, m) for m in direct_messages(world, spared)), hours


async def test_the_form_asks_for_schedule_and_times_and_says_what_was_understood(world: World) -> None:
    now = world.tocsin.context.clock.now()
    assert await type_command(world, "maya", "#general", "/incident cover later") == ""
    view = world.maya.view
    assert view.title == "Cover a schedule"
    starts, ends = now + timedelta(hours=5), now + timedelta(hours=9)
    await world.maya.fill(view, {"From": int(starts.timestamp()), "Until": int(ends.timestamp())})
    await world.maya.submit()
    await settle(world)
    assert "You will be on call on later from" in (await ephemeral_texts(world, "maya"))[-1].replace("*", "")
    assert await covers(world) == [(MAYA, starts.replace(microsecond=0), ends.replace(microsecond=0))]


@pytest.mark.parametrize(
    ("starts", "ends", "where", "said"),
    [
        (-3, 4, "starts", "That time has passed"),
        (5, 5, "ends", "before the start"),
        (-0.5, -0.1, "ends", "before the start"),
    ],
)
async def test_a_form_with_times_that_cannot_be_says_so_beside_them(
    world: World, starts: float, ends: float, where: str, said: str
) -> None:
    now = world.tocsin.context.clock.now()
    await type_command(world, "maya", "#general", "/incident cover")
    given = {"From": now + timedelta(hours=starts), "Until": now + timedelta(hours=ends)}
    await world.maya.fill(world.maya.view, {name: int(at.timestamp()) for name, at in given.items()})
    reply = await world.maya.submit()
    assert said in str(reply)
    assert where in str(reply)
    assert await covers(world) == []


async def test_the_button_under_oncall_and_in_the_home_tab_opens_the_form(world: World) -> None:
    reply = await world.maya.command("#general", "/incident oncall")
    assert reply.message is not None
    await world.maya.press(reply.message, "Cover for a while")
    assert world.maya.view.title == "Cover a schedule"
    await world.tom.open_home()
    await settle(world)
    home = world.tom.home()
    assert home is not None
    await world.tom.press(home, "Cover for a while")
    await world.tom.submit()
    await settle(world)
    assert "You are on call on primary" in direct_messages(world, TOM)[-1].text.replace("*", "")


async def test_giving_up_also_ends_covers_to_come_and_names_them(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident cover primary for 2h")
    await type_command(world, "maya", "#general", "/incident cover primary in 5h for 2h")
    said = await type_command(world, "maya", "#general", "/incident cover primary none")
    assert "You no longer cover primary (now – " in said
    assert said.count("–") == 2
    assert await covers(world) == []
    refused = await type_command(world, "maya", "#general", "/incident cover primary none")
    assert "You do not cover primary now, nor later." in refused


async def test_the_same_submission_twice_is_one_cover(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident cover primary")
    await world.maya.submit()
    (submitted,) = [d for d in world.ws.journal.deliveries if d.kind == "interactive"]
    assert (await send_payload(world, "interactive", submitted.payload)).status == 200
    assert len(await covers(world)) == 1


async def test_a_shift_that_a_cover_cuts_short_ends_with_an_offer_to_hand_over(world: World) -> None:
    channel = await world.declare("sev1 Payments are down", by="priya")
    await type_command(world, "priya", channel.name, "/incident lead @tom")
    await type_command(world, "maya", "#general", "/incident cover primary in 1h for 4h")
    await world.pass_time(minutes=50)
    assert not any("Your on-call shift on" in m.text for m in direct_messages(world, TOM))
    await world.pass_time(minutes=11)
    (offer,) = [m for m in direct_messages(world, TOM) if "Your on-call shift on" in m.text]
    assert buttons(offer) == ["Hand over to maya", "I stay on"]


async def test_a_person_who_is_always_on_call_is_offered_to_hand_over_to_a_cover(world: World) -> None:
    channel = await world.declare("sev1 Payments are down", by="priya")
    await type_command(world, "priya", channel.name, "/incident lead @tom")
    await type_command(world, "maya", "#general", "/incident cover primary for 4h")
    await world.pass_time(seconds=1)
    (offer,) = [m for m in direct_messages(world, TOM) if "Your on-call shift on" in m.text]
    assert buttons(offer) == ["Hand over to maya", "I stay on"]


async def test_a_commander_who_covers_is_asked_when_the_cover_ends(world: World) -> None:
    channel = await world.declare("sev1 Payments are down", by="priya")
    await type_command(world, "priya", channel.name, "/incident lead @maya")
    await type_command(world, "maya", "#general", "/incident cover primary in 1h for 4h")
    await world.pass_time(hours=2)
    assert not any("Your on-call shift on" in m.text for m in direct_messages(world, MAYA))
    await world.pass_time(hours=3, seconds=1)
    (offer,) = direct_messages(world, MAYA, "Your on-call shift on")
    assert buttons(offer) == ["Hand over to tom", "I stay on"]


async def test_giving_up_a_cover_to_come_ends_no_shift(world: World) -> None:
    channel = await world.declare("sev1 Payments are down", by="priya")
    await type_command(world, "priya", channel.name, "/incident lead @maya")
    await type_command(world, "maya", "#general", "/incident cover primary in 1h for 4h")
    await type_command(world, "maya", "#general", "/incident cover primary none")
    await world.pass_time(hours=6)
    assert not any("Your on-call shift on" in m.text for m in direct_messages(world, MAYA))


async def test_a_person_relieved_by_a_cover_is_told_and_told_again_when_it_is_given_up(world: World) -> None:
    await type_command(world, "noor", "#general", "/incident cover primary for 2h")
    await settle(world)
    (message,) = direct_messages(world, TOM, "covers")
    assert "@noor covers *primary* from" in words(world, message)
    assert "Pages for it go to @noor then, and not to you" in words(world, message)
    assert direct_messages(world, world.noor.id) == []
    await type_command(world, "noor", "#general", "/incident cover primary none")
    await settle(world)
    assert "@noor no longer covers *primary*: you are on call again" in words(world, direct_messages(world, TOM)[-1])


async def test_a_cover_over_fourteen_days_is_asked_about(world: World) -> None:
    reply = await world.noor.command("#general", "/incident cover primary for 90d")
    assert "That is longer than usual" in words(world, reply.message)
    assert await covers(world) == []
    assert reply.message is not None
    await world.noor.press(reply.message, "Cover for 90d")
    await settle(world)
    assert [member for member, *_ in await covers(world)] == [world.noor.id]
    assert "You are on call" in await type_command(world, "maya", "#general", "/incident cover later for 14d")
