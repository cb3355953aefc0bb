"""Buttons and forms of another version get a plain answer, which returns the typed text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.assertions import declare, ephemeral_texts, settle, words
from tests.scenarios.hostile_requests import new_delivery, send_payload, still_works
from tests.scenarios.running import World

PERSON = {"id": "U0MAYA0000", "username": "maya", "team_id": "T0SANDBOX0"}


async def delivered(world: World, kind: str) -> dict[str, Any]:
    """A payload of this type that the workspace has sent, to be changed."""
    await settle(world)
    payloads = [each.payload for each in world.ws.journal.deliveries if each.kind == "interactive"]
    return new_delivery(next(payload for payload in payloads if payload["type"] == kind))


async def pressed(world: World) -> dict[str, Any]:
    channel = await declare(world)
    await world.maya.press(world.card(channel), "Acknowledge")
    return await delivered(world, "block_actions")


@pytest.mark.parametrize(
    "action",
    [
        {"action_id": "status_page", "value": "INC-1", "type": "button"},
        {"action_id": "start_review", "value": "", "type": "button"},
        {"action_id": "ack", "value": "incident-1", "type": "button"},
        {"action_id": "pick", "type": "static_select", "selected_option": {"value": "x", "text": {}}},
        {"action_id": "more", "type": "overflow", "selected_option": {"value": "x", "text": {}}},
        {"action_id": "people", "type": "users_select", "selected_user": "U0TOM00000"},
    ],
    ids=lambda action: str(action["action_id"]),
)
async def test_an_unknown_button_or_select_is_answered(world: World, action: dict[str, Any]) -> None:
    payload = await pressed(world)
    payload["actions"] = [{"block_id": "b", "action_ts": "1.1", **action}]
    assert (await send_payload(world, "interactive", payload)).status == 200
    assert "from another version of Tocsin, so nothing was done" in (await ephemeral_texts(world, "maya"))[-1]
    await still_works(world)


async def test_an_unknown_shortcut_is_answered(world: World) -> None:
    await world.maya.shortcut("Declare incident")
    payload = await delivered(world, "shortcut") | {"callback_id": "create_action_item"}
    assert (await send_payload(world, "interactive", payload)).status == 200
    await settle(world)
    room = world.ws.state.im_between(world.ws.bot.id, world.maya.id)
    assert room is not None
    assert "That shortcut is from another version" in words(world, world.ws.bot_messages(room.id)[-1])


async def test_an_unknown_form_gives_back_what_was_typed(world: World) -> None:
    channel = await declare(world)
    await world.maya.press(world.card(channel), "Resolve")
    await world.maya.fill(world.maya.view, {"What fixed it?": "We rolled back\n& waited", "Root cause": "A bad deploy"})
    await world.maya.submit()
    payload = await delivered(world, "view_submission")
    payload["view"]["callback_id"] = "resolve_2"
    answer = json.loads((await send_payload(world, "interactive", payload)).text)
    assert answer["response_action"] == "update"
    shown = json.dumps(answer["view"], ensure_ascii=False)
    for text in ("from another version of Tocsin", "What fixed it?", "We rolled back\\n&amp; waited", "A bad deploy"):
        assert text in shown
    assert "submit" not in answer["view"]


async def test_a_refused_form_gives_back_what_was_typed(world: World) -> None:
    channel = await declare(world)
    await world.maya.press(world.card(channel), "Update status")
    await world.maya.fill(world.maya.view, {"What changed?": "Half of the hosts are back"})
    await world.tom.command("#general", "/incident resolve Done --in INC-1")
    await world.maya.submit()
    assert "Half of the hosts are back" in str(world.maya.view.body["blocks"])


async def test_options_of_an_unknown_select_are_none(world: World) -> None:
    sent = await pressed(world)
    payload = {"type": "block_suggestion", "user": PERSON, "team": sent["team"], "api_app_id": sent["api_app_id"],
               "action_id": "colours", "block_id": "colours", "value": "pay",
               "container": {"type": "view", "view_id": "V1"}}  # fmt: skip
    answer = await send_payload(world, "interactive", payload)
    assert (answer.status, json.loads(answer.text)) == (200, {"options": []})


@pytest.mark.parametrize(
    ("payload", "given_back"),
    [
        ({"type": "workflow_step_edit", "callback_id": "step", "workflow_step": {"workflow_id": "1"}}, ""),
        ({"type": "interactive_message", "callback_id": "old", "actions": [{"name": "ack", "value": "1"}]}, ""),
        (
            {"type": "dialog_submission", "callback_id": "old", "submission": {"reason": "We rolled back"}},
            "rolled back",
        ),
        ({"type": "something_new"}, ""),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else None,
)
async def test_a_surface_that_this_version_never_had_is_answered(
    world: World, payload: dict[str, Any], given_back: str
) -> None:
    press = await pressed(world)
    body = {name: press[name] for name in ("team", "user", "channel", "trigger_id", "response_url")} | payload
    assert (await send_payload(world, "interactive", body)).status == 200
    answer = (await ephemeral_texts(world, "maya"))[-1]
    assert "from another version of Tocsin" in answer
    assert given_back in answer
    await still_works(world)
