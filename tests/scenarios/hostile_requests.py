"""Requests of attackers: signed and unsigned bodies, and damaged copies of recorded payloads."""

from __future__ import annotations

import copy
import io
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from sandbox.transport import signature
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
REFUSED = {400, 401, 403, 404, 413, 415}
UNREAD = {"blocks", "bot_profile", "icons", "client_msg_id", "token", "is_enterprise_install", "clear_on_close", "hash"}
fresh = itertools.count(1)


@dataclass(frozen=True)
class Said:
    """What the bot answered."""

    status: int
    text: str


async def send(
    world: World, body: bytes, kind: str = JSON, *, at: float | None = None, large: bool = False, **headers: str | None
) -> Said:
    """A validly signed request, unless headers say otherwise; one that is `None` is left out."""
    stamp = str(int(at if at is not None else time.time()))
    sent: dict[str, Any] = {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(world.ws.settings.signing_secret, stamp, body),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    assert world.ws.request_url is not None
    kept = {name: value for name, value in sent.items() if value is not None}
    async with world.ws.http.session().post(
        world.ws.request_url, data=io.BytesIO(body) if large else body, headers=kept
    ) as response:
        said = Said(response.status, await response.text(errors="replace"))
    for secret in (world.ws.settings.signing_secret, world.ws.settings.bot_token):
        assert secret not in said.text
    for trace in ("Traceback", 'File "', ".py", "Error("):
        assert trace not in said.text, said
    return said


async def still_works(world: World) -> None:
    """A command, a press and an event go through as ever."""
    before = len(of_kind(await world.show(), "note"))
    assert "Noted" in await type_command(world, "maya", INSIDE, "/incident note still here")
    assert len(of_kind(await world.show(), "note")) == before + 1
    words = f"and listening {next(fresh)}"
    await world.maya.say(INSIDE, words)
    await world.ws.settled()  # what is still to be posted waits its turn: Slack allows only so much
    assert texts(of_kind(await world.show(), "message"))[-1] == words


async def recorded_payloads(world: World) -> list[dict[str, Any]]:
    """One payload of each kind as the workspace really sends it: `{"kind", "payload"}`."""
    channel = await declare(world)
    await world.tom.join(INSIDE)
    said = await world.maya.say(INSIDE, "first", files=["graph.png"])
    await world.maya.edit(said, "second")
    await world.maya.reply(said, "reply", broadcast=True)
    await world.maya.react(said, "pushpin")
    await world.maya.unreact(said, "pushpin")
    await world.maya.pin(said)
    await world.maya.unpin(said)
    await world.maya.set_topic(INSIDE, "war room")
    await world.maya.say(INSIDE, "@tocsin roles")
    await world.maya.delete(said)
    await world.tom.leave(INSIDE)
    await world.maya.command(INSIDE, "/incident note x")
    await world.maya.command("#general", "/incident ack")
    card = world.card(channel)
    for button in ("Update status", "Change severity", "Assign roles", "Resolve"):
        await world.maya.press(card, button)
        if button == "Update status":
            await world.maya.fill(world.maya.view, {"What changed?": "More"})
        if button == "Resolve":
            await world.maya.fill(world.maya.view, {"What fixed it?": "This", "Customer impact ended": 1_700_000_000})
        await world.maya.submit()
    await type_command(world, "maya", INSIDE, "/incident reopen Go on")
    await settle(world)
    await world.maya.press(card, "Escalate")
    await world.maya.shortcut("Declare incident")
    await world.maya.fill(world.maya.view, {"Title": "T", "Severity": "sev5"})
    view = world.ws.modals.payload(world.maya.view)
    await world.maya.close()
    other = await world.maya.say(INSIDE, "other")
    await world.maya.message_shortcut("Add to timeline", other)
    await world.maya.message_shortcut("Declare from message", other)
    await world.maya.close()
    await settle(world)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for delivery in world.ws.journal.deliveries:
        payload = delivery.payload
        event, shown = payload.get("event") or {}, payload.get("view") or {}
        actions = payload.get("actions") or [{}]
        name = (
            delivery.kind, payload.get("type"), event.get("type"), event.get("subtype"), payload.get("command"),
            shown.get("callback_id"), payload.get("callback_id"), actions[0].get("action_id"),
        )  # fmt: skip
        found[name] = {"kind": delivery.kind, "payload": payload}
    submitted = next(one["payload"] for one in found.values() if one["payload"].get("type") == "view_submission")
    found[("declare form",)] = {"kind": "interactive", "payload": submitted | {"view": view}}
    found[("closed",)] = {"kind": "interactive", "payload": submitted | {"type": "view_closed"}}
    return list(found.values())


def new_delivery(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as another delivery: nothing in it was accepted before."""
    again = copy.deepcopy(payload)
    number = next(fresh)
    if isinstance(again.get("event_id"), str):
        again["event_id"] = f"Ev{number:09d}"
    if isinstance(again.get("trigger_id"), str):
        again["trigger_id"] = f"1.{number}.x"
    if isinstance(again.get("view"), dict) and isinstance(again["view"].get("id"), str):
        again["view"]["id"] = f"V{number:09d}"
    return again


async def send_payload(world: World, kind: str, payload: Any) -> Said:
    if kind == "events_api":
        return await send(world, json.dumps(payload).encode())
    if kind == "slash_commands":
        pairs = {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in payload.items()}
        return await send(world, urlencode(pairs, errors="replace").encode(), FORM)
    return await send(world, urlencode({"payload": json.dumps(payload)}).encode(), FORM)


def without_each(value: Any, depth: int) -> Iterator[Any]:
    """`value` with one field missing, or turned into something else, for every field down to `depth`."""
    if depth == 0:
        return
    keys: list[Any] = [k for k in value if k not in UNREAD] if isinstance(value, dict) else list(range(len(value)))[:1]
    for key in keys:
        if isinstance(value, dict):
            yield {k: v for k, v in value.items() if k != key}
        odds: tuple[Any, ...] = (None, 7)
        for odd in odds:
            changed = copy.copy(value)
            changed[key] = odd
            yield changed
        if isinstance(value[key], dict | list):
            for inner in without_each(value[key], depth - 1):
                changed = copy.copy(value)
                changed[key] = inner
                yield changed


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(
        ["", "INC-1", "INC-", "INC-99999999999999999999", "ack", "U0MAYA0000", "C0GENERAL0", "0", "-1", "1.5", "1e999",
         "\ud83d", "\x00", "<!channel>", "٣"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def put(payload: Any, path: list[int], odd: Any) -> Any:
    """`payload` with `odd` at the place `path` leads to."""
    if not path or not isinstance(payload, dict | list) or not payload:
        return odd
    keys = sorted(payload) if isinstance(payload, dict) else range(len(payload))
    key = keys[path[0] % len(keys)]
    changed = copy.copy(payload)
    changed[key] = put(payload[key], path[1:], odd)
    return changed
