"""Schedules that live at PagerDuty: read, mapped to contacts, and kept while PagerDuty is away.

The double answers as the API reference's examples of “Get a schedule” and “Get a user” do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from bot.check.run import run
from bot.integrations.pagerduty_schedules import Entry, Schedules
from bot.workers import pagerduty_schedule_sync, usergroup_sync
from bot.workers.pagerduty_schedule_sync import PagerDutyScheduleSync
from storage import overrides
from tests.domain.policies import POLICY as DOMAIN_POLICY
from tests.integrations.doubles import Asked, Double, Reply, serving
from tests.scenarios.assertions import direct_messages, settle, type_command, until, words
from tests.scenarios.running import World, policy_file, running_world
from tests.usecases.conftest import MakeContext, clock, make_context
from tests.waiting import WITHIN_S

__all__ = ["clock", "make_context"]

TOKEN = "the-api-token-of-pagerduty"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  tom: {name: Tom Baker, slack: U0TOM00000, email: Tom@Example.com}
  priya: {name: Priya Shah, slack: U0PRIYA000}
schedules:
  primary: {pagerduty: PI7DH85}
severities:
  sev1: {respond_within: null, escalate_after: null, update_every: null, roles: [], notify_executives: false,
    ladder: [{after: 0m, notify: ["schedule:primary"]}]}
"""
PEOPLE = {"PTOM001": ("Thomas B.", "tom@example.com"), "PPRIYA1": ("Priya Shah", "priya@elsewhere.example")}


@dataclass(slots=True)
class PagerDutyApi(Double):
    """`shifts`: user, start, end."""

    shifts: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def usual(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Token token={TOKEN}":
            return Reply(401, {"error": {"message": "Unauthorized", "code": 2006}})
        kind, _, identity = asked.path.strip("/").partition("/")
        if kind == "users":
            name, email = PEOPLE[identity]
            return Reply(200, {"user": {"id": identity, "type": "user", "name": name, "email": email}})
        if identity != "PI7DH85":
            return Reply(404, {"error": {"message": "Not Found", "code": 2100}})
        entries = [
            {
                "start": start.isoformat().replace("+00:00", "Z"),
                "end": end.isoformat().replace("+00:00", "Z"),
                "user": {
                    "id": user,
                    "type": "user_reference",
                    "summary": PEOPLE[user][0],
                    "self": f"https://api.pagerduty.com/users/{user}",
                    "html_url": f"https://subdomain.pagerduty.com/users/{user}",
                },
            }
            for user, start, end in self.shifts
        ]
        final: dict[str, Any] = {"name": "Final Schedule", "rendered_schedule_entries": entries}
        schedule = {"id": identity, "type": "schedule", "name": "Daily Engineering Rotation", "final_schedule": final}
        return Reply(200, {"schedule": {**schedule, "time_zone": "UTC", "schedule_layers": [], "users": []}})


@pytest.fixture
async def api() -> AsyncIterator[PagerDutyApi]:
    now = datetime.now(UTC).replace(microsecond=0)
    handoff = now + timedelta(hours=6)
    shifts = [("PTOM001", now - timedelta(hours=6), handoff), ("PPRIYA1", handoff, handoff + timedelta(hours=12))]
    async with serving(PagerDutyApi(shifts=shifts)) as double:
        assert isinstance(double, PagerDutyApi)
        yield double


@pytest.fixture
async def world(
    database_url: str, api: PagerDutyApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    monkeypatch.setattr(usergroup_sync, "LOOK_S", 0.05)
    monkeypatch.setattr(pagerduty_schedule_sync, "LOOK_S", 0.05)
    monkeypatch.setattr(pagerduty_schedule_sync, "REFRESH_S", 0.1)
    monkeypatch.setattr(pagerduty_schedule_sync, "AGAIN_S", 0.1)
    policy = policy_file(tmp_path, POLICY)
    async with running_world(
        database_url, policy=policy, pagerduty_api_token=TOKEN, pagerduty_api_url=api.url
    ) as running:
        await until(lambda: api.asked)
        yield running


async def said_of(world: World, words: str) -> str:
    async with asyncio.timeout(WITHIN_S):
        while words not in (said := await type_command(world, "maya", "#general", "/incident oncall primary")):
            await asyncio.sleep(0.05)
    return said


def page_texts(world: World, person: str) -> list[str]:
    return [m.text for m in direct_messages(world, person, "paged")]


async def test_the_person_on_call_in_pagerduty_is_shown_and_paged(world: World, api: PagerDutyApi) -> None:
    said = await said_of(world, "@tom")
    assert "Next: @priya" in said
    assert "covering" not in said
    assert "Upcoming covers" not in said
    await world.declare("sev1 Payments are down")
    await settle(world)
    assert page_texts(world, "U0TOM00000")
    users = [asked.path for asked in api.asked if asked.path.startswith("/users/")]
    assert len(users) == len(set(users))  # asked once for each person
    asked = next(asked for asked in api.asked if "schedules" in asked.path)
    assert asked.query["time_zone"] == "UTC"


async def test_a_changed_schedule_is_followed_and_a_cover_outranks_it(world: World, api: PagerDutyApi) -> None:
    await said_of(world, "@tom")
    now = datetime.now(UTC).replace(microsecond=0)
    api.shifts = [("PPRIYA1", now - timedelta(hours=1), now + timedelta(hours=5))]
    await said_of(world, "@priya")
    await type_command(world, "maya", "#general", "/incident cover primary for 1h")
    assert "@maya, covering" in await type_command(world, "maya", "#general", "/incident oncall primary")
    await type_command(world, "maya", "#general", "/incident cover primary none")
    assert "priya" in await type_command(world, "maya", "#general", "/incident oncall primary")


async def test_while_pagerduty_is_away_the_last_schedule_holds_and_says_its_age(
    world: World, api: PagerDutyApi
) -> None:
    await said_of(world, "@tom")
    api.always = Reply(503, {"error": {"message": "Internal Server Error"}})
    before = len(api.asked)
    await until(lambda: len(api.asked) > before + 1)
    assert "has not answered" not in await type_command(world, "maya", "#general", "/incident oncall primary")
    await world.pass_time(minutes=40)
    said = await type_command(world, "maya", "#general", "/incident oncall primary")
    assert "PagerDuty has not answered since" in said
    assert "@tom" in said
    await world.restart()
    await world.pass_time(minutes=40)
    assert "@tom" in await type_command(world, "maya", "#general", "/incident oncall primary")


async def test_a_person_who_is_no_contact_is_reported_and_their_rung_falls_through(
    world: World, api: PagerDutyApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, "PDORA01", ("Dora Diaz", ""))
    monkeypatch.setitem(PEOPLE, "PEMIL01", ("Emil Ek", "emil@elsewhere.example"))
    now = datetime.now(UTC).replace(microsecond=0)
    api.shifts = [
        ("PDORA01", now - timedelta(hours=1), now + timedelta(hours=5)),
        ("PEMIL01", now + timedelta(hours=5), now + timedelta(hours=9)),
    ]
    said = await said_of(world, "Dora Diaz")
    assert "primary: nobody here can reach Dora Diaz: at PagerDuty on call, in the policy no contact." in said
    channel = await world.declare("sev1 Payments are down")
    await settle(world)
    gap = "Dora Diaz is on call on primary, and the policy has no such contact"
    assert any(gap in words(world, m) for m in world.ws.bot_messages(channel.id))
    warned = [one.message for one in await run(world.settings) if one.subject == "schedules" and one.warning]
    assert ["Dora Diaz" in warned[0], "nobody here can reach them" in warned[0]] == [True, True]
    assert ["Emil Ek" in warned[1], "Slack is asked who has their address" in warned[1]] == [True, True]
    assert len(warned) == 2


async def test_the_import_of_a_schedule_that_the_policy_dropped_is_deleted(world: World) -> None:
    await said_of(world, "@tom")
    document = {**world.tocsin.context.policies.document, "schedules": {}}
    policy = world.tocsin.context.policies.read(document)
    world.tocsin.context.policies.put_in_force(policy, document)
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                if not await overrides.in_force(conn, datetime.now(UTC)):
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "primary is read from PagerDuty: 2 shifts in 90 days, on call now: Thomas B."),
        ({"pagerduty_api_token": "wrong"}, "PagerDuty refuses the token (401); check PAGERDUTY_API_TOKEN"),
        ({"pagerduty_api_token": None}, "needs PAGERDUTY_API_TOKEN"),
    ],
)
async def test_check_says_what_it_would_read(world: World, given: dict[str, Any], words: str) -> None:
    settings = world.settings.model_copy(update=given)
    if given.get("pagerduty_api_token"):
        settings = world.settings.model_copy(update={"pagerduty_api_token": SecretStr("wrong")})
    said = [finding.line() for finding in await run(settings)]
    assert any(words in line for line in said), said
    assert not any(TOKEN in line for line in said)


def test_a_name_at_pagerduty_is_nobodys_slack_id() -> None:
    begins, ends = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    shift = Entry("P1", "U0NOOR0000", None, begins, ends)
    assert pagerduty_schedule_sync.member_of(shift, DOMAIN_POLICY) == "U0NOOR0000 (PagerDuty)"


async def test_a_client_put_in_use_while_the_earlier_one_reads_is_used_at_once(
    make_context: MakeContext,
) -> None:
    read: list[str] = []

    class Client:
        def __init__(self, name: str) -> None:
            self.name = name

        async def entries(self, *_: object) -> list[Entry]:
            read.append(self.name)
            if self.name == "old":
                sync.use(cast(Schedules, Client("new")))
            return []

    context = make_context("preset: sev1-5\nschedules: {primary: {pagerduty: PABC123}}\n")
    sync = PagerDutyScheduleSync(context, cast(Schedules, Client("old")))
    for _ in range(3):
        await sync.refresh()
    assert read == ["old", "new"]
    policy = replace(context.policy, digest="another")  # as after a change of the policy: its contacts may differ
    context.policies.put_in_force(policy, context.policies.document)
    await sync.refresh()
    assert read == ["old", "new", "new"]
