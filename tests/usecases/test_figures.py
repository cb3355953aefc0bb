"""The figures of a period, read from both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.figures.report import Period, Scope
from bot.domain.figures.selection import Selection
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry
from bot.json_shapes.figures import figures_json
from bot.usecases.queries.figures import period_figures
from storage import figures, incidents
from storage.timeline import entries
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
    figures = figures_json(report, context.policy)
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


POLICY = """
preset: sev1-5
severities: {sev4: {update_every: 1bd}}
"""


async def test_late_updates_are_counted_in_hours_and_in_business_days(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    sunday = NOW.replace(hour=12, minute=0)
    posted: dict[int, list[float]] = {
        1: [10, 25, 60],  # a cadence of 15 minutes: the third is late
        2: [17],  # the first counts from the declaration
        3: [1440 - 60, 2 * 1440 - 300, 6 * 1440],  # a business day: the third is late
        4: [15.5],  # within the minute of grace
        5: [90],  # after the end
    }
    async with context.database.transaction() as conn:
        for number, minutes in posted.items():
            ended = {"status": Status.RESOLVED, "ended_at": sunday + MINUTE} if number == 5 else {}
            severity = "sev4" if number == 3 else "sev1"
            await incidents.insert(
                conn, incident(number, severity=severity, declared_at=sunday, detected_at=sunday, **ended)
            )
            await entries.append(
                conn, number, [Entry(sunday + minute * MINUTE, "update", "U1", "Still down") for minute in minutes]
            )
    now = sunday + timedelta(days=8)
    scope = Scope(Period(now - timedelta(days=30), now))
    cadence = (await period_figures(context.database, context.policy, scope, now)).cadence
    assert (cadence.n, cadence.in_time) == (9, 6)


async def test_only_the_selected_incidents_count_and_private_ones_give_nothing_away(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    async with context.database.transaction() as conn:
        for each in (
            incident(1, services=("pay", "shop"), severity="sev1"),
            incident(2, services=("pay",), private=True),
            incident(3, services=("shop",), category="network"),
        ):
            await incidents.insert(conn, each)
    now = NOW + timedelta(hours=2)

    async def counted(**selected: str) -> tuple[int, dict[str, int]]:
        scope = Scope(Period(now - timedelta(days=30), now), Selection(**selected), "service")
        found = await period_figures(context.database, context.policy, scope, now)
        return found.incidents, {key: row.incidents for key, row in found.rows.items()}

    assert await counted(service="pay") == (1, {"pay": 1, "shop": 1})
    assert await counted(service="private") == (1, {"private": 1})
    assert await counted(severity="sev2") == (2, {"private": 1, "shop": 1})
    assert await counted(category="network", service="shop") == (1, {"shop": 1})


TEAMS = """
preset: sev1-5
contacts: {anna: {slack: U0ANNA0000}}
schedules: {shop-hours: {rotation: weekly, start: 2026-01-05, members: [anna]}}
services: {pay: {}, shop: {schedule: shop-hours}, cart: {schedule: shop-hours}, dark: {}}
teams:
  payments: {name: Payments, members: [anna], services: [pay, cart]}
  storefront: {schedule: shop-hours}
"""


async def test_an_incident_counts_for_the_teams_that_look_after_its_services(make_context: MakeContext) -> None:
    context = make_context(TEAMS)
    touched: list[tuple[str, ...]] = [("pay",), ("shop", "pay"), ("cart",), ("dark",), (), ("pay",)]
    async with context.database.transaction() as conn:
        for number, services in enumerate(touched, 1):
            await incidents.insert(conn, incident(number, services=services, private=number == 6))
    now = NOW + timedelta(hours=2)

    async def counted(**selected: str) -> dict[str, int]:
        scope = Scope(Period(now - timedelta(days=30), now), Selection(**selected), "team")
        found = await period_figures(context.database, context.policy, scope, now)
        assert found.by_team == {key: row.incidents for key, row in found.rows.items()}
        return found.by_team

    # `cart` is named by a team, so its schedule says nothing; `shop` belongs to the people on call for it.
    assert await counted() == {"payments": 3, "unknown": 2, "private": 1, "storefront": 1}
    assert await counted(team="payments") == {"payments": 3, "storefront": 1}
    assert await counted(team="payments", service="shop") == {"payments": 1, "storefront": 1}


async def test_recent_pages_are_read_with_their_people_and_nothing_else(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    paged = {"people": ["U1", "U2"]}
    told = [
        Entry(NOW - timedelta(days=40), "page", "tocsin", "Too long ago", key=True, data=paged),
        Entry(NOW - timedelta(days=3), "page", "tocsin", "Rung 1", key=True, data=paged),
        Entry(NOW - timedelta(days=2), "note", "U1", "Not a page", key=True, data=paged),
        Entry(NOW - timedelta(days=1), "page", "tocsin", "Nobody", key=True),
    ]
    async with context.database.transaction() as conn:
        await incidents.insert(conn, incident(1, declared_at=NOW - timedelta(days=50)))
        await entries.append(conn, 1, told)
    async with context.database.reading() as conn:
        pages, complete = await figures.recent_pages(conn, NOW - timedelta(days=30))
    assert complete
    assert pages == [(NOW - timedelta(days=1), []), (NOW - timedelta(days=3), ["U1", "U2"])]
