"""The figures of a period, read from both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.figures.report import Period, Scope
from bot.domain.incident.status import Status
from bot.figures_json import figures_json
from bot.usecases.queries.figures import period_figures
from storage import incidents
from tests.storage.helpers import NOW, incident
from tests.usecases.conftest import MakeContext

MINUTE = timedelta(minutes=1)


async def test_incidents_of_a_period_are_read_and_counted(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    done = {"acknowledged_at": NOW + MINUTE, "resolved_at": NOW + 10 * MINUTE, "ended_at": NOW + 10 * MINUTE}
    stored = [
        incident(1, status=Status.RESOLVED, services=("pay", "shop"), category="network", **done),
        incident(2, private=True, services=("secret",), episode=2, status=Status.CLOSED,
                 **{**done, "resolved_at": NOW + 30 * MINUTE}),
        incident(3, drill=True),
        incident(4, status=Status.CANCELLED, ended_at=NOW),
        incident(5, status=Status.MERGED, ended_at=NOW),
        incident(6, declared_at=NOW, detected_at=NOW - timedelta(days=60), severity="sev1"),
        incident(7, acknowledged_at=NOW + 3 * MINUTE),
    ]  # fmt: skip
    async with context.database.transaction() as conn:
        for each in stored:
            await incidents.insert(conn, each)
    now = NOW + timedelta(hours=2)
    report = await period_figures(context.database, context.policy, Scope(Period(now - timedelta(days=30), now)), now)
    figures = figures_json(report)
    assert (figures["incidents"], figures["private"], figures["open"], figures["resolved"]) == (3, 1, 1, 2)
    assert (figures["drills_excluded"], figures["cancelled"], figures["merged"]) == (1, 1, 1)
    assert figures["reopened"] == 1
    assert figures["by_severity"] == {"sev2": 3}
    assert figures["by_service"] == {"pay": 1, "private": 1, "shop": 1, "unknown": 1}
    assert figures["by_category"] == {"network": 1, "private": 1, "unknown": 1}
    assert figures["resolve_s"] == {"n": 2, "median": 1200.0, "p75": 1500.0, "p95": 1740.0, "mean": 1200.0}
    assert figures["acknowledge_s"]["n"] == 3
    assert figures["detect_s"] == {"n": 0, "median": None, "p75": None, "p95": None, "mean": None}
    assert figures["trend"]["resolve_s"]["verdict"] == "cannot tell"
    assert figures["detection_rate"] == 0.0
    assert figures["n"]["detection_rate"] == 3
