"""Only people of the workspace approve dangerous steps: no guests and nobody of another organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.access.identity import Identity, Membership
from bot.slack.directory import names
from bot.slack.directory.identities import identity_from_profile
from bot.slack.inbound.event_parser import BotIdentity
from sandbox import Channel, Message
from tests.scenarios.assertions import buttons, type_command
from tests.scenarios.playbook_runs import (
    ask_for_failover,
    direct_messages,
    ephemeral_texts,
    fill_form,
    policy_file,
    press,
    request,
    run_message,
    words,
)
from tests.scenarios.running import World, running_world

GAIL, ALEX, PRIYA = "U0GAIL0000", "U0ALEX0000", "U0PRIYA000"


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path)) as running:
        yield running


async def asked_with_guests(world: World) -> tuple[Channel, Message]:
    """The partner's organisation shares the channel, so that Slack does not call them a stranger any more."""
    channel, asked = await ask_for_failover(world)
    channel.is_ext_shared = True
    for name in ("gail", "alex"):
        world.ws.membership.join(channel, world.ws.user(name))
    return channel, asked


@pytest.fixture(autouse=True)
def _no_look_ups_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """They ask Slack for the same accounts, which is counted here."""
    monkeypatch.setattr(names, "LOOK_S", 3600.0)


@pytest.mark.parametrize(
    ("who", "what"), [("gail", "You are a guest here, and only"), ("alex", "You are of another organisation, and only")]
)
async def test_guests_and_partners_neither_approve_nor_break_the_glass(world: World, who: str, what: str) -> None:
    channel, asked = await asked_with_guests(world)
    await press(world, who, asked, "Approve")
    assert (await ephemeral_texts(world, who))[-1].startswith(
        f"{what} people of this workspace may approve this. Ask @tom or any"
    )
    await press(world, who, asked, "Break glass")
    assert f"{what} people of this workspace may break the glass" in (await ephemeral_texts(world, who))[-1]
    assert "`playbooks.approvers`" in (await ephemeral_texts(world, who))[-1]
    with pytest.raises(LookupError):
        world.ws.person(who).view  # no form that would be filled in for nothing
    assert "asked for approval" in words(world, run_message(world, channel))
    await press(world, who, asked, "Refuse")  # saying no is never dangerous
    await fill_form(world, who, Why_="Not during our backup")
    assert f"refused by @{who}" in words(world, run_message(world, channel))


async def test_a_person_who_became_a_guest_while_the_form_was_open_breaks_no_glass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.directory.identities.FRESH_S", 0.0)
    channel, asked = await asked_with_guests(world)
    await press(world, "priya", asked, "Break glass")
    world.ws.change_user("priya", is_ultra_restricted=True)
    await world.priya.fill(world.priya.view, {"Why can it not wait?": "Nobody else is awake"})
    await world.priya.submit()
    assert "You are a guest here" in str(world.priya.view.body)
    assert "asked for approval" in words(world, run_message(world, channel))


@pytest.mark.parametrize(
    ("approvers", "who", "may"),
    [
        (f"user:{GAIL}", "gail", True),
        ("contact:guest", "gail", True),
        ("schedule:guests", "gail", True),
        ("schedule:ours", "gail", False),  # she may not cover it
        ("role:technical_lead", "gail", False),  # a role in the incident is no name in the policy
        (f"user:{ALEX}", "alex", True),
        ("contact:partner", "alex", False),  # the admins of their workspace write the addresses there
        ("contact:dba", "priya", True),
        ("contact:dba", "tom", False),
    ],
)
async def test_the_policy_may_name_guests_and_nobody_can_name_themselves(
    sqlite_url: str, tmp_path: Path, approvers: str, who: str, may: bool
) -> None:
    rules = f"""
playbooks: {{approvers: ["{approvers}"]}}
contacts:
  guest: {{slack: Gail@example.org}}
  partner: {{slack: alex@partner.example}}
  dba: {{slack: PRIYA@example.com}}
schedules:
  guests: {{members: [{GAIL}]}}
  ours: {{members: [{PRIYA}]}}
"""
    async with running_world(sqlite_url, policy=policy_file(tmp_path, rules)) as world:
        world.tocsin.timer.remove("people's accounts")
        assert "may cover schedules" in await type_command(world, "gail", "#payments", "/incident cover ours for 2h")
        channel, asked = await asked_with_guests(world)
        assert "may give roles" in await type_command(
            world, "gail", channel.name, "/incident role technical_lead @gail"
        )
        await type_command(world, "maya", channel.name, "/incident role technical_lead @gail")
        assert (await world.show())["roles"]["technical_lead"] == GAIL
        calls = len(world.ws.calls("users.lookupByEmail"))
        await press(world, who, asked, "Approve")
        assert ("Approved by" in words(world, run_message(world, channel))) is may, await ephemeral_texts(world, who)
        assert len(world.ws.calls("users.lookupByEmail")) == calls  # however many addresses the policy has


async def test_while_slack_is_away_only_people_known_to_belong_to_the_workspace_may_approve(world: World) -> None:
    world.tocsin.timer.remove("people's accounts")
    world.ws.faults.add("users.info", status=500, count=None)
    channel, asked = await asked_with_guests(world)
    await press(world, "priya", asked, "Approve")
    assert (
        "Slack has not told me yet whether you belong to this workspace" in (await ephemeral_texts(world, "priya"))[-1]
    )
    world.ws.faults.clear()
    asked_before = len([call for call in world.ws.calls("users.info") if call.args["user"] == PRIYA])
    await press(world, "priya", asked, "Approve")
    assert "Approved by @priya" in words(world, run_message(world, channel))
    world.ws.faults.add("users.info", status=500, count=None)
    await press(world, "maya", run_message(world, channel), "Done")
    await press(world, "maya", run_message(world, channel), "Ask for approval")
    await press(world, "priya", request(world, channel), "Approve")
    assert "Approved by @priya" in words(world, run_message(world, channel))
    assert len([call for call in world.ws.calls("users.info") if call.args["user"] == PRIYA]) == asked_before + 1
    assert buttons(direct_messages(world, "tom", "asked to do")[-1]) == []


ME = BotIdentity("U0BOT", "B0BOT", "T0OURS", enterprise_id="E0OURS")


@pytest.mark.parametrize(
    ("user", "standing"),
    [
        ({"team_id": "T0OURS"}, Membership.MEMBER),
        ({"team_id": "T0OURS", "is_restricted": True}, Membership.GUEST),
        ({"team_id": "T0OURS", "is_restricted": False, "is_ultra_restricted": True}, Membership.GUEST),
        ({"team_id": "T0OURS", "is_stranger": True}, Membership.OUTSIDE),
        ({"team_id": "T0THEIRS"}, Membership.OUTSIDE),
        ({}, Membership.OUTSIDE),
        (
            {"team_id": "T0THEIRS", "enterprise_user": {"enterprise_id": "E0OTHER", "teams": ["T0X"]}},
            Membership.OUTSIDE,
        ),
        ({"team_id": "T0NEXT", "enterprise_user": {"enterprise_id": "E0OURS", "teams": ["T0NEXT"]}}, Membership.MEMBER),
        ({"team_id": "T0NEXT", "enterprise_user": {"teams": ["T0NEXT", "T0OURS"]}}, Membership.MEMBER),
    ],
)
def test_membership_is_read_from_slacks_profile(user: dict[str, Any], standing: Membership) -> None:
    found = identity_from_profile({"id": "U1", "profile": {"email": "Ana@example.com"}, **user}, ME)
    assert found == Identity("U1", standing, None if standing is Membership.OUTSIDE else "Ana@example.com")
    assert found.is_among(["ana@Example.com"]) is (standing is not Membership.OUTSIDE)
    assert found.is_among(["U1"])
    assert not found.is_among(["U2", "bob@example.com"])
