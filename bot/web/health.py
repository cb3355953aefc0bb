"""Serves `/healthz` (the process lives), `/readyz` (it can work) and `/metrics`."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.paging import calls
from bot.metrics import Metrics
from bot.usecases.context import Context
from bot.web.cached_answer import KEPT_FOR, CachedAnswer
from storage import incidents, jobs, playbook_runs
from storage.alerts import groups
from storage.engine.errors import StorageError
from storage.instance_lock import InstanceLock
from storage.outbox import census
from storage.probe import prove_write

log = structlog.get_logger()

PROVE_EVERY_S = 2.0  # a test write to the database; polls in between use its result
POLLED_WITHIN_S = 30.0  # `/readyz`, by a load balancer
TICK_MAX_S = 15.0
OUTBOX_MAX_S = 300.0
UNHURRIED = frozenset({"backfill", "home"})  # many of these may wait for Slack's rate limits


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of readiness. `detail` says what is wrong and how to fix it."""

    name: str
    ok: bool
    detail: str = "ok"


@dataclass(slots=True)
class Health:
    """Checks every condition of readiness.

    `slack` and `policy` return what is wrong, or None; `ticked_at` is monotonic, None at first.
    """

    name: ClassVar[str] = "readiness"

    context: Context
    metrics: Metrics
    slack: Callable[[], Awaitable[str | None]]
    ticked_at: Callable[[], float | None]
    policy: Callable[[], str | None] = lambda: None
    missing_scopes: Callable[[], str | None] = lambda: None
    lock: InstanceLock | None = None  # on the SQLite file
    stopping: bool = False
    wrote_at: float = -math.inf  # when the database last took a write of ours, monotonic
    polled_at: float = -math.inf  # when `/readyz` was last polled, monotonic
    stop_was_polled: asyncio.Event = field(default_factory=asyncio.Event)  # once a poll was told so

    async def start(self) -> None:
        """Do nothing: the checks run when a request asks for them."""
        return

    async def stop(self, within_s: float) -> None:
        """Turn unready, and wait until a load balancer that polls `/readyz` has seen it, before the port closes."""
        self.stopping = True
        if time.monotonic() - self.polled_at > POLLED_WITHIN_S:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop_was_polled.wait(), within_s)

    async def checks(self) -> list[Check]:
        """Every condition, checked now."""
        if self.stopping:
            return [
                Check("process", False, "it is stopping; send people to another replica, or wait for the next start")
            ]
        checks = [await self._database()]
        if checks[0].ok:
            checks.append(await self._outbox())
        checks += [await self._slack(), self._scheduler()]
        checks.append(Check("scopes", True, self.missing_scopes() or "ok"))  # what needs no further scope goes on
        checks.append(Check("policy", True, self.policy() or "ok"))  # the previous policy stays in force
        checks.append(self._paging())
        return checks

    def _paging(self) -> Check:
        """Name the methods that the policy pages by and that are not set up. It is ready all the same."""
        missing = calls.methods_in_policy(self.context.policy) - self.context.methods - {"slack"}
        if not missing:
            return Check("paging", True)
        missing_labels = " and ".join(sorted(map(calls.label, missing)))
        return Check("paging", True, f"the policy pages by {missing_labels}, which is not set up: run tocsin check")

    async def _database(self) -> Check:
        """Check that the database takes writes: one that only answers queries would record nothing."""
        database = self.context.database
        if self.lock is not None and (trouble := self.lock.trouble()):
            return Check("database", False, trouble)
        try:
            await database.ping()
            if time.monotonic() - self.wrote_at >= PROVE_EVERY_S:
                await prove_write(database)
                self.wrote_at = time.monotonic()
        except StorageError as error:
            self.wrote_at = -math.inf
            return Check("database", False, str(error))
        return Check("database", True)

    async def _slack(self) -> Check:
        trouble = await self.slack()
        if self.context.outage is not None:
            trouble = self.context.outage.in_words()
        return Check("slack", trouble is None, trouble or "ok")

    def _scheduler(self) -> Check:
        ticked = self.ticked_at()
        if ticked is None:
            return Check("scheduler", False, "it has not ticked yet; wait a second")
        age = time.monotonic() - ticked
        if age <= TICK_MAX_S:
            return Check("scheduler", True)
        return Check("scheduler", False, f"no tick for {age:.0f} s: reminders stand still. See the log; restart Tocsin")

    async def _outbox(self) -> Check:
        try:
            async with self.context.database.reading() as conn:
                waiting = await census.count_by_kind(conn)
        except StorageError as error:
            return Check("outbox", False, str(error))
        now = datetime.now(UTC)
        late = [(s.kind, s.oldest_at) for s in waiting if s.state != "held" and s.kind not in UNHURRIED]
        kind, age = max(
            ((kind, (now - oldest_at).total_seconds()) for kind, oldest_at in late if oldest_at is not None),
            key=lambda kind_and_age: kind_and_age[1],
            default=("", 0.0),
        )
        if age <= OUTBOX_MAX_S:
            return Check("outbox", True)
        problem = f"a notice ({kind}) has waited for {age:.0f} s; is Slack reachable? See outbox.retry in the log"
        return Check("outbox", False, problem)

    async def refresh_metrics(self) -> None:
        """Refresh the metrics that a scrape reads. If the database fails, the others are refreshed all the same."""
        for check in await self.checks():
            self.metrics.check_ok.labels(check.name).set(check.ok)
        if (ticked := self.ticked_at()) is not None:
            self.metrics.tick_age.set(time.monotonic() - ticked)
        try:
            await self._count()
        except StorageError as error:
            log.warning("metrics.without_database", error=str(error))

    async def _count(self) -> None:
        async with self.context.database.reading() as conn:
            depth, oldest = await census.count_by_state(conn), await census.oldest_waiting_at(conn)
            open_now = await incidents.newest(conn, open_only=True, limit=1000)
            waiting = await census.count_by_kind(conn)
            firing = await groups.count_firing(conn)
            await self._count_playbooks(conn, [i.number for i in open_now if i.walks and not i.drill])
        self.metrics.outbox_waiting.clear()
        self.metrics.outbox_waiting_s.clear()
        now = datetime.now(UTC)
        ages: dict[str, float] = {}
        for group in waiting:
            self.metrics.outbox_waiting.labels(group.kind, group.state).set(group.rows)
            if group.state != "held" and group.oldest_at is not None:
                ages[group.kind] = max(ages.get(group.kind, 0.0), (now - group.oldest_at).total_seconds())
        for kind, waited_s in ages.items():
            self.metrics.outbox_waiting_s.labels(kind).set(waited_s)
        for state, count in depth.items():
            self.metrics.outbox_depth.labels(state).set(count)
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        self.metrics.outbox_age.set(max(0.0, age))
        self.metrics.alert_groups.clear()
        for decision, count in firing.items():
            self.metrics.alert_groups.labels(decision).set(count)
        self.metrics.incidents_open.clear()
        for severity, count in Counter(i.severity for i in open_now if not i.drill).items():
            self.metrics.incidents_open.labels(severity).set(count)

    async def _count_playbooks(self, conn: AsyncConnection, numbers: list[int]) -> None:
        """Count playbook runs. `numbers` are the open incidents that have some."""
        runs = [run for run in await playbook_runs.running(conn) if not run.drill] if numbers else []
        job_counts = await jobs.count_by_runner(conn, numbers)
        for gauge in (self.metrics.jobs, self.metrics.walks, self.metrics.walk_steps):
            gauge.clear()
        for (runner, state), count in job_counts.items():
            self.metrics.jobs.labels(runner, state).set(count)
        for kind, count in Counter(run.kind for run in runs).items():
            self.metrics.walks.labels(kind).set(count)
        for state, count in Counter(str(step.state) for run in runs for step in run.steps).items():
            self.metrics.walk_steps.labels(state).set(count)


def routes(health: Health) -> list[web.RouteDef]:
    """The three routes. They need no authentication, and show nothing of an incident but counts."""
    recent_checks, recent_counts = CachedAnswer(health.checks, 0), CachedAnswer(health.refresh_metrics, KEPT_FOR)

    async def healthz(request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def readyz(request: web.Request) -> web.Response:
        health.polled_at = time.monotonic()
        checks = await recent_checks.get()
        if health.stopping:  # perhaps only since the checks
            checks = await health.checks()
            health.stop_was_polled.set()
        ready = all(check.ok for check in checks)
        body = {"ready": ready, "checks": {c.name: c.detail for c in checks}}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(request: web.Request) -> web.Response:
        await recent_counts.get()
        return web.Response(body=health.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]
