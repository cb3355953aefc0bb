"""Fires sample alerts in the demo: sends the bot what monitoring systems send, through its real endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

Body = dict[str, Any]
ANSWERED_WITHIN_S = 10.0
IN_BODY = 100  # alerts, as Alertmanager would send a large group
FLAPS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to send, as a button of the demo."""

    name: str
    title: str
    hint: str  # what will happen
    kind: str  # last word of the endpoint's address
    body: Callable[[str, str, str], list[Body]]  # of the status, the start and the end
    ends: bool = True  # whether it can be resolved
    flaps: bool = False  # whether it resolves and fires again by itself


def _alert(status: str, started: str, ended: str, labels: dict[str, str], **annotations: str) -> Body:
    return {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": started,
        "endsAt": ended,
        "generatorURL": "http://prometheus.example:9090/graph",
    }


def _webhook(alerts: list[Body], version: str = "4") -> Body:
    return {"version": version, "groupKey": "{}:{}", "truncatedAlerts": 0, "receiver": "tocsin", "alerts": alerts}


def _checkout(status: str, started: str, ended: str) -> list[Body]:
    labels = {"alertname": "CheckoutErrors", "severity": "critical", "service": "checkout", "job": "checkout"}
    words = {"summary": "Checkout fails for 31 % of customers", "value": "0.31", "threshold": "0.05"}
    return [_webhook([_alert(status, started, ended, labels, **words)])]


def _payments(status: str, started: str, ended: str) -> list[Body]:
    labels = {"alertname": "PaymentsSlow", "severity": "warning", "service": "payments"}
    words = {"summary": "Payments take 2.4 s", "runbook_url": "https://runbooks.example.com/payments"}
    alert = _alert(status, started, ended, labels, **words)
    return [_webhook([{**alert, "values": {"B": 2.4}, "dashboardURL": "https://grafana.example.com/d/payments"}], "1")]


def _no_data(status: str, started: str, ended: str) -> list[Body]:
    labels = {"alertname": "DatasourceNoData", "rulename": "Search index age", "service": "search", "severity": "error"}
    return [_webhook([{**_alert(status, started, ended, labels), "values": None}], "1")]


def _staging(status: str, started: str, ended: str) -> list[Body]:
    labels = {"alertname": "DiskFull", "severity": "critical", "env": "staging", "instance": "build-7"}
    return [_webhook([_alert(status, started, ended, labels, summary="The disk of build-7 is full")])]


def _change(status: str, started: str, ended: str) -> list[Body]:
    return [
        {
            "type": "change", "kind": "deployment", "title": f"Checkout v{started[14:16]}.{started[17:19]}",
            "service": "checkout", "author": "Priya", "url": "https://ci.example.com/checkout", "starts_at": started,
        }
    ]  # fmt: skip


def _flapping(status: str, started: str, ended: str) -> list[Body]:
    labels = {"alertname": "SearchLatency", "severity": "warning", "service": "search"}
    return [_webhook([_alert(status, started, ended, labels, summary="Search is slow at times")])]


def _storm(status: str, started: str, ended: str) -> list[Body]:
    """500 alerts: a database fails, and every host of what depends on it."""
    services = ("database", "checkout", "payments", "search")
    alerts = [
        _alert(status, started, ended, {
            "alertname": "HostDown", "severity": "critical", "service": services[n % 4], "instance": f"host-{n}",
        }, summary=f"{services[n % 4].capitalize()} does not answer")
        for n in range(500)
    ]  # fmt: skip
    return [_webhook(alerts[start : start + IN_BODY]) for start in range(0, len(alerts), IN_BODY)]


SAMPLES = (
    Sample("checkout", "Checkout fails", "Alertmanager, critical: declares an incident in five seconds",
           "alertmanager", _checkout),
    Sample("payments", "Payments are slow", "Grafana, a warning: a card in #incidents asks what to do",
           "grafana", _payments),
    Sample("no-data", "Search sends no data", "Grafana has no data: asks as well, one severity milder",
           "grafana", _no_data),
    Sample("staging", "A disk of staging is full", "Only recorded, as the policy says: see /incident alerts",
           "alertmanager", _staging),
    Sample("change", "Deploy checkout", "A change: the next incident of checkout names it as a possible cause",
           "events", _change, ends=False),
    Sample("flapping", "Search flaps", "Fires, then resolves and fires again three times: one card counts them",
           "alertmanager", _flapping, flaps=True),
    Sample("storm", "A storm of 500", "A database fails with all that depends on it: one incident",
           "alertmanager", _storm),
)  # fmt: skip
BY_NAME = {sample.name: sample for sample in SAMPLES}


@dataclass(slots=True)
class DemoAlerts:
    """Serves the inspector's "Alerts" tab. `url`: of the bot; `token`: for its endpoints."""

    url: str
    token: str
    speed: float = 1.0
    gap_s: float = 7.0  # from firing to the first flap: the group has been decided by then
    firing: dict[str, str] = field(default_factory=dict)  # by the sample's name, since when it fires
    _flapping: set[asyncio.Task[None]] = field(default_factory=set)

    def routes(self, app: web.Application) -> None:
        """Add the routes to the sandbox's server."""
        app.router.add_get("/sandbox/demo/alerts", self.list)
        app.router.add_post("/sandbox/demo/alerts", self.send)
        app.on_cleanup.append(self._stop)

    async def list(self, request: web.Request) -> web.Response:
        """Return the samples, and which of them fire."""
        samples = [
            {"name": sample.name, "title": sample.title, "hint": sample.hint, "firing": sample.name in self.firing}
            for sample in SAMPLES
        ]
        return web.json_response({"samples": samples})

    async def send(self, request: web.Request) -> web.Response:
        """Fire or resolve a sample, and return what the bot answered; 503 while it cannot be asked."""
        body = await request.json()
        sample = BY_NAME.get(str(body.get("sample")))
        if sample is None:
            return web.json_response({"ok": False, "error": "no such sample"}, status=404)
        try:
            answer = await self.fire(sample, resolve=body.get("status") == "resolved")
        except (aiohttp.ClientError, TimeoutError):
            return web.json_response({"ok": False, "error": "The bot does not answer. Start it first."}, status=503)
        return web.json_response({"ok": True, **answer})

    async def fire(self, sample: Sample, *, resolve: bool = False) -> Body:
        """Send a sample, which fires anew or again, or resolves. Returns what the bot counted."""
        now = await self._now()
        started = self.firing.get(sample.name, now)
        status, ended = ("resolved", now) if resolve else ("firing", "0001-01-01T00:00:00Z")
        counted: Body = {"new": 0, "repeated": 0, "resolved": 0, "groups": []}
        for body in sample.body(status, started, ended):
            answer = await self._post(sample.kind, body)
            counted = {name: value + answer.get(name, type(value)()) for name, value in counted.items()}
        if resolve or not sample.ends:
            self.firing.pop(sample.name, None)
        else:
            self.firing[sample.name] = started
            if sample.flaps and not self._flapping:
                task = asyncio.create_task(self._flap(sample))
                self._flapping.add(task)
                task.add_done_callback(self._flapping.discard)
        counted["groups"] = list(dict.fromkeys(counted["groups"]))
        return counted

    async def _flap(self, sample: Sample) -> None:
        await asyncio.sleep(self.gap_s / self.speed)
        for _ in range(FLAPS):
            await self.fire(sample, resolve=True)
            await asyncio.sleep(1 / self.speed)
            await self.fire(sample)
            await asyncio.sleep(1 / self.speed)

    async def _now(self) -> str:
        """The instant by the bot's clock, which may run faster than others."""
        timeout = aiohttp.ClientTimeout(total=ANSWERED_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{self.url}/debug") as answer:
            instant = datetime.fromtimestamp((await answer.json())["clock"]["bot_s"], UTC)
        return (instant - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")

    async def _post(self, kind: str, body: Body) -> Body:
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = aiohttp.ClientTimeout(total=ANSWERED_WITHIN_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.post(f"{self.url}/hooks/{kind}", json=body, headers=headers) as answer,
        ):
            counted: Body = await answer.json()
            return counted

    async def _stop(self, app: web.Application) -> None:
        for task in list(self._flapping):
            task.cancel()
