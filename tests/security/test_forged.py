"""Forged contents of buttons are refused: steps, requests, jobs and incidents, and ways round a policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import NotFound
from bot.slack.listeners.context import Interaction, ListenerContext
from tests.scenarios.assertions import declare, ephemeral_texts, settle, type_command
from tests.scenarios.hostile_requests import Said, new_delivery, send, send_payload
from tests.scenarios.running import World, running_world
from tests.security.test_permissions import INSIDE, policy_of, wait_until_on_call

MANY = "9" * 300
FORGED = [
    *[("walk_ask", rest) for rest in ("1:9.9", "1:", f"{MANY}:1.1", "²:1", "")],
    *[("walk_more", rest) for rest in ("1:9.9:show", "1:9.9:note", "1::why", "1:9.9:rollback", ":", "1:1.1:reopen")],
    *[(name, rest) for name in ("walk_done", "walk_skip", "walk_run", "walk_why") for rest in ("1:9.9", "7:1.1", MANY)],
    *[(name, f"1:1.1:{no}") for name in ("walk_approve", "walk_refuse", "walk_glass") for no in ("0", "1", MANY, "x")],
    *[(name, no) for name in ("job_ran", "job_not", "job_again") for no in ("1", MANY, "")],
    *[(f"walk_escalate_{no}", rest) for no, rest in ((0, "1:99"), (1, f"1:{MANY}"), (2, "1:-1"))],
    *[(name, rest) for name in ("shift_hand", "shift_stay", "handover_accept") for rest in ("commander:U", MANY)],
]  # fmt: skip


async def forge_press(world: World, who: str, action: str, value: str) -> Said:
    """A button that was pressed, with another name and value in it."""
    presses = [d.payload for d in world.ws.journal.deliveries if d.kind == "interactive" and d.payload.get("actions")]
    payload: dict[str, Any] = new_delivery(presses[0])
    payload.pop("response_url", None)  # that of the person who pressed
    payload["user"] = {**payload["user"], "id": world.ws.person(who).id}
    payload["actions"] = [{**payload["actions"][0], "type": "button", "action_id": action, "value": value}]
    said = await send_payload(world, "interactive", payload)
    await settle(world)
    return said


async def begun(world: World) -> None:
    """An incident in which a playbook is open, and a button was pressed."""
    channel = await world.declare(by="maya")
    await world.priya.press(world.card(channel), "Acknowledge")
    await type_command(world, "maya", INSIDE, "/incident playbook database-failover")
    await type_command(world, "noor", "#general", "/incident join --in INC-1")
    await settle(world)


async def test_forged_steps_requests_and_jobs_change_nothing(world: World) -> None:
    await begun(world)
    before = (await world.show())["timeline"]
    for action, value in FORGED:
        said = await forge_press(world, "noor", action, f"INC-1:{value}")
        assert said.status == 200, (action, value)
    for number in (MANY, "0", "7", "-1", "x", ""):
        assert (await forge_press(world, "noor", "walk_done", f"INC-{number}:1:1.1")).status == 200
    assert (await world.show())["timeline"] == before


async def test_a_criterion_of_a_playbook_needs_the_permission_to_escalate(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_of(tmp_path, {"escalate": ["@oncall"]})) as world:
        await wait_until_on_call(world)
        await begun(world)
        await forge_press(world, "noor", "walk_escalate_0", "INC-1:1:0")
        assert "Only @oncall may escalate" in (await ephemeral_texts(world, "noor"))[-1]
        assert "escalated" not in await world.kinds()
        await forge_press(world, "maya", "walk_escalate_0", "INC-1:1:0")
        assert "escalated" in await world.kinds()


async def test_cant_works_only_for_the_person_paged(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_of(tmp_path, {"escalate": ["@oncall"]})) as world:
        await wait_until_on_call(world)
        await begun(world)
        await forge_press(world, "noor", "cant", "INC-1:0")
        assert "That page of INC-1 is gone" in (await ephemeral_texts(world, "noor"))[-1]
        assert "escalated" not in await world.kinds()
        await type_command(world, "maya", INSIDE, "/incident page @tom")
        await forge_press(world, "noor", "cant", "INC-1:0")
        assert "That page is for @tom" in (await ephemeral_texts(world, "noor"))[-1]
        assert "escalated" not in await world.kinds()
        await type_command(world, "maya", INSIDE, "/incident page @noor")
        await forge_press(world, "noor", "cant", "INC-1:0")
        assert "escalated" in await world.kinds()


async def test_the_button_to_declare_needs_the_permission_to_declare(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_of(tmp_path, {"declare": ["@oncall"]})) as world:
        await wait_until_on_call(world)
        await begun(world)
        assert (await forge_press(world, "noor", "menu_declare", "declare")).status == 200
        assert "Only @oncall may declare" in (await ephemeral_texts(world, "noor"))[-1]


def front_of(world: World) -> ListenerContext:
    """As far as looking an incident up goes."""
    unused: Any = None
    return ListenerContext(world.tocsin.context, unused, unused, unused, unused)


async def test_outsiders_do_not_see_a_private_incident_that_has_no_channel(world: World) -> None:
    """A form and the home tab name no channel, and neither does an incident whose channel is not made yet."""
    world.ws.faults.add("conversations.create", error="restricted_action", count=None)
    await world.maya.shortcut("Declare incident")
    await world.maya.fill(world.maya.view, {"Title": "Keys leaked", "Severity": "sev1", "Private": "private"})
    await world.maya.submit()
    await world.ws.settled()
    assert (await world.show())["channel_id"] is None
    await front_of(world).visible_incident(1, Interaction(world.maya.id))
    with pytest.raises(NotFound):
        await front_of(world).visible_incident(1, Interaction(world.noor.id))
    with pytest.raises(NotFound):
        await front_of(world).visible_incident(1, Interaction(world.noor.id), paged=True)


async def test_a_person_paged_by_their_address_may_press_cant(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(
        "preset: sev1-5\ncontacts: {tom: {name: Tom, email: tom@example.com}}\npermissions: {escalate: ['@leads']}\n"
        "schedules: {primary: {members: [U0PRIYA000]}, database: {members: [tom]}}\n"
    )
    async with running_world(sqlite_url, policy=policy) as world:
        world.tocsin.timer.remove("user groups")
        world.tocsin.usergroups._members["leads"] = frozenset({world.maya.id})
        await begun(world)
        await forge_press(world, "tom", "cant", "INC-1:0")
        assert "escalated" not in await world.kinds()
        await type_command(world, "maya", INSIDE, "/incident page database")
        await settle(world)
        await forge_press(world, "tom", "cant", "INC-1:0")
        assert "escalated" in await world.kinds()


@pytest.mark.parametrize("odd", ["1e999", "1e18", "-1e18", "nan"])
async def test_a_time_out_of_range_changes_nothing(world: World, odd: str) -> None:
    """Nothing would be better the next time: so Slack is not asked to repeat it, nor a history to be read."""
    channel = await declare(world)
    await settle(world)
    before = await world.show()
    said = {"type": "message", "channel": channel.id, "user": world.maya.id, "text": "when?"}
    for event in (
        said | {"ts": odd},
        {"type": "member_joined_channel", "channel": channel.id, "user": world.tom.id, "event_ts": odd},
        said | {"ts": odd, "subtype": "channel_topic", "topic": "x"},
    ):
        body = {"type": "event_callback", "event_id": f"Ev{odd}", "event": event}
        assert (await send(world, json.dumps(body).encode())).status == 200
    assert await world.show() == before
