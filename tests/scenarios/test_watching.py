"""Who watches the watcher: readiness that is honest, a heartbeat that falls silent, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web

from bot import logs
from bot.domain.routing.send_result import WAITS_FOR_WORKING_HOURS
from bot.web import health, slack_check
from bot.web.health import Check
from bot.workers import heartbeat
from bot.workers.heartbeat import Heartbeat
from storage.database import Database
from storage.engine.errors import StorageError
from storage.schema import outbox
from tests.databases import PostgreSQL
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S

SECRET_PATH = "/ping/5f0c3b0e-canary-1b7c"


async def ready(world: World) -> tuple[int, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.tocsin.port}/readyz") as answer,
    ):
        return answer.status, (await answer.json())["checks"]


async def metrics(world: World) -> dict[str, float]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.tocsin.port}/metrics") as answer,
    ):
        assert answer.status == 200
        lines = [line for line in (await answer.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def ticked(world: World) -> None:
    while world.tocsin.scheduler.ticked_at is None:
        await asyncio.sleep(0.02)


def fresh_look_at_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_check, "ASK_EVERY_S", 0.0)


async def test_readyz_is_200_when_all_checks_pass(world: World) -> None:
    await ticked(world)
    async with asyncio.timeout(WITHIN_S):
        while (answer := await ready(world))[0] != 200:  # Slack answers late on a busy machine
            await asyncio.sleep(0.1)
    checks = answer[1]
    assert {words for name, words in checks.items() if name != "paging"} == {"ok"}
    assert set(checks) >= {"database", "slack", "scheduler", "outbox"}


async def test_without_a_database_readyz_is_503_and_says_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ticked(world)

    async def away() -> None:
        raise StorageError("PostgreSQL at db.example cannot be reached. Is it running?")

    monkeypatch.setattr(world.tocsin.database, "ping", away)
    status, checks = await ready(world)
    assert status == 503
    assert checks["database"] == "PostgreSQL at db.example cannot be reached. Is it running?"
    assert (await metrics(world))['tocsin_check_ok{check="database"}'] == 0


async def test_readyz_is_503_while_slack_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh_look_at_slack(monkeypatch)
    await ticked(world)
    await world.ws.go_down()
    status, checks = await ready(world)
    assert status == 503
    assert "Slack does not answer as it should" in checks["slack"]
    assert "status.slack.com" in checks["slack"]
    assert checks["database"] == "ok"
    await world.ws.come_back()
    assert (await ready(world))[0] == 200


async def test_a_revoked_token_is_reported_with_a_hint(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh_look_at_slack(monkeypatch)
    world.ws.revoked = True
    status, checks = await ready(world)
    assert status == 503
    assert "token_revoked" in checks["slack"]
    assert "SLACK_BOT_TOKEN" in checks["slack"]


async def test_a_database_that_takes_no_writes_is_not_ready_and_withholds_the_heartbeat(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROVE_EVERY_S", 0.0)
    monkeypatch.setattr("storage.database.BUSY_TIMEOUT_S", 0.3)
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.1)
    monkeypatch.setattr(heartbeat, "FIRST_S", 0.1)
    async with monitor() as outside, running_world(sqlite_url, heartbeat_url=outside.url + SECRET_PATH) as world:
        await ticked(world)
        assert (await ready(world))[0] == 200
        with contextlib.closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else can write, and everybody can read
            await _not_ready(world, "locked")
            await withheld(world, 1)
        assert (await ready(world))[0] == 200


async def test_a_standby_is_not_ready_though_it_answers(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROVE_EVERY_S", 0.0)
    url = postgresql.create(empty=True)
    name = url.split("@/", 1)[1].split("?", 1)[0]
    async with running_world(url) as world:
        await ticked(world)
        async with world.tocsin.database.reading() as conn:
            await conn.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await asyncio.to_thread(postgresql.cut_connections, url)
        await _not_ready(world, "read-only")
    await asyncio.to_thread(postgresql.drop, url)


async def _not_ready(world: World, why: str) -> None:
    failed = (await metrics(world))["tocsin_database_writes_failed_total"]
    status, checks = await ready(world)
    assert status == 503
    assert why in checks["database"]
    assert (await metrics(world))["tocsin_database_writes_failed_total"] > failed


async def test_a_scheduler_that_stands_still_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await ticked(world)
    monkeypatch.setattr(health, "TICK_MAX_S", 0.3)
    async with world.tocsin.scheduler._tick_lock:  # as a tick does that never ends
        async with asyncio.timeout(WITHIN_S):
            while (answer := await ready(world))[0] == 200:
                await asyncio.sleep(0.02)
    status, checks = answer
    assert status == 503
    assert checks["scheduler"].startswith("no tick for")
    assert "restart Tocsin" in checks["scheduler"]


async def test_an_outbox_that_does_not_move_is_noticed_but_not_what_may_wait(world: World) -> None:
    await ticked(world)
    world.ws.faults.add("chat.postMessage", status=503, count=None)
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: world.ws.calls("chat.postMessage"))
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    async with world.tocsin.database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.kind == "backfill").values(state="queued"))
        await conn.execute(sa.update(outbox).where(outbox.c.kind == "backfill").values(queued_at=hour_ago))
    assert (await ready(world))[1]["outbox"] == "ok"
    in_an_hour = hour_ago + timedelta(hours=2)
    reminder = {"kind": "action_reminder", "error": WAITS_FOR_WORKING_HOURS, "next_try_at": in_an_hour}
    async with world.tocsin.database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.kind == "backfill").values(**reminder))
    assert (await ready(world))[1]["outbox"] == "ok"
    async with world.tocsin.database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.kind == "card").values(queued_at=hour_ago))
    status, checks = await ready(world)
    assert status == 503
    assert checks["outbox"].startswith("a notice (card) has waited for 36")
    exposed = await metrics(world)
    assert exposed['tocsin_outbox_waiting_seconds{kind="card"}'] >= 3600
    assert 'tocsin_outbox_waiting_seconds{kind="action_reminder"}' not in exposed


async def test_without_a_socket_readyz_is_503(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.inbound.socket_mode.PING_S", 0.3)
    monkeypatch.setattr("bot.slack.inbound.socket_mode.WATCH_S", 0.1)
    async with running_world(sqlite_url, socket_mode=True) as world:
        await ticked(world)
        await world.ws.until(lambda: len(world.ws.sockets.connections) == 2)
        assert (await ready(world))[0] == 200
        while (await metrics(world))["tocsin_socket_connections"] != 2:  # as the watchdog last saw it
            await asyncio.sleep(0.05)
        world.ws.sockets.refusing = True
        world.ws.sockets.drop()
        await world.ws.until(lambda: not world.ws.sockets.connections)
        async with asyncio.timeout(WITHIN_S):
            while (answer := await ready(world))[0] != 503:
                await asyncio.sleep(0.05)
        checks = answer[1]
        assert "no Socket Mode connection" in checks["slack"]
        assert "SLACK_APP_TOKEN" in checks["slack"]


# — the heartbeat


@dataclass(slots=True)
class Monitor:
    """What somebody else runs to notice when we fall silent."""

    url: str = ""
    calls: list[str] = field(default_factory=list)
    answer: Any = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        answer: web.StreamResponse | None = await self.answer() if callable(self.answer) else self.answer
        return web.Response(text="OK") if answer is None else answer


@asynccontextmanager
async def monitor() -> AsyncIterator[Monitor]:
    it = Monitor()
    site = web.Application()
    site.router.add_route("*", "/{any:.*}", it.handle)
    runner = web.AppRunner(site, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield it
    finally:
        await runner.cleanup()


async def withheld(world: World, wanted: int) -> None:
    """Until so many heartbeats were withheld."""
    async with asyncio.timeout(WITHIN_S):
        while (await metrics(world)).get('tocsin_heartbeats_total{result="withheld"}', 0) < wanted:
            await asyncio.sleep(0.05)


async def test_the_heartbeat_is_sent_only_while_every_check_passes(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh_look_at_slack(monkeypatch)
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.1)
    monkeypatch.setattr(heartbeat, "FIRST_S", 0.1)
    said = io.StringIO()
    async with monitor() as outside:
        with redirect_stderr(said):
            logs.configure("json", "DEBUG", [outside.url + SECRET_PATH])
            async with running_world(sqlite_url, heartbeat_url=outside.url + SECRET_PATH) as world:
                await world.ws.until(lambda: len(outside.calls) >= 3)
                assert set(outside.calls) == {f"GET {SECRET_PATH}"}
                await world.ws.go_down()
                await withheld(world, 1)
                seen = len(outside.calls)
                await withheld(world, 4)
                assert len(outside.calls) == seen
                await world.ws.come_back()
                await world.ws.until(lambda: len(outside.calls) > seen)
                outside.answer = web.Response(status=500)
                count = len(outside.calls)
                await world.ws.until(lambda: len(outside.calls) > count)
                while not (found := await metrics(world)).get('tocsin_heartbeats_total{result="failed"}'):
                    await asyncio.sleep(0.02)
                assert found["tocsin_heartbeat_sent_timestamp_seconds"] > 0
    logging.getLogger().handlers.clear()
    assert "heartbeat.withheld" in said.getvalue()
    assert "canary" not in said.getvalue()


async def test_the_heartbeat_follows_no_redirect_and_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "TIMEOUT_S", 0.2)

    async def well() -> list[Check]:
        return [Check("database", True)]

    results: list[str] = []
    async with monitor() as outside, monitor() as elsewhere, aiohttp.ClientSession() as session:
        beating = Heartbeat(session, lambda: outside.url + SECRET_PATH, well, results.append)
        outside.answer = web.Response(status=302, headers={"Location": elsewhere.url + "/stolen"})
        assert await beating.beat() == "failed"
        assert elsewhere.calls == []

        async def never() -> web.StreamResponse:
            await asyncio.sleep(30)
            return web.Response()

        outside.answer = never
        assert await beating.beat() == "failed"
        unreachable = Heartbeat(session, lambda: "http://127.0.0.1:9" + SECRET_PATH, well, results.append)
        assert await unreachable.beat() == "failed"
    assert results == ["failed"] * 3


# — metrics


async def test_metrics_are_those_of_the_guide_and_contain_nothing_private(world: World) -> None:
    await world.declare("sev2 Checkout is down")
    await world.maya.command("#general", "/incident declare sev3 --private The-secret-title")
    world.ws.faults.add("chat.update", error="invalid_blocks", count=1)
    await world.maya.command("#general", "/incident ack --in INC-1")
    await world.delivered()
    found = await metrics(world)
    assert found['tocsin_claims_total{what="notice"}'] > 5
    assert found['tocsin_slack_calls_total{method="chat.update",result="invalid_blocks"}'] == 1
    assert found["tocsin_replicas"] == 1
    assert not [name for name in found if "secret" in name.lower()]
    assert json.dumps(list(found)).isascii()


async def test_what_was_not_recorded_is_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = await world.declare()

    def broken(database: Database) -> Any:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(Database, "transaction", broken)
    await world.maya.command(channel.id, "/incident note nobody will read this")
    await world.maya.press(world.card(channel), "Acknowledge")
    found = await metrics(world)
    assert found['tocsin_not_recorded_total{kind="command"}'] == 1
    assert found['tocsin_not_recorded_total{kind="press"}'] == 1


async def test_the_metrics_tell_process_and_build(world: World) -> None:
    found = await metrics(world)
    assert found["process_resident_memory_bytes"] > 0
    assert [value for name, value in found.items() if name.startswith("tocsin_build_info{")] == [1.0]
