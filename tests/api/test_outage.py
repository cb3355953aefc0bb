"""Slack is down: it is noticed or said, `/readyz` names it, and people are paged by their next method at once."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.usecases import outage
from bot.usecases.outage import NOTICED, Outage
from bot.usecases.outbox import fallback_page
from bot.workers import outage_watch
from bot.workers.outage_watch import OutageWatch
from tests.api.calls import MAYA, program
from tests.integrations.scene import scene
from tests.usecases.conftest import MakeContext, MovableClock, make_context  # noqa: F401 - fixtures

PUBLIC = "https://tocsin.example.com"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


async def test_an_outage_is_noticed_after_a_while_and_ends_by_itself(
    make_context: MakeContext,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, trouble = make_context("preset: sev1-5"), [None, "no Socket Mode connection; is it reachable?"]

    async def slack() -> str | None:
        return trouble[1]

    watch, other = OutageWatch(context, slack), OutageWatch(make_context("preset: sev1-5"), slack)
    await watch.look()
    assert context.outage is None  # a moment is no outage
    monkeypatch.setattr(outage_watch, "DOWN_AFTER_S", 0.0)
    await watch.look()
    assert context.outage is not None
    assert (context.outage.by, context.outage.reason) == (NOTICED, "no Socket Mode connection")
    await other.look()
    assert other._context.outage == context.outage  # replicas share it
    trouble[1] = None
    await watch.look()
    assert context.outage is None


async def test_an_outage_by_hand_stays_until_it_is_ended_by_hand(
    make_context: MakeContext,  # noqa: F811 - the fixture
) -> None:
    context = make_context("preset: sev1-5")

    async def slack() -> str | None:
        return None

    async with context.database.transaction() as conn:
        await outage.start(conn, Outage(context.clock.now(), NOTICED, "no answer"))
        await outage.start(conn, Outage(context.clock.now(), "cli", "status.slack.com says so"))
    watch = OutageWatch(context, slack)
    await watch.look()
    assert context.outage is not None
    assert context.outage.by == "cli"
    async with context.database.transaction() as conn:
        await outage.stop(conn, context.clock.now(), ("sev1",))
    await watch.look()
    assert context.outage is None


async def test_while_slack_is_down_a_page_goes_by_mail_at_once_with_a_link_that_acknowledges(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback_page, "PATIENCE", timedelta(minutes=1))
    no_phone = ("twilio_auth_token", "pagerduty_routing_key", "webhook_url")
    async with scene(sqlite_url, tmp_path, first="slack", without=no_phone, tocsin_url=PUBLIC) as at:
        context = at.world.tocsin.context
        context.outage = Outage(context.clock.now(), "cli", "a test")
        monkeypatch.setattr(OutageWatch, "look", _nothing)
        await at.world.ws.go_down()
        async with program(at.world, person=MAYA) as maya:
            await maya.post("/incidents", {"title": "Payments down", "severity": "sev1"})
        started = time.monotonic()
        while "tom@example.com" not in at.mailed():
            assert time.monotonic() - started < fallback_page.PATIENCE.total_seconds()
            await asyncio.sleep(0.05)
        port = at.world.tocsin.port
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as ready:
                assert ready.status == 503
                assert "Slack is down since" in await ready.text()
            content = at.post.envelopes[-1].content
            assert isinstance(content, bytes)
            parts = email.message_from_bytes(content, policy=email.policy.default).walk()
            words = next(part.get_content() for part in parts if part.get_content_type() == "text/plain")
            link = words.partition(PUBLIC)[2].split()[0]
            async with session.post(f"http://127.0.0.1:{port}{link}") as done:
                assert done.status == 200
        shown = await at.world.show()
        assert [e["actor"] for e in shown["timeline"] if e["kind"] == "acknowledged"] == ["U0TOM00000"]
        await at.world.ws.come_back()


async def _nothing(_: OutageWatch) -> None:
    return


async def test_an_outage_declared_while_slack_was_asked_is_not_ended_by_the_answer(
    make_context: MakeContext,  # noqa: F811 - the fixture
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outage_watch, "DOWN_AFTER_S", 0.0)
    context, trouble = make_context("preset: sev1-5"), ["no answer"]

    async def slack() -> str | None:
        if trouble:
            return trouble.pop()
        async with context.database.transaction() as conn:
            await outage.start(conn, Outage(clock.now(), "maya", "the status page says so"))
        return None

    watch = OutageWatch(context, slack)
    await watch.look()
    assert context.outage is not None
    await watch.look()
    assert context.outage is not None
    assert context.outage.by == "maya"
