"""Arrivals from Slack, and refused requests, are recorded for `tocsin check`."""

from __future__ import annotations

import pytest

from bot.slack.inbound.arrivals import ArrivalRecord, arrival_record
from storage import key_value
from tests.scenarios.hostile_requests import FORM, send
from tests.scenarios.running import World, running_world


async def stored_arrivals(world: World) -> ArrivalRecord:
    await world.tocsin.timer._periodic["record of arrivals"].work()
    async with world.tocsin.database.reading() as conn:
        stored = await key_value.SLACK_ARRIVALS.get(conn)
    assert stored is not None
    return arrival_record(stored)


@pytest.mark.parametrize("socket_mode", [False, True])
async def test_each_kind_of_arrival_is_recorded(sqlite_url: str, socket_mode: bool) -> None:
    async with running_world(sqlite_url, socket_mode=socket_mode) as world:
        first = await stored_arrivals(world)
        assert (first.command, first.interaction) == (None, None)
        channel = await world.declare()
        await world.maya.press(world.card(channel), "Acknowledge")
        await world.ws.settled()
        record = await stored_arrivals(world)
        assert record.since == first.since
        assert None not in (record.event, record.command, record.interaction)
        assert record.refused is None
        await world.restart()
        assert (await stored_arrivals(world)).command == record.command


async def test_a_request_with_another_signature_is_recorded(world: World) -> None:
    said = await send(world, b"command=/incident&text=help", FORM, X_Slack_Signature="v0=" + "0" * 64)
    assert said.status == 401
    record = await stored_arrivals(world)
    assert (record.refused is not None, record.refused_why) == (True, "bad signature")
