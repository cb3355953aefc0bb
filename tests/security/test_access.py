"""Permissions of members, guests, people of other organisations, bots and other workspaces, by every entry point."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.slack.commands.request import MENU
from bot.slack.commands.verbs import VERBS as TABLE
from bot.slack.listeners import access, handlers
from bot.slack.listeners.access import OPEN, Access
from bot.slack.listeners.actions import WORKSPACE_PRESSES
from bot.slack.listeners.context import REQUEST_AGAIN
from sandbox import Channel
from tests.scenarios.assertions import declare, ephemeral_texts, settle, type_command
from tests.scenarios.hostile_requests import new_delivery, send_payload
from tests.scenarios.playbook_runs import open_run as opened_playbook
from tests.scenarios.running import ROOT, World, running_world

INSIDE = "inc-1-checkout-is-down"
REFUSED = "only people of this workspace may"
LINES = {
    "severity": "severity sev1 Worse", "snooze": "snooze 2h", "policy": "policy apply", "drill": "drill sev3 A drill",
    "role": "role scribe @tom", "lead": "lead me", "handover": "handover @tom", "escalate": "escalate Now",
    "page": "page @tom", "trigger": "trigger leak It leaks", "invite": "invite @tom",
    "comms": "comms internal", "cover": "cover primary for 2h", "silence": "silence a=b for 2h",
    "maintenance": "maintenance", "subscribe": "subscribe",
    "resolve": "resolve Done", "review": "review", "times": "times", "close": "close", "cancel": "cancel None",
    "merge": "merge INC-1",
    "status": "status resolved Done",
}  # fmt: skip
FREE = ("ack", "join", "note Seen", "update Going on", "status identified It is the disk", "next 1h", "roles", "why")
ARGUMENTS = {"walk_": ":1:1.1", "job_again": ":1:1.1:1", "job_": ":1", "snooze_": ":900", "escalate_rung": ":1",
             "close_anyway": ":1"}  # fmt: skip
VALUES = {"cover": "primary", "cover_anyway": "primary:1:9000000000"}
POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000]}}
triggers: {leak: {name: A leak, when: security, severities: [sev1, sev2], notify: ["schedule:primary"], by: [slack]}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


@pytest.fixture
async def guarded_world(world: World) -> World:
    """An incident whose channel has a guest and a partner in it."""
    await with_guests(world, await declare(world))
    return world


async def with_guests(world: World, channel: Channel) -> None:
    channel.is_ext_shared = True
    for name in ("gail", "alex"):
        world.ws.membership.join(channel, world.ws.user(name))
    await settle(world)


async def state(world: World, number: int = 1) -> dict[str, Any]:
    """The incident without what reading and writing change."""
    shown = await world.show(number)
    names = ("status", "severity", "roles", "resolved_at", "closed_at", "reminders")
    kinds = [entry["kind"] for entry in shown["timeline"] if entry["kind"] in {"page", "escalated", "role", "severity"}]
    return {name: shown[name] for name in names} | {"kinds": kinds}


def test_every_verb_button_form_and_shortcut_has_its_place_in_the_table() -> None:
    assert set(access.VERBS) == {MENU, *(verb.name for verb in TABLE)}
    presses = {*handlers.PRESSES, *WORKSPACE_PRESSES} - {REQUEST_AGAIN}  # a command, with the access of its verb
    assert set(access.PRESSES) == presses
    assert set(access.FORMS) == set(handlers.SUBMISSIONS)


def test_the_table_in_the_document_is_the_one_in_force() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("<!-- access:")[2].partition("\n\nA guest may")[0]
    rows = re.findall(r"^\| (\w+) \| ?(.*?) ?\| (yes|no) \| (.*?) \| (yes|no) \|$", table, re.MULTILINE)
    assert {row[0] for row in rows} == {each.value for each in Access}
    for name, verbs, members, guests, bots in rows:
        what = Access(name)
        named = {verb for verb, its in access.VERBS.items() if its is what} - {MENU}
        assert set(re.findall(r"`(\w+)`", verbs)) == named
        assert (members, guests, bots) == ("yes", "yes" if what in OPEN else "if named", "no")


@pytest.mark.parametrize("who", ["gail", "alex"])
async def test_every_verb_that_is_not_open_to_guests_and_partners_is_refused(guarded_world: World, who: str) -> None:
    world = guarded_world
    assert set(LINES) | {"reopen", "update"} == {verb for verb, what in access.VERBS.items() if what not in OPEN}
    before, channels = await state(world), world.ws.channel_names()
    for line in LINES.values():
        assert REFUSED in await type_command(world, who, INSIDE, f"/incident {line}"), line
        await world.ws.person(who).say(INSIDE, f"@tocsin {line}")
    answers = await ephemeral_texts(world, who)
    assert sum(REFUSED in answer for answer in answers) == 2 * len(LINES)
    assert await state(world) == before
    assert world.ws.channel_names() == channels
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    assert REFUSED in await type_command(world, who, INSIDE, "/incident reopen It is back")
    assert (await world.show())["status"] == "resolved"


@pytest.mark.parametrize("who", ["gail", "alex"])
async def test_a_guest_and_a_partner_may_read_write_acknowledge_and_declare(guarded_world: World, who: str) -> None:
    world = guarded_world
    for line in FREE:
        answer = await type_command(world, who, INSIDE, f"/incident {line}")
        assert REFUSED not in answer, line
        assert answer, line
    shown = await world.show()
    assert shown["status"] == "identified"
    assert {"note", "update"} <= {entry["kind"] for entry in shown["timeline"]}
    await type_command(world, who, INSIDE, "/incident declare sev4 The invoice page too")
    await world.incident_channel(2)
    assert (await world.show(2))["declared_by"] == world.ws.person(who).id


async def test_every_button_that_is_not_open_to_guests_is_refused(guarded_world: World) -> None:
    """Also a forged one: no button is hidden from anybody."""
    world = guarded_world
    channel = world.ws.channel(INSIDE)
    await opened_playbook(world, channel)
    await world.gail.press(world.card(channel), "Acknowledge")
    await settle(world)
    press = next(
        each.payload for each in reversed(world.ws.journal.deliveries) if each.payload.get("type") == "block_actions"
    )
    before = await state(world)
    approvals = {"walk_approve", "walk_glass"}  # tests/security/test_guests.py has an approval to give
    elsewhere = {"shift_hand", "walk_more", "walk_rollback", "reopen", "update"}  # they need more than the button
    shut = {name for name, what in access.PRESSES.items() if what not in OPEN} - approvals - elsewhere
    for name in sorted(shut):
        seen = len(world.ws.ephemerals("gail"))
        forged = new_delivery(press)
        argument = next((text for start, text in ARGUMENTS.items() if name.startswith(start)), "")
        value = VALUES.get(name) or ("AG-1" if name.startswith("alert_") else f"INC-1{argument}")
        forged.pop("response_url")  # it is used up after five answers
        forged["actions"] = [{"action_id": name, "block_id": "b", "type": "button", "value": value, "action_ts": "1.1"}]
        assert (await send_payload(world, "interactive", forged)).status == 200
        answers = (await ephemeral_texts(world, "gail"))[seen:]
        assert any(REFUSED in answer for answer in answers), (name, answers)
    assert await state(world) == before


@pytest.mark.parametrize(
    ("button", "values"),
    [
        ("Change severity", {"Severity": "sev1"}),
        ("Assign roles", {"Scribe": "tom"}),
        ("Resolve", {"What fixed it?": "Nothing"}),
        ("Update status", {"What changed?": "All of it", "Status": "Resolved"}),
        ("Update status", {"What changed?": "All of it", "Severity": "sev1"}),
    ],
)
async def test_a_form_that_a_person_opened_as_a_member_is_refused_once_they_are_a_guest(
    guarded_world: World, monkeypatch: pytest.MonkeyPatch, button: str, values: dict[str, Any]
) -> None:
    world = guarded_world
    monkeypatch.setattr("bot.slack.directory.identities.FRESH_S", 0.0)
    await world.priya.join(INSIDE)
    await world.priya.press(world.card(world.ws.channel(INSIDE)), button)
    await world.priya.fill(world.priya.view, values)
    before = await state(world)
    world.ws.change_user("priya", is_restricted=True)
    await world.priya.submit()
    assert REFUSED in str(world.priya.view.body)
    assert await state(world) == before


async def test_guests_whom_the_policy_names_may(sqlite_url: str, policy: Path) -> None:
    named = "permissions: {resolve: ['user:U0GAIL0000'], page: ['user:U0GAIL0000'], cover: ['user:U0GAIL0000']}\n"
    policy.write_text(POLICY + named)
    async with running_world(sqlite_url, policy=policy) as world:
        await with_guests(world, await declare(world))
        assert "Paged now" in await type_command(world, "gail", INSIDE, "/incident page @tom")
        assert "You are on call" in await type_command(world, "gail", INSIDE, "/incident cover primary for 2h")
        assert "Inviting" in await type_command(world, "gail", INSIDE, "/incident invite @lena")
        assert REFUSED in await type_command(world, "gail", INSIDE, "/incident lead me")
        assert "Only @gail may resolve" in await type_command(world, "alex", INSIDE, "/incident resolve Done")
        assert "is resolved" in await type_command(world, "gail", INSIDE, "/incident resolve Done")


async def test_bots_cannot_act(guarded_world: World) -> None:
    world = guarded_world
    before = await state(world)
    await world.maya.press(world.card(world.ws.channel(INSIDE)), "Acknowledge")
    await settle(world)
    before = await state(world)
    for kind in ("slash_commands", "interactive"):
        payload = new_delivery(next(d.payload for d in reversed(world.ws.journal.deliveries) if d.kind == kind))
        if kind == "slash_commands":
            payload |= {"user_id": "U0DEPLOYS0", "text": "resolve Done --in 1"}
        else:
            payload["user"] = {"id": "U0DEPLOYS0"}
            payload["actions"] = [{"action_id": "close", "block_id": "b", "type": "button", "value": "INC-1"}]
        assert (await send_payload(world, kind, payload)).status == 200
    event = {"type": "app_mention", "user": "U0DEPLOYS0", "bot_id": "B0DEPLOYS0",
             "channel": world.ws.channel(INSIDE).id, "text": "<@U0TOCSIN00> resolve",
             "ts": "1700000000.000100", "event_ts": "1700000000.000100"}  # fmt: skip
    world.ws.publish(event)
    await settle(world)
    assert await state(world) == before


async def test_payloads_of_another_workspace_or_app_act_on_nothing(guarded_world: World) -> None:
    world = guarded_world
    await world.maya.command(INSIDE, "/incident roles")
    await world.maya.press(world.card(world.ws.channel(INSIDE)), "Resolve")
    await world.maya.fill(world.maya.view, {"What fixed it?": "Nothing"})
    await world.maya.say(INSIDE, "@tocsin roles")
    await world.maya.submit()
    await type_command(world, "maya", INSIDE, "/incident reopen Not yet")
    await settle(world)
    before = (await world.show())["timeline"]
    kinds: dict[tuple[str, Any], dict[str, Any]] = {}
    for delivery in world.ws.journal.deliveries:
        event = delivery.payload.get("event") or {}
        kinds[delivery.kind, delivery.payload.get("type"), event.get("type")] = delivery.payload  # type: ignore[index]
    for (kind, *_), payload in kinds.items():
        for foreign in of_others(payload):
            assert (await send_payload(world, kind, new_delivery(foreign))).status == 200
    await settle(world)
    assert (await world.show())["timeline"] == before
    assert "Noted" in await type_command(world, "maya", INSIDE, "/incident note still ours")


def of_others(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The payload as from another workspace, and as from another app."""
    text = json.dumps(payload)
    other = json.loads(text.replace("T0SANDBOX", "T0OTHER0000"))
    assert other != payload
    return [other, copy.deepcopy(payload) | {"api_app_id": "A0OTHER0000"}]
