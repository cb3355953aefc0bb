"""The home tab: a person's own work, the people on call, the open incidents; kept up to date while it is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Person
from storage import incidents
from tests.scenarios.assertions import settle, type_command
from tests.scenarios.running import World, policy_file
from tests.storage.helpers import incident

TOM = "U0TOM00000"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {tom: {name: Tom, slack: tom@example.com}}
schedules: {primary: {members: [tom]}}
severities:
  sev1: {ladder: [{after: 0m, notify: ["schedule:primary"], by: [slack]}]}
  sev2: {ladder: []}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def open_home(world: World, who: Person) -> str:
    await who.open_home()
    await settle(world)
    return home_text(who)


def home_text(who: Person) -> str:
    view = who.home()
    return "" if view is None else str(view.body["blocks"])


def publish_count(world: World) -> int:
    return len(world.ws.calls("views.publish"))


async def test_the_home_tab_is_published_when_it_is_opened(world: World) -> None:
    said = await open_home(world, world.maya)
    for part in ("Declare incident", "My incidents", "On call now", "primary", "Tom", "Open incidents", "All is quiet"):
        assert part in said


async def test_declare_incident_opens_the_form(world: World) -> None:
    await open_home(world, world.maya)
    view = world.maya.home()
    assert view is not None
    await world.maya.press(view, "Declare incident")
    assert world.maya.view.title == "Declare incident"


async def test_the_home_tab_follows_my_incidents_and_my_roles(world: World) -> None:
    await open_home(world, world.maya)
    channel = await world.declare("sev2 Checkout is down")
    await type_command(world, "maya", channel.name, "/incident lead @maya")
    await settle(world)
    assert "Checkout is down" in home_text(world.maya)
    assert "you are Incident commander" in home_text(world.maya)
    await type_command(world, "maya", channel.name, "/incident resolve fixed")
    await settle(world)
    assert "Checkout is down" not in home_text(world.maya)


async def test_pages_can_be_answered_in_the_home_tab(world: World) -> None:
    await open_home(world, world.tom)
    await world.declare("sev1 Payments are down")
    await settle(world)
    view = world.tom.home()
    assert view is not None
    page = home_text(world.tom)
    assert "My pages" in page
    for part in ("sev1 · Critical", "rung 1", "paged ", " ago", f"<#{(await world.show())['channel_id']}>", "Can't"):
        assert part in page
    await world.tom.press(view, "I'm on it")
    await settle(world)
    assert (await world.show())["status"] == "acknowledged"
    assert "My pages" not in home_text(world.tom)


async def test_the_home_tab_shows_private_incidents_only_to_people_in_them(world: World) -> None:
    await open_home(world, world.maya)
    await open_home(world, world.priya)
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Key material leaked", "Severity": "sev2", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await settle(world)
    assert "leaked" in home_text(world.maya)
    assert "leaked" not in await open_home(world, world.priya)


async def test_the_home_tab_of_a_person_who_does_not_look_costs_no_call(world: World) -> None:
    await world.declare("sev2 Checkout is down")
    await settle(world)
    assert publish_count(world) == 0
    await open_home(world, world.priya)
    await world.pass_time(hours=1)
    before = publish_count(world)
    await type_command(world, "maya", "#general", "/incident severity sev3 --in INC-1")
    await settle(world)
    assert publish_count(world) == before


async def test_a_change_that_the_home_tab_does_not_show_publishes_nothing(world: World) -> None:
    await open_home(world, world.maya)
    channel = await world.declare("sev2 Checkout is down")
    await type_command(world, "maya", channel.name, "/incident ack")
    await settle(world)
    before = publish_count(world)
    await type_command(world, "maya", channel.name, "/incident note looked at the graphs")
    await type_command(world, "maya", channel.name, "/incident update rolling back")
    await settle(world)
    assert publish_count(world) == before


async def many_open(world: World, count: int, severity: str = "sev5") -> None:
    """Open incidents that concern nobody here."""
    async with world.tocsin.database.transaction() as conn:
        for number in range(100, 100 + count):
            await incidents.insert(conn, incident(number, title=f"Noise {number}", severity=severity))


async def test_a_role_a_page_and_the_worst_are_shown_however_many_incidents_are_open(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await settle(world)
    await many_open(world, 300)
    assert "You are paged: *INC-1*" in await open_home(world, world.tom)
    await type_command(world, "maya", channel.name, "/incident lead @maya")
    mine = await open_home(world, world.maya)
    assert "you are Incident commander" in mine
    assert "Open incidents: 301" in mine
    assert mine.rindex("Payments are down") < mine.index("Noise 399")  # the worst first
    listed = await type_command(world, "priya", "#general", "/incident list sev1")
    assert "1 incident open" in listed
    assert "INC-1" in listed
    everything = await type_command(world, "priya", "#general", "/incident list")
    assert "301 incidents open" in everything
    assert everything.index("Payments are down") < everything.index("Noise 399")


async def test_drills_are_counted_by_themselves(world: World) -> None:
    await world.declare("sev2 Payments are down")
    await type_command(world, "maya", "#general", "/incident drill sev1 The database is gone")
    await settle(world)
    assert "Open incidents: 1 and 1 drill" in await open_home(world, world.maya)
    assert "1 incident open and 1 drill" in await type_command(world, "maya", "#general", "/incident list")
