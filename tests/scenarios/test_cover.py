"""Covering a schedule, now or later: by words in one's own time, by the form, and what follows from it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage import overrides
from tests.scenarios.assertions import buttons, direct, rest, told, typed, words
from tests.scenarios.running import World, world, written
from tests.scenarios.test_hostile import damaged

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
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, policy=written(tmp_path, POLICY)) as running:
        yield running


async def covers(here: World) -> list[tuple[str, datetime, datetime]]:
    now = here.tocsin.context.clock.now()
    async with here.tocsin.database.reading() as conn:
        return [(one.member, one.starts_at, one.ends_at) for one in await overrides.in_force(conn, now)]


async def test_a_cover_begins_as_written_in_the_time_zone_of_its_author(here: World) -> None:
    here.maya.user.tz = "America/New_York"
    said = await typed(here, "maya", "#general", "/incident cover primary from tomorrow 18:00 for 12h")
    ((member, starts_at, ends_at),) = await covers(here)
    today = here.tocsin.context.clock.now().astimezone(ZoneInfo("America/New_York")).date()
    due = datetime.combine(today + timedelta(days=1), datetime.min.time(), ZoneInfo("America/New_York"))
    assert (member, starts_at) == (MAYA, due.replace(hour=18).astimezone(UTC))
    assert ends_at - starts_at == timedelta(hours=12)
    assert "You will be on call on primary from" in said.replace("*", "")
    assert "(12h). Pages for it come to you then. You stand in for @tom." in said
    reply = here.ws.ephemerals("maya")[-1]
    for instant in (starts_at, ends_at):
        assert f"<!date^{int(instant.timestamp())}^" in str(reply.blocks)  # Slack shows it where the reader is


async def test_without_a_time_zone_from_slack_the_schedules_is_used_and_named(here: World) -> None:
    profiles = here.tocsin.token_watch._api.profiles
    profiles._kept[MAYA] = (time.monotonic(), {**await profiles.get(MAYA, 60.0), "tz": "Nowhere/City"})
    said = await typed(here, "maya", "#general", "/incident cover primary from tomorrow 18:00 until 22:00")
    assert "Times as in Europe/Berlin" in said
    ((_, starts_at, ends_at),) = await covers(here)
    assert starts_at.astimezone(ZoneInfo("Europe/Berlin")).hour == 18
    assert ends_at - starts_at == timedelta(hours=4)


async def test_pages_go_to_the_cover_only_once_it_has_begun(here: World) -> None:
    await typed(here, "maya", "#general", "/incident cover primary in 3h for 2h")
    listed = await typed(here, "tom", "#general", "/incident oncall primary")
    assert "covering" not in listed
    assert "Next: @maya" in listed
    assert "Upcoming covers: @maya" in listed
    for hours, paged, spared in ((0, TOM, MAYA), (4, MAYA, TOM), (2, TOM, MAYA)):
        await here.pass_time(hours=hours)
        await here.priya.command("#general", f"/incident declare sev1 Payments are down {hours}")
        await rest(here)
        title = f"Payments are down {hours}"
        assert any(title in words(here, m) for m in direct(here, paged)), hours
        assert not any(title in words(here, m) for m in direct(here, spared)), hours


async def test_the_form_asks_for_schedule_and_times_and_says_what_was_understood(here: World) -> None:
    now = here.tocsin.context.clock.now()
    assert await typed(here, "maya", "#general", "/incident cover later") == ""
    view = here.maya.view
    assert view.title == "Cover a schedule"
    starts, ends = now + timedelta(hours=5), now + timedelta(hours=9)
    await here.maya.fill(view, {"From": int(starts.timestamp()), "Until": int(ends.timestamp())})
    await here.maya.submit()
    await rest(here)
    assert "You will be on call on later from" in (await told(here, "maya"))[-1].replace("*", "")
    assert await covers(here) == [(MAYA, starts.replace(microsecond=0), ends.replace(microsecond=0))]


@pytest.mark.parametrize(
    ("starts", "ends", "where", "said"),
    [
        (-3, 4, "starts", "That time has passed"),
        (5, 5, "ends", "before the start"),
        (-0.5, -0.1, "ends", "before the start"),
    ],
)
async def test_a_form_with_times_that_cannot_be_says_so_beside_them(
    here: World, starts: float, ends: float, where: str, said: str
) -> None:
    now = here.tocsin.context.clock.now()
    await typed(here, "maya", "#general", "/incident cover")
    given = {"From": now + timedelta(hours=starts), "Until": now + timedelta(hours=ends)}
    await here.maya.fill(here.maya.view, {name: int(at.timestamp()) for name, at in given.items()})
    reply = await here.maya.submit()
    assert said in str(reply)
    assert where in str(reply)
    assert await covers(here) == []


async def test_the_button_under_oncall_and_in_the_home_tab_opens_the_form(here: World) -> None:
    reply = await here.maya.command("#general", "/incident oncall")
    assert reply.message is not None
    await here.maya.press(reply.message, "Cover for a while")
    assert here.maya.view.title == "Cover a schedule"
    await here.tom.open_home()
    await rest(here)
    home = here.tom.home()
    assert home is not None
    await here.tom.press(home, "Cover for a while")
    await here.tom.submit()
    await rest(here)
    assert "You are on call on primary" in direct(here, TOM)[-1].text.replace("*", "")


async def test_giving_up_also_ends_covers_to_come_and_names_them(here: World) -> None:
    await typed(here, "maya", "#general", "/incident cover primary for 2h")
    await typed(here, "maya", "#general", "/incident cover primary in 5h for 2h")
    said = await typed(here, "maya", "#general", "/incident cover primary none")
    assert "You no longer cover primary (now – " in said
    assert said.count("–") == 2
    assert await covers(here) == []
    refused = await typed(here, "maya", "#general", "/incident cover primary none")
    assert "You do not cover primary now, nor later." in refused


async def test_the_same_submission_twice_is_one_cover(here: World) -> None:
    await typed(here, "maya", "#general", "/incident cover primary")
    await here.maya.submit()
    (submitted,) = [d for d in here.ws.journal.deliveries if d.kind == "interactive"]
    assert (await damaged(here, "interactive", submitted.payload)).status == 200
    assert len(await covers(here)) == 1


async def test_a_shift_that_a_cover_cuts_short_ends_with_an_offer_to_hand_over(here: World) -> None:
    channel = await here.declared("sev1 Payments are down", by="priya")
    await typed(here, "priya", channel.name, "/incident lead @tom")
    await typed(here, "maya", "#general", "/incident cover primary in 1h for 4h")
    await here.pass_time(minutes=50)
    assert not any("Your on-call shift on" in m.text for m in direct(here, TOM))
    await here.pass_time(minutes=11)
    (offer,) = [m for m in direct(here, TOM) if "Your on-call shift on" in m.text]
    assert buttons(offer) == ["Hand over to maya", "I stay on"]


async def test_a_person_who_is_always_on_call_is_offered_to_hand_over_to_a_cover(here: World) -> None:
    channel = await here.declared("sev1 Payments are down", by="priya")
    await typed(here, "priya", channel.name, "/incident lead @tom")
    await typed(here, "maya", "#general", "/incident cover primary for 4h")
    await here.pass_time(seconds=1)
    (offer,) = [m for m in direct(here, TOM) if "Your on-call shift on" in m.text]
    assert buttons(offer) == ["Hand over to maya", "I stay on"]


async def test_a_commander_who_covers_is_asked_when_the_cover_ends(here: World) -> None:
    channel = await here.declared("sev1 Payments are down", by="priya")
    await typed(here, "priya", channel.name, "/incident lead @maya")
    await typed(here, "maya", "#general", "/incident cover primary in 1h for 4h")
    await here.pass_time(hours=2)
    assert not any("Your on-call shift on" in m.text for m in direct(here, MAYA))
    await here.pass_time(hours=3, seconds=1)
    (offer,) = direct(here, MAYA, "Your on-call shift on")
    assert buttons(offer) == ["Hand over to tom", "I stay on"]


async def test_giving_up_a_cover_to_come_ends_no_shift(here: World) -> None:
    channel = await here.declared("sev1 Payments are down", by="priya")
    await typed(here, "priya", channel.name, "/incident lead @maya")
    await typed(here, "maya", "#general", "/incident cover primary in 1h for 4h")
    await typed(here, "maya", "#general", "/incident cover primary none")
    await here.pass_time(hours=6)
    assert not any("Your on-call shift on" in m.text for m in direct(here, MAYA))


async def test_whoever_is_relieved_by_a_cover_is_told_and_told_again_when_it_is_given_up(here: World) -> None:
    await typed(here, "noor", "#general", "/incident cover primary for 2h")
    await rest(here)
    (message,) = direct(here, TOM, "covers")
    assert "@noor covers *primary* from" in words(here, message)
    assert "Pages for it go to @noor then, and not to you" in words(here, message)
    assert direct(here, here.noor.id) == []
    await typed(here, "noor", "#general", "/incident cover primary none")
    await rest(here)
    assert "@noor no longer covers *primary*: you are on call again" in words(here, direct(here, TOM)[-1])


async def test_a_cover_over_fourteen_days_is_asked_about(here: World) -> None:
    reply = await here.noor.command("#general", "/incident cover primary for 90d")
    assert "That is longer than usual" in words(here, reply.message)
    assert await covers(here) == []
    assert reply.message is not None
    await here.noor.press(reply.message, "Cover for 90d")
    await rest(here)
    assert [member for member, *_ in await covers(here)] == [here.noor.id]
    assert "You are on call" in await typed(here, "maya", "#general", "/incident cover later for 14d")
