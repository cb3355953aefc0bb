"""A channel is subscribed to the status page by its ID, which anybody can write: that opens no way into other rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.status_page import subscribe
from tests.api.calls import ALEX, GAIL, TOM, program
from tests.scenarios.assertions import settle
from tests.scenarios.running import policy_file, running_world
from tests.usecases.conftest import MakeContext

POLICY = """
preset: sev1-5
status_page: {subscribe: [slack], components: [{key: api, name: API}]}
"""
CHANNELS = "/status-page/channels"


async def test_nobody_subscribes_or_ends_for_a_private_incident_that_they_cannot_see(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world,
        program(world) as maya,
        program(world, person=TOM) as outsider,
    ):
        made = await maya.post("/incidents", {"title": "Leak", "severity": "sev1", "private": True})
        assert made.status == 201, made.body
        await settle(world)
        room = (await maya.get("/incidents/INC-1")).body["channel_id"]
        assert room
        assert (await outsider.post(CHANNELS, {"channel": room})).status == 404
        assert (await maya.post(CHANNELS, {"channel": room})).status == 200
        refused = await outsider.send("DELETE", f"{CHANNELS}/{room}", None)
        missing = await outsider.send("DELETE", f"{CHANNELS}/C0NOTHING0", None)
        assert (refused.status, missing.status) == (404, 404)
        assert refused.body["detail"] == missing.body["detail"], "nobody learns what is subscribed"
        assert (await maya.send("DELETE", f"{CHANNELS}/{room}", None)).status == 200


async def test_made_up_channels_do_not_flood_the_outbox(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Context = make_context(POLICY)
    monkeypatch.setattr(subscribe, "CHANNELS_AT_MOST", 3)
    for number in range(3):
        await subscribe.subscribe_channel(context, f"C000000{number}", None)
    with pytest.raises(Refused, match="3 channels are subscribed already"):
        await subscribe.subscribe_channel(context, "C0000004", None)
    await subscribe.subscribe_channel(context, "C0000001", "api")  # one that is subscribed already
    await subscribe.unsubscribe_channel(context, "C0000001")
    await subscribe.subscribe_channel(context, "C0000004", None)


async def test_a_guest_adds_and_removes_no_subscriber_also_with_an_administrators_token(
    sqlite_url: str, tmp_path: Path
) -> None:
    address = {"kind": "webhook", "address": "https://hooks.example.com/in"}
    policy = policy_file(tmp_path, POLICY.replace("[slack]", "[webhook]"))
    async with (
        running_world(sqlite_url, policy=policy, tocsin_url="https://tocsin.example.com") as world,
        program(world, scopes="admin") as maya,
        program(world, person=GAIL, scopes="admin") as guest,
        program(world, person=ALEX, scopes="admin") as partner,
    ):
        made = await maya.post("/status-page/subscribers", address)
        assert made.status == 201, made.body
        for client in (guest, partner):
            for answer in (
                await client.post("/status-page/subscribers", {**address, "address": "https://other.example.com"}),
                await client.send("DELETE", f"/status-page/subscribers/{made.body['id']}", None),
            ):
                assert answer.status == 403
                assert "only people of this workspace may" in answer.body["detail"]
        assert len((await maya.get("/status-page/subscribers")).body["subscribers"]) == 1
