"""`/healthz`, `/readyz`, `/metrics`: whether we live, whether we can work, and how we have been doing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from bot.metrics import Metrics
from bot.usecases.desk import Desk
from storage import incidents, outbox
from storage.errors import StorageError

TICK_MAX_S = 15.0
OUTBOX_MAX_S = 300.0


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of being ready. `words` say what is wrong and how to mend it."""

    name: str
    ok: bool
    words: str = "ok"


@dataclass(slots=True)
class Health:
    """Asks each part how it does. `slack` answers with None when connected, else with what is wrong."""

    desk: Desk
    metrics: Metrics
    slack: Callable[[], Awaitable[str | None]]
    ticked_at: Callable[[], float | None]
    policy: Callable[[], str | None] = lambda: None

    async def checks(self) -> list[Check]:
        found = [await self._database()]
        if found[0].ok:
            found.append(await self._outbox())
        found += [await self._slack(), self._scheduler()]
        found.append(Check("policy", True, self.policy() or "ok"))  # said, but an older policy serves well
        return found

    async def _database(self) -> Check:
        try:
            await self.desk.database.ping()
        except StorageError as error:
            return Check("database", False, str(error))
        return Check("database", True)

    async def _slack(self) -> Check:
        trouble = await self.slack()
        return Check("slack", trouble is None, trouble or "ok")

    def _scheduler(self) -> Check:
        ticked = self.ticked_at()
        if ticked is None:
            return Check("scheduler", False, "it has not ticked yet")
        age = time.monotonic() - ticked
        return Check("scheduler", age <= TICK_MAX_S, "ok" if age <= TICK_MAX_S else f"no tick for {age:.0f} s")

    async def _outbox(self) -> Check:
        async with self.desk.database.reading() as conn:
            oldest = await outbox.oldest_waiting_at(conn)
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        words = "ok" if age <= OUTBOX_MAX_S else f"a notice has waited for {age:.0f} s; is Slack reachable?"
        return Check("outbox", age <= OUTBOX_MAX_S, words)

    async def refresh_metrics(self) -> None:
        async with self.desk.database.reading() as conn:
            depth, oldest = await outbox.depth(conn), await outbox.oldest_waiting_at(conn)
            open_now = await incidents.listing(conn, open_only=True, limit=1000)
        for state, count in depth.items():
            self.metrics.outbox_depth.labels(state).set(count)
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        self.metrics.outbox_age.set(max(0.0, age))
        self.metrics.incidents_open.clear()
        for severity, count in Counter(i.severity for i in open_now if not i.drill).items():
            self.metrics.incidents_open.labels(severity).set(count)


def routes(health: Health) -> list[web.RouteDef]:
    async def healthz(request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def readyz(request: web.Request) -> web.Response:
        checks = await health.checks()
        ready = all(check.ok for check in checks)
        body = {"ready": ready, "checks": {c.name: c.words for c in checks}}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(request: web.Request) -> web.Response:
        await health.refresh_metrics()
        return web.Response(body=health.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]
