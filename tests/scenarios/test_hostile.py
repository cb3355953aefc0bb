"""Requests that Slack would never send: refused or ignored, never a fault, never a word too much."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.transport import signature
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.hostile_requests import (
    ANYTHING,
    FORM,
    JSON,
    REFUSED,
    new_delivery,
    put,
    recorded_payloads,
    send,
    send_payload,
    still_works,
    without_each,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


COMMAND = urlencode({"command": "/incident", "text": "declare sev2 Forged", "user_id": "U0MAYA0000"}).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slack_Signature": None},
        {"X_Slack_Signature": ""},
        {"X_Slack_Signature": "v0="},
        {"X_Slack_Signature": "v0=" + "0" * 64},
        {"X_Slack_Signature": "v0=é" + "0" * 62},
        {"X_Slack_Signature": "v1=" + "0" * 64},
        {"X_Slack_Signature": "v0=" + "0" * 6000},
        {"X_Slack_Request_Timestamp": None},
        {"X_Slack_Request_Timestamp": ""},
        {"X_Slack_Request_Timestamp": "now"},
        {"X_Slack_Request_Timestamp": "-1"},
        {"X_Slack_Request_Timestamp": "1e9"},
        {"X_Slack_Request_Timestamp": "²³"},
        {"X_Slack_Request_Timestamp": "٣٤٥"},
        {"X_Slack_Request_Timestamp": "9" * 5000},
        {"X_Slack_Signature": None, "X_Slack_Request_Timestamp": None},
    ],
    ids=lambda headers: str(headers)[:60],
)
async def test_what_is_not_signed_is_refused(world: World, headers: dict[str, Any]) -> None:
    said = await send(world, COMMAND, FORM, **headers)
    assert said.status == 401
    assert world.ws.find_channel("inc-") is None


async def test_a_signature_of_other_bytes_or_of_another_secret_is_refused(world: World) -> None:
    stamp = str(int(time.time()))
    for wrong in (
        signature(world.ws.settings.signing_secret, stamp, COMMAND + b"x"),
        signature(world.ws.settings.signing_secret, str(int(stamp) - 1), COMMAND),
        signature("another secret", stamp, COMMAND),
    ):
        assert (await send(world, COMMAND, FORM, X_Slack_Signature=wrong)).status == 401


@pytest.mark.parametrize("age_s", [302, 3600, 10**9, -302, -(10**9)])
async def test_a_stale_timestamp_is_refused_however_well_signed(world: World, age_s: int) -> None:
    assert (await send(world, COMMAND, FORM, at=time.time() - age_s)).status == 401


async def test_a_replayed_command_changes_nothing(world: World) -> None:
    body = urlencode(
        {
            "command": "/incident", "text": "declare sev2 Replayed", "user_id": world.maya.id,
            "trigger_id": "13.37.abc",
            "channel_id": "C0GENERAL0", "team_id": world.ws.settings.team_id,
        }
    ).encode()  # fmt: skip
    stamp = time.time()
    for _ in range(3):
        assert (await send(world, body, FORM, at=stamp)).status == 200
    await asyncio.gather(*(send(world, body, FORM, at=stamp) for _ in range(5)))
    await world.incident_channel()
    await settle(world)
    assert [name for name in world.ws.channel_names() if name.startswith("inc-")] == ["inc-1-replayed"]


async def test_a_signed_event_sent_again_as_a_form_speaks_as_nobody(world: World) -> None:
    """A person may write anything, and the signature of the event with their text in it is Slack's own."""
    await declare(world)
    said = "&command=/incident&user_id=U0TOM00000&trigger_id=66.6.x&text=resolve+mine+--in+1&channel_id=C0GENERAL0"
    event = {
        "type": "event_callback", "event_id": "Ev0FORGED", "team_id": world.ws.settings.team_id,
        "event": {"type": "message", "channel": "C0GENERAL0", "user": "U0MAYA0000", "ts": "1.1", "text": said},
    }  # fmt: skip
    body, stamp = json.dumps(event, ensure_ascii=False).encode(), time.time()
    for kind in (FORM, f"{FORM}; charset=utf-8", "multipart/form-data; boundary=x", "text/plain", None, JSON):
        assert (await send(world, body, kind or "", at=stamp)).status in {200, *REFUSED}
    for padding in (b" ", b"\n", b"\xef\xbb\xbf"):
        assert (await send(world, padding + body, FORM, at=stamp)).status in {200, *REFUSED}
    await settle(world)
    assert (await world.show())["status"] == "detected"
    assert not world.ws.ephemerals("tom")


async def test_a_command_played_again_with_other_headers_changes_nothing(world: World) -> None:
    await declare(world)
    fields = {"command": "/incident", "text": "note once --in 1", "user_id": world.maya.id, "channel_id": "C0GENERAL0"}
    body, stamp = urlencode(fields).encode(), time.time()
    for kind in (FORM, JSON, f"{FORM};charset=utf-8", "text/plain", FORM.upper()):
        assert (await send(world, body, kind, at=stamp)).status in {200, *REFUSED}
    assert texts(of_kind(await world.show(), "note")) == ["once"]


@pytest.mark.parametrize(
    "more",
    [
        "&text=resolve+mine", "&user_id=U0TOM00000", "&command=%2Fincident", "&payload=%7B%7D", "&payload=",
        "&%7B%22a%22%3A1=2", "&USER_ID=U0TOM00000", "&=x",
    ],
)  # fmt: skip
async def test_a_form_has_slacks_fields_once_each(world: World, more: str) -> None:
    await declare(world)
    fields = {"command": "/incident", "text": "note once --in 1", "user_id": world.maya.id, "channel_id": "C0GENERAL0"}
    assert (await send(world, (urlencode(fields) + more).encode(), FORM)).status == 400
    assert of_kind(await world.show(), "note") == []


MALFORMED = [
    (b"", JSON), (b"{", JSON), (b"[]", JSON), (b"null", JSON), (b"1", JSON), (b'"x"', JSON), (b"{}", JSON),
    (b"true", JSON), (b"[" * 100_000, JSON), (b'{"a":' * 50_000, JSON), (b'{"event": 1}', JSON),
    (b'{"event": {}}', JSON), (b'{"event": []}', JSON), (b'{"event": {"type": 7}}', JSON), (b"NaN", JSON),
    (b'{"type": "event_callback"}', JSON), (b'{"type": "event_callback", "event": null}', JSON),
    (b'{"type": "event_callback", "event": {"type": "message"}}', JSON),
    (b'{"type": "event_callback", "event": {"type": "message", "subtype": "message_changed"}}', JSON),
    (b'{"type": "event_callback", "event": {"type": "message", "subtype": {}, "channel": []}}', JSON),
    (b'{"type": "\\ud800"}', JSON), (b'{"type": {"a": []}}', JSON), (b"1" * 5000, JSON),
    (b'{"type": "event_callback", "authorizations": 3, "event": {"type": "message"}}', JSON),
    (b'{"team_id": {"a": 1}, "event": {"type": "message"}}', JSON),
    (b"", FORM), (b"payload", FORM), (b"payload=", FORM), (b"payload={", FORM), (b"payload=[]", FORM),
    (b"payload=null", FORM), (b"payload=1", FORM), (b"payload=%22x%22", FORM), (b"payload={}", FORM),
    (b"payload=" + b"[" * 100_000, FORM), (b"payload=%ff%fe", FORM), (b"command", FORM), (b"command=", FORM),
    (b"command=/incident", FORM), (b"command=/incident&text=ack", FORM), (b"command=/incident&text=%00", FORM),
    (b"command=/nothing-of-ours&text=x", FORM), (b"ssl_check=1", FORM), (b"a=b&" * 2000, FORM),
    (b"command=/incident&text=%ED%A0%80ack", FORM), (b"payload={%22type%22:%22block_actions%22}", FORM),
    (b'payload={"type":"view_submission"}', FORM), (b'payload={"type":"view_closed"}', FORM),
    (b'payload={"type":"shortcut"}', FORM), (b'payload={"type":"message_action"}', FORM),
    (b'payload={"type":"block_suggestion"}', FORM), (b'payload={"type":"dialog_submission"}', FORM),
    (b'payload={"type":"block_actions","actions":[]}', FORM), (b'payload={"type":"block_actions","actions":7}', FORM),
    (b'payload={"type":"block_actions","actions":[7]}', FORM), (b'payload={"type":"workflow_step_edit"}', FORM),
    (b'payload={"type":"view_submission","view":null,"user":null}', FORM),
    (b"{}", "text/plain"), (b"{}", "multipart/form-data; boundary=x"), (b"x", "image/png"), (b"{}", ""),
]  # fmt: skip


async def test_malformed_bodies_are_refused_or_ignored(world: World) -> None:
    await declare(world)
    for body, kind in MALFORMED:
        said = await send(world, body, kind)
        assert said.status == 200 or said.status in REFUSED, (body[:80], kind, said)
    await still_works(world)


@pytest.mark.parametrize("text", ["payload too large", "payload={}", "command=/x&payload=1", "payload"])
async def test_words_that_look_like_fields_of_a_form_are_words(world: World, text: str) -> None:
    await declare(world)
    assert "Noted" in await type_command(world, "maya", INSIDE, f"/incident note {text}")
    assert texts(of_kind(await world.show(), "note")) == [text]


async def test_bytes_that_are_not_utf_8_are_refused(world: World) -> None:
    for body in (b"\xff\xfe\x00", b'{"type": "\xc3"}', b"command=\x80\x81"):
        assert (await send(world, body)).status in REFUSED
        assert (await send(world, body, FORM)).status in REFUSED


async def test_a_huge_body_is_refused_and_delays_no_other_request(world: World) -> None:
    await declare(world)
    for size in (1_100_000, 8_000_000):
        try:
            said = await send(world, b'{"a": "' + b"x" * size + b'"}', large=True)
        except aiohttp.ClientError:
            continue  # it hung up while we were still sending
        assert said.status in REFUSED
    await still_works(world)


async def test_the_address_check_of_slack_is_answered(world: World) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"}).encode()
    said = await send(world, body)
    assert said.status == 200
    assert "3eZbrw1a" in said.text


@pytest.mark.parametrize(
    ("path", "method", "wanted"),
    [
        ("/slack/events", "GET", 405),
        ("/slack/events/", "POST", 404),
        ("/nothing", "GET", 404),
        ("/../etc/passwd", "GET", 404),
    ],
)
async def test_other_paths_and_methods_are_not_found(world: World, path: str, method: str, wanted: int) -> None:
    url = f"http://127.0.0.1:{world.tocsin.port}{path}"
    async with world.ws.http.session().request(method, url) as response:
        assert response.status == wanted


# — real payloads, damaged


async def test_a_missing_or_odd_field_causes_no_server_error(world: World) -> None:
    kinds = await recorded_payloads(world)
    assert len(kinds) >= 30
    for one in kinds:
        deeper = itertools.islice(without_each(one["payload"], 2), 0, None, 9)
        for payload in itertools.chain(without_each(one["payload"], 1), deeper):
            said = await send_payload(world, one["kind"], new_delivery(payload))
            assert said.status < 500, (one["kind"], payload, said)
    await world.ws.settled()
    await still_works(world)


async def test_garbage_in_signed_bodies_causes_no_server_error(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    kinds = await recorded_payloads(world)
    loop = asyncio.get_running_loop()

    @settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        which=st.integers(0, len(kinds) - 1),
        changes=st.lists(
            st.tuples(st.lists(st.integers(0, 40), min_size=1, max_size=5), ANYTHING), max_size=3, min_size=1
        ),
    )
    def attempt(which: int, changes: list[tuple[list[int], Any]]) -> None:
        one = kinds[which]
        payload: Any = new_delivery(one["payload"])
        for path, odd in changes:
            payload = put(payload, path, odd)
        said = asyncio.run_coroutine_threadsafe(send_payload(world, one["kind"], payload), loop).result(20)
        assert said.status < 500, (one["kind"], payload, said)

    await asyncio.to_thread(attempt)
    await world.ws.settled()
    await still_works(world)
    logged = "".join(capfd.readouterr()) + caplog.text
    for secret in (world.ws.settings.signing_secret, world.ws.settings.bot_token):
        assert secret not in logged


async def test_unknown_actions_views_and_callbacks_are_ignored(world: World) -> None:
    kinds = await recorded_payloads(world)
    for one in kinds:
        payload = new_delivery(one["payload"])
        for action in payload.get("actions") or []:
            action["action_id"] = "from_an_older_release"
        if isinstance(payload.get("view"), dict):
            payload["view"]["callback_id"] = "from_an_older_release"
        if "callback_id" in payload:
            payload["callback_id"] = "from_an_older_release"
        if "event" in payload:
            payload["event"]["type"] = "from_a_newer_slack"
        before = (await world.show())["timeline"]
        said = await send_payload(world, one["kind"], payload)
        assert said.status == 200, (one["kind"], payload, said)
        if one["kind"] != "slash_commands":
            assert (await world.show())["timeline"] == before
    await still_works(world)


async def test_no_secret_is_in_any_line_of_the_log(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await recorded_payloads(world)
    world.ws.faults.add("chat.postMessage", error="invalid_auth", count=3)
    world.ws.faults.add("views.open", status=500, count=3)
    await type_command(world, "maya", INSIDE, "/incident update More")
    await type_command(world, "maya", INSIDE, "/incident update")
    await settle(world)
    await world.restart()
    logged = "".join(capfd.readouterr()) + caplog.text
    assert "listener" in logged or "outbox" in logged or "started" in logged
    for secret in (world.ws.settings.signing_secret, world.ws.settings.bot_token):
        assert secret not in logged
