"""Messages and moves in incident channels are recorded once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.incident import Change
from bot.domain.timeline.entry import Entry
from bot.domain.timeline.memberships import MembershipReport
from bot.domain.timeline.messages import ChannelMessage
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.record import Channels, Recorder
from bot.usecases.unit_of_work import locked_incident
from storage import incidents
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext

TS = f"{START.timestamp():.6f}"
MESSAGE = ChannelMessage("C1", TS, "U2", "It is the cache")


async def recorder_for(context: Context, *, private: bool = False) -> Recorder:
    """Of an incident whose channel is C1."""
    await declare(context, Declaration("Checkout is down", "sev4", "U1", private=private))
    async with locked_incident(context, 1) as work:
        await work.commit(Change(replace(work.incident, channel_id="C1")))
    return Recorder(context, Channels(context))


@pytest.fixture
async def recorder(make_context: MakeContext) -> Recorder:
    return await recorder_for(make_context("preset: sev1-5\n"))


async def kinds(recorder: Recorder) -> list[str]:
    async with recorder.context.database.reading() as conn:
        return [record.entry.kind for record in await entries.read(conn, 1)][1:]


async def test_a_message_that_is_delivered_twice_is_recorded_once(recorder: Recorder) -> None:
    assert [await recorder.message(MESSAGE), await recorder.message(MESSAGE)] == [1, 0]
    assert await kinds(recorder) == ["message"]


async def test_a_message_in_another_channel_is_not_recorded(recorder: Recorder) -> None:
    assert await recorder.message(replace(MESSAGE, channel="C2")) == 0
    assert await recorder.knows("C2", TS), "it belongs to no timeline, so that nothing is missing"


async def test_a_join_that_slack_tells_twice_is_one_entry(recorder: Recorder) -> None:
    assert [
        await report_move(recorder, "joined", "event", 0),
        await report_move(recorder, "joined", "message", 0.001),
    ] == [1, 0]
    assert await report_move(recorder, "joined", "message", 0.001) == 0, (
        "as a repeated delivery and the history tell it"
    )


async def test_who_leaves_again_at_once_is_outside_whatever_the_order_of_the_events(make_context: MakeContext) -> None:
    recorder = await recorder_for(make_context("preset: sev1-5\n"), private=True)
    await report_move(recorder, "left", "event", 0.001)
    await report_move(recorder, "left", "message", 0.4)
    for kind, source, after_s in (("joined", "event", 0.201), ("joined", "message", 0.2), ("left", "message", 0)):
        await report_move(recorder, kind, source, after_s)
        assert "U2" in await removed(recorder)
    await report_move(recorder, "left", "event", 0.401)
    assert sorted(await kinds(recorder)) == ["joined", "left", "left"]
    await report_move(recorder, "joined", "message", 0.6)
    assert "U2" not in await removed(recorder)


async def report_move(recorder: Recorder, kind: str, source: str, after_s: float) -> int:
    """Report that U2 joined or left."""
    joined_or_left = Entry(START + timedelta(seconds=after_s), kind, "U2", kind, dedup_key=f"{kind}:{source}:{after_s}")
    return await recorder.coming_or_going("C1", MembershipReport(joined_or_left, source == "message"))


async def removed(recorder: Recorder) -> tuple[str, ...]:
    async with recorder.context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    return incident.removed


async def test_with_key_entries_only_the_time_of_a_message_is_kept(make_context: MakeContext) -> None:
    recorder = await recorder_for(make_context("preset: sev1-5\ntimeline: {record: key}\n"))
    assert await recorder.message(MESSAGE) == 0
    assert await kinds(recorder) == []
