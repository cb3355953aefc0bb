"""Charts and data tables keep within Slack's limits, with any data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.actions.item import ActionItem
from bot.domain.alerts.rates import rates
from bot.domain.figures.report import ActivityCounts, Period, Report, Scope, report
from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.status import Status
from bot.slack.blocks import actions, data
from bot.slack.blocks.figures import figures
from sandbox.blocks import block_errors
from tests.domain.policies import NOON, POLICY
from tests.slack.reference import needs_reference, refused_blocks

LONG = "a very long label <!channel> & more of it than fits"
HOUR = timedelta(hours=1)


def fact(number: int, days: float, **changes: Any) -> IncidentFact:
    at = NOON + timedelta(days=days)
    named = {"severity": POLICY.severities[number % len(POLICY.severities)].key, "services": (f"{LONG} {number}",)}
    done = {"acknowledged_at": at + HOUR / 60, "mitigated_at": at + HOUR, "resolved_at": at + number * HOUR}
    return IncidentFact(**{
        "number": number, "status": Status.RESOLVED, "private": False, "drill": False, "category": None, "episode": 1,
        "declared_at": at, "detected_at": at, **named, **done, **changes,
    })  # fmt: skip


def of(facts: list[IncidentFact], days: int, by: str = "severity") -> Report:
    end = NOON + timedelta(days=days)
    return report(facts, Scope(Period(NOON, end), by=by), POLICY, end, ActivityCounts(rates([], facts)))


REPORTS = {
    "a week": of([fact(n, n / 2) for n in range(1, 9)], 7),
    "four years, by many services": of([fact(n, n * 7) for n in range(1, 200)], 1460, "service"),
    "of severities that are gone": of([fact(n, n / 9, severity=f"old{n}") for n in range(1, 60)], 30),
    "one incident": of([fact(1, 1)], 2),
    "nothing measured": of([fact(1, 1, acknowledged_at=None, mitigated_at=None, resolved_at=None)], 2),
    "nothing": of([], 30),
}


@pytest.mark.parametrize("name", REPORTS)
def test_slack_takes_the_figures_of_any_period(name: str) -> None:
    message = figures(REPORTS[name], POLICY)
    assert block_errors(message.blocks, "message") == []
    assert block_errors(message.plain.blocks, "message") == []
    assert "data_" not in str([block["type"] for block in message.plain.blocks])


@needs_reference
@pytest.mark.parametrize("name", REPORTS)
def test_the_reference_schema_takes_them_too(name: str) -> None:
    assert refused_blocks(figures(REPORTS[name], POLICY).blocks) == []


def test_the_chart_of_weeks_counts_every_incident_once() -> None:
    for name in ("a week", "four years, by many services", "of severities that are gone"):
        chart = figures(REPORTS[name], POLICY).blocks
        weeks = next(block["chart"] for block in chart if block.get("title", "").startswith("Incidents by"))
        assert sum(point["value"] for series in weeks["series"] for point in series["data"]) == REPORTS[name].incidents


def test_a_table_leaves_out_what_does_not_fit() -> None:
    table = data.data_table("Items", ("Title",), [[data.cell("x" * 300)]] * 100)
    assert table is not None
    assert len(table["rows"]) - 1 == data.TABLE_TEXT // 300
    assert data.data_table("Items", ("Title",), []) is None


def item(number: int, **changes: Any) -> ActionItem:
    return ActionItem(**{
        "incident": 1, "number": number, "title": f"{LONG} {number}", "created_by": "U1", "created_at": NOON, **changes,
    })  # fmt: skip


def test_slack_takes_a_list_of_action_items() -> None:
    items = [item(n, owner="U2" if n % 2 else None, due=NOON.date() if n % 3 else None) for n in range(1, 60)]
    for count in (1, 5, 59):
        listed = actions.listing(actions.ActionList(items[:count], {}, count, "to do"), NOON.date(), "/incident")
        assert block_errors(listed.blocks, "message") == []
        assert block_errors(listed.plain.blocks, "message") == []
