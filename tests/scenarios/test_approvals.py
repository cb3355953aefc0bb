"""Approval of playbook steps in the workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, of_kind, rest, typed
from tests.scenarios.playbook_runs import (
    FAILOVER,
    SCALE,
    acts,
    direct,
    failover_asked,
    filled,
    opened,
    press,
    request,
    run_message,
    to_step,
    told,
    words,
    written,
)
from tests.scenarios.running import World, world


@pytest.fixture
async def here(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing is reminded of but playbooks."""
    async with world(sqlite_url, policy=written(tmp_path)) as running:
        yield running


async def test_the_requester_cannot_approve_but_another_can(here: World) -> None:
    channel, asked = await failover_asked(here)
    assert "Done" not in buttons(run_message(here, channel))
    assert SCALE in words(here, asked)
    assert buttons(asked) == ["Approve", "Refuse", "Break glass"]
    await press(here, "maya", asked, "Approve")
    assert (await told(here, "maya"))[-1] == "You asked for this approval, so somebody else has to give it."
    (to_tom,) = direct(here, "tom")
    assert SCALE in words(here, to_tom)
    assert direct(here, "maya") == []
    await press(here, "tom", to_tom, "Approve")
    message = run_message(here, channel)
    assert "Approved by @tom" in words(here, message)
    assert "Done" in buttons(message)
    for settled in (request(here, channel, "asked to do"), *direct(here, "tom", "asked to do")):
        assert buttons(settled) == []
        assert "approved by @tom" in words(here, settled)
    await press(here, "maya", message, "Done")
    assert "# 2.2 Promote the replica" in words(here, run_message(here, channel))


async def test_a_refusal_says_why_and_the_step_stays_open(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "tom", asked, "Refuse")
    await filled(here, "tom", Why_="Not before the backup")
    message = run_message(here, channel)
    assert "refused by @tom: Not before the backup" in words(here, message)
    assert "Ask for approval" in buttons(message)
    await press(here, "maya", message, "Ask for approval")
    assert (await acts(here))[-1].endswith("asks for approval")


async def test_skipping_a_waiting_step_withdraws_its_request(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "priya", run_message(here, channel), "Skip")
    assert "<@U0MAYA0000> asked for approval of this step. Skipping it withdraws the request." in str(
        here.priya.view.body
    )
    await filled(here, "priya", Why_="It is gone already.")
    for settled in (here.ws.state.message(asked.channel, asked.ts), *direct(here, "tom", "asked to do")):
        assert buttons(settled) == []
        assert words(here, settled).endswith("no longer needed: @priya skipped the step, It is gone already.")
    assert "2.1 Keep the old primary away — skipped by @priya" in words(here, run_message(here, channel))


async def test_breaking_the_glass_takes_a_reason_that_everyone_sees(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "maya", asked, "Break glass")
    reply = await here.maya.submit()
    assert "required" in str(reply.errors)
    await filled(here, "maya", Why_can_it_not_wait_="Nobody else is awake")
    loud = request(here, channel, "broke the glass")
    assert "goes ahead without approval" in words(here, loud)
    assert SCALE in words(here, loud)
    assert "Done" in buttons(run_message(here, channel))
    (said,) = [e for e in of_kind(await here.show(), "playbook") if "BROKE THE GLASS" in e["text"]]
    assert said["key"]
    assert "Nobody else is awake" in said["text"]


async def test_a_policy_can_forbid_break_glass_and_name_approvers(sqlite_url: str, tmp_path: Path) -> None:
    rules = 'playbooks: {break_glass: false, approvers: ["contact:dba"], approval_expires: 10m}\n'
    rules += "contacts: {dba: {slack: priya@example.com}}\n"
    async with world(sqlite_url, policy=written(tmp_path, rules)) as here:
        channel, asked = await failover_asked(here)
        assert buttons(asked) == ["Approve", "Refuse"]
        assert "One of the policy's approvers other than @maya can approve" in words(here, asked)
        await press(here, "tom", asked, "Approve")
        assert "The policy names who may approve" in (await told(here, "tom"))[-1]
        assert direct(here, "tom") == []
        (to_priya,) = direct(here, "priya")
        await press(here, "priya", to_priya, "Approve")
        assert "Approved by @priya" in words(here, run_message(here, channel))


async def test_a_request_expires_and_can_be_made_again(here: World) -> None:
    channel, asked = await failover_asked(here)
    await here.pass_time(minutes=31)
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == []
    message = run_message(here, channel)
    assert "expired" in words(here, message)
    await press(here, "maya", message, "Ask for approval")
    assert len(direct(here, "tom")) == 1
    ledger = [r for r in (await here.show())["reminders"] if r["kind"] == "playbook"]
    assert any(r["state"] == "skipped" and "expired unanswered" in r["reason"] for r in ledger)


async def test_a_changed_value_voids_the_approval(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "tom", asked, "Approve")
    await press(here, "maya", run_message(here, channel), "Change values")
    await filled(here, "maya", **{"value:namespace": "staging"})
    message = run_message(here, channel)
    assert "Done" not in buttons(message)
    assert "Approval void: the commands have changed" in words(here, message)
    assert "Undo this step" not in buttons(message)  # nobody was let do it


async def test_an_approver_outside_a_private_incident_sees_only_its_id(sqlite_url: str, tmp_path: Path) -> None:
    rules = 'playbooks: {approvers: ["user:U0PRIYA000"]}\n'
    async with world(sqlite_url, policy=written(tmp_path, rules)) as here:
        await here.maya.command("#general", "/incident declare")
        person = here.maya
        await person.fill(person.view, {"Title": "Payroll leaked", "Severity": "sev2", "private": "private"})
        await person.submit()
        channel = await here.opened(1)
        await rest(here)
        await opened(here, channel, FAILOVER)
        await press(here, "maya", await to_step(here, channel, "2.1"), "Ask for approval")
        (to_priya,) = direct(here, "priya", "for your approval")
        assert "INC-1" in words(here, to_priya)
        assert buttons(to_priya) == []
        for secret in ("Payroll", "failover", "kubectl"):
            assert secret not in words(here, to_priya)


async def test_requests_end_with_the_incident(here: World) -> None:
    channel, asked = await failover_asked(here)
    await typed(here, "tom", channel.name, "/incident resolve it came back")
    await rest(here)
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == []
    assert buttons(direct(here, "tom", "asked to do")[0]) == []
    assert "Approval no longer needed: INC-1 is resolved" in words(here, run_message(here, channel))


async def test_requests_return_when_the_incident_reopens(here: World) -> None:
    channel, asked = await failover_asked(here)
    await typed(here, "tom", channel.name, "/incident resolve it came back")
    await rest(here)
    await typed(here, "tom", channel.name, "/incident reopen it is down again")
    await rest(here)
    assert "asked for approval to do it" in words(here, run_message(here, channel))
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == ["Approve", "Refuse", "Break glass"]
    (to_tom,) = direct(here, "tom")
    await press(here, "tom", to_tom, "Approve")
    assert "Approved by @tom" in words(here, run_message(here, channel))
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == []
