"""Approval of playbook steps in the workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, of_kind, settle, type_command
from tests.scenarios.playbook_runs import (
    FAILOVER,
    SCALE,
    ask_for_failover,
    direct_messages,
    ephemeral_texts,
    fill_form,
    open_run,
    playbook_entries,
    policy_file,
    press,
    request,
    run_message,
    to_step,
    words,
)
from tests.scenarios.running import World, running_world


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing is reminded of but playbooks."""
    async with running_world(sqlite_url, policy=policy_file(tmp_path)) as running:
        yield running


async def test_the_requester_cannot_approve_but_another_can(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    assert "Done" not in buttons(run_message(world, channel))
    assert SCALE in words(world, asked)
    assert buttons(asked) == ["Approve", "Refuse", "Break glass"]
    await press(world, "maya", asked, "Approve")
    assert (await ephemeral_texts(world, "maya"))[-1] == "You asked for this approval, so somebody else has to give it."
    (to_tom,) = direct_messages(world, "tom")
    assert SCALE in words(world, to_tom)
    assert direct_messages(world, "maya") == []
    await press(world, "tom", to_tom, "Approve")
    message = run_message(world, channel)
    assert "Approved by @tom" in words(world, message)
    assert "Done" in buttons(message)
    for settled in (request(world, channel, "asked to do"), *direct_messages(world, "tom", "asked to do")):
        assert buttons(settled) == []
        assert "approved by @tom" in words(world, settled)
    await press(world, "maya", message, "Done")
    assert "# 2.2 Promote the replica" in words(world, run_message(world, channel))


async def test_a_refusal_says_why_and_the_step_stays_open(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await press(world, "tom", asked, "Refuse")
    await fill_form(world, "tom", Why_="Not before the backup")
    message = run_message(world, channel)
    assert "refused by @tom: Not before the backup" in words(world, message)
    assert "Ask for approval" in buttons(message)
    await press(world, "maya", message, "Ask for approval")
    assert (await playbook_entries(world))[-1].endswith("asks for approval")


async def test_skipping_a_waiting_step_withdraws_its_request(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await press(world, "priya", run_message(world, channel), "Skip")
    assert "<@U0MAYA0000> asked for approval of this step. Skipping it withdraws the request." in str(
        world.priya.view.body
    )
    await fill_form(world, "priya", Why_="It is gone already.")
    for settled in (world.ws.state.message(asked.channel, asked.ts), *direct_messages(world, "tom", "asked to do")):
        assert buttons(settled) == []
        assert words(world, settled).endswith("no longer needed: @priya skipped the step, It is gone already.")
    assert "2.1 Keep the old primary away — skipped by @priya" in words(world, run_message(world, channel))


async def test_breaking_the_glass_takes_a_reason_that_everyone_sees(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await press(world, "maya", asked, "Break glass")
    reply = await world.maya.submit()
    assert "required" in str(reply.errors)
    await fill_form(world, "maya", Why_can_it_not_wait_="Nobody else is awake")
    loud = request(world, channel, "broke the glass")
    assert "goes ahead without approval" in words(world, loud)
    assert SCALE in words(world, loud)
    assert "Done" in buttons(run_message(world, channel))
    (said,) = [e for e in of_kind(await world.show(), "playbook") if "BROKE THE GLASS" in e["text"]]
    assert said["key"]
    assert "Nobody else is awake" in said["text"]


async def test_a_policy_can_forbid_break_glass_and_name_approvers(sqlite_url: str, tmp_path: Path) -> None:
    rules = 'playbooks: {break_glass: false, approvers: ["contact:dba"], approval_expires: 10m}\n'
    rules += "contacts: {dba: {slack: priya@example.com}}\n"
    async with running_world(sqlite_url, policy=policy_file(tmp_path, rules)) as world:
        channel, asked = await ask_for_failover(world)
        assert buttons(asked) == ["Approve", "Refuse"]
        assert "One of the policy's approvers other than @maya can approve" in words(world, asked)
        await press(world, "tom", asked, "Approve")
        assert "The policy names who may approve" in (await ephemeral_texts(world, "tom"))[-1]
        assert direct_messages(world, "tom") == []
        (to_priya,) = direct_messages(world, "priya")
        await press(world, "priya", to_priya, "Approve")
        assert "Approved by @priya" in words(world, run_message(world, channel))


async def test_a_request_expires_and_can_be_made_again(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await world.pass_time(minutes=31)
    assert buttons(world.ws.state.message(asked.channel, asked.ts)) == []
    message = run_message(world, channel)
    assert "expired" in words(world, message)
    await press(world, "maya", message, "Ask for approval")
    assert len(direct_messages(world, "tom")) == 1
    ledger = [r for r in (await world.show())["reminders"] if r["kind"] == "playbook"]
    assert any(r["state"] == "skipped" and "expired unanswered" in r["reason"] for r in ledger)


async def test_a_changed_value_voids_the_approval(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await press(world, "tom", asked, "Approve")
    await press(world, "maya", run_message(world, channel), "Change values")
    await fill_form(world, "maya", **{"value:namespace": "staging"})
    message = run_message(world, channel)
    assert "Done" not in buttons(message)
    assert "Approval void: the commands have changed" in words(world, message)
    assert "Roll back" not in buttons(message)  # nobody was let do it


async def test_an_approver_outside_a_private_incident_sees_only_its_id(sqlite_url: str, tmp_path: Path) -> None:
    rules = 'playbooks: {approvers: ["user:U0PRIYA000"]}\n'
    async with running_world(sqlite_url, policy=policy_file(tmp_path, rules)) as world:
        await world.maya.command("#general", "/incident declare")
        person = world.maya
        await person.fill(person.view, {"Title": "Payroll leaked", "Severity": "sev2", "private": "private"})
        await person.submit()
        channel = await world.incident_channel(1)
        await settle(world)
        await open_run(world, channel, FAILOVER)
        await press(world, "maya", await to_step(world, channel, "2.1"), "Ask for approval")
        (to_priya,) = direct_messages(world, "priya", "for your approval")
        assert "INC-1" in words(world, to_priya)
        assert buttons(to_priya) == []
        for secret in ("Payroll", "failover", "kubectl"):
            assert secret not in words(world, to_priya)


async def test_requests_end_with_the_incident(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await type_command(world, "tom", channel.name, "/incident resolve it came back")
    await settle(world)
    assert buttons(world.ws.state.message(asked.channel, asked.ts)) == []
    assert buttons(direct_messages(world, "tom", "asked to do")[0]) == []
    assert "Approval no longer needed: INC-1 is resolved" in words(world, run_message(world, channel))


async def test_requests_return_when_the_incident_reopens(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await type_command(world, "tom", channel.name, "/incident resolve it came back")
    await settle(world)
    await type_command(world, "tom", channel.name, "/incident reopen it is down again")
    await settle(world)
    assert "asked for approval to do it" in words(world, run_message(world, channel))
    assert buttons(world.ws.state.message(asked.channel, asked.ts)) == ["Approve", "Refuse", "Break glass"]
    (to_tom,) = direct_messages(world, "tom")
    await press(world, "tom", to_tom, "Approve")
    assert "Approved by @tom" in words(world, run_message(world, channel))
    assert buttons(world.ws.state.message(asked.channel, asked.ts)) == []
