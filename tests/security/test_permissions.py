"""Permissions are checked in one place for every entry point, refused kindly, and lock nobody out by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.check import run
from bot.domain.access.permissions import ALLOWED_WHEN_UNKNOWN, RESTRICTABLE_VERBS
from bot.policy import PolicyError, read
from bot.slack.commands.verbs import VERBS
from tests.scenarios.assertions import ephemeral_texts, settle, type_command, words
from tests.scenarios.hostile_requests import new_delivery, send_payload
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S

ONCALL = "S0ONCALL01"  # maya and tom
INSIDE = "inc-1-checkout-is-down"
# A line for each thing that can be restricted, by the verb that does it.
LINES = {
    "declare": "declare sev2 Another", "drill": "drill sev3 A drill", "update": "update Going on",
    "status": "status identified", "severity": "severity sev1", "role": "lead @noor", "handover": "handover @tom",
    "escalate": "escalate", "page": "page @tom", "note": "note x", "impact": "impact",
    "snooze": "snooze 30m", "next": "next 1h",
    "resolve": "resolve Done", "close": "close", "cancel": "cancel False alarm", "reopen": "reopen Again",
    "cover": "cover primary for 2h", "silence": "silence a=b for 2h", "policy": "policy apply", "redact": "redact",
    "action": "action Look @tom", "review": "review", "times": "times",
    "merge": "merge INC-1", "relate": "relate INC-1", "tag": "tag x",
    "comms": "comms", "maintenance": "maintenance",
}  # fmt: skip


def policy_of(tmp_path: Path, permissions: dict[str, list[str]]) -> Path:
    lines = [f"  {action}: {names!r}" for action, names in permissions.items()]
    path = tmp_path / "policy.yml"
    path.write_text(
        "preset: sev1-5\nannounce: '#incidents'\nschedules: {primary: {members: [U0MAYA0000]}}\n"
        + "\n".join(["permissions:", *lines])
    )
    return path


@pytest.fixture
async def strict_world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Everything except declaring is restricted to `@oncall` and the commander."""
    roles = {
        a: ["@oncall", *([] if a in ("drill", "cover", "silence", "maintenance") else ["role:commander"])]
        for a in RESTRICTABLE_VERBS
    }
    del roles["declare"]
    async with running_world(sqlite_url, policy=policy_of(tmp_path, roles)) as world:
        await wait_until_on_call(world)
        await world.declare(by="noor")
        await settle(world)
        yield world


async def wait_until_on_call(world: World, user: str = "") -> None:
    """Until Slack was asked who is on call, and this person is."""
    async with asyncio.timeout(WITHIN_S):
        while (people := world.tocsin.usergroups.members("oncall")) is None or (user and user not in people):
            await asyncio.sleep(0.02)


def test_every_verb_that_changes_something_can_be_restricted_or_is_free_for_a_reason() -> None:
    free = {
        "ack",
        "join",
        "invite",
        "lead",
        "trigger",
        "fields",
        "subscribe",
    }  # `lead` is `role`, `trigger` `escalate`, `fields` `note`; `subscribe` tells a channel what is public
    looking = {
        "roles",
        "timeline",
        "why",
        "list",
        "show",
        "oncall",
        "alerts",
        "actions",
        "help",
        "catchup",
        "search",
        "metrics",
    }
    looking |= {"metrics"}
    others = {"playbook"}  # its buttons run steps, which is restricted by `run`
    assert {verb.name for verb in VERBS} - free - looking - others == set(RESTRICTABLE_VERBS) - {"run"}
    assert set(LINES) == set(RESTRICTABLE_VERBS) - {"run"}


@pytest.mark.parametrize("action", sorted(set(RESTRICTABLE_VERBS) - {"declare", "run"}))
async def test_a_restricted_verb_is_refused_with_whom_to_ask_and_changes_nothing(
    strict_world: World, action: str
) -> None:
    before = (await strict_world.show())["timeline"]
    answer = await type_command(strict_world, "noor", INSIDE, f"/incident {LINES[action]}")
    assert "Only @oncall" in answer
    assert "@maya, @tom" in answer or "@tom, @maya" in answer
    assert (await strict_world.show())["timeline"] == before
    allowed = await type_command(strict_world, "maya", INSIDE, f"/incident {LINES[action]}")
    assert "Only @oncall" not in allowed


async def test_buttons_forms_shortcuts_and_mentions_need_the_same_permissions(strict_world: World) -> None:
    card = strict_world.card(await strict_world.incident_channel())
    for label in ("Update status", "Change severity", "Assign roles", "Resolve", "Escalate"):
        await strict_world.noor.press(card, label)
        assert "Only @oncall or the incident commander may" in (await ephemeral_texts(strict_world, "noor"))[-1], label
        with pytest.raises(LookupError):
            strict_world.noor.view  # no form that would be filled in for nothing
    await strict_world.noor.say(INSIDE, "@tocsin resolve I say so")
    assert "Only @oncall" in (await ephemeral_texts(strict_world, "noor"))[-1]
    assert (await strict_world.show())["status"] == "detected"


async def test_permission_is_checked_again_when_a_form_is_submitted(strict_world: World) -> None:
    """And what hides in a form is asked for too: an update that resolves."""
    card = strict_world.card(await strict_world.incident_channel())
    await strict_world.maya.press(card, "Update status")
    await strict_world.maya.fill(strict_world.maya.view, {"What changed?": "Fixed", "Status": "Resolved"})
    strict_world.ws.state.usergroups[ONCALL].users = ["U0TOM00000"]
    await strict_world.tocsin.usergroups.fetch(["oncall"])
    await strict_world.maya.submit()
    assert "Only @oncall" in str(strict_world.maya.view.body)
    assert (await strict_world.show())["status"] == "detected"


async def test_a_role_can_give_permission_and_acknowledging_is_never_restricted(strict_world: World) -> None:
    card = strict_world.card(await strict_world.incident_channel())
    await strict_world.priya.press(card, "Acknowledge")
    assert (await strict_world.show())["status"] == "acknowledged"
    await type_command(strict_world, "maya", INSIDE, "/incident lead @priya")
    refused = await type_command(strict_world, "noor", INSIDE, "/incident resolve")
    assert "@priya" in refused
    assert "leads INC-1" in refused
    assert "resolved" in await type_command(strict_world, "priya", INSIDE, "/incident resolve Restarted it")


async def test_acknowledging_by_the_status_verb_is_never_restricted(strict_world: World) -> None:
    assert "acknowledged" in await type_command(strict_world, "noor", INSIDE, "/incident status acknowledged")
    assert "Only @oncall" in await type_command(strict_world, "noor", INSIDE, "/incident status resolved")


async def test_a_new_member_of_a_group_is_let_in_soon(strict_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.directory.usergroups.REFUSAL_REFRESH_S", 0.0)
    strict_world.ws.state.usergroups[ONCALL].users = ["U0NOOR0000"]
    assert "Only @oncall" in await type_command(strict_world, "noor", INSIDE, "/incident note x")
    await wait_until_on_call(strict_world, "U0NOOR0000")
    assert "Noted" in await type_command(strict_world, "noor", INSIDE, "/incident note x")
    assert "Only @oncall" in await type_command(strict_world, "maya", INSIDE, "/incident note x")


async def test_while_slack_is_away_the_last_known_members_count(strict_world: World) -> None:
    strict_world.ws.faults.add("usergroups.*", status=500, count=None)
    await strict_world.restart()
    assert "Noted" in await type_command(strict_world, "maya", INSIDE, "/incident note x")
    assert "Only @oncall" in await type_command(strict_world, "noor", INSIDE, "/incident note x")


async def test_an_unknown_group_permits_nobody_and_help_still_works(sqlite_url: str, tmp_path: Path) -> None:
    """It is refused, since it was restricted on purpose; calls for help and the commander are allowed."""
    policy = policy_of(tmp_path, {a: ["@oncall"] for a in ("declare", "escalate", "page")} | {
        "resolve": ["@oncall", "role:commander"]
    })  # fmt: skip
    async with running_world(sqlite_url, policy=policy) as world:
        world.tocsin.timer.remove("user groups")
        world.tocsin.usergroups._members.clear()
        await world.declare(by="noor")
        answer = await type_command(world, "noor", INSIDE, "/incident resolve")
        assert "Slack has not told me yet who is in @oncall" in answer
        for line in ("escalate", "page @tom"):
            assert "Only" not in await type_command(world, "noor", INSIDE, f"/incident {line}")
        await type_command(world, "maya", INSIDE, "/incident lead @noor")
        assert "resolved" in await type_command(world, "noor", INSIDE, "/incident resolve Restarted it")


async def test_a_group_that_is_gone_is_empty(strict_world: World) -> None:
    strict_world.ws.state.usergroups[ONCALL].disabled = True
    await strict_world.tocsin.usergroups.fetch(["oncall"])
    answer = await type_command(strict_world, "maya", INSIDE, "/incident resolve")
    assert "Only @oncall" in answer
    await type_command(strict_world, "maya", INSIDE, "/incident ack")


async def test_check_says_what_each_group_gives(strict_world: World) -> None:
    async def found() -> list[str]:
        return [one.line() for one in await run.run(strict_world.settings) if one.subject == "permissions"]

    assert await found() == ["✓ permissions: 2 people in the user group oncall"]
    strict_world.ws.faults.add("usergroups.*", error="missing_scope", count=None)
    assert "does not say who is in oncall (missing_scope)" in (await found())[0]
    strict_world.ws.faults.clear()
    strict_world.ws.state.usergroups[ONCALL].users = []
    assert (await found())[0].startswith("⚠ permissions: nobody is in")
    strict_world.ws.state.usergroups[ONCALL].disabled = True
    assert (await found())[0].startswith("✗ permissions: there is no user group oncall")


@pytest.mark.parametrize(
    ("permissions", "mend"),
    [
        ({"ack": ["@sre"]}, "everybody who is paged must be able to answer"),
        ({"list": ["@sre"]}, "it only reads"),
        ({"reslove": ["@sre"]}, "Did you mean resolve?"),
        ({"resolve": []}, "is empty, so nobody could do it"),
        ({"resolve": ["role:comander"]}, "Did you mean commander?"),
        ({"declare": ["role:commander"]}, "before anybody has a role"),
        ({"resolve": ["sre"]}, "is not a person or group"),
        ({"resolve": ["@Two Words"]}, "is not a user group"),
    ],
)
def test_invalid_permissions_are_reported_with_a_hint(
    tmp_path: Path, permissions: dict[str, list[str]], mend: str
) -> None:
    with pytest.raises(PolicyError, match=None) as raised:
        read(policy_of(tmp_path, permissions))
    assert mend in str(raised.value)


def test_permissions_that_may_lock_people_out_cause_a_warning(tmp_path: Path) -> None:
    for action in ALLOWED_WHEN_UNKNOWN | {"resolve"}:
        warned = [str(one) for one in read(policy_of(tmp_path, {action: ["@sre"]})).warnings]
        assert any(f"permissions.{action}" in one for one in warned), action


async def test_forged_forms_and_presses_reach_no_private_incident(world: World) -> None:
    """The number in a form or a button is not believed: a private incident is not there for others."""
    await world.maya.shortcut("Declare incident")
    await world.maya.fill(world.maya.view, {"Title": "Takeover", "Severity": "sev2", "Private": "private"})
    await world.maya.submit()
    await world.ws.until(lambda: world.ws.find_channel("inc-1") is not None)
    await settle(world)
    await world.noor.command("#general", "/incident declare sev3 Open to all")
    card = world.card(await world.incident_channel(2))
    kinds: list[dict[str, Any]] = []
    for label in ("Update status", "Change severity", "Assign roles", "Resolve"):
        await world.noor.press(card, label)
        if label == "Update status":
            await world.noor.fill(world.noor.view, {"What changed?": "More"})
        if label == "Resolve":
            await world.noor.fill(world.noor.view, {"What fixed it?": "This"})
        await world.noor.submit()
    await settle(world)
    for delivery in world.ws.journal.deliveries:
        if delivery.kind == "interactive" and "INC-2" in str(delivery.payload):
            kinds.append(delivery.payload)
    assert len(kinds) >= 8
    before = await world.show(1)
    for payload in kinds:
        forged = new_delivery(payload)
        for action in forged.get("actions") or ():
            action["value"] = str(action.get("value", "")).replace("INC-2", "INC-1")
        if "view" in forged:
            forged["view"]["private_metadata"] = forged["view"]["private_metadata"].replace("INC-2", "INC-1")
        said = await send_payload(world, "interactive", forged)
        assert said.status == 200
        assert "Takeover" not in said.text
    await settle(world)
    assert await world.show(1) == before
    assert not any("Takeover" in words(world, shown) for shown in world.ws.ephemerals("noor"))
