"""Nobody gives themselves a right: not by a role they take, nor by a cover, nor by an approver they have just named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.policy import read
from tests.scenarios.assertions import declare, direct_messages, settle, type_command
from tests.scenarios.playbook_runs import (
    FAILOVER,
    ask_for_failover,
    ephemeral_texts,
    open_run,
    policy_file,
    press,
    request,
    run_message,
    start_incident,
    to_step,
    words,
)
from tests.scenarios.running import running_world

INSIDE = "inc-1-checkout-is-down"
ROLES = "playbooks: {approvers: ['role:technical_lead']}\n"
COVERS = "playbooks: {approvers: ['schedule:dba']}\nschedules: {dba: {members: [U0LENA0000]}}\n"


async def test_a_role_that_a_person_took_gives_no_right_until_somebody_else_gives_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\npermissions: {resolve: ['role:commander']}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await declare(world)
        await world.noor.join(INSIDE)
        await type_command(world, "noor", INSIDE, "/incident lead me")
        answer = await type_command(world, "noor", INSIDE, "/incident resolve Done")
        assert "You took the role Incident commander yourself" in answer
        assert (await world.show())["status"] != "resolved"
        await type_command(world, "maya", INSIDE, "/incident lead @noor")
        assert "is resolved" in await type_command(world, "noor", INSIDE, "/incident resolve Done")


async def test_a_handed_over_role_gives_the_right(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\npermissions: {resolve: ['role:commander']}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await declare(world)
        await world.noor.join(INSIDE)
        await type_command(world, "maya", INSIDE, "/incident lead me")
        await type_command(world, "maya", INSIDE, "/incident handover @noor")
        await settle(world)
        await world.noor.press(direct_messages(world, world.noor.id)[-1], "Accept")
        assert "is resolved" in await type_command(world, "noor", INSIDE, "/incident resolve Done")


async def test_an_approver_is_nobody_who_took_the_role_after_the_request(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, ROLES)) as world:
        channel, asked = await ask_for_failover(world)
        await type_command(world, "priya", channel.name, "/incident role technical_lead me")
        await press(world, "priya", asked, "Approve")
        assert "a role or a cover that you had before this was asked" in (await ephemeral_texts(world, "priya"))[-1]
        assert "asked for approval" in words(world, run_message(world, channel))
        await type_command(world, "tom", channel.name, "/incident role technical_lead @priya")
        await press(world, "priya", asked, "Approve")
        assert "Approved by @priya" in words(world, run_message(world, channel))


async def test_an_approver_is_nobody_whom_the_requester_has_just_named(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, ROLES)) as world:
        channel, asked = await ask_for_failover(world)  # by maya
        await type_command(world, "maya", channel.name, "/incident role technical_lead @priya")
        await press(world, "priya", asked, "Approve")
        assert "somebody else than @maya gave you" in (await ephemeral_texts(world, "priya"))[-1]
        assert "asked for approval" in words(world, run_message(world, channel))


async def test_an_approver_by_a_role_that_predates_the_playbook_may_have_it_from_the_requester(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, ROLES)) as world:
        channel = await start_incident(world)
        await type_command(world, "maya", channel.name, "/incident role technical_lead @priya")
        await open_run(world, channel, FAILOVER)
        await press(world, "maya", await to_step(world, channel, "2.1"), "Ask for approval")
        asked = request(world, channel)
        await press(world, "priya", asked, "Approve")
        assert "Approved by @priya" in words(world, run_message(world, channel))


async def test_a_cover_taken_after_the_request_makes_nobody_an_approver(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, COVERS)) as world:
        channel, asked = await ask_for_failover(world)
        await type_command(world, "priya", channel.name, "/incident cover dba for 2h")
        await press(world, "priya", asked, "Approve")
        assert "a role or a cover that you had before this was asked" in (await ephemeral_texts(world, "priya"))[-1]
        await type_command(world, "priya", channel.name, "/incident cover dba none")
        await world.lena.join(channel.name)
        await press(world, "lena", asked, "Approve")
        assert "Approved by @lena" in words(world, run_message(world, channel))


async def test_a_cover_taken_since_the_declaration_gives_no_right_by_the_group_that_follows_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(
        "preset: sev1-5\nschedules: {primary: {members: [U0MAYA0000], usergroup: '@oncall'}}\n"
        "permissions: {resolve: ['@oncall', 'user:U0SAM00000']}\n"
    )
    async with running_world(sqlite_url, policy=policy) as world:
        await declare(world)
        await world.noor.join(INSIDE)
        await type_command(world, "noor", INSIDE, "/incident cover primary for 2h")
        world.ws.state.usergroups["S0ONCALL01"].users = [world.noor.id]
        await world.tocsin.usergroups.fetch(["oncall"])
        assert world.noor.id in (world.tocsin.usergroups.members("oncall") or ())
        assert "Only @oncall" in await type_command(world, "noor", INSIDE, "/incident resolve Done")
        await world.tom.command("#general", "/incident declare sev4 Typo on the page")
        await world.incident_channel(2)
        assert "is resolved" in await type_command(world, "noor", "#general", "/incident resolve Done --in INC-2")


@pytest.mark.parametrize(
    ("policy", "warning"),
    [
        ("permissions: {resolve: ['@oncall', 'role:commander']}", "anybody may cover primary, and so be on this list"),
        ("playbooks: {approvers: ['schedule:primary']}", "anybody may cover primary, and so be on this list"),
        ("playbooks: {approvers: ['role:technical_lead']}", "anybody may give the role technical_lead"),
    ],
)
def test_check_warns_of_rights_that_anybody_can_give(tmp_path: Path, policy: str, warning: str) -> None:
    path = tmp_path / "policy.yml"
    schedule = "schedules: {primary: {members: [U0MAYA0000], usergroup: '@oncall'}}\n"
    path.write_text(f"preset: sev1-5\n{schedule}{policy}\n")
    assert any(warning in text for text in read(path).warnings)
    closed = "role: ['user:U0MAYA0000'], cover: ['user:U0MAYA0000']"
    if policy.startswith("permissions"):
        path.write_text(f"preset: sev1-5\n{schedule}{policy.replace('resolve', f'{closed}, resolve')}\n")
    else:
        path.write_text(f"preset: sev1-5\n{schedule}{policy}\npermissions: {{{closed}}}\n")
    assert not any(warning in text for text in read(path).warnings)
